"""The network computes what torchvision's does, and can be split at every stage."""

from dataclasses import replace

import pytest
import torch
import torchvision
from torch import nn

from core.errors import ModelError, UnknownArchitecture
from core.models.resnet import STAGES, ResNet, build
from core.models.zoo import ARCHITECTURES, ResNetConfig, config_of

TINY = ResNetConfig("bottleneck", (2, 1, 1, 1), width=8)


def randomize(model: nn.Module, seed: int) -> None:
    """Random weights and random BatchNorm statistics; the initial statistics would hide a swapped pair."""
    generator = torch.Generator().manual_seed(seed)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.weight.data.uniform_(0.5, 1.0, generator=generator)
            module.bias.data.uniform_(-0.2, 0.2, generator=generator)
            module.get_buffer("running_mean").uniform_(-0.3, 0.3, generator=generator)
            module.get_buffer("running_var").uniform_(0.7, 2.0, generator=generator)


@pytest.mark.parametrize("arch", ["resnet18", "resnet34", "resnet50", "resnet101", "resnet152"])
def test_logits_equal_torchvisions_with_state_dicts_in_both_directions(arch: str) -> None:
    pictures = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    theirs = torchvision.models.get_model(arch, weights=None).eval()
    ours = build(arch).eval()
    with torch.inference_mode():
        randomize(theirs, seed=2)
        ours.load_state_dict(theirs.state_dict())
        expected = theirs(pictures)
        torch.testing.assert_close(ours(pictures), expected, rtol=1e-5, atol=1e-5 * expected.abs().max().item())
        randomize(ours, seed=3)
        theirs.load_state_dict(ours.state_dict())
        changed = theirs(pictures)
        torch.testing.assert_close(ours(pictures), changed, rtol=1e-5, atol=1e-5 * changed.abs().max().item())
        assert (changed - expected).abs().max() > 1e-2 * expected.abs().max(), "the second comparison proved nothing"


@pytest.mark.parametrize("config", [TINY, ResNetConfig("basic", (1, 1, 1, 2), width=8)], ids=["bottleneck", "basic"])
@pytest.mark.parametrize("stage", STAGES)
def test_cut_at_any_stage_the_network_gives_the_same_bits(config: ResNetConfig, stage: str) -> None:
    model = ResNet(config, 5).eval()
    randomize(model, seed=0)
    pictures = torch.randn(2, 3, 64, 48)
    with torch.inference_mode():
        features = model.forward_to(pictures, stage)
        kept = features.clone()
        assert torch.equal(model.forward_from(features, stage), model(pictures))
        assert torch.equal(features, kept), "the later stages changed the features in place"


@pytest.mark.parametrize("stage", STAGES)
def test_with_a_head_on_several_stages_too(stage: str) -> None:
    model = ResNet(replace(TINY, head="stages"), 5).eval()
    randomize(model, seed=0)
    pictures = torch.randn(2, 3, 64, 48)
    with torch.inference_mode():
        features, below = model.forward_split(pictures, stage)
        assert torch.equal(features, model.forward_to(pictures, stage))
        assert torch.equal(model.forward_from(features, stage, below), model(pictures))
        assert len(below) == {"layer3": 1, "layer4": 2}.get(stage, 0)
    assert model.fc.in_features == 64 + 128 + 256 and model.feature_width == 256


def test_features_and_head_are_the_two_halves_of_forward() -> None:
    model = ResNet(TINY, 5).eval()
    pictures = torch.randn(2, 3, 64, 48)
    features = model.forward_features(pictures)
    assert features.shape == (2, model.feature_width, 2, 2)
    assert torch.equal(model.forward_head(features), model(pictures))


def test_an_unknown_stage_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ModelError, match=r"'layer5'.*stem, layer1, layer2, layer3, layer4"):
        ResNet(TINY).forward_to(torch.zeros(1, 3, 32, 32), "layer5")


def test_an_unknown_architecture_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UnknownArchitecture, match=r"'resnet51'.*resnet18.*resnet50-v1"):
        build("resnet51")


def test_the_stride_of_v1_sits_in_the_first_convolution_and_changes_the_answer() -> None:
    with torch.device("meta"):
        v1, v15 = build("resnet50-v1"), build("resnet50")
    assert {name: p.shape for name, p in v1.named_parameters()} == {n: p.shape for n, p in v15.named_parameters()}
    for model, strides in ((v1, (2, 1)), (v15, (1, 2))):
        block = model.get_submodule("layer2.0")
        assert (block.conv1.stride[0], block.conv2.stride[0]) == strides  # type: ignore[index]
        assert block.downsample[0].stride == (2, 2)  # type: ignore[index]


def test_convolutions_start_with_kaimings_deviation() -> None:
    model = build("resnet18", 2)
    for name, module in model.named_modules():
        if isinstance(module, nn.Conv2d):
            kernel = module.kernel_size[0] * module.kernel_size[1]
            expected = (2 / (module.out_channels * kernel)) ** 0.5
            assert module.weight.std().item() == pytest.approx(expected, rel=0.05), name
            assert module.bias is None


def test_a_new_classifier_follows_its_generator_and_leaves_the_global_random_state() -> None:
    model = ResNet(TINY, 5)
    before = torch.get_rng_state()
    model.reset_classifier(3, generator=torch.Generator().manual_seed(7))
    first = model.fc
    model.reset_classifier(3, generator=torch.Generator().manual_seed(7))
    assert torch.equal(torch.get_rng_state(), before)
    assert first.weight.shape == (3, model.feature_width)
    assert torch.equal(first.weight, model.fc.weight) and torch.equal(first.bias, model.fc.bias)
    bound = model.feature_width**-0.5
    assert 0.9 * bound < first.weight.abs().max() <= bound
    assert model(torch.randn(1, 3, 32, 32).repeat(2, 1, 1, 1)).shape == (2, 3)


def test_every_architecture_says_how_wide_its_features_are() -> None:
    for name in ARCHITECTURES:
        with torch.device("meta"):
            model = build(name, 2)
        assert model.feature_width == config_of(name).feature_width == model.fc.in_features
    assert config_of("resnet34").feature_width == 512
    assert config_of("resnet50").feature_width == 2048
