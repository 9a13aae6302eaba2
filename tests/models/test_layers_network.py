"""A residual network of the re-created layers gives the same outputs for the same weights, and can be trained."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from core.models import layers
from core.models.resnet import ResNet, build
from core.models.zoo import config_of
from tests.models.test_family import FAMILY, every_member
from tests.models.test_resnet import TINY, randomize


@every_member
def test_the_same_state_dict_gives_the_same_logits(config) -> None:  # type: ignore[no-untyped-def]
    theirs, ours = ResNet(config, 5).eval(), ResNet(config, 5, layers=layers).eval()
    randomize(theirs, seed=1)
    ours.load_state_dict(theirs.state_dict())
    with torch.inference_mode():
        pictures = torch.randn(2, 3, 48, 64)
        assert (ours(pictures) - theirs(pictures)).abs().max() < 1e-4


def test_resnet50_of_re_created_layers_takes_a_whole_state_dict() -> None:
    theirs, ours = build("resnet50").eval(), ResNet(config_of("resnet50"), layers=layers).eval()
    randomize(theirs, seed=1)
    ours.load_state_dict(theirs.state_dict())
    with torch.inference_mode():
        pictures = torch.randn(1, 3, 64, 64)
        expected = theirs(pictures)
        assert (ours(pictures) - expected).abs().max() < 1e-4 < 0.01 < expected.std()


def test_no_layer_of_torch_is_left_in_it() -> None:
    model = ResNet(FAMILY["squeeze"], 5, layers=layers)
    model.reset_classifier(3)
    leaves = [m for m in model.modules() if not list(m.children())]
    assert leaves and all(type(leaf).__module__ == "core.models.layers" for leaf in leaves)


@pytest.mark.parametrize("change", [{}, {"preactivation": True}], ids=["v1", "v2"])
def test_it_learns_as_torchs_does(change: dict[str, bool]) -> None:
    config = replace(TINY, **change)  # type: ignore[arg-type]
    torch.manual_seed(0)
    theirs, ours = ResNet(config, 3), ResNet(config, 3, layers=layers)
    ours.load_state_dict(theirs.state_dict())
    pictures, targets = torch.randn(6, 3, 64, 64), torch.arange(6) % 3
    losses = []
    for model, loss in ((theirs, nn.functional.cross_entropy), (ours, layers.cross_entropy)):
        optimizer = torch.optim.SGD(model.train().parameters(), lr=0.02)
        mine = []
        for _ in range(3):
            optimizer.zero_grad()
            value = loss(model(pictures), targets)
            value.backward()
            optimizer.step()
            mine.append(value.item())
        losses.append(mine)
    assert losses[1][1] < losses[1][0], "one step did not lower the loss"
    assert losses[1] == pytest.approx(losses[0], abs=1e-4)
