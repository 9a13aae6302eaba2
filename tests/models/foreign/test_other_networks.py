"""What a file is instead of a usable ResNet is said, with what to do."""

from pathlib import Path

import pytest
import timm
import torch
import torchvision
from torch import nn

from core.errors import BundleError
from core.models.foreign.other_networks import network_of
from core.models.resnet import build
from core.models.weight_files import read_weights
from core.models.zoo import ARCHITECTURES
from tests.models.foreign.networks import saved, state_of

TORCHVISION = {
    "vit_b_16": "a Vision Transformer (ViT)",
    "swin_t": "a Swin Transformer",
    "convnext_tiny": "a ConvNeXt",
    "vgg11_bn": "a VGG or AlexNet",
    "alexnet": "a VGG or AlexNet",
    "densenet121": "a DenseNet",
    "efficientnet_b0": "an EfficientNet or MobileNet",
    "mobilenet_v2": "an EfficientNet or MobileNet",
    "mobilenet_v3_small": "an EfficientNet or MobileNet",
    "inception_v3": "an Inception network",
    "googlenet": "an Inception network",
    "squeezenet1_1": "a SqueezeNet",
    "shufflenet_v2_x0_5": "a ShuffleNet",
    "regnet_y_400mf": "a RegNet",
}
TIMM = {
    "vit_tiny_patch16_224": "a Vision Transformer (ViT)",
    "convnext_atto": "a ConvNeXt",
    "efficientnet_b0": "an EfficientNet or MobileNet",
    "mobilenetv3_small_050": "an EfficientNet or MobileNet",
    "resnetv2_50": "a ResNetV2 of timm (pre-activation, BiT)",
    "regnety_002": "a RegNet",
}


@pytest.mark.parametrize(("name", "kind"), TORCHVISION.items())
def test_networks_of_torchvision_are_named(name: str, kind: str) -> None:
    more = {"init_weights": False} if name in ("inception_v3", "googlenet") else {}
    # RegNet computes its widths with tensors, which the meta device cannot.
    with torch.device("cpu" if name.startswith("regnet") else "meta"):
        assert network_of(torchvision.models.get_model(name, weights=None, **more).state_dict()) == kind


@pytest.mark.parametrize(("name", "kind"), TIMM.items())
def test_networks_of_timm_are_named(name: str, kind: str) -> None:
    with torch.device("meta"):
        assert network_of(timm.create_model(name, pretrained=False).state_dict()) == kind


def test_another_network_is_refused_by_its_name(tmp_path: Path) -> None:
    path = saved(
        {"state_dict": {"module.features.0.weight": torch.ones(2), "classifier.bias": torch.ones(2)}}, tmp_path
    )
    with pytest.raises(BundleError) as caught:
        read_weights(path, "resnet50")
    assert str(caught.value) == (
        f"{path} cannot be used: it holds the state dict of a VGG or AlexNet, and only ResNets can be used. "
        "Choose weights of a ResNet."
    )


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("resnet50d", "a ResNet with a deep stem of three convolutions"),
        ("res2net50_26w_4s", "a Res2Net"),
        ("ecaresnet50t", "a ResNet with "),
        ("resnest14d", "a ResNeSt"),
    ],
)
def test_a_resnet_that_cannot_be_built_is_refused_by_its_name(tmp_path: Path, name: str, kind: str) -> None:
    path = saved(timm.create_model(name, pretrained=False).state_dict(), tmp_path)
    with pytest.raises(BundleError, match=f"it is {kind}.*, which cannot be built here. Choose weights of a plain"):
        read_weights(path, "resnet50")


@pytest.mark.parametrize("arch", ["resnet18", "resnet34", "resnext50-32x4d", "seresnet50", "resnet18+small-stem"])
def test_weights_of_another_resnet_name_the_architecture_to_choose(tmp_path: Path, arch: str) -> None:
    path = saved({"state_dict": build(arch, 4).state_dict()}, tmp_path)
    with pytest.raises(BundleError, match="does not fit resnet50: it holds weights of ") as caught:
        read_weights(path, "resnet50")
    assert f"Choose the architecture {arch} (--arch {arch})" in str(caught.value)
    assert read_weights(path, arch).state.keys() == build(arch, 4).state_dict().keys()


def test_networks_with_two_places_for_the_stride_name_both(tmp_path: Path) -> None:
    path = saved(state_of(arch="tiny50"), tmp_path)
    with pytest.raises(
        BundleError, match=r"\(--arch tiny50\), or tiny50-v1 if its blocks stride in their first convolution\."
    ):
        read_weights(path, "tiny")


def test_a_resnet_of_no_known_size_says_what_differs(tmp_path: Path) -> None:
    state = state_of() | {"layer2.1.conv1.weight": torch.ones(16, 16, 3, 3)}
    with pytest.raises(BundleError, match=r"does not fit tiny: of \d+ named tensors 1 are unknown .layer2\.1\.conv1"):
        read_weights(saved(state, tmp_path), "tiny")
    cut = {name: tensor for name, tensor in state_of().items() if not name.startswith("layer4.")}
    with pytest.raises(BundleError, match=r"does not fit tiny: of \d+ named tensors \d+ are missing .layer4\.0\.conv1"):
        read_weights(saved(cut, tmp_path), "tiny")


def test_a_quantized_resnet_is_named_as_that(tmp_path: Path) -> None:
    kernel = torch.quantize_per_tensor(torch.ones(8, 3, 7, 7), 0.1, 0, torch.qint8)
    with pytest.raises(BundleError, match=r"conv1\.weight is a quantized tensor"):
        read_weights(saved(state_of() | {"conv1.weight": kernel}, tmp_path), "tiny")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({}, "it is empty, so it is not a state dict"),
        ({"epoch": 3}, "it holds no tensors with names, so it is not a state dict"),
        ([torch.ones(1)], "it holds no tensors with names"),
        (torch.ones(1), "it holds no tensors with names"),
        ({"a": torch.ones(1)}, "it holds 1 tensors, but no ResNet"),
        (torch.optim.Adam(nn.Linear(2, 2).parameters()).state_dict(), "it holds the state of an optimizer, and no"),
        (
            {"base.lora_A.weight": torch.ones(1)},
            r"it holds the state dict of low-rank changes to another model \(LoRA\)",
        ),
    ],
    ids=["empty", "settings", "list", "tensor", "one", "optimizer", "lora"],
)
def test_a_file_without_a_network_says_what_it_holds(tmp_path: Path, content: object, said: str) -> None:
    with pytest.raises(BundleError, match=rf"w\.pth cannot be used: {said}.*\.$"):
        read_weights(saved(content, tmp_path), "tiny")


def test_names_that_do_not_print_are_not_shown(tmp_path: Path) -> None:
    state = state_of() | {"\x1b[31mhead.weight": torch.ones(3)}
    assert all(note.isprintable() for note in read_weights(saved(state, tmp_path), "tiny").notes)


def test_every_architecture_is_recognised_by_its_tensors() -> None:
    from core.models.untrusted.tensor_shapes import fitting_architectures, tensor_shapes
    from core.models.zoo import same_layers

    for arch, config in ARCHITECTURES.items():
        found = fitting_architectures(tensor_shapes(config, 7))
        assert arch in found and all(same_layers(arch, other) for other in found), arch
