"""Networks of torchvision, timm, fastai and transformers compute the same here as there, whatever their names."""

import json
import sys
from pathlib import Path
from types import ModuleType

import pytest
import timm
import torch
import torchvision
from safetensors.torch import save_file
from torch import nn

from core.errors import BundleError
from core.models.resnet import ResNet
from core.models.weight_files import FileWeights, read_weights
from core.models.zoo import config_of
from tests.models.foreign.networks import (
    SMALL,
    WIDTH,
    as_children,
    as_transformers,
    check_same,
    prefixed,
    saved,
    state_of,
    trunk_of,
)
from tests.models.test_resnet import randomize

STATE = state_of()


def check_logits(found: FileWeights, arch: str, theirs: nn.Module) -> None:
    """Compare our network with the original; both get random pictures."""
    pictures = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    with torch.device("meta"):
        ours = ResNet(config_of(arch), len(found.state["fc.weight"]) if "fc.weight" in found.state else 0)
    ours.load_state_dict(found.state, assign=True)
    with torch.inference_mode():
        expected = theirs.eval()(pictures)
        torch.testing.assert_close(ours.eval()(pictures), expected, rtol=1e-4, atol=1e-4)
        assert expected.std() > 0.01, "numbers this small prove nothing"


def test_a_network_of_torchvision_with_a_head_of_another_size(tmp_path: Path) -> None:
    theirs = torchvision.models.resnet18(num_classes=5)
    randomize(theirs, seed=2)
    found = read_weights(saved(theirs.state_dict(), tmp_path), "resnet18")
    assert not found.notes and found.classes is None
    check_logits(found, "resnet18", theirs)


@pytest.mark.parametrize(("name", "arch"), [("resnet18", "resnet18"), ("seresnet50", "seresnet50")])
def test_a_network_of_timm_as_safetensors(tmp_path: Path, name: str, arch: str) -> None:
    theirs = timm.create_model(name, pretrained=False, num_classes=4)
    randomize(theirs, seed=2)
    save_file(theirs.state_dict(), tmp_path / "model.safetensors")
    check_logits(read_weights(tmp_path / "model.safetensors", arch), arch, theirs)


def test_a_trunk_of_timm_without_classes(tmp_path: Path) -> None:
    theirs = timm.create_model("resnet18", pretrained=False, num_classes=0)
    randomize(theirs, seed=2)
    check_logits(read_weights(saved(theirs.state_dict(), tmp_path), "resnet18"), "resnet18", theirs)


class Scratch(nn.Module):
    """A network as a beginner's tutorial builds it: a trunk of a Sequential, and a classifier beside it."""

    def __init__(self) -> None:
        super().__init__()
        trunk = torchvision.models.resnet18()
        self.features = nn.Sequential(*list(trunk.children())[:-1])
        self.classifier = nn.Sequential(nn.Dropout(0.2), nn.Linear(512, 3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.classifier(self.features(x).flatten(1))


def test_a_trunk_in_a_sequential_with_a_classifier_beside_it(tmp_path: Path) -> None:
    theirs = Scratch()
    randomize(theirs, seed=2)
    found = read_weights(saved({"net": theirs.state_dict()}, tmp_path), "resnet18")
    assert found.notes == ("Its last layer classifier.1 is taken as the classifier.",)
    check_logits(found, "resnet18", theirs)


@pytest.mark.parametrize("head", ["head", "last_linear", "classifier", "head.fc", "fc.1", "backbone.fc", "linear"])
def test_a_single_linear_layer_under_another_name_is_the_classifier(tmp_path: Path, head: str) -> None:
    trunk = prefixed("backbone.", trunk_of(STATE))
    renamed = {f"{head}.weight": STATE["fc.weight"], f"{head}.bias": STATE["fc.bias"]}
    found = read_weights(saved(trunk | renamed, tmp_path), "tiny")
    check_same(found.state, STATE)
    said = (f"Its last layer {head} is taken as the classifier.",)
    assert found.notes == (() if head == "backbone.fc" else said)


@pytest.mark.parametrize(
    "head",
    [
        {"fc.0.weight": (8, WIDTH), "fc.0.bias": (8,), "fc.2.weight": (3, 8), "fc.2.bias": (3,)},
        {"fc.weight": (1000, WIDTH), "fc.bias": (1000,), "classifier.weight": (3, 1000), "classifier.bias": (3,)},
        {"fc.weight": (3, 2 * WIDTH), "fc.bias": (3,)},
        {"fc.weight": (3, WIDTH)},
        {"fc.weight": (3, WIDTH, 1, 1), "fc.bias": (3,)},
        {"fc.weight": (3, WIDTH), "fc.bias": (3,), "neck.weight": (WIDTH, WIDTH)},
        {"arcface.weight": (3, WIDTH), "arcface.bias": (3,)},
    ],
    ids=["two layers", "behind the usual one", "another width", "no bias", "a convolution", "a neck", "a strange name"],
)
def test_a_head_of_another_form_is_left_out_and_that_is_said(tmp_path: Path, head: dict[str, tuple[int, ...]]) -> None:
    state = trunk_of(STATE) | {name: torch.ones(shape) for name, shape in head.items()}
    found = read_weights(saved(state, tmp_path), "tiny")
    check_same(found.state, trunk_of(STATE))
    [note] = found.notes
    assert note.startswith("Only the trunk is used; other layers (") and note.endswith(") were left out.")


def test_a_box_head_of_our_own_is_left_out(tmp_path: Path) -> None:
    state = STATE | {"box.0.weight": torch.ones(4, WIDTH), "box.0.bias": torch.ones(4)}
    found = read_weights(saved(state, tmp_path), "tiny")
    check_same(found.state, STATE)
    assert found.notes == ("Also left out: box.",)


class L:
    """fastcore's list, by the name under which it is pickled; fastai 2.8 keeps the optimizer's settings in one."""

    def __init__(self, items: list[dict[str, float]]) -> None:
        self.items = items


L.__module__ = "fastcore.foundation"


@pytest.mark.parametrize("optimizer", [True, False])
def test_what_fastais_learn_save_writes(tmp_path: Path, optimizer: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """vision_learner: a body of the network's children, then a head of two linear layers with their norms."""
    monkeypatch.setitem(sys.modules, "fastcore", ModuleType("fastcore"))
    monkeypatch.setitem(sys.modules, "fastcore.foundation", ModuleType("fastcore.foundation"))
    monkeypatch.setattr(sys.modules["fastcore.foundation"], "L", L, raising=False)
    head = {"1.2.weight": torch.ones(2 * WIDTH), "1.4.weight": torch.ones(16, 2 * WIDTH)}
    head |= {"1.6.weight": torch.ones(16), "1.8.weight": torch.ones(3, 16)}
    state: object = as_children(STATE, "0.") | head
    if optimizer:
        state = {"model": state, "opt": {"state": [{"mom": torch.ones(3)}], "hypers": L([{"lr": 0.1, "wd": 0.01}])}}
    found = read_weights(saved(state, tmp_path), "tiny")
    check_same(found.state, trunk_of(STATE))
    assert found.notes == ("Only the trunk is used; other layers (1) were left out.",)


def write_transformers(folder: Path, state: dict[str, torch.Tensor], **config: object) -> Path:
    save_file(as_transformers(state), folder / "model.safetensors", {"format": "pt"})
    values = {"model_type": "resnet", "id2label": {"0": "cat", "1": "dog", "2": "owl"}, **config}
    (folder / "config.json").write_text(json.dumps(values))
    return folder / "model.safetensors"


@pytest.mark.parametrize("arch", ["tiny", "tiny50"])
def test_a_network_of_transformers_is_read_with_the_classes_of_its_config(tmp_path: Path, arch: str) -> None:
    state = state_of(arch=arch)
    found = read_weights(write_transformers(tmp_path, state, downsample_in_bottleneck=False), arch)
    check_same(found.state, state)
    assert found.classes == ("cat", "dog", "owl")
    assert found.notes == ("Its last layer classifier.1 is taken as the classifier.", "Its classes: cat, dog, owl.")


def test_the_stride_of_a_network_of_transformers_stands_in_its_config(tmp_path: Path) -> None:
    path = write_transformers(tmp_path, state_of(arch="tiny50"), downsample_in_bottleneck=True)
    with pytest.raises(BundleError, match=r"downsample_in_bottleneck true\. Choose the architecture tiny50-v1 "):
        read_weights(path, "tiny50")
    check_same(read_weights(path, "tiny50-v1").state, state_of(arch="tiny50"))
    write_transformers(tmp_path, state_of(arch="tiny50"))
    with pytest.raises(BundleError, match=r"downsample_in_bottleneck false\. Choose the architecture tiny50 "):
        read_weights(path, "tiny50-v1")


@pytest.mark.parametrize("change", [{"downsample_in_first_stage": True}, {"hidden_act": "gelu"}])
def test_another_network_of_transformers_is_refused(tmp_path: Path, change: dict[str, object]) -> None:
    path = write_transformers(tmp_path, STATE, **change)
    with pytest.raises(BundleError, match=f"its config.json has .*{next(iter(change))}"):
        read_weights(path, "tiny")


def test_without_its_config_that_is_said(tmp_path: Path) -> None:
    save_file(as_transformers(STATE), tmp_path / "model.safetensors")
    found = read_weights(tmp_path / "model.safetensors", "tiny")
    assert found.classes is None and "There is no config.json of transformers beside it" in found.notes[-1]


def test_a_config_of_another_network_does_not_count(tmp_path: Path) -> None:
    """In a folder of downloads, the file beside may belong to any model."""
    path = write_transformers(tmp_path, STATE, model_type="vit")
    assert read_weights(path, "tiny").classes is None
    save_file(STATE, write_transformers(tmp_path, STATE))
    assert read_weights(path, "tiny").classes is None


def test_a_config_of_timm_names_the_classes(tmp_path: Path) -> None:
    save_file(STATE, tmp_path / "model.safetensors")
    config = {"architecture": "resnet18", "num_classes": 3, "pretrained_cfg": {"label_names": ["cat", "dog", "owl"]}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    assert read_weights(tmp_path / "model.safetensors", "tiny").classes == ("cat", "dog", "owl")


def test_of_a_network_for_segmentation_the_backbone_is_used(tmp_path: Path) -> None:
    theirs = torchvision.models.segmentation.fcn_resnet50(weights=None, weights_backbone=None, num_classes=3)
    found = read_weights(saved(theirs.state_dict(), tmp_path), "resnet50")
    check_same(found.state, theirs.backbone.state_dict())
    assert found.notes[0] == "Only the trunk is used; other layers (classifier) were left out."
    assert found.notes[1].startswith("In its own network the last stages may be dilated")


def test_of_a_network_for_detection_the_backbone_is_used(tmp_path: Path) -> None:
    theirs = torchvision.models.detection.fasterrcnn_resnet50_fpn(weights=None, weights_backbone=None, num_classes=3)
    found = read_weights(saved({"model": theirs.state_dict()}, tmp_path), "resnet50")
    check_same(found.state, theirs.backbone.body.state_dict())
    assert found.notes == ("Only the trunk is used; other layers (fpn, roi_heads, rpn) were left out.",)


def test_a_network_for_cifar_and_a_stem_in_a_sequential(tmp_path: Path) -> None:
    """A projection named shortcut, as in many networks for CIFAR; the stem as layer0, as in code for segmentation."""
    named = {name.replace("downsample", "shortcut").replace("fc.", "linear."): t for name, t in STATE.items()}
    check_same(read_weights(saved(named, tmp_path), "tiny").state, STATE)
    stem = {
        name.replace("conv1.", "layer0.0.", 1) if name.startswith("conv1.") else name: t for name, t in STATE.items()
    }
    stem = {name.replace("bn1.", "layer0.1.", 1) if name.startswith("bn1.") else name: t for name, t in stem.items()}
    check_same(read_weights(saved(stem, tmp_path), "tiny").state, STATE)


def test_a_network_with_the_same_tensors_but_another_pooling_is_refused(tmp_path: Path) -> None:
    theirs = timm.create_model("resnetaa50", pretrained=False)
    path = saved({"arch": "resnetaa50", "state_dict": theirs.state_dict()}, tmp_path)
    with pytest.raises(BundleError, match=r"it is of a resnetaa50: the tensors of a plain ResNet, but another pooling"):
        read_weights(path, "resnet50")


def test_a_file_that_names_the_other_stride_is_read_with_a_note(tmp_path: Path) -> None:
    path = saved({"arch": "resnet50", "state_dict": torchvision.models.resnet50().state_dict()}, tmp_path)
    [note] = read_weights(path, "resnet50-v1").notes[-1:]
    assert note == (
        "The file calls its network resnet50; resnet50-v1 has the same layers, but strides in another convolution."
    )


def test_small_networks_differ_in_what_the_tests_need() -> None:
    assert SMALL["tiny50"].stride_in != SMALL["tiny50-v1"].stride_in
