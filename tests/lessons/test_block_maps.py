"""The feature maps of a block are those of a forward pass; skip connection and branch add up to the output."""

import itertools
from collections.abc import Callable

import numpy as np
import pytest
import torch
from PIL import Image

from core.data.pictures.transforms import Preprocessing
from core.inspection.predicting.predictor import Predictor
from core.lessons.block_maps import SHOWN_CHANNELS, block_maps, with_input_size
from core.models.resnet import ResNet
from core.models.zoo import ResNetConfig

TINY = {"layers": (1, 2, 1, 1), "width": 8}
FAMILY = {
    "basic": ResNetConfig("basic", **TINY),
    "bottleneck": ResNetConfig("bottleneck", **TINY),
    "squeeze": ResNetConfig("bottleneck", squeeze=True, **TINY),
    "preactivation": ResNetConfig("bottleneck", preactivation=True, **TINY),
    "plain": ResNetConfig("bottleneck", skip=False, **TINY),
    "plain preactivation": ResNetConfig("bottleneck", skip=False, preactivation=True, **TINY),
}


@pytest.fixture
def photo() -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 255, (90, 120, 3), dtype=np.uint8))


def predictor(config: ResNetConfig) -> Predictor:
    torch.manual_seed(0)
    network = ResNet(config, 3)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):  # freshly initialised they would do nothing
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            torch.nn.init.normal_(module.bias)
    return Predictor(network, Preprocessing(size=64, resize=72), "abc", name="tiny", arch="tiny")


@pytest.mark.parametrize("kind", FAMILY)
def test_what_goes_past_and_what_is_added_make_what_comes_out(kind: str, photo: Image.Image) -> None:
    cut: Callable[[np.ndarray], np.ndarray] = (
        (lambda values: values) if "preactivation" in kind else (lambda values: np.maximum(values, 0))
    )
    found = block_maps(predictor(FAMILY[kind]), photo, size=64)
    assert list(found) == ["layer1.0", "layer2.0", "layer2.1", "layer3.0", "layer4.0"]
    for block in found.values():
        assert (block.around is None) == ("plain" in kind)
        past = 0 if block.around is None else block.around.values
        np.testing.assert_allclose(cut(past + block.added.values), block.out.values, atol=1e-5)
        assert np.abs(block.added.values).max() > 0


def test_a_block_takes_in_what_the_one_before_put_out(photo: Image.Image) -> None:
    blocks = list(block_maps(predictor(FAMILY["bottleneck"]), photo, size=64).values())
    for before, after in itertools.pairwise(blocks):
        assert before.out.channels == after.incoming.channels
        np.testing.assert_array_equal(before.out.values, after.incoming.values)


def test_the_strongest_channels_come_first_and_all_have_their_strength(photo: Image.Image) -> None:
    block = block_maps(predictor(FAMILY["bottleneck"]), photo, size=64)["layer2.1"]
    assert block.out.of == len(block.strengths) == 64
    assert len(block.out.channels) == SHOWN_CHANNELS
    ordered = block.strengths.sort_values("out", ascending=False, kind="stable")["channel"]
    assert list(block.out.channels) == ordered.tolist()[:SHOWN_CHANNELS]
    strongest = block.strengths.set_index("channel").loc[block.out.channels[0]]
    assert strongest["out"] == pytest.approx(np.abs(block.out.values[0]).mean(), rel=1e-4)
    assert block.share == pytest.approx(block.strengths["added"].mean() / block.strengths["around"].mean())


def test_a_projected_x_has_other_channels_than_x(photo: Image.Image) -> None:
    block = block_maps(predictor(FAMILY["bottleneck"]), photo, size=64)["layer2.0"]
    assert block.around is not None
    assert (block.incoming.of, block.around.of) == (32, 64)
    assert block.incoming.values.shape[1:] == (16, 16)
    assert block.around.values.shape[1:] == (8, 8)


def test_no_hook_stays_in_the_network_even_where_the_pass_fails(
    photo: Image.Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = predictor(FAMILY["squeeze"])
    block_maps(own, photo, size=64)
    own.network.layer3 = torch.nn.Conv2d(1, 1, 1)  # does not fit
    with pytest.raises(RuntimeError):
        block_maps(own, photo, size=64)
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in own.network.modules())


def test_another_size_shows_the_same_part_of_the_photo(photo: Image.Image) -> None:
    seen = Preprocessing(size=224, resize=256)
    assert (with_input_size(seen, 112).size, with_input_size(seen, 112).resize) == (112, 128)
    small, large = with_input_size(seen, 32).view(photo), with_input_size(seen, 64).view(photo).resize((32, 32))
    assert np.abs(np.asarray(small, float) - np.asarray(large, float)).mean() < 12
