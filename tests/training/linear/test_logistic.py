"""Logistic regression on vectors: its optimum is scikit-learn's, and its strength comes from grouped folds."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression as Known

from core.errors import TooLittleData
from core.training.linear import logistic
from core.training.linear.folds import grouped_folds
from core.training.linear.linear_head import LinearHead
from core.training.linear.logistic import DEFAULT_STRENGTH, STRENGTHS, LogisticRegression, TrainingVectors
from core.training.linear.softmax_loss import SoftmaxLoss
from tests.training.linear.vectors import drawn


def known_probabilities(
    training: TrainingVectors, strength: float, probes: np.ndarray, weights: np.ndarray | None = None
) -> np.ndarray:
    """scikit-learn's answer for the same problem: its C is 1 / (n times the strength) on the scaled vectors."""
    vectors = np.concatenate(list(training.views)).astype(np.float64)
    labels = np.tile(training.labels, len(training.views))
    center = vectors.mean(axis=0)
    scale = np.sqrt(((vectors - center) ** 2).sum(axis=1).mean())
    model = Known(C=1 / (strength * len(labels)), tol=1e-10, max_iter=20_000)
    model.fit((vectors - center) / scale, labels, sample_weight=weights)
    return model.predict_proba((probes - center) / scale)


@pytest.mark.parametrize(("count", "width"), [(40, 120), (300, 40), (1400, 300)])
@pytest.mark.parametrize("strength", [1e-2, 1e-4])
def test_the_optimum_is_that_of_scikit_learn(count: int, width: int, strength: float) -> None:
    vectors, labels = drawn(count, width, apart=0.5)
    probes, _ = drawn(50, width, seed=1, apart=0.5)
    training = TrainingVectors((vectors,), labels, 3)
    regression = LogisticRegression(training)
    assert regression.space.complete == (count < width)
    *_, last = regression.iterations(strength, tolerance=1e-10)
    assert last.gradient < 2e-5
    found = last.head().probabilities(probes)
    np.testing.assert_allclose(found, known_probabilities(training, strength, probes), atol=1e-3)


@pytest.mark.parametrize(("count", "width"), [(50, 90), (1300, 280)])
def test_the_gradient_vanishes_at_the_optimum_in_the_vectors_own_coordinates(count: int, width: int) -> None:
    vectors, labels = drawn(count, width, classes=4, apart=0.3)
    strength = 1e-3
    head = LogisticRegression(TrainingVectors((vectors,), labels, 4)).solve(strength, tolerance=1e-10)
    wide = torch.from_numpy(vectors).double()
    weight, bias = torch.from_numpy(head.weight).double(), torch.from_numpy(head.bias).double()
    weight.requires_grad_(), bias.requires_grad_()
    scale = ((wide - wide.mean(0)) ** 2).sum(1).mean()
    loss = torch.nn.functional.cross_entropy(wide @ weight.T + bias, torch.from_numpy(labels))
    (loss + strength / 2 * scale * (weight**2).sum()).backward()
    assert weight.grad is not None and bias.grad is not None
    assert float(weight.grad.norm() / scale.sqrt()) < 2e-5
    assert float(bias.grad.norm()) < 2e-5


def test_balanced_classes_weigh_as_those_of_scikit_learn() -> None:
    vectors, labels = drawn(90, 30, apart=0.3)
    few = np.concatenate([np.flatnonzero(labels == 0), np.flatnonzero(labels != 0)[:20]])
    training = TrainingVectors((vectors[few],), labels[few], 3, class_weighting="balanced")
    counts = np.bincount(labels[few])
    weights = len(few) / (3 * counts)[labels[few]]
    found = LogisticRegression(training).solve(1e-3, tolerance=1e-10).probabilities(vectors)
    np.testing.assert_allclose(found, known_probabilities(training, 1e-3, vectors, weights), atol=1e-3)


def test_two_equal_views_are_as_one() -> None:
    vectors, labels = drawn(60, 100, apart=0.4)
    one = LogisticRegression(TrainingVectors((vectors,), labels, 3))
    two = LogisticRegression(TrainingVectors((vectors, vectors), labels, 3))
    probes, _ = drawn(20, 100, seed=2, apart=0.4)
    expected = one.solve(1e-3, tolerance=1e-9).probabilities(probes)
    np.testing.assert_allclose(two.solve(1e-3, tolerance=1e-9).probabilities(probes), expected, atol=1e-3)
    np.testing.assert_allclose(two.choose_strength().losses, one.choose_strength().losses, rtol=0.02)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_the_loss_is_torchs_and_its_gradient_too(smoothing: float) -> None:
    vectors, labels = drawn(30, 8, classes=4)
    dice = np.random.default_rng(3)
    parameters = dice.normal(0, 1, (2, 4, 9))
    weights = np.abs(dice.normal(1, 0.5, (2, 30))) / 30
    loss = SoftmaxLoss(vectors, labels, 4, weights, np.array([0.3, 0.01]), smoothing)
    values, gradients = loss(parameters)
    for problem in range(2):
        flat = torch.from_numpy(parameters[problem]).requires_grad_()
        logits = torch.from_numpy(vectors).double() @ flat[:, :-1].T + flat[:, -1]
        rows = torch.nn.functional.cross_entropy(
            logits, torch.from_numpy(labels), reduction="none", label_smoothing=smoothing
        )
        total = (rows * torch.from_numpy(weights[problem])).sum()
        total = total + [0.3, 0.01][problem] / 2 * (flat[:, :-1] ** 2).sum()
        total.backward()
        assert values[problem] == pytest.approx(total.item(), rel=1e-5)
        assert flat.grad is not None
        np.testing.assert_allclose(gradients[problem], flat.grad.numpy(), atol=1e-5)
        plain = torch.nn.functional.cross_entropy(logits, torch.from_numpy(labels), reduction="none")
        np.testing.assert_allclose(loss.row_losses[problem], plain.detach().numpy(), rtol=1e-3, atol=1e-5)


def test_each_iteration_is_a_point_of_the_curves() -> None:
    vectors, labels = drawn(120, 60, apart=0.5)
    held, held_labels = drawn(45, 60, seed=1, apart=0.5)
    regression = LogisticRegression(TrainingVectors((vectors, vectors), labels, 3))
    points = list(regression.iterations(1e-3, (held, held_labels)))
    assert [point.number for point in points] == list(range(len(points)))
    assert [point.ended for point in points] == [False] * (len(points) - 1) + [True]
    assert points[0].train.loss == pytest.approx(np.log(3), rel=1e-5)
    assert points[0].train.n == 120 and points[0].val is not None and points[0].val.n == 45
    assert points[0].train.accuracy == pytest.approx(1 / 3)  # all equally likely, so the first class is predicted
    assert points[-1].train.loss < points[1].train.loss < points[0].train.loss
    for point in (points[2], points[-1]):
        head = point.head()
        assert point.val is not None
        assert head.score(held, held_labels).loss == pytest.approx(point.val.loss, rel=1e-3)
        assert head.score(held, held_labels).correct == point.val.correct
        assert head.score(vectors, labels).loss == pytest.approx(point.train.loss, rel=1e-3)


@pytest.mark.parametrize("strength", [1e-2, 1e-3, 1e-4])
def test_the_curve_falls_from_guessing_and_does_not_begin_at_0(strength: float) -> None:
    """The first step led far past the optimum: the curve began near 0 and rose."""
    vectors, labels = drawn(120, 300, apart=0.2)
    losses = [
        point.train.loss for point in LogisticRegression(TrainingVectors((vectors,), labels, 3)).iterations(strength)
    ]
    assert losses[0] == pytest.approx(np.log(3), rel=1e-5)
    assert losses[1] > (losses[0] + losses[-1]) / 3
    assert min(losses) > 0.85 * losses[-1]


def test_curves_go_on_from_the_main_directions_to_all() -> None:
    vectors, labels = drawn(1300, 290, apart=0.2)
    held, held_labels = drawn(45, 290, seed=1, apart=0.2)
    points = list(LogisticRegression(TrainingVectors((vectors,), labels, 3)).iterations(1e-3, (held, held_labels)))
    losses = [point.train.loss for point in points]
    assert max(np.diff(losses)[3:]) < 0.01
    for point in (points[3], points[-1]):
        assert point.val is not None
        assert point.head().score(held, held_labels).loss == pytest.approx(point.val.loss, rel=1e-3)


def test_the_chosen_strength_is_that_of_separate_fits() -> None:
    vectors, labels = drawn(100, 150, apart=0.25)
    choice = LogisticRegression(TrainingVectors((vectors,), labels, 3)).choose_strength()
    fold_of = grouped_folds(labels, None, 5, 0)
    losses = []
    for strength in choice.tried:
        rows = []
        for fold in range(5):
            held = fold_of == fold
            # The scale of the vectors belongs to the strength: here it is that of a fold, there of all photos.
            head = LogisticRegression(TrainingVectors((vectors[~held],), labels[~held], 3)).solve(strength)
            rows.append(head.score(vectors[held], labels[held]))
        losses.append(sum(row.loss_sum for row in rows) / sum(row.n for row in rows))
    np.testing.assert_allclose(choice.losses, losses, rtol=0.03)
    assert choice.strength == choice.tried[int(np.argmin(choice.losses))]
    assert choice.n == 100
    assert np.isfinite(choice.held_out).all()
    assert choice.held_out.mean() == pytest.approx(min(choice.losses), rel=1e-5)


def test_weak_strengths_are_not_tried_once_the_loss_rises() -> None:
    dice = np.random.default_rng(0)
    vectors, labels = dice.normal(0, 1, (80, 60)).astype(np.float32), np.arange(80) % 2  # nothing can be learned
    choice = LogisticRegression(TrainingVectors((vectors,), labels, 2)).choose_strength()
    assert choice.strength == STRENGTHS[0]
    assert len(choice.tried) == 3


def test_photos_of_a_group_are_held_out_together() -> None:
    dice = np.random.default_rng(0)
    photos = dice.normal(0, 1, (40, 50)).astype(np.float32)
    vectors = np.repeat(photos, 3, axis=0) + dice.normal(0, 0.01, (120, 50)).astype(np.float32)
    labels = np.repeat(np.arange(40) % 2, 3)  # chance, but each photo has two near-duplicates with its label
    groups = np.repeat(np.arange(40), 3).tolist()
    apart = LogisticRegression(TrainingVectors((vectors,), labels, 2)).choose_strength()
    together = LogisticRegression(TrainingVectors((vectors,), labels, 2, groups)).choose_strength()
    assert apart.right.mean() > 0.95
    assert together.right.mean() < 0.75
    assert together.strength == STRENGTHS[0]


def test_with_one_photo_of_each_class_the_usual_strength_is_taken() -> None:
    vectors, labels = drawn(3, 20)
    regression = LogisticRegression(TrainingVectors((vectors,), labels, 3))
    choice = regression.choose_strength()
    assert (choice.strength, choice.n, choice.tried) == (DEFAULT_STRENGTH, 0, ())
    assert np.isnan(choice.held_out).all()
    assert regression.solve(choice.strength).score(vectors, labels).correct == 3


def test_a_class_with_one_photo_does_not_upset_the_choice() -> None:
    vectors, labels = drawn(61, 30, apart=0.5)
    labels = np.where(np.arange(61) == 60, 2, labels % 2)
    choice = LogisticRegression(TrainingVectors((vectors,), labels, 3)).choose_strength()
    assert choice.n == 60
    assert max(choice.losses) < 2


def test_a_class_without_photos_is_never_predicted() -> None:
    vectors, labels = drawn(60, 40, classes=2)
    head = LogisticRegression(TrainingVectors((vectors,), labels * 3, 5)).solve(1e-6)
    assert head.weight.shape == (5, 40) and head.weight.dtype == head.bias.dtype == np.float32
    far = np.concatenate([vectors, vectors * 1000, -vectors * 1000])
    found = head.probabilities(far)
    assert np.isfinite(found).all() and np.isfinite(head.bias).all()
    assert found[:, [1, 2, 4]].max() < 1e-12
    assert set(found.argmax(axis=1)) <= {0, 3}


def test_one_class_is_an_error_with_a_sentence() -> None:
    with pytest.raises(TooLittleData, match="at least two classes"):
        LogisticRegression(TrainingVectors((np.ones((3, 4), np.float32),), np.array([1, 1, 1]), 2))


def test_equal_vectors_make_finite_probabilities() -> None:
    training = TrainingVectors((np.ones((6, 4), np.float32),), np.array([0, 0, 0, 0, 1, 1]), 2)
    regression = LogisticRegression(training)
    found = regression.solve(regression.choose_strength().strength, tolerance=1e-10).probabilities(training.views[0])
    np.testing.assert_allclose(found, np.tile([2 / 3, 1 / 3], (6, 1)), atol=1e-3)


def test_many_classes_are_solved_fold_by_fold(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors, labels = drawn(100, 30, classes=10, apart=0.5)
    training = TrainingVectors((vectors,), labels, 10)
    expected = LogisticRegression(training).choose_strength()
    monkeypatch.setattr(logistic, "_NUMBERS", 1)
    found = LogisticRegression(training).choose_strength()
    np.testing.assert_allclose(found.losses, expected.losses, rtol=1e-3)


def test_a_head_gives_a_linear_layers_outputs() -> None:
    vectors, labels = drawn(40, 16)
    head = LogisticRegression(TrainingVectors((vectors,), labels, 3)).solve(1e-3)
    layer = torch.nn.Linear(16, 3)
    layer.load_state_dict({"weight": torch.from_numpy(head.weight), "bias": torch.from_numpy(head.bias)})
    np.testing.assert_allclose(layer(torch.from_numpy(vectors)).detach().numpy(), head.logits(vectors), atol=1e-4)
    assert isinstance(head, LinearHead)


def test_the_mathematics_loads_neither_torch_nor_scipy() -> None:
    code = (
        "import sys, core.training.linear.several_stages, core.training.linear.nearest_mean; "
        "sys.exit(any(name in sys.modules for name in ('torch', 'scipy', 'sklearn')))"
    )
    root = Path(__file__).resolve().parents[3]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
