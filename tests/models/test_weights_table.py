"""The table says what torchvision says of its weights, and no entry hides another."""

import pytest
import torchvision

from core.models.weights_table import TABLE, WeightsEntry, entries_for
from core.models.zoo import ARCHITECTURES


@pytest.mark.parametrize("entry", [e for e in TABLE if e.source == "torchvision"], ids=lambda e: e.key)
def test_torchvisions_entries_are_torchvisions_own(entry: WeightsEntry) -> None:
    version = {"imagenet": "V1", "imagenet-v2": "V2"}[entry.name]
    theirs = torchvision.models.get_weight(f"ResNet{entry.arch.removeprefix('resnet')}_Weights.IMAGENET1K_{version}")
    view = theirs.transforms()
    assert entry.address == theirs.url
    assert entry.sha256 == theirs.url.removesuffix(".pth").rsplit("-", 1)[1]
    assert entry.top1 == theirs.meta["_metrics"]["ImageNet-1K"]["acc@1"]
    assert entry.megabytes == pytest.approx(theirs.meta["_file_size"] * 2**20 / 1e6, abs=0.06)
    assert [entry.preprocessing["resize"]] == view.resize_size and [entry.preprocessing["size"]] == view.crop_size
    assert entry.preprocessing["mean"] == view.mean and entry.preprocessing["std"] == view.std
    assert entry.preprocessing["interpolation"] == view.interpolation.value


def test_every_depth_and_version_of_torchvision_is_there() -> None:
    for arch in ("resnet18", "resnet34", "resnet50", "resnet101", "resnet152"):
        published = torchvision.models.get_model_weights(arch).__members__
        assert len([e for e in TABLE if e.arch == arch and e.source == "torchvision"]) == len(
            set(published) - {"DEFAULT"}
        )


def test_entries_are_whole() -> None:
    assert len({entry.key for entry in TABLE}) == len(TABLE)
    for entry in TABLE:
        assert entry.arch in ARCHITECTURES and entry.needs in ARCHITECTURES
        assert entry.licence and entry.top1_from and entry.megabytes > 10
        assert len(entry.sha256) == (8 if entry.source == "torchvision" else 64)


def test_the_order_is_torchvision_then_the_registries() -> None:
    assert [entry.source for entry in entries_for("resnet50")] == ["torchvision", "npm"]
    assert [entry.source for entry in entries_for("resnet18")] == ["torchvision", "pypi"]
    assert [entry.source for entry in entries_for("resnet50-v1")] == ["npm"]
