"""Several seeds and recipes from one command, settings from a file, and the command sweep."""

import json
import shutil
from pathlib import Path

import pytest

from core.data.snapshot import snapshot_of_table
from core.runs.folder import RunFolder
from core.runs.new_run import create_run
from core.runs.sweeps import sweep_folder
from core.training.recipe import Recipe
from tests.cli.conftest import TINY, Core
from tests.runs.conftest import tiny


@pytest.fixture
def words(labels: Path) -> list[object]:
    return ["train", labels, "--images", labels.parent / "images", *TINY]


def test_seeds_and_a_grid_are_trained_and_compared_on_validation(
    here: Core, words: list[object], tmp_path: Path
) -> None:
    grid = tmp_path / "grid.yaml"
    grid.write_text("epochs: [1, 2]\n", encoding="utf-8")
    out = tmp_path / "out"
    done = here(*words, "--out", out, "--seeds", 2, "--grid", grid, "--seed", 3, "--train", "head")
    assert done.returncode == 0, done.stderr
    names = [f"recipe-{recipe:02d}-seed-{seed}" for recipe in (1, 2) for seed in (3, 4)]
    assert sorted(path.name for path in out.iterdir()) == [*names, "sweep.json"]
    runs = [RunFolder(out / name) for name in names]
    assert [(run.recipe().epochs, run.recipe().seed) for run in runs] == [(1, 3), (1, 4), (2, 3), (2, 4)]
    assert len({run.snapshot().digest for run in runs}) == 1
    for run in runs:
        assert run.status().state == "finished"
        assert run.report("val") is not None
        assert run.report("test") is None and run.predictions("test") is None  # the test photos stay unseen
    assert [line for line in done.stdout.splitlines() if line.startswith("run ")] == [
        f"run {number} of 4: squares · epochs {epochs}, seed {seed}"
        for number, (epochs, seed) in enumerate([(1, 3), (1, 4), (2, 3), (2, 4)], 1)
    ]
    assert "The test photos were not used:" in done.stdout and "expect a little less" in done.stdout

    answer = json.loads(here("sweep", out, "--json").stdout)
    assert (answer["settings"], answer["runs"], answer["finished"]) == (["epochs"], 4, 4)
    assert [len(recipe["runs"]) for recipe in answer["recipes"]] == [2, 2]
    best = answer["recipes"][0]
    values = [run["value"] for run in best["runs"]]
    assert best["mean"]["value"] == pytest.approx(sum(values) / 2)
    assert best["mean"]["n"] == 2 and not best["mean"]["over_photos"]
    assert best["mean"]["value"] >= answer["recipes"][1]["mean"]["value"]

    # The test report of the chosen run is asked for on purpose.
    assert here("evaluate", runs[0].path, "--split", "test").returncode == 0
    assert runs[0].report("test") is not None

    # Deleting a run leaves the others; what did not finish is resumed, and the rest is left alone.
    shutil.rmtree(runs[0].path)
    runs[1].write_status(state="interrupted")
    before = runs[2].status()
    resumed = here("resume", out)
    assert resumed.returncode == 0, resumed.stderr
    assert "run 1 of 3: squares · epochs 1, seed 4" in resumed.stdout and "run 2 of 3" not in resumed.stdout
    assert runs[1].status().state == "finished" and runs[2].status() == before
    assert here(*words, "--out", out, "--seeds", 2).returncode == 2  # never over an existing sweep


def test_a_recipe_file_is_the_recipe_and_options_come_first(here: Core, words: list[object], tmp_path: Path) -> None:
    config = tmp_path / "recipe.yaml"
    config.write_text("epochs: 1\nlearning_rate: 1e-3\nsize: 64\ntrain: head\n", encoding="utf-8")
    first = tmp_path / "first"
    done = here(*words, "--out", first, "--config", config, "--learning-rate", "2e-3")
    assert done.returncode == 0, done.stderr
    recipe = RunFolder(first).recipe()
    # TINY gives --size 32.
    assert (recipe.epochs, recipe.learning_rate, recipe.size, recipe.train) == (1, 0.002, 32, "head")

    # recipe.json as it lies in the run folder is such a file: the same recipe again, with nothing else said.
    labels, images = words[1], words[3]
    again = here(
        *["train", labels, "--images", images, "--out", tmp_path / "again", "--config", first / "recipe.json"],
        *["--seeds", 1, "--json"],
    )
    assert again.returncode == 0, again.stderr
    assert RunFolder(tmp_path / "again").recipe() == recipe
    assert (tmp_path / "again" / "recipe.json").read_bytes() == (first / "recipe.json").read_bytes()


def test_problems_of_the_files_come_before_the_photos_are_read(here: Core, words: list[object], tmp_path: Path) -> None:
    out = tmp_path / "out"
    config, grid = tmp_path / "recipe.yaml", tmp_path / "grid.yaml"
    config.write_text("epoch: 3\nlr: 1\nsize: 3\n", encoding="utf-8")
    grid.write_text("optimizer: [sgd, adagrad]\nepochs: [0]\n", encoding="utf-8")
    done = here(*words[:-6], "--out", out, "--config", config)
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    for text in ("recipe.yaml", "3 problems", "epoch is not a setting", "lr is not a setting", "size is 3"):
        assert text in done.stderr
    done = here(*words, "--out", out, "--grid", grid)
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    assert "line 1: optimizer is 'adagrad'" in done.stderr and "line 2: epochs is 0" in done.stderr
    grid.write_text("train: [staged, head]\nepochs: 1\n", encoding="utf-8")
    done = here(*words, "--out", out, "--grid", grid)
    assert done.returncode == 2 and "train staged: " in done.stderr and "none is left" in done.stderr
    for options in (("--seeds", 0), ("--seeds", 201)):
        done = here(*words, "--out", out, *options)
        assert done.returncode == 2 and done.stderr.count("\n") == 1
    assert not out.exists()


def test_a_sweep_that_cannot_be_created_leaves_nothing(
    here: Core, words: list[object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(sweep_folder, "replace_file", full)
    done = here(*words, "--out", tmp_path / "out", "--seeds", 2)
    assert done.returncode == 2 and "disk" in done.stderr
    assert not (tmp_path / "out").exists()


def test_what_is_no_sweep_is_one_sentence(here: Core, labels: Path, tmp_path: Path) -> None:
    (tmp_path / "sweep.json").write_text("{}")
    for reference in (labels.parent, "none", tmp_path):
        done = here("sweep", reference)
        assert done.returncode == 2 and done.stderr.count("\n") == 1 and "sweep" in done.stderr
    assert "no sweeps" in here("sweep").stdout
    assert json.loads(here("sweep", "--json").stdout) == []


def test_the_seed_of_a_task_with_boxes_keeps_its_defaults(tmp_path: Path) -> None:
    """A config that names no epochs leaves the task its own."""
    from core.cli.sweeps import planned_runs

    [one] = planned_runs({"weights": "none"}, [{}], 1, "localization")
    assert (one.recipe.epochs, one.recipe.train) == (24, "all")
    assert one.recipe == Recipe.for_task("localization", weights="none")


def test_the_runs_of_a_sweep_are_listed_with_it(here: Core, home: Path, labels: Path) -> None:
    snapshot = snapshot_of_table(labels, labels.parent / "images")[0]
    runs = [
        create_run(
            home / "runs" / f"swept-{seed}", snapshot, tiny(seed=seed), title=f"Seeds · seed {seed}", sweep="s-1"
        )
        for seed in (0, 1)
    ]
    try:
        header, *lines = here("runs", "--sweep", "s-1").stdout.splitlines()
        assert header.split()[:5] == ["run", "project", "name", "sweep", "state"]
        assert [line.split()[0] for line in lines] == ["swept-1", "swept-0"] and all("s-1" in line for line in lines)
        rows = json.loads(here("runs", "--sweep", "s-1", "--json").stdout)
        assert [row["sweep"] for row in rows] == ["s-1", "s-1"]
        assert [one["sweep"] for one in json.loads(here("sweep", "--json").stdout)] == ["s-1"]
        assert "0 of 2" in here("sweep").stdout and "No run has finished yet." in here("sweep", "s-1").stdout
        assert here("runs", "--sweep", "other").returncode == 2
    finally:
        for run in runs:
            shutil.rmtree(run.path)
