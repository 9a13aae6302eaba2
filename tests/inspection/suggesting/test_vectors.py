"""Stored vectors: found by content, added concurrently, computed if missing, recomputed if damaged."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from core.data.pictures.source import Source
from core.inspection.predicting.features import features_of
from core.inspection.predicting.predictor import Predictor
from core.inspection.suggesting.vectors import SAVE_EVERY, Refused, Vectors, compute
from core.training.events import Progress
from core.workspace import REPOSITORY, Workspace, open_workspace
from tests.inspection.conftest import photo


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return open_workspace(tmp_path / "workspace")


def name(number: int) -> str:
    return f"{number:064x}"


def rows(*numbers: int) -> np.ndarray:
    return np.array([[number, number + 0.5, -number] for number in numbers], np.float32)


def test_vectors_come_in_the_order_asked_for_and_what_is_not_there_is_missing(workspace: Workspace) -> None:
    vectors = Vectors(workspace, "net")
    assert vectors.known([name(1)])[0] == []
    vectors.add([name(1), name(2)], rows(1, 2))
    vectors.add([name(3)], rows(3))
    found, values = vectors.known([name(3), name(9), name(1)])
    assert found == [name(3), name(1)] and values.dtype == np.float32
    np.testing.assert_array_equal(values, rows(3, 1))
    assert vectors.missing([name(9), name(2), name(8), name(9)]) == [name(9), name(8)]


def test_each_network_has_vectors_of_its_own(workspace: Workspace) -> None:
    Vectors(workspace, "one").add([name(1)], rows(1))
    assert Vectors(workspace, "other").missing([name(1)]) == [name(1)]


def test_what_another_process_adds_is_found_without_opening_anew(workspace: Workspace) -> None:
    vectors = Vectors(workspace, "net")
    assert vectors.missing([name(7)]) == [name(7)]
    code = (
        "from core.inspection.suggesting.vectors import Vectors\n"
        "from core.workspace import open_workspace\nimport numpy\n"
        "Vectors(open_workspace(), 'net').add([f'{7:064x}'], numpy.full((1, 3), 7, 'f4'))"
    )
    environment = {**os.environ, "RESNET_STUDIO_HOME": str(workspace.root)}
    subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, env=environment, check=True, timeout=60)
    np.testing.assert_array_equal(vectors.known([name(7)])[1], [[7, 7, 7]])


def test_an_emptied_cache_is_noticed_and_a_damaged_file_is_taken_away(workspace: Workspace) -> None:
    vectors = Vectors(workspace, "net")
    vectors.add([name(1)], rows(1))
    vectors.add([name(2)], rows(2))
    assert vectors.missing([name(1), name(2)]) == []
    for path in vectors.folder.glob("*.npy"):
        path.unlink()
    assert vectors.missing([name(1), name(2)]) == [name(1), name(2)]
    vectors.add([name(1)], rows(1))
    (path,) = vectors.folder.iterdir()
    path.write_bytes(path.read_bytes()[:-5])
    assert Vectors(workspace, "net").missing([name(1)]) == [name(1)]
    assert list(vectors.folder.iterdir()) == []


def pictures(folder: Path, count: int) -> list[Source]:
    folder.mkdir()
    found = []
    for number in range(count):
        photo(number).save(folder / f"{number}.png")
        found.append(Source(name(number), folder / f"{number}.png", f"photo {number}"))
    return found


def test_what_is_missing_is_computed_and_kept_as_it_comes(
    workspace: Workspace, predictor: Predictor, tmp_path: Path
) -> None:
    wanted = pictures(tmp_path / "photos", SAVE_EVERY + 3)
    vectors = Vectors(workspace, "net")
    told = list(compute(vectors, wanted, predictor))
    total = len(wanted)
    assert [(one.done, one.total) for one in told] == [(0, total), (SAVE_EVERY, total), (total, total)]
    found, values = vectors.known([one.hash for one in wanted])
    assert found == [one.hash for one in wanted]
    exact = features_of(predictor, (photo(n) for n in range(total)))
    lengths = np.linalg.norm(values, axis=1) * np.linalg.norm(exact, axis=1)
    assert ((values * exact).sum(axis=1) / lengths).min() > 0.999  # bfloat16, where the processor has it


def test_nothing_is_loaded_where_nothing_is_missing(workspace: Workspace, tmp_path: Path) -> None:
    wanted = [Source(name(1), tmp_path / "gone.png", "gone")]
    vectors = Vectors(workspace, "net")
    vectors.add([name(1)], rows(1))

    def never() -> Predictor:
        raise AssertionError("the network was loaded")

    assert list(compute(vectors, wanted, never)) == [Progress("computing features", 1, 1)]


def test_an_interruption_keeps_what_was_computed_and_the_next_goes_on(
    workspace: Workspace, predictor: Predictor, tmp_path: Path
) -> None:
    wanted = pictures(tmp_path / "photos", SAVE_EVERY + 3)
    vectors = Vectors(workspace, "net")
    work = compute(vectors, wanted, predictor)
    assert [next(work).done, next(work).done] == [0, SAVE_EVERY]
    work.close()  # type: ignore[attr-defined]
    assert next(compute(vectors, wanted, predictor)).done == SAVE_EVERY


def test_a_picture_that_cannot_be_read_is_told_and_the_others_go_on(
    workspace: Workspace, predictor: Predictor, tmp_path: Path
) -> None:
    wanted = pictures(tmp_path / "photos", 3)
    wanted[1].path.unlink()
    vectors, refused = Vectors(workspace, "net"), list[Refused]()
    assert list(compute(vectors, wanted, predictor, refused.append))[-1].done == 2
    assert [one.name for one in refused] == ["photo 1"] and "does not exist" in refused[0].reason
    assert vectors.missing([one.hash for one in wanted]) == [wanted[1].hash]
