"""Learning rates in closed form."""

import pytest

from core.training.schedule import SCHEDULES, factor


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("steps", [1, 2, 3, 10, 1000])
def test_rates_stay_above_zero_and_reach_the_top(schedule: str, steps: int) -> None:
    factors = [factor(schedule, step, steps) for step in range(steps)]
    assert all(0 < f <= 1 for f in factors)
    assert max(factors) == pytest.approx(1.0)


def test_one_cycle_climbs_for_a_tenth_and_then_falls() -> None:
    factors = [factor("one-cycle", step, 100) for step in range(100)]
    assert factors[:10] == sorted(factors[:10])
    assert factors[9] == 1.0
    assert factors[9:] == sorted(factors[9:], reverse=True)
    assert factors[0] < 0.1
    assert factors[-1] == pytest.approx(1e-3)


def test_cosine_only_falls_and_constant_stays() -> None:
    factors = [factor("cosine", step, 100) for step in range(100)]
    assert factors == sorted(factors, reverse=True)
    assert factors[50] == pytest.approx(0.5)
    assert {factor("constant", step, 7) for step in range(7)} == {1.0}
