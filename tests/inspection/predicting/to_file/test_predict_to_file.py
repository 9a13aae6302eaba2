"""Very many photos: the table of an interrupted prediction is that of an uninterrupted one."""

import csv
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from core.errors import DataError, ImageRefused
from core.inspection.predicting.predict_files import predict_files
from core.inspection.predicting.predictions import csv_of
from core.inspection.predicting.predictor import Predictor
from core.inspection.predicting.to_file.answer_tables import writer_for
from core.inspection.predicting.to_file.journal import Journal
from core.inspection.predicting.to_file.predict_to_file import InputFile, predict_into, settings_of
from core.inspection.predicting.to_file.shards import Shard
from core.models.untrusted.bundle_info import BundleInfo
from core.workspace import REPOSITORY
from tests.inspection.conftest import photo

COUNT = 40


@pytest.fixture
def files(tmp_path: Path) -> list[InputFile]:
    """40 files; the third cannot be read, and two have the same name."""
    made = []
    for number in range(COUNT):
        path = tmp_path / f"{number}.png"
        photo(number, 24, 20).save(path)
        made.append(InputFile(0, f"{number}.png", path, f"{number}"))
    made[2] = InputFile(0, "2.png", ImageRefused("2.png", "it is damaged"), "")
    made[4] = InputFile(0, "3.png", made[4].source, "4")
    return made


def written(journal: Journal, path: Path) -> str:
    writer_for(path)(journal.answers(), path, "small")
    return path.read_text(encoding="utf-8")


def silent(*_: object) -> None:
    """No progress."""


def test_the_table_is_that_of_the_answers_and_the_rest_is_refused(
    predictor: Predictor, files: list[InputFile], tmp_path: Path
) -> None:
    expected = [one for one in predict_files(predictor, [(one.name, one.source) for one in files]) if one.prediction]
    with Journal(tmp_path / "journal", {}) as journal:
        predict_into(journal, predictor, files, silent)
        text = written(journal, tmp_path / "a.csv")
        assert list(journal.refused()) == [("2.png", "it is damaged")] and journal.count() == COUNT
        assert writer_for(tmp_path / "a.parquet")(journal.answers(), tmp_path / "a.parquet", "small") == COUNT - 1
    table = pq.read_table(tmp_path / "a.parquet")
    with (tmp_path / "a.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == table.column_names and list(rows[0])[:3] == ["filename", "prediction", "probability"]
    assert [row["filename"] for row in rows] == table["filename"].to_pylist() == [one.name for one in expected]
    assert table.schema.metadata[b"model"] == b"small"
    before = csv_of(expected).splitlines()
    assert len(before) == len(text.splitlines())
    for row, old in zip(rows, csv.DictReader(before), strict=True):
        assert row["prediction"] == old["prediction"]
        np.testing.assert_allclose(float(row["probability"]), float(old["probability"]), atol=2e-6)


class Killed(BaseException):
    """Ends a prediction in its middle."""


def test_an_interrupted_prediction_continues_where_it_stopped(
    predictor: Predictor, files: list[InputFile], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Journal(tmp_path / "whole", {}) as journal:
        predict_into(journal, predictor, files, silent)
        written(journal, tmp_path / "whole.csv")
    done = 0

    def until_the_20th(*_: object) -> None:
        nonlocal done
        done += 1
        if done == 20:
            raise Killed

    with pytest.raises(Killed), Journal(tmp_path / "half", {}) as journal:
        predict_into(journal, predictor, files, until_the_20th)
    read: list[str] = []

    def watched(one: InputFile) -> InputFile:
        def content() -> bytes:
            assert isinstance(one.source, Path)
            read.append(one.stamp)
            return one.source.read_bytes()

        return replace(one, source=content) if isinstance(one.source, Path) else one

    progress: list[tuple[int, int]] = []
    with Journal(tmp_path / "half", {}) as journal:
        assert journal.continues
        predict_into(journal, predictor, map(watched, files), lambda done, known, _: progress.append((done, known)))
        written(journal, tmp_path / "half.csv")
    # The batches differ, and with them, on some processors, the last digit.
    found, wanted = (pd.read_csv(tmp_path / name) for name in ("half.csv", "whole.csv"))
    pd.testing.assert_frame_equal(found, wanted, rtol=0, atol=2e-6)
    assert sorted(map(int, read)) == list(range(20, COUNT)), "only the others were read"
    assert progress[-1] == (COUNT, 19), "the damaged file is read again"


KILLED = """
import os, signal, sys
from pathlib import Path
from core.inspection.predicting.predictions import FilePrediction, Prediction
from core.inspection.predicting.to_file import journal
journal._SECONDS_BETWEEN_COMMITS = 0.0 if sys.argv[2] == "often" else 3600.0
with journal.Journal(Path(sys.argv[1]), {}) as kept:
    for number in range(50):
        entry = kept.visit(0, f"{number}.png", "1")
        kept.save(entry, FilePrediction(entry.name, Prediction((("cat", 0.5),))))
    kept.visit(0, "50.png", "1")
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL")
@pytest.mark.parametrize(("commits", "left"), [("often", 50), ("never", 0)])
def test_a_killed_process_leaves_what_it_committed(tmp_path: Path, commits: str, left: int) -> None:
    path = tmp_path / "journal"
    done = subprocess.run([sys.executable, "-c", KILLED, str(path), commits], cwd=REPOSITORY, timeout=120, check=False)
    assert done.returncode == -signal.SIGKILL
    with Journal(path, {}) as journal:
        known = [journal.visit(0, f"{number}.png", "1").known for number in range(51)]
    assert known == [True] * left + [False] * (51 - left)


def test_changed_new_and_deleted_files_are_seen(predictor: Predictor, files: list[InputFile], tmp_path: Path) -> None:
    with Journal(tmp_path / "journal", {}) as journal:
        predict_into(journal, predictor, files, silent)
    changed = InputFile(0, "7.png", files[8].source, "changed")
    added = InputFile(0, "added.png", files[9].source, "new")
    now = [added, *files[:7], changed, *files[9:]]
    with Journal(tmp_path / "journal", {}) as journal:
        predict_into(journal, predictor, now, silent)
        found = written(journal, tmp_path / "a.csv").splitlines()[1:]
    with Journal(tmp_path / "afresh", {}) as journal:
        predict_into(journal, predictor, now, silent)
        assert written(journal, tmp_path / "b.csv").splitlines()[1:] == found
    assert found[0].startswith("added.png,") and not any(line.startswith("8.png,") for line in found)


def test_a_journal_of_other_settings_or_in_use_is_not_continued(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.unfinished"
    with Journal(path, {"weights": "one"}), pytest.raises(DataError, match="Another process writes"):
        Journal(path, {"weights": "one"})
    with pytest.raises(DataError, match=r"another model, or with other options. Delete it to start again"):
        Journal(path, {"weights": "two"})
    path.write_bytes(b"no journal at all" * 100)
    with pytest.raises(DataError, match="Delete it"):
        Journal(path, {})


def test_settings_tell_models_views_and_shards_apart(predictor: Predictor) -> None:
    before = settings_of(predictor, None)
    assert settings_of(predictor, Shard(1, 2)) != before
    predictor.test_time_views = 2
    assert settings_of(predictor, None) != before


def test_two_models_that_began_with_the_same_weights_are_not_one(predictor: Predictor) -> None:
    """Bundles of early versions do not record their own digest, only that of the weights they began with."""

    def settings(created: str, recipe: dict[str, object] | None) -> dict[str, object]:
        predictor.info = BundleInfo(
            arch="resnet18",
            classes=predictor.classes,
            preprocessing=predictor.preprocessing.as_dict(),
            weights={"sha256": "a" * 64},
            recipe=recipe,
            created=created,
        )
        return settings_of(predictor, None)

    assert settings("2026-01-01", {"epochs": 1}) != settings("2026-01-02", {"epochs": 1})
    assert settings("2026-01-01", None) == settings("2026-01-02", None), "the pretrained network, loaded twice"


def test_every_photo_is_in_exactly_one_shard_whichever_others_there_are() -> None:
    names = [f"folder/{number}.jpg" for number in range(2000)]
    shards = [Shard.read(f"{part}/8") for part in range(1, 9)]
    parts = [[name for name in names if shard.has(name)] for shard in shards]
    assert sorted(name for part in parts for name in part) == sorted(names)
    assert all(200 < len(part) < 300 for part in parts)
    assert Shard.read("3/8").has("folder/0.jpg") == ("folder/0.jpg" in parts[2])
    # Other machines with other versions must share the work in the same way.
    assert [next(s.number for s in shards if s.has(name)) for name in names[:6]] == [8, 4, 8, 4, 5, 6]


@pytest.mark.parametrize("text", ["", "0/8", "9/8", "2", "2/8/3", "-1/8", "a/b", "1/99999"])
def test_what_is_no_shard_is_said(text: str) -> None:
    with pytest.raises(DataError, match="is not a shard"):
        Shard.read(text)


def test_a_file_of_another_kind_is_refused() -> None:
    with pytest.raises(DataError, match=r"Use \.csv or \.parquet"):
        writer_for(Path("answers.xlsx"))
