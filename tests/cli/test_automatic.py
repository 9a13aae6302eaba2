"""Automatic training on the command line: its phases as lines and in the JSON, its runs, and who may start it."""

import json
from pathlib import Path

import pytest

from core.cli.training_output import _phases
from core.runs.automatic.phases import Phases, write_phases
from core.runs.folder import RunFolder
from tests.cli.conftest import Core
from tests.inspection.conftest import write_bundle
from tests.pages.train.automatic.some_phases import EARLY
from tests.runs.conftest import SMALLEST


@pytest.fixture(scope="module")
def pretrained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_bundle(tmp_path_factory.mktemp("weights") / "bundle", SMALLEST)


def words(labels: Path, pretrained: Path, out: Path, *more: object) -> list[object]:
    usual = ["--arch", SMALLEST, "--weights", pretrained, "--size", "32", "--device", "cpu"]
    images = ["train", labels, "--images", labels.parent / "images"]
    return [*images, *usual, "--train", "automatic", "--out", out, *more]


def test_the_phases_are_printed_and_named_in_the_json(
    here: Core, labels: Path, pretrained: Path, tmp_path: Path
) -> None:
    done = here(*words(labels, pretrained, tmp_path / "run", "--time-limit", "2", "--epochs", "20"))
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "Phase 1, the head: The head alone is trained first: it is the fastest part."
    assert lines[1].startswith("epoch 1 of 1: training loss ")
    assert lines[2] == "The first model."
    assert lines[3].startswith(("4 training photos per class are too few", "All validation photos are correct"))
    assert lines[4].startswith("finished: Kept: the head, with ") and lines[4].endswith(lines[3])
    assert "so epochs 20 has no effect." in done.stderr
    run = RunFolder(tmp_path / "run")
    assert run.recipe().time_limit == 2

    found = json.loads(here(*words(labels, pretrained, tmp_path / "other", "--json")).stdout)
    assert found["state"] == "finished" and found["end"] == lines[3]
    (phase,) = found["phases"]
    assert (phase["train"], phase["kept"], phase["n"], phase["epochs"]) == ("head", True, 4, 1)
    assert phase["value"] == found["accuracy"]["val"]["value"] and phase["ended"] > phase["began"]

    (row,) = json.loads(here("runs", tmp_path / "run", "--json").stdout)
    assert (row["train"], row["kept"], row["epochs_done"], row["epochs"]) == ("automatic", "head", 1, 1)
    assert row["recipe"].endswith("automatic (head)")


def test_the_json_holds_the_result_of_an_early_model(tmp_path: Path) -> None:
    write_phases(tmp_path, Phases(early=EARLY))
    assert _phases(RunFolder(tmp_path))["early"] == EARLY.model_dump()
    write_phases(tmp_path, Phases())
    assert "early" not in _phases(RunFolder(tmp_path))


def test_a_grid_may_compare_automatic_training_with_others(
    here: Core, labels: Path, pretrained: Path, tmp_path: Path
) -> None:
    grid = tmp_path / "grid.yaml"
    grid.write_text("train: [head, automatic]\n", encoding="utf-8")
    words_of_grid = [
        one for one in words(labels, pretrained, tmp_path / "sweep") if one not in ("--train", "automatic")
    ]
    done = here(*words_of_grid, "--grid", grid, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["finished"] == 2 and found["settings"] == ["train"]
    one, other = (recipe["mean"]["value"] for recipe in found["recipes"])
    assert one == other, "both have the same solved head"
    for folder in (tmp_path / "sweep").glob("recipe-*"):
        assert RunFolder(folder).report("val") is not None and RunFolder(folder).report("test") is None


def test_it_is_refused_under_torchrun_with_a_sentence(
    here: Core, labels: Path, pretrained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "0")
    done = here(*words(labels, pretrained, tmp_path / "run"))
    assert done.returncode == 2 and "single process" in done.stderr and not (tmp_path / "run").exists()
