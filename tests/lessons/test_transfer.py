"""Three arms on the same photos: what they share, what is recorded, and how their predictions are compared."""

import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from core.data.snapshot import COLUMNS, Snapshot
from core.lessons import transfer
from core.lessons.transfer import (
    ARMS,
    compare_arms,
    last_epochs,
    recipe_for,
    size_label,
    subsample,
    train_arm,
    training_sizes,
)
from core.models.bundle import BundleInfo, save_bundle
from core.models.resnet import build
from core.models.zoo import ARCHITECTURES, ResNetConfig
from core.training.recipe import Recipe
from tests.lessons.experiment_steps import run_to_end


def snapshot_of(train: dict[str, int], val: int = 4, folder: Path | None = None) -> Snapshot:
    """This many training photos per class, plus validation and test photos; written as files if there is a folder."""
    rows = []
    for shade, (label, count) in enumerate(train.items()):
        for number, split in enumerate(["train"] * count + ["val"] * val + ["test"]):
            name = f"{label}-{number}.png"
            if folder is not None:
                random = np.random.default_rng([shade, number])
                pixels = np.clip(60 + 130 * shade + random.normal(0, 30, (40, 40, 3)), 0, 255).astype(np.uint8)
                Image.fromarray(pixels).save(folder / name)
            rows.append((f"{label}{number:03d}", str((folder or Path()) / name), name, label, split))
    return Snapshot(pd.DataFrame(rows, columns=list(COLUMNS)), tuple(train), "classification")


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """A real network of a few layers with its own weights, trained for two epochs on small pictures."""
    monkeypatch.setitem(ARCHITECTURES, "tiny", ResNetConfig("basic", (1, 1, 1, 1), width=8))
    info = BundleInfo(
        arch="tiny",
        classes=("cat", "dog"),
        preprocessing=Recipe(size=32).preprocessing((0.5,) * 3, (0.2,) * 3),
        weights={"source": "test"},
        created="2026-01-01T00:00:00+00:00",
    )
    save_bundle(tmp_path / "weights", build("tiny", 2), info)

    def short(arm: str, arch: str, photos: int, seed: int) -> Recipe:
        weights = "none" if arm == "scratch" else str(tmp_path / "weights")
        changed = {"weights": weights, "epochs": 2, "size": 32, "precision": "fp32"}
        return recipe_for(arm, arch, photos, seed).model_copy(update=changed)

    monkeypatch.setattr(transfer, "recipe_for", short)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def test_the_ways_differ_in_start_and_part_alone() -> None:
    recipes = {arm: recipe_for(arm, "resnet18", 85, 3).model_dump() for arm in ARMS}
    changed = {name for recipe in recipes.values() for name in recipe if recipe[name] != recipes["fine-tuned"][name]}
    assert changed == {"weights", "train"}
    assert [(recipes[arm]["weights"], recipes[arm]["train"]) for arm in ARMS] == [
        ("none", "all"), ("imagenet", "head"), ("imagenet", "all"),
    ]  # fmt: skip


def test_few_photos_get_more_epochs_and_many_do_not() -> None:
    assert recipe_for("frozen", "resnet18", 16, 0).epochs == 24
    assert recipe_for("frozen", "resnet18", 30, 0).epochs == 12
    assert recipe_for("frozen", "resnet18", 500, 0).epochs == 8


@pytest.mark.parametrize(
    ("counts", "sizes"),
    [
        ({"cat": 17, "dog": 16}, [5, 10, 17]),
        ({"cat": 20, "dog": 20}, [5, 10, 20]),
        ({"cat": 80, "dog": 60}, [5, 10, 20, 50]),
        ({"cat": 80, "dog": 7}, [5, 50]),
        ({"cat": 80, "dog": 4}, []),
        ({"cat": 80}, []),
        ({f"class {number}": 50 for number in range(20)}, [5, 10, 20]),
    ],
)
def test_sizes_are_those_that_every_class_has_and_all(counts: dict[str, int], sizes: list[int]) -> None:
    assert training_sizes(snapshot_of(counts)) == sizes


def test_without_validation_photos_there_is_nothing_to_compare() -> None:
    assert training_sizes(snapshot_of({"cat": 17, "dog": 16}, val=0)) == []


def test_a_size_is_called_as_a_person_says_it() -> None:
    assert size_label(snapshot_of({"cat": 17, "dog": 16}), 10) == "10"
    assert size_label(snapshot_of({"cat": 17, "dog": 16}), 17) == "all (16 to 17)"
    assert size_label(snapshot_of({"cat": 80, "dog": 7}), 50) == "up to 50"


def test_fewer_photos_are_among_the_more_and_the_held_out_stay() -> None:
    snapshot = snapshot_of({"cat": 17, "dog": 16})
    five, ten = subsample(snapshot, 5, 0), subsample(snapshot, 10, 0)
    assert five.counts()["train"].tolist() == [5, 5] and ten.counts()["train"].tolist() == [10, 10]
    assert set(five.part("train")["image"]) < set(ten.part("train")["image"])
    assert five.part("val")["image"].tolist() == ten.part("val")["image"].tolist()
    assert len(five.part("val")) == 8 and five.part("test").empty
    assert set(subsample(snapshot, 5, 1).part("train")["image"]) != set(five.part("train")["image"])


def test_many_held_out_photos_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "MAX_HELD_OUT", 5)
    assert len(subsample(snapshot_of({"cat": 6, "dog": 6}), 5, 0).part("val")) == 5


@pytest.mark.usefixtures("tiny")
def test_each_way_tells_its_epochs_and_its_answers(tmp_path: Path) -> None:
    snapshot = snapshot_of({"cat": 8, "dog": 8}, folder=tmp_path)
    tables = {}
    for arm in ARMS:
        seen, tables[arm] = run_to_end(train_arm(snapshot, arm, "tiny", 8, 0, tmp_path / "cache"))
        shares = [event.done / event.total for event in seen if event.total]
        assert shares == sorted(shares) and shares[-1] == 1 and "epoch 2 of 2" in seen[-1].phase
    runs = pd.concat(tables.values(), ignore_index=True)
    runs.to_csv(tmp_path / "runs.csv", index=False)
    runs = pd.read_csv(tmp_path / "runs.csv")
    ends = last_epochs(runs)
    assert ends["arm"].tolist() == list(ARMS) and set(ends["epoch"]) == {2}
    assert (ends["photos"] == 16).all() and (ends["val_n"] == 8).all()
    assert ends["answers"].str.len().tolist() == [8, 8, 8]
    assert (ends["val_accuracy"] == ends["correct"] / 8).all()
    assert ((ends["low"] <= ends["val_accuracy"]) & (ends["val_accuracy"] <= ends["high"])).all()
    whole = sum(p.numel() for p in build("tiny", 2).parameters())
    assert ends["trained"].tolist() == [whole, 64 * 2 + 2, whole] and set(ends["parameters"]) == {whole}
    assert runs.groupby("arm")["seconds"].is_monotonic_increasing.all()
    assert [(pair.first, pair.second, pair.compared.n) for pair in compare_arms(runs)] == [
        ("scratch", "frozen", 8), ("scratch", "fine-tuned", 8), ("frozen", "fine-tuned", 8),
    ]  # fmt: skip


@pytest.mark.usefixtures("tiny")
def test_a_training_that_is_left_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    state = torch.get_rng_state()
    torch.set_num_threads(4)
    snapshot = snapshot_of({"cat": 8, "dog": 8}, folder=tmp_path)
    with closing(train_arm(snapshot, "scratch", "tiny", 8, 0, tmp_path / "cache")) as events:
        while "epoch 2" not in next(events).phase:
            pass
        assert list(place.iterdir()) and torch.get_num_threads() == 2
    assert torch.get_num_threads() == 4
    assert not list(place.iterdir())
    assert torch.equal(torch.get_rng_state(), state)
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith(("loading", "resize"))]


def runs_of(**answers: str) -> pd.DataFrame:
    rows = [
        {"arm": arm.replace("_", "-"), "size": 5, "epoch": 2, "epochs": 2, "answers": said}
        for arm, said in answers.items()
    ]
    return pd.DataFrame(rows)


def test_pairs_are_compared_photo_by_photo() -> None:
    first, second, third = compare_arms(runs_of(scratch="w" * 20, frozen="r" * 20, fine_tuned="r" * 19 + "w"))
    assert first.clear and first.compared.difference == 1 and first.compared.only_b_right == 20
    assert second.compared.difference == pytest.approx(0.95)
    assert not third.clear and third.compared.difference == pytest.approx(-0.05)
    assert (third.first, third.second) == ("frozen", "fine-tuned")


def test_pairs_wait_for_the_runs_that_are_missing() -> None:
    assert compare_arms(runs_of(scratch="rw")) == []
    assert len(compare_arms(runs_of(scratch="rw", frozen="rr"))) == 1
