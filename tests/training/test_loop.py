"""The objective, the tally and the best epoch."""

import math

import pytest
import torch
from torch.nn import functional
from torchvision.ops import box_iou

from core.training.best_epoch import BestEpochTracker
from core.training.metrics import Tally
from core.training.objectives import BoxObjective, ClassObjective, balanced_weights, focal_loss, iou


def test_balanced_weights_make_all_classes_count_the_same() -> None:
    labels = [0] * 6 + [1] * 2 + [3] * 4
    weights = balanced_weights(labels, 4)
    totals = [float(weights[k]) * labels.count(k) for k in (0, 1, 3)]
    assert totals == pytest.approx([4.0, 4.0, 4.0])
    assert float(weights[labels].mean()) == pytest.approx(1.0)


def test_the_objective_is_a_sum_with_smoothing_and_weights() -> None:
    logits, labels = torch.randn(5, 3), torch.tensor([0, 1, 2, 1, 0])
    assert float(ClassObjective(0.0, None).loss(logits, [labels])) == pytest.approx(
        5 * float(functional.cross_entropy(logits, labels)), rel=1e-5
    )
    weighted = ClassObjective(0.0, torch.tensor([2.0, 0.0, 0.0])).loss(logits, [labels])
    assert float(weighted) == pytest.approx(2 * float(functional.cross_entropy(logits[[0, 4]], labels[[0, 4]]) * 2))
    smoothed, plain = (ClassObjective(smoothing, None).loss(logits, [labels]) for smoothing in (0.3, 0.0))
    assert float(smoothed) != pytest.approx(float(plain))


def test_focal_loss_with_gamma_0_is_cross_entropy_with_smoothing_and_weights_too() -> None:
    logits, labels = torch.randn(6, 4, generator=torch.Generator().manual_seed(1)) * 3, torch.tensor([0, 3, 2, 1, 0, 3])
    for smoothing in (0.0, 0.2):
        for weights in (None, torch.tensor([0.5, 2.0, 1.0, 0.1])):
            plain, focal = (ClassObjective(smoothing, weights, gamma).loss(logits, [labels]) for gamma in (None, 0.0))
            torch.testing.assert_close(focal, plain)


def test_focal_loss_plays_down_what_is_already_classified_well() -> None:
    logits, labels = torch.tensor([[2.0, 0.0], [0.0, 1.0]]), torch.tensor([0, 0])
    p = logits.softmax(1)[:, 0].tolist()
    assert float(focal_loss(logits, labels, 2.0)) == pytest.approx(sum(-((1 - q) ** 2) * math.log(q) for q in p))
    certain = torch.tensor([[200.0, 0.0]], requires_grad=True)
    focal_loss(certain, torch.tensor([0]), 0.5).backward()
    assert certain.grad is not None and certain.grad.isfinite().all()


BOXES = torch.tensor([[0.1, 0.1, 0.5, 0.5], [0.0, 0.0, 0.2, 0.4], [0.6, 0.6, 0.9, 0.9]])
TRUTHS = torch.tensor([[0.1, 0.1, 0.5, 0.5], [0.1, 0.0, 0.3, 0.4], [0.0, 0.0, 0.3, 0.3]])


def test_the_overlap_is_torchvisions() -> None:
    assert iou(BOXES, TRUTHS).tolist() == pytest.approx([1, 1 / 3, 0])
    assert iou(BOXES, TRUTHS).tolist() == pytest.approx(box_iou(BOXES, TRUTHS).diag().tolist())


@pytest.mark.parametrize("box_loss", ["giou", "smooth-l1"])
def test_the_objective_of_boxes_adds_theirs_and_counts_both(box_loss: str) -> None:
    logits, labels = torch.tensor([[2.0, 0.0], [2.0, 0.0], [0.0, 2.0]]), torch.tensor([0, 1, 1])
    objective, classes = BoxObjective(ClassObjective(0.0, None), box_loss), ClassObjective(0.0, None)
    outputs = torch.cat([logits, BOXES], 1)
    same = torch.cat([logits, TRUTHS], 1)
    assert float(objective.loss(same, (labels, TRUTHS))) == pytest.approx(
        float(classes.loss(logits, (labels,))), abs=1e-5
    )
    assert float(objective.loss(outputs, (labels, TRUTHS))) > float(objective.loss(same, (labels, TRUTHS))) + 0.1
    tally = Tally.of(objective.sums(outputs, (labels, TRUTHS)).tolist(), 3)
    assert (tally.correct, tally.n) == (2, 3)
    assert tally.iou == pytest.approx((1 + 1 / 3) / 3) and tally.found == pytest.approx(1 / 3)
    assert tally.loss == pytest.approx(float(objective.loss(outputs, (labels, TRUTHS))) / 3)


def test_a_tally_sums_first_and_divides_once() -> None:
    tally = Tally()
    tally.add(Tally(loss_sum=4.0, correct=1, n=4))
    tally.add(Tally(loss_sum=0.0, correct=1, n=1))
    assert (tally.loss, tally.accuracy, tally.n) == (0.8, 0.4, 5)


def test_the_best_is_the_higher_accuracy_then_the_lower_loss_then_the_earlier() -> None:
    best = BestEpochTracker()
    epochs = [(0.5, 1.0), (0.5, 0.9), (0.5, 0.9), (0.6, 2.0), (0.55, 0.1)]
    assert [best.update(*epoch) for epoch in epochs] == [True, True, False, True, False]
    assert (best.score, best.loss) == (0.6, 2.0)


def test_waiting_counts_epochs_in_which_neither_figure_improves() -> None:
    best = BestEpochTracker()
    waited = []
    for accuracy, loss in [(0.5, 1.0), (0.5, 1.0), (0.4, 0.9), (0.4, 0.95), (0.5, 0.9), (0.7, 3.0)]:
        best.update(accuracy, loss)
        waited.append(best.waited)
    assert waited == [0, 1, 0, 1, 2, 0]
    best.start_phase()
    assert (best.waited, best.score) == (0, 0.7)
    assert math.isinf(best.lowest_loss)


def test_a_checkpoint_of_the_first_version_names_the_score_accuracy_and_is_read() -> None:
    saved = {"accuracy": 0.5, "loss": 1.0, "top_accuracy": 0.6, "lowest_loss": 0.9, "waited": 2}
    assert BestEpochTracker.from_checkpoint(saved) == BestEpochTracker(0.5, 1.0, 0.6, 0.9, 2)
