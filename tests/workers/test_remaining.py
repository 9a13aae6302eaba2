"""The remaining time of a computation follows from its progress reports."""

import pytest

from core.progress import Progress
from core.workers.remaining import RemainingSeconds


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_loading_does_not_count_and_an_even_pace_is_right_to_the_second() -> None:
    clock = Clock()
    remaining = RemainingSeconds(clock)
    remaining.follow(Progress("loading", 0, None))
    clock.now += 60
    for done in range(11):
        remaining.follow(Progress("training", done, 100))
        clock.now += 1
    assert remaining.left == pytest.approx(89)
    assert remaining.whole == pytest.approx(100)


def test_too_early_there_is_no_estimate_and_a_new_phase_starts_anew() -> None:
    clock = Clock()
    remaining = RemainingSeconds(clock)
    remaining.follow(Progress("training", 0, 100))
    clock.now += 1
    remaining.follow(Progress("training", 50, 100))
    assert remaining.left is None, "one second is too early"
    clock.now += 9
    remaining.follow(Progress("training", 90, 100))
    assert remaining.left is not None
    remaining.follow(Progress("evaluating", 0, 10))
    assert remaining.left is None
