"""Whole trainings on images with one rectangle each: the box is learned, saved, resumed and reused."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from torch import Tensor

from core.data.snapshot import BOX_COLUMNS, COLUMNS, SIZE_COLUMNS, Snapshot
from core.errors import RecipeError
from core.models.bundle import load_bundle, read_info, save_bundle
from core.models.heads import BoxHead, Localizer, build_for, outputs, outputs_from
from core.models.resnet import ResNet
from core.training.events import BoxEpoch
from core.training.recipe import Recipe
from core.training.techniques.rate_finder import find_rate
from core.training.trainer import fit


@pytest.fixture
def boxed_snapshot(tmp_path: Path) -> Snapshot:
    """Make images of two shapes with a light rectangle on grey; its colour decides between two classes."""
    folder, random, rows = tmp_path / "images", np.random.default_rng(0), []
    folder.mkdir()
    for number in range(40):
        width, height = ((96, 64), (64, 96))[number % 2]
        pixels = random.normal(90, 15, (height, width, 3))
        w, h = random.integers(20, 40, 2)
        x, y = random.integers(0, width - w), random.integers(0, height - h)
        label, color = (("warm", (240, 200, 90)), ("cold", (90, 200, 240)))[number // 2 % 2]
        pixels[y : y + h, x : x + w] = color
        path = folder / f"{number}.png"
        Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(path)
        split = "val" if number >= 30 else "train"
        rows.append((f"{number:064x}", str(path), path.name, label, split, x, y, w, h, width, height))
    columns = [*COLUMNS, *BOX_COLUMNS, *SIZE_COLUMNS]
    return Snapshot(pd.DataFrame(rows, columns=columns), ("cold", "warm"), "localization")


def recipe(**changes: Any) -> Recipe:
    small = {"arch": "tiny", "weights": "none", "size": 64, "batch_size": 8, "device": "cpu", "precision": "fp32"}
    return Recipe.for_task("localization", **{**small, "epochs": 2, **changes})


def epochs_of(*arguments: Any, **options: Any) -> list[BoxEpoch]:
    return [event for event in fit(*arguments, **options) if isinstance(event, BoxEpoch)]


def test_it_learns_where_a_rectangle_is(boxed_snapshot: Snapshot, tmp_path: Path) -> None:
    setting = recipe(epochs=25, augmentation="light", learning_rate=0.01)
    done = epochs_of(boxed_snapshot, setting, tmp_path / "run", cache=tmp_path / "cache")
    best = max(done, key=lambda epoch: epoch.score)
    assert best.best and best.val_iou > 0.5 > done[0].val_iou
    assert best.val_found <= best.val_iou and all(math.isfinite(epoch.val_loss) for epoch in done)
    assert done[-1].train_loss < done[0].train_loss
    info = read_info(tmp_path / "run" / "best")
    last_best = [epoch for epoch in done if epoch.best][-1]
    assert info.task == "localization" and info.metrics["val_iou"] == last_best.val_iou
    assert "mean IoU" in done[0].sentence


def test_a_bundle_gives_the_same_network_back(boxed_snapshot: Snapshot, tmp_path: Path) -> None:
    list(fit(boxed_snapshot, recipe(), tmp_path / "run", cache=tmp_path / "cache"))
    model, _ = load_bundle(tmp_path / "run" / "last")
    again, _ = load_bundle(tmp_path / "run" / "last")
    assert isinstance(model, Localizer) and isinstance(again, Localizer)
    x = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        assert torch.equal(outputs(model, x), outputs(again, x)) and outputs(model, x).shape == (2, 6)
        assert torch.equal(outputs(model, x)[:, :2], model(x)), "called, it answers with logits alone"
        assert torch.equal(outputs_from(model, model.forward_to(x, "layer2"), "layer2"), outputs(model, x))


def test_weights_are_mixed_by_the_overlap_of_the_boxes(boxed_snapshot: Snapshot, tmp_path: Path) -> None:
    """From a model of boxes; one of classes alone has no trained head for them."""
    cache, log = tmp_path / "cache", list[str]()
    list(fit(boxed_snapshot, recipe(epochs=1), tmp_path / "first", cache=cache))
    further = recipe(weights=str(tmp_path / "first" / "best"), train="layer4", epochs=1, interpolate=True)
    (epoch,) = epochs_of(boxed_snapshot, further, tmp_path / "run", cache=cache, log=log.append)
    metrics = read_info(tmp_path / "run" / "best").metrics
    line = next(one for one in log if one.startswith("From the starting model to the tuned one"))
    scores = [float(number) for number in line.removesuffix(".").rpartition(": ")[2].split(", ")]
    assert len(scores) == 11 and scores[-1] == round(epoch.val_found, 3)
    assert max(scores) == scores[round(10 * metrics["interpolation"])] == round(metrics["val_found"], 3)
    info = read_info(tmp_path / "first" / "best").model_copy(update={"task": "classification"})
    save_bundle(tmp_path / "classes", build_for("classification", "tiny", 2), info)
    with pytest.raises(RecipeError, match="was trained for other classes or another task"):
        refused = further.model_copy(update={"weights": str(tmp_path / "classes")})
        list(fit(boxed_snapshot, refused, tmp_path / "refused", cache=cache))


CHANGES: list[dict[str, Any]] = [{"box_loss": "smooth-l1"}, {"mode": "crop"}, {"mode": "squash", "train": "staged"}]


@pytest.mark.parametrize("changes", CHANGES)
def test_every_choice_trains(changes: dict[str, Any], boxed_snapshot: Snapshot, tmp_path: Path) -> None:
    (*_, last) = epochs_of(boxed_snapshot, recipe(**changes), cache=tmp_path / "cache")
    assert math.isfinite(last.val_loss) and 0 <= last.val_iou <= 1


def test_a_resumed_localization_goes_the_same_way(boxed_snapshot: Snapshot, tmp_path: Path) -> None:
    whole = epochs_of(boxed_snapshot, recipe(epochs=3), tmp_path / "whole", cache=tmp_path / "cache")
    events = fit(boxed_snapshot, recipe(epochs=3), tmp_path / "cut", cache=tmp_path / "cache")
    first = next(event for event in events if isinstance(event, BoxEpoch))
    events.close()  # type: ignore[attr-defined]
    rest = epochs_of(boxed_snapshot, recipe(epochs=3), tmp_path / "cut", resume=True, cache=tmp_path / "cache")
    assert [epoch.val_loss for epoch in (first, *rest)] == [epoch.val_loss for epoch in whole]


def test_weights_go_from_one_task_to_the_other(
    boxed_snapshot: Snapshot, make_snapshot: Callable[..., Snapshot], tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    list(fit(make_classes(boxed_snapshot), recipe(mode="crop"), tmp_path / "classes", cache=cache))
    start = {"weights": str(tmp_path / "classes" / "best"), "train": "head", "learning_rate": 1e-30}
    list(fit(boxed_snapshot, recipe(**start), tmp_path / "boxes", cache=cache))
    boxes, _ = load_bundle(tmp_path / "boxes" / "best")
    classes, _ = load_bundle(tmp_path / "classes" / "best")
    assert isinstance(boxes, Localizer) and not isinstance(classes, Localizer)
    assert same(classes, boxes), "trunk and classes are taken over"
    start["weights"] = str(tmp_path / "boxes" / "best")
    list(fit(make_classes(boxed_snapshot), recipe(**start), tmp_path / "back", cache=cache))
    back, info = load_bundle(tmp_path / "back" / "best")
    assert type(back) is ResNet and info.task == "classification" and same(back, boxes)


def make_classes(snapshot: Snapshot) -> Snapshot:
    return Snapshot(snapshot.frame.iloc[:, :5], snapshot.classes, "classification")


def same(classes: ResNet, boxes: ResNet) -> bool:
    there: dict[str, Tensor] = boxes.state_dict()
    return all(torch.equal(tensor, there[name]) for name, tensor in classes.state_dict().items())


def test_the_box_head_starts_with_half_the_square_and_follows_what_moves() -> None:
    head = BoxHead(8).eval()
    assert head(torch.randn(2, 8, 7, 7)).tolist()[0] == pytest.approx([0.25, 0.25, 0.75, 0.75], abs=0.01)
    torch.manual_seed(0)
    torch.nn.init.normal_(head.votes.weight, std=3)
    features = torch.zeros(1, 8, 9, 9)
    features[0, :, 2, 3] = 5
    moved = torch.roll(features, (1, 2), (2, 3))
    here, there = head(features)[0], head(moved)[0]
    assert (there - here).tolist() == pytest.approx([2 / 9, 1 / 9, 2 / 9, 1 / 9], abs=0.02)


def test_a_network_for_boxes_is_no_other_networks_bundle() -> None:
    assert isinstance(build_for("localization", "tiny", 3), Localizer)
    assert type(build_for("classification", "tiny", 3)) is ResNet


def test_defaults_of_the_task_are_for_what_is_not_said() -> None:
    usual = Recipe.for_task("localization")
    assert (usual.mode, usual.augmentation) == ("letterbox", "standard") and usual.epochs > Recipe().epochs
    assert Recipe.for_task("localization", mode="crop", epochs=3).mode == "crop"
    assert Recipe.for_task("classification") == Recipe()
    assert Recipe.for_task("localization", weights="none").train == "all"


def test_techniques_train_boxes_too_and_a_rate_is_found(boxed_snapshot: Snapshot, tmp_path: Path) -> None:
    chosen = {"mixup": 0.3, "random_erasing": 0.5, "ema": 0.5, "accumulation": 2, "layer_decay": 0.7, "loss": "focal"}
    setting = recipe(train="all", balanced_sampling=True, **chosen)
    done = epochs_of(boxed_snapshot, setting, cache=tmp_path / "cache")
    assert [epoch.epoch for epoch in done] == [1, 2]
    assert all(math.isfinite(epoch.train_loss) and 0 <= epoch.train_iou <= 1 for epoch in done)
    search = find_rate(boxed_snapshot, recipe(train="head"), tmp_path / "cache")
    with pytest.raises(StopIteration) as end:
        while True:
            next(search)
    assert min(end.value.value.losses) < end.value.value.losses[0]
