"""A training on kept features is the training that computes the same views anew; its features are shared by runs."""

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from core.data.dataset import BoxedPhotos, Photos, SampleKey
from core.data.pictures.resized_cache import ResizedCache
from core.data.snapshot import BOX_COLUMNS, LOCALIZATION, SIZE_COLUMNS, Snapshot
from core.errors import ImageRefused
from core.features.boxed_views import boxes_in_views
from core.features.budget import SETTING
from core.features.views import view_names, view_pixels
from core.models.heads import SIDES
from core.models.resnet import ResNet, build
from core.training.events import Epoch, Event, Progress, Step
from core.training.kept.frozen_part import FrozenPart
from core.training.kept.view_choice import ViewChoice
from core.training.network import STAGES, modules_of
from core.training.recipe import Recipe
from core.training.trainer import fit

VIEWS = 4
COMPUTING = "computing features"


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def pretrained(tmp_path: Path) -> Path:
    torch.manual_seed(3)
    model = build("tiny", 7)
    with torch.no_grad():
        model.train()(torch.randn(8, 3, 64, 64))
    path = tmp_path / "pretrained.safetensors"
    save_file({name: tensor.contiguous() for name, tensor in model.state_dict().items()}, path)
    return path


@pytest.fixture
def snapshot(make_snapshot: Callable[..., Snapshot]) -> Snapshot:
    """Photos with hashes, as crops are drawn from them."""
    made = make_snapshot(train=8, val=3, size=64)
    hashes = [f"{number:064x}" for number in range(len(made.frame))]
    return Snapshot(made.frame.assign(image=hashes), made.classes, made.task)


@pytest.fixture
def boxed(snapshot: Snapshot) -> Snapshot:
    frame = snapshot.frame.assign(image_width=80, image_height=64)
    for place, column in enumerate(BOX_COLUMNS):
        frame[column] = [5 + (11 * row + 5 * place) % 30 for row in range(len(frame))]
    assert set(SIZE_COLUMNS) < set(frame.columns)
    return Snapshot(frame, snapshot.classes, LOCALIZATION)


def recipe(pretrained: Path, **changes: Any) -> Recipe:
    base = {"arch": "tiny", "weights": str(pretrained), "train": "layer4", "epochs": 3, "batch_size": 8, "size": 64}
    fixed = {"optimizer": "adamw", "device": "cpu", "precision": "fp32", "augmentation": "standard", "views": VIEWS}
    return Recipe.checked(**{**base, **fixed, "learning_rate": 0.005, **changes})


def epochs(events: Sequence[Event]) -> list[Epoch]:
    return [event for event in events if isinstance(event, Epoch)]


def computed(events: Sequence[Event]) -> int:
    """Return how many views were computed."""
    return max((event.done for event in events if isinstance(event, Progress) and event.phase == COMPUTING), default=0)


class FixedViews(Photos):
    """Photos whose variation in an epoch is the chosen fixed view, computed anew in every epoch."""

    @classmethod
    def of(
        cls, frame: pd.DataFrame, classes: Sequence[str], cache: ResizedCache, level: str, seed: int
    ) -> "FixedViews":
        photos = cls(frame, classes, cache, level, seed)
        photos.names = view_names(VIEWS, level)
        photos.corners = None
        usable = None
        if "x" in frame:
            boxed = BoxedPhotos(frame, classes, cache)
            photos.corners, usable = boxes_in_views(
                photos.sources, boxed.boxes, boxed.sizes, photos.names, cache.preprocessing
            )
        photos.choice = ViewChoice(len(photos), len(photos.names), seed, usable)
        return photos

    def __getitem__(self, key: SampleKey) -> tuple[Tensor, ...]:
        assert isinstance(key, tuple)
        index, epoch = key
        view = int(self.choice.of(epoch)[index])
        pixels = torch.from_numpy(view_pixels(self.cache, self.sources[index], self.names[view])).permute(2, 0, 1)
        boxes = () if self.corners is None else (torch.from_numpy(self.corners[index, view]),)
        return pixels, torch.tensor(self.labels[index]), *boxes


def computed_anew(patch: pytest.MonkeyPatch) -> None:
    """Make trainings compute their fixed views in every epoch."""
    from core.data.dataset import photos_of

    def fixed(snapshot: Snapshot, split: str, cache: ResizedCache, level: str = "none", seed: int = 0) -> Photos:
        if split == "train":
            return FixedViews.of(snapshot.part(split), snapshot.classes, cache, level, seed)
        return photos_of(snapshot, split, cache)

    patch.setattr("core.training.setup.photos_of", fixed)
    patch.setattr("core.training.kept.kept_features.reason_against_keeping", lambda recipe: "not in this test.")


def rounded_to_half(patch: pytest.MonkeyPatch) -> None:
    """Round what the frozen layers hand on as it is rounded where it is kept."""
    exact = ResNet.forward_to

    def rounded(model: ResNet, images: Tensor, stage: str) -> Tensor:
        maps = exact(model, images, stage)
        return maps if maps.requires_grad else maps.half().float()

    patch.setattr(ResNet, "forward_to", rounded)


CASES = [("head", "classes"), ("layer4", "classes"), ("layer3", "classes"), ("staged", "classes")]
CASES += [("head", "boxes"), ("layer4", "boxes")]


@pytest.mark.parametrize(("train", "task"), CASES)
def test_kept_features_train_what_the_same_views_computed_anew_train(
    train: str, task: str, snapshot: Snapshot, boxed: Snapshot, pretrained: Path, tmp_path: Path, cache: Path
) -> None:
    """The same losses and weights but for the last digits, if the maps are rounded in the same way."""
    setting, photos = recipe(pretrained, train=train), boxed if task == "boxes" else snapshot
    pooled = task == "classes" and train in ("head", "staged")
    with pytest.MonkeyPatch.context() as patch:
        computed_anew(patch)
        if not pooled:
            rounded_to_half(patch)
        anew = list(fit(photos, setting, tmp_path / "anew", cache=cache))
        assert not computed(anew)
    kept = list(fit(photos, setting, tmp_path / "kept", cache=cache))
    assert computed(kept) > len(photos.part("train"))
    epochs_of_phase = 1 if train == "staged" else 3  # then all layers are trained, on new random views
    for one, other in list(zip(epochs(kept), epochs(anew), strict=True))[:epochs_of_phase]:
        assert one.train_loss == pytest.approx(other.train_loss, rel=1e-5)
        assert one.val_loss == pytest.approx(other.val_loss, rel=1e-5)
    if train == "staged":
        return
    a, b = (load_file(tmp_path / name / "last" / "model.safetensors") for name in ("kept", "anew"))
    before = load_file(pretrained)
    if "box.votes.bias" in a:  # the same for all votes, so their softmax does not depend on it: it follows rounding
        a["box.votes.bias"][SIDES] = b["box.votes.bias"][SIDES]
    for name in a:
        torch.testing.assert_close(a[name], b[name], rtol=1e-4, atol=1e-5, msg=name)
    model = build("tiny", 7)
    parts = {id(module): name for name, module in model.named_modules()}
    for part in STAGES if train == "head" else STAGES[: STAGES.index(train)]:
        for module in modules_of(model, part):
            names = [name for name in a if name.startswith(f"{parts[id(module)]}.")]
            assert names and all(torch.equal(a[name], before[name]) for name in names), part


@pytest.mark.parametrize(("train", "task"), [("head", "classes"), ("layer3", "classes"), ("head", "boxes")])
def test_a_prepared_engine_gives_the_same_features(
    train: str,
    task: str,
    snapshot: Snapshot,
    boxed: Snapshot,
    pretrained: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    photos, setting = boxed if task == "boxes" else snapshot, recipe(pretrained, train=train, epochs=1, views=2)
    found = []
    for name, least in (("own", 10**6), ("prepared", 1)):
        monkeypatch.setattr("core.training.kept.frozen_part.WORTH_PREPARING", least)
        folder = tmp_path / name / "cache"
        list(fit(photos, setting, cache=folder))
        stores = sorted((folder / ("vectors" if train == "head" and task == "classes" else "maps")).rglob("*.npy"))
        assert len(stores) == 2
        rows = [np.load(path)[0] for path in stores] if "maps" in str(stores[0]) else [np.load(path) for path in stores]
        found.append([row["maps"].astype(np.float32) if "maps" in row.dtype.names else row["vector"] for row in rows])
    for own, prepared in zip(*found, strict=True):
        np.testing.assert_allclose(prepared, own, rtol=2e-3, atol=1e-4)


def test_rounding_to_half_precision_hardly_changes_the_losses(
    snapshot: Snapshot, pretrained: Path, cache: Path
) -> None:
    setting = recipe(pretrained, train="layer3")
    with pytest.MonkeyPatch.context() as patch:
        computed_anew(patch)
        anew = epochs(list(fit(snapshot, setting, cache=cache)))
    kept = epochs(list(fit(snapshot, setting, cache=cache)))
    assert [one.train_loss for one in kept] == pytest.approx([one.train_loss for one in anew], rel=5e-3)
    assert [one.val_loss for one in kept] == pytest.approx([one.val_loss for one in anew], rel=5e-3)


@pytest.mark.parametrize("train", ["head", "layer4"])
def test_a_second_run_computes_nothing_and_a_resumed_one_goes_on_to_the_same_bits(
    train: str, snapshot: Snapshot, pretrained: Path, tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    setting, log = recipe(pretrained, train=train), list[str]()
    # Each photo has four views, and shows three of them in three epochs.
    assert computed(list(fit(snapshot, setting, tmp_path / "straight", log=log.append, cache=cache))) == 16 * 3 + 6
    assert any("4 views of each photo, computed once and kept" in line for line in log)
    for event in fit(snapshot, setting, tmp_path / "stopped", cache=cache):
        assert not isinstance(event, Progress) or event.phase != COMPUTING
        if isinstance(event, Step) and (event.epoch, event.batch) == (2, 2):
            break

    def never(*_: object) -> None:
        raise AssertionError("the frozen layers were computed")

    with monkeypatch.context() as patch:
        patch.setattr(FrozenPart, "run", never)
        patch.setattr("core.data.dataset.Photos.batch", never)
        log.clear()
        list(fit(snapshot, setting, tmp_path / "stopped", resume=True, log=log.append, cache=cache))
        list(fit(snapshot, setting.model_copy(update={"weight_decay": 0.01}), tmp_path / "other", cache=cache))
    assert any("taken from an earlier training" in line for line in log)
    a, b = (load_file(tmp_path / name / "last" / "model.safetensors") for name in ("straight", "stopped"))
    assert all(torch.equal(a[name], b[name]) for name in a)
    seed = list(fit(snapshot, setting.model_copy(update={"seed": 1}), tmp_path / "seed", cache=cache))
    assert 0 < computed(seed) <= 16, "at most the views that the first seed did not show"


def test_maps_that_do_not_fit_are_said_and_the_training_is_as_without(
    snapshot: Snapshot, pretrained: Path, tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log: list[str] = []
    monkeypatch.setenv(SETTING, "0.00001")
    list(fit(snapshot, recipe(pretrained), tmp_path / "small", log=log.append, cache=cache))
    assert any("there is room for 0 MB, so the frozen layers are computed in every epoch" in line for line in log)
    list(fit(snapshot, recipe(pretrained, views=0), tmp_path / "anew", log=log.append, cache=cache))
    assert any("Views is 0" in line for line in log)
    a, b = (load_file(tmp_path / name / "last" / "model.safetensors") for name in ("small", "anew"))
    assert all(torch.equal(a[name], b[name]) for name in a)
    assert not list((tmp_path / "cache" / "maps").rglob("*.npy"))


@pytest.mark.parametrize("setting", ["mixup", "random_erasing"])
def test_techniques_that_change_photos_are_named_as_the_reason(
    setting: str, snapshot: Snapshot, pretrained: Path, cache: Path
) -> None:
    log: list[str] = []
    events = list(fit(snapshot, recipe(pretrained, epochs=1, **{setting: 0.2}), log=log.append, cache=cache))
    assert not computed(events)
    assert sum(line.lower().startswith(f"{setting} changes whole photos") for line in log) == 1


def test_maps_in_the_device_s_memory_train_to_the_same_bits(
    snapshot: Snapshot, pretrained: Path, tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    setting = recipe(pretrained, epochs=2)
    list(fit(snapshot, setting, tmp_path / "disk", cache=cache))
    monkeypatch.setattr("core.training.kept.kept_batches._has_room", lambda device, wanted: True)
    monkeypatch.setattr("core.training.kept.kept_batches._OnDisk.__call__", None)
    list(fit(snapshot, setting, tmp_path / "memory", cache=cache))
    a, b = (load_file(tmp_path / name / "last" / "model.safetensors") for name in ("disk", "memory"))
    assert all(torch.equal(a[name], b[name]) for name in a)


def test_a_damaged_chunk_is_computed_again(snapshot: Snapshot, pretrained: Path, tmp_path: Path, cache: Path) -> None:
    setting = recipe(pretrained, epochs=2)
    list(fit(snapshot, setting, tmp_path / "first", cache=cache))
    chunks = sorted((tmp_path / "cache" / "maps").rglob("*.npy"))
    assert len(chunks) == VIEWS
    chunks[0].write_bytes(chunks[0].read_bytes()[:-7])
    chunks[1].write_bytes(b"")
    events = list(fit(snapshot, setting, tmp_path / "second", cache=cache))
    assert 0 < computed(events) < 16 * 2 + 6
    a, b = (load_file(tmp_path / name / "last" / "model.safetensors") for name in ("first", "second"))
    for name in a:
        torch.testing.assert_close(a[name], b[name], rtol=1e-5, atol=1e-5)


def test_values_beyond_half_precision_are_computed_anew(
    snapshot: Snapshot, pretrained: Path, tmp_path: Path, cache: Path
) -> None:
    state = load_file(pretrained)
    state["layer3.0.bn2.weight"] *= 1e6
    save_file(state, pretrained)
    log: list[str] = []
    done = epochs(list(fit(snapshot, recipe(pretrained, epochs=1, learning_rate=1e-6), log=log.append, cache=cache)))
    assert np.isfinite(done[0].train_loss)
    assert any("too large to be kept in half precision" in line for line in log)
    assert not list((tmp_path / "cache" / "maps").rglob("*.npy"))


def test_a_photo_that_is_gone_is_named_unless_its_features_are_kept(
    snapshot: Snapshot, pretrained: Path, tmp_path: Path, cache: Path
) -> None:
    Path(snapshot.frame["path"][0]).rename(tmp_path / "away.png")
    with pytest.raises(ImageRefused, match="is missing"):
        list(fit(snapshot, recipe(pretrained), cache=cache))
    (tmp_path / "away.png").rename(snapshot.frame["path"][0])
    list(fit(snapshot, recipe(pretrained), cache=cache))
    shutil.rmtree(tmp_path / "images")
    assert len(epochs(list(fit(snapshot, recipe(pretrained), cache=cache)))) == 3


def test_other_weights_and_other_preprocessing_have_features_of_their_own(
    snapshot: Snapshot, pretrained: Path, cache: Path
) -> None:
    one = recipe(pretrained, epochs=1, views=1)
    assert computed(list(fit(snapshot, one, cache=cache))) == 22
    assert computed(list(fit(snapshot, recipe(pretrained, epochs=1, views=1, mode="squash"), cache=cache))) == 22
    state = load_file(pretrained)
    state["layer2.0.bn1.running_var"] *= 1.01  # the same file, another network
    save_file(state, pretrained)
    assert computed(list(fit(snapshot, one, cache=cache))) == 22
    assert computed(list(fit(snapshot, recipe(pretrained, epochs=1, views=1, train="layer3"), cache=cache))) == 22


def test_balanced_sampling_shows_a_photo_in_several_views_of_an_epoch(
    make_snapshot: Callable[..., Snapshot], pretrained: Path, cache: Path
) -> None:
    made = make_snapshot(train=3, val=2, extra_train=7)
    setting = recipe(pretrained, epochs=1, balanced_sampling=True, views=2)
    assert computed(list(fit(made, setting, cache=cache))) == 13 * 2 + 4
