"""Smoothing goes by time, not by the number of frames."""

import math

import numpy as np
import pytest

from core.live.smoothing import Smoother

OPEN, CLOSED = np.array([1.0, 0.0]), np.array([0.0, 1.0])


def test_without_smoothing_a_frame_is_its_own_answer() -> None:
    plain = Smoother("none", 1)
    assert plain.add(0, OPEN) is OPEN and plain.add(0.1, CLOSED) is CLOSED


def test_the_running_mean_forgets_by_seconds() -> None:
    """After one time constant, the old value weighs 1/e, in one step or in ten."""
    one, ten = Smoother("exponential", 0.5), Smoother("exponential", 0.5)
    one.add(0, OPEN)
    ten.add(0, OPEN)
    for step in range(1, 11):
        slow = ten.add(step * 0.05, CLOSED)
    quick = one.add(0.5, CLOSED)
    assert quick[0] == pytest.approx(1 / math.e) and slow[0] == pytest.approx(1 / math.e)


def test_the_median_drops_one_odd_frame_and_keeps_the_sum() -> None:
    median = Smoother("median", 0.5)
    for number in range(5):
        seen = median.add(number / 10, CLOSED if number == 3 else OPEN)
        assert seen.tolist() == OPEN.tolist()
    third = Smoother("median", 1)
    for number, values in enumerate(np.eye(3)):
        found = third.add(number / 10, values)
    assert found.sum() == pytest.approx(1)  # the medians of all three classes are 0 here


def test_the_median_forgets_what_lies_outside_its_window() -> None:
    median = Smoother("median", 0.5)
    for number in range(20):
        median.add(number / 10, OPEN)
    assert median.add(10, CLOSED).tolist() == CLOSED.tolist()


def test_time_must_go_forward() -> None:
    smoother = Smoother("exponential", 1)
    smoother.add(1, OPEN)
    with pytest.raises(ValueError, match="does not follow"):
        smoother.add(1, OPEN)
