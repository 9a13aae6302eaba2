"""The other architectures match their originals, options are part of a name, and all have the same stages."""

from dataclasses import replace
from pathlib import Path

import pytest
import timm
import torch
import torchvision
from torch import nn

from core.errors import UnknownArchitecture
from core.models.bundle import BundleInfo, load_bundle, save_bundle
from core.models.resnet import STAGES, ResNet, build
from core.models.weights_table import preprocessing_of
from core.models.zoo import ARCHITECTURES, OPTIONS, ResNetConfig, config_of
from core.training.network import FineTuned
from tests.models.test_resnet import TINY, randomize

FAMILY = {
    "basic": ResNetConfig("basic", (1, 1, 1, 2), width=8),
    "v1": replace(TINY, stride_in="1x1"),
    "resnext": replace(TINY, width=16, groups=4, width_per_group=16),
    "squeeze": replace(TINY, squeeze=True),
    "squeeze-basic": ResNetConfig("basic", (1, 1, 1, 1), width=8, squeeze=True),
    "v2": replace(TINY, preactivation=True),
    "keras": replace(TINY, stride_in="1x1", conv_bias=True, norm_eps=1.001e-5),
    "small-stem": replace(TINY, stem="small"),
    "plain": replace(TINY, skip=False),
    "plain-v2": replace(TINY, skip=False, preactivation=True),
    "three-stages": ResNetConfig("basic", (2, 1, 1, 0), width=8, stem="small"),
}
every_member = pytest.mark.parametrize("config", FAMILY.values(), ids=FAMILY)


@pytest.mark.parametrize(
    ("arch", "theirs"),
    [
        ("resnext50-32x4d", "resnext50_32x4d"),
        ("resnext101-32x8d", "resnext101_32x8d"),
        ("wide-resnet50-2", "wide_resnet50_2"),
        ("seresnet50", "seresnet50"),
    ],
)
def test_logits_equal_the_originals_with_their_state_dicts(arch: str, theirs: str) -> None:
    pictures = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    if theirs.startswith("se"):
        original = timm.create_model(theirs, pretrained=False).eval()
    else:
        original = torchvision.models.get_model(theirs, weights=None).eval()
    randomize(original, seed=2)
    with torch.device("meta"):
        ours = build(arch).eval()
    ours.load_state_dict(original.state_dict(), assign=True)
    with torch.inference_mode():
        expected = original(pictures)
        assert (ours(pictures) - expected).abs().max() < 1e-4
        assert expected.std() > 0.01, "logits this small prove nothing"


@pytest.mark.parametrize(
    ("arch", "parameters"),
    [
        ("resnext50-32x4d", torchvision.models.ResNeXt50_32X4D_Weights.IMAGENET1K_V1.meta["num_params"]),
        ("resnext101-32x8d", torchvision.models.ResNeXt101_32X8D_Weights.IMAGENET1K_V1.meta["num_params"]),
        ("wide-resnet50-2", torchvision.models.Wide_ResNet50_2_Weights.IMAGENET1K_V1.meta["num_params"]),
        ("seresnet50", 28_088_024),
        ("seresnet101", 49_326_872),
        ("seresnet152", 66_821_848),
    ],
)
def test_parameters_are_as_many_as_in_the_originals(arch: str, parameters: int) -> None:
    with torch.device("meta"):
        ours = build(arch)
        assert sum(p.numel() for p in ours.parameters()) == parameters
        if arch.startswith("se"):
            original = timm.create_model(arch, pretrained=False)
            assert {name: p.shape for name, p in original.state_dict().items()} == {
                name: p.shape for name, p in ours.state_dict().items()
            }


@every_member
def test_cut_at_any_stage_every_member_gives_the_same_bits(config: ResNetConfig) -> None:
    model = ResNet(config, 5).eval()
    randomize(model, seed=0)
    pictures = torch.randn(2, 3, 48, 32)
    with torch.inference_mode():
        logits = model(pictures)
        for stage in STAGES:
            features = model.forward_to(pictures, stage)
            kept = features.clone()
            assert torch.equal(model.forward_from(features, stage), logits), stage
            assert torch.equal(features, kept), f"what follows {stage} changed its features in place"
        assert torch.equal(model.forward_head(model.forward_features(pictures)), logits)
        assert model.forward_features(pictures).shape[1] == model.feature_width
        model.reset_classifier(3)
        assert model(pictures).shape == (2, 3)


@every_member
def test_every_parameter_lies_in_a_part_that_a_training_knows(config: ResNetConfig) -> None:
    parts = {name.split(".")[0] for name, _ in ResNet(config, 5).named_parameters()}
    assert parts <= {"conv1", "bn1", "layer1", "layer2", "layer3", "layer4", "fc"}


@every_member
def test_every_parameter_learns(config: ResNetConfig) -> None:
    torch.manual_seed(0)
    model = ResNet(config, 5).train()
    nn.functional.cross_entropy(model(torch.randn(4, 3, 64, 64)), torch.arange(4)).backward()
    still = [name for name, p in model.named_parameters() if p.grad is None or not p.grad.isfinite().all()]
    assert not still
    moved = sum(bool(p.grad.abs().sum() > 0) for p in model.parameters() if p.grad is not None)
    # A bias right before a norm is taken off again by it, so its gradient is nothing but rounding.
    assert moved >= len(list(model.parameters())) - (20 if config.conv_bias else 0)


@every_member
@pytest.mark.parametrize("trained", [("head",), ("layer4", "head"), ("layer3", "layer4", "head")], ids=len)
def test_the_upper_parts_of_every_member_can_be_trained_alone(config: ResNetConfig, trained: tuple[str, ...]) -> None:
    """Fine-tuning finds each part by its name: frozen parts get no gradients, and their statistics do not change."""
    network = FineTuned(ResNet(config, 3), trained).train()
    before = {name: buffer.clone() for name, buffer in network.model.named_buffers()}
    nn.functional.cross_entropy(network(torch.randn(2, 3, 64, 64)), torch.tensor([0, 1])).backward()
    learning = {"fc" if part == "head" else part for part in trained}
    for name, parameter in network.model.named_parameters():
        assert (parameter.grad is not None) is (name.split(".")[0] in learning), name
    for name, buffer in network.model.named_buffers():
        assert torch.equal(buffer, before[name]) is (name.split(".")[0] not in learning), name


def test_without_classes_the_pooled_features_come_out() -> None:
    model = ResNet(TINY, 0).eval()
    pictures = torch.randn(2, 3, 64, 48)
    assert not any(name.startswith("fc") for name in model.state_dict())
    assert torch.equal(model(pictures), model.forward_features(pictures).mean((2, 3)))
    model.reset_classifier(4, torch.Generator().manual_seed(1))
    assert model(pictures).shape == (2, 4)


def test_v2_ends_in_a_norm_and_a_relu_that_belong_to_layer4() -> None:
    model = ResNet(FAMILY["v2"], 5).eval()
    randomize(model, seed=0)
    features = model.forward_features(torch.randn(2, 3, 64, 64))
    assert features.min() == 0
    assert "layer4.norm.weight" in model.state_dict() and not isinstance(model.bn1, nn.BatchNorm2d)


def test_v2_halves_the_picture_at_the_end_of_a_stage() -> None:
    pictures = torch.zeros(1, 3, 224, 224, device="meta")
    for arch, sides in (("keras-resnet50v2", [56, 28, 14, 7, 7]), ("keras-resnet50", [56, 56, 28, 14, 7])):
        with torch.device("meta"):
            model = build(arch)
        assert [model.forward_to(pictures, stage).shape[-1] for stage in STAGES] == sides


def test_options_follow_a_name() -> None:
    config = config_of("resnet50+small-stem+plain")
    assert config == replace(ARCHITECTURES["resnet50"], stem="small", skip=False)
    assert config_of("resnet18+conv-bias").conv_bias
    with pytest.raises(UnknownArchitecture, match=r"'tiny-stem', which is not known.*\+small-stem, \+plain, \+conv-b"):
        build("resnet50+tiny-stem")
    with pytest.raises(UnknownArchitecture, match=r"'plain', which is given twice"):
        build("resnet50+plain+plain")
    with pytest.raises(UnknownArchitecture, match=r"'resnet51'.*resnext50-32x4d"):
        build("resnet51+plain")
    with pytest.raises(UnknownArchitecture):
        build("resnet50+")


@pytest.mark.parametrize("arch", ["resnet18", "seresnet50", "keras-resnet50", "keras-resnet50v2", "resnext50-32x4d"])
def test_options_change_what_they_say(arch: str) -> None:
    pictures = torch.zeros(1, 3, 64, 64, device="meta")
    with torch.device("meta"):
        usual, small, plain, biased = (build(f"{arch}{option}", 2) for option in ("", *(f"+{o}" for o in OPTIONS)))
    assert usual.forward_to(pictures, "stem").shape[-1] == 16
    assert small.forward_to(pictures, "stem").shape[-1] == 64
    assert small.conv1.weight.shape == (64, 3, 3, 3)
    names = set(usual.state_dict())
    assert set(plain.state_dict()) == {name for name in names if "downsample" not in name} != names
    convolutions = [module for module in biased.modules() if isinstance(module, nn.Conv2d)]
    assert all(convolution.bias is not None for convolution in convolutions)


def test_a_plain_network_adds_nothing() -> None:
    """A block's output is F(x): zero if its last norm is zero, for any input."""
    for skip, silent in ((True, False), (False, True)):
        model = ResNet(replace(TINY, skip=skip), 5).eval()
        block = model.get_submodule("layer1.1")
        nn.init.zeros_(block.get_parameter("bn3.weight"))
        out = block(torch.rand(1, 32, 8, 8))
        assert bool(out.abs().max() == 0) is silent


def test_the_small_networks_of_the_paper_have_its_depth_and_parameters() -> None:
    # Section 4.2: n = 9 gives 56 layers and 0.85 million parameters; three projections more than its option A.
    config = ResNetConfig("basic", (9, 9, 9, 0), width=16, stem="small")
    model = ResNet(config, 10)
    assert model.feature_width == 64
    layers = [name for name, m in model.named_modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    assert len([name for name in layers if "downsample" not in name]) == 56
    parameters = sum(p.numel() for name, p in model.named_parameters() if "downsample" not in name)
    assert 0.85e6 < parameters < 0.86e6
    assert model(torch.zeros(2, 3, 32, 32)).shape == (2, 10)


@pytest.mark.parametrize("arch", ["resnet18+small-stem", "keras-resnet50v2+plain", "seresnet50"])
def test_a_bundle_brings_back_what_a_name_says(arch: str, tmp_path: Path) -> None:
    model = build(arch, 2).eval()
    info = BundleInfo(
        arch=arch, classes=("a", "b"), preprocessing=preprocessing_of(), created="2026-01-01T00:00:00+00:00"
    )
    save_bundle(tmp_path / "bundle", model, info)
    back, said = load_bundle(tmp_path / "bundle")
    assert said.arch == arch and back.config == model.config
    pictures = torch.randn(1, 3, 48, 48)
    with torch.inference_mode():
        assert torch.equal(back(pictures), model(pictures))


def test_what_a_basic_block_cannot_be_is_refused() -> None:
    for change in ({"preactivation": True}, {"groups": 2}, {"width_per_group": 4}):
        with pytest.raises(ValueError, match="bottlenecks"):
            replace(FAMILY["basic"], **change)  # type: ignore[arg-type]
