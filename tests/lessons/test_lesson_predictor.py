"""A lesson's network has the weights on disk, or random ones that are the same for everybody."""

import pytest
import torch

from core.lessons.lesson_predictor import load_lesson_predictor
from core.models.weights import Pretrained
from core.models.weights_table import available


def test_random_weights_come_from_their_seed_alone() -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    first, second = load_lesson_predictor("resnet18", None), load_lesson_predictor("resnet18", None)
    assert torch.equal(torch.rand(3), expected), "the global random state was touched"
    assert torch.equal(first.network.conv1.weight, second.network.conv1.weight)
    assert first.name == "random weights"
    assert first.classes[0] == "class 1" and len(first.classes) == first.network.fc.out_features


@pytest.mark.weights
def test_fetched_weights_bring_their_own_form_of_the_network(default_weights: Pretrained) -> None:
    entry = available("resnet50")
    assert entry is not None
    predictor = load_lesson_predictor("resnet50", entry)
    assert predictor.arch == entry.needs == default_weights.arch
    assert predictor.classes == default_weights.classes
    assert torch.equal(predictor.network.fc.weight, default_weights.state["fc.weight"])
