"""The runs of the augmentation lesson: their photos, their progress, and what an aborted run leaves behind."""

import threading
from contextlib import closing
from pathlib import Path

import pandas as pd
import pytest
import torch

from core.data.importing.sample_set import make_sample_project
from core.data.snapshot import snapshot_of_project
from core.data.store.store import Store
from core.lessons.augmentation import LEVELS, last_epochs, recipe_for, train_level
from core.lessons.sample_birds import bird_snapshot
from core.models.zoo import ARCHITECTURES, ResNetConfig
from core.training.recipe import Recipe
from core.workspace import open_workspace
from tests.lessons.experiment_steps import run_to_end


@pytest.fixture
def recipe(monkeypatch: pytest.MonkeyPatch) -> Recipe:
    """Two epochs of a tiny network."""
    monkeypatch.setitem(ARCHITECTURES, "tiny", ResNetConfig("basic", (1, 1, 1, 1), width=8))
    short = {"arch": "tiny", "size": 32, "epochs": 2, "precision": "fp32"}
    return recipe_for("none", "standard", 1).model_copy(update=short)


def test_few_photos_to_learn_from_and_none_of_the_sample_projects_test(tmp_path: Path) -> None:
    snapshot = bird_snapshot()
    assert snapshot.counts()["train"].tolist() == [8] * 5
    assert len(snapshot.part("val")) == 105 and snapshot.part("test").empty
    assert snapshot.frame["image"].is_unique
    store = Store(open_workspace(tmp_path))
    project = snapshot_of_project(store, make_sample_project(store).id)
    store.close()
    tested = set(project.part("test")["filename"])
    assert tested and not tested & set(snapshot.frame["filename"])
    assert set(snapshot.part("train")["filename"]) <= set(project.part("train")["filename"])


def test_a_training_tells_how_far_it_is_and_returns_its_epochs(recipe: Recipe, tmp_path: Path) -> None:
    seen, rows = run_to_end(train_level(bird_snapshot(), recipe, tmp_path))
    shares = [event.done / event.total for event in seen if event.total]
    assert shares == sorted(shares) and shares[-1] == 1
    assert "epoch 2 of 2" in seen[-1].phase
    assert rows["epoch"].tolist() == [1, 2] and set(rows["epochs"]) == {2}
    assert set(rows["level"]) == {"standard"} and set(rows["seed"]) == {1}
    assert set(rows["train_n"]) == {40} and set(rows["val_n"]) == {105}
    assert (rows["val_low"] < rows["val_accuracy"]).all() and (rows["val_accuracy"] < rows["val_high"]).all()


def test_a_training_that_is_left_ends_its_threads_and_leaves_chance_alone(recipe: Recipe, tmp_path: Path) -> None:
    state, threads = torch.get_rng_state(), torch.get_num_threads()
    with closing(train_level(bird_snapshot(), recipe, tmp_path)) as events:
        while "epoch 1" not in next(events).phase:
            pass
    assert torch.equal(torch.get_rng_state(), state) and torch.get_num_threads() == threads
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith(("loading", "resize"))]


def test_the_runs_differ_in_level_and_seed_alone() -> None:
    runs = [recipe_for("imagenet", level, seed).model_dump() for level in LEVELS for seed in (0, 1)]
    same = [{name: value for name, value in run.items() if name not in ("augmentation", "seed")} for run in runs]
    assert all(one == same[0] for one in same)
    assert same[0]["device"] == "cpu"


def test_the_gap_is_taken_at_the_end_and_over_the_seeds() -> None:
    base = {"epochs": 2, "train_loss": 1.0, "val_loss": 2.0, "val_low": 0.0, "val_high": 1.0}
    figures = [("standard", 0, 1, 0.1, 0.9), ("standard", 0, 2, 0.8, 0.7), ("standard", 1, 2, 0.6, 0.6),
               ("none", 0, 2, 1.0, 0.5), ("none", 1, 2, 1.0, 0.6)]  # fmt: skip
    columns = ["level", "seed", "epoch", "train_accuracy", "val_accuracy"]
    ends = last_epochs(pd.DataFrame([{**base, **dict(zip(columns, row, strict=True))} for row in figures]))
    assert list(ends.index) == ["none", "standard"]
    assert ends["gap"].tolist() == pytest.approx([0.45, 0.05])
    assert ends["runs"].tolist() == [2, 2]
