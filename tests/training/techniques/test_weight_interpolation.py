"""Interpolated weights: exact numbers, the best share on the validation photos, and no trace of a failure."""

from collections.abc import Generator

import pytest
import torch

from core.models.resnet import build
from core.progress import Progress
from core.training.metrics import Tally
from core.training.techniques.weight_interpolation import choose_interpolation, interpolated


def test_weights_and_statistics_lie_on_the_line_and_counts_do_not() -> None:
    before, after = build("tiny", 2).state_dict(), build("tiny", 2).state_dict()
    after["bn1.running_mean"] = after["bn1.running_mean"] + 2
    after["bn1.num_batches_tracked"] = torch.tensor(7)
    between = interpolated(before, after, 0.25)
    torch.testing.assert_close(between["fc.weight"], 0.75 * before["fc.weight"] + 0.25 * after["fc.weight"])
    assert between["bn1.running_mean"].unique().tolist() == [0.5]
    assert int(between["bn1.num_batches_tracked"]) == 7
    for share, end in ((0.0, before), (1.0, after)):
        assert all(torch.equal(tensor, end[name]) for name, tensor in interpolated(before, after, share).items())


def ended(network: torch.nn.Linear, before: dict[str, torch.Tensor], evaluate, shares=(0.0, 0.25, 0.5, 0.75, 1.0)):  # type: ignore[no-untyped-def]
    search = choose_interpolation(network, before, evaluate, shares)
    while True:
        try:
            next(search)
        except StopIteration as end:
            return end.value


def test_the_share_is_chosen_by_validation_accuracy_then_loss_then_the_later_weights() -> None:
    network = torch.nn.Linear(1, 1, bias=False)
    before = {"weight": torch.zeros(1, 1)}

    def evaluate_like(accuracies: dict[float, tuple[float, int]]):  # type: ignore[no-untyped-def]
        def evaluate() -> Generator[Progress, None, Tally]:
            yield Progress("evaluating", 1, 1)
            loss, correct = accuracies[round(float(network.weight.detach()) / 4, 2)]
            return Tally(loss, correct, 10)

        return evaluate

    for figures, expected in (
        ({0.0: (1, 5), 0.25: (1, 6), 0.5: (1, 9), 0.75: (1, 8), 1.0: (1, 8)}, 0.5),
        ({0.0: (1, 5), 0.25: (3, 9), 0.5: (4, 9), 0.75: (5, 8), 1.0: (6, 9)}, 0.25),
        ({0.0: (1, 9), 0.25: (1, 9), 0.5: (1, 9), 0.75: (1, 9), 1.0: (1, 9)}, 1.0),
    ):
        with torch.no_grad():
            network.weight.fill_(4.0)
        found = ended(network, before, evaluate_like(figures))
        assert found.share == expected
        assert float(network.weight.detach()) == pytest.approx(4 * expected)
        assert len(found.tallies) == 5


def test_after_an_error_the_network_has_its_own_weights() -> None:
    network = torch.nn.Linear(1, 1, bias=False)
    own = network.weight.detach().clone()

    def evaluate() -> Generator[Progress, None, Tally]:
        yield Progress("evaluating", 1, 10)
        raise RuntimeError("no photos")

    with pytest.raises(RuntimeError):
        ended(network, {"weight": torch.zeros(1, 1)}, evaluate)
    assert torch.equal(network.weight.detach(), own)
    search = choose_interpolation(network, {"weight": torch.zeros(1, 1)}, evaluate)
    next(search)
    search.close()
    assert torch.equal(network.weight.detach(), own)
