"""The objective, the tally and the best epoch."""

import math

import pytest
import torch
from torch.nn import functional

from core.training.loop import Objective, balanced_weights
from core.training.metrics import Tally
from core.training.standing import Standing


def test_balanced_weights_make_all_classes_count_the_same() -> None:
    labels = [0] * 6 + [1] * 2 + [3] * 4
    weights = balanced_weights(labels, 4)
    totals = [float(weights[k]) * labels.count(k) for k in (0, 1, 3)]
    assert totals == pytest.approx([4.0, 4.0, 4.0])
    assert float(weights[labels].mean()) == pytest.approx(1.0)


def test_the_objective_is_a_sum_with_smoothing_and_weights() -> None:
    logits, labels = torch.randn(5, 3), torch.tensor([0, 1, 2, 1, 0])
    assert float(Objective(0.0, None)(logits, labels)) == pytest.approx(
        5 * float(functional.cross_entropy(logits, labels)), rel=1e-5
    )
    weighted = Objective(0.0, torch.tensor([2.0, 0.0, 0.0]))(logits, labels)
    assert float(weighted) == pytest.approx(2 * float(functional.cross_entropy(logits[[0, 4]], labels[[0, 4]]) * 2))
    assert float(Objective(0.3, None)(logits, labels)) != pytest.approx(float(Objective(0.0, None)(logits, labels)))


def test_a_tally_sums_first_and_divides_once() -> None:
    tally = Tally()
    tally.add(Tally(loss_sum=4.0, correct=1, n=4))
    tally.add(Tally(loss_sum=0.0, correct=1, n=1))
    assert (tally.loss, tally.accuracy, tally.n) == (0.8, 0.4, 5)


def test_the_best_is_the_higher_accuracy_then_the_lower_loss_then_the_earlier() -> None:
    standing = Standing()
    epochs = [(0.5, 1.0), (0.5, 0.9), (0.5, 0.9), (0.6, 2.0), (0.55, 0.1)]
    assert [standing.improved(*epoch) for epoch in epochs] == [True, True, False, True, False]
    assert (standing.accuracy, standing.loss) == (0.6, 2.0)


def test_waiting_counts_epochs_in_which_neither_figure_improves() -> None:
    standing = Standing()
    waited = []
    for accuracy, loss in [(0.5, 1.0), (0.5, 1.0), (0.4, 0.9), (0.4, 0.95), (0.5, 0.9), (0.7, 3.0)]:
        standing.improved(accuracy, loss)
        waited.append(standing.waited)
    assert waited == [0, 1, 0, 1, 2, 0]
    standing.begin_phase()
    assert (standing.waited, standing.accuracy) == (0, 0.7)
    assert math.isinf(standing.lowest_loss)
