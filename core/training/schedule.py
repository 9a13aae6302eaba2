"""Learning-rate schedules: the rate of every step in closed form, so that a resumed run continues exactly."""

import math
from collections.abc import Callable

_WARM_UP = 0.1
_START = 0.04
_END = 1e-3


def factor(schedule: str, step: int, steps: int) -> float:
    """Return the learning rate at a step (from 0) of ``steps``, as a fraction of the peak rate."""
    return SCHEDULES[schedule](step, steps)


def _one_cycle(step: int, steps: int) -> float:
    """Rise along a cosine for a tenth of the steps, then fall along another (Smith and Topin 2017, arXiv 1708.07120).

    The paper also changes the momentum; with so few steps that gains little, so it stays constant here.
    """
    top = max(1, round(_WARM_UP * steps))
    if step < top:
        return _cosine_between(_START, 1.0, (step + 1) / top) if steps > 1 else 1.0
    return _cosine_between(1.0, _END, (step + 1 - top) / max(1, steps - top))


def _cosine(step: int, steps: int) -> float:
    return _cosine_between(1.0, 0.0, step / steps)


def _constant(step: int, steps: int) -> float:
    return 1.0


def _cosine_between(start: float, end: float, share: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * share)) / 2


SCHEDULES: dict[str, Callable[[int, int], float]] = {
    "one-cycle": _one_cycle,
    "cosine": _cosine,
    "constant": _constant,
}
