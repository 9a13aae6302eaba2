"""Vectors of several stages: joined with equal lengths, and used where cross-validation says so."""

import numpy as np
import pytest

from core.training.linear.logistic import TrainingVectors
from core.training.linear.several_stages import choose_stages, side_by_side
from tests.training.linear.vectors import drawn


def test_stages_are_joined_with_equal_lengths() -> None:
    dice = np.random.default_rng(0)
    first, second = dice.normal(0, 100, (5, 8)).astype(np.float32), dice.normal(0, 1, (5, 3)).astype(np.float32)
    joined = side_by_side([first, second])
    assert joined.shape == (5, 11) and joined.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(joined[:, :8], axis=1), 1, rtol=1e-6)
    np.testing.assert_allclose(joined[:, 8:], second / np.linalg.norm(second, axis=1, keepdims=True), rtol=1e-6)
    assert np.isfinite(side_by_side([np.zeros((2, 4), np.float32)])).all()


def test_an_informative_stage_is_used() -> None:
    telling, labels = drawn(150, 20, apart=2)
    weak, _ = drawn(150, 40, apart=0.1, seed=1)
    choice = choose_stages(TrainingVectors((weak, weak), labels, 3), [side_by_side([telling, weak])] * 2)
    assert choice.use_several
    assert choice.gain > 2 * choice.error > 0
    assert choice.chosen[0] is choice.several
    assert min(choice.several_strength.losses) < min(choice.last_strength.losses)


def test_a_stage_that_tells_nothing_is_left_out() -> None:
    telling, labels = drawn(150, 20, apart=1)
    noise = np.random.default_rng(0).normal(0, 1, (150, 40)).astype(np.float32)
    choice = choose_stages(TrainingVectors((telling,), labels, 3), [side_by_side([noise, telling])])
    assert not choice.use_several
    assert choice.chosen[0] is choice.last


def test_a_gain_counts_groups_and_not_photos() -> None:
    telling, labels = drawn(60, 20, apart=1)
    weak, _ = drawn(60, 20, apart=0.5, seed=1)
    copies = np.repeat(np.arange(60), 4)
    alone = choose_stages(TrainingVectors((weak,), labels, 3), [side_by_side([telling, weak])])
    copied = TrainingVectors((weak[copies],), labels[copies], 3, copies.tolist())
    grouped = choose_stages(copied, [side_by_side([telling[copies], weak[copies]])])
    assert grouped.error == pytest.approx(alone.error, rel=0.35)


def test_without_photos_to_hold_out_the_last_stage_is_kept() -> None:
    vectors, labels = drawn(3, 20)
    choice = choose_stages(TrainingVectors((vectors,), labels, 3), [side_by_side([vectors, vectors])])
    assert not choice.use_several
