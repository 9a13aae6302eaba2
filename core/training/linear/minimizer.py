"""L-BFGS for several convex problems at once, with a preconditioner: each iteration is one batch of matrix products.

The limited-memory BFGS method of Nocedal and Wright (Numerical Optimization, 2006, algorithms 7.4 and 7.5). A fixed
approximation of the inverse Hessian replaces the identity, which saves most of the iterations. The problems of a batch
(the folds of a cross-validation) share nothing but their matrix products: each has its own steps and ends by itself.
"""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

Evaluate = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
"""Parameters [P, K, D] to the losses [P] and the gradients [P, K, D]."""
Precondition = Callable[[np.ndarray], np.ndarray]
"""Gradients [P, K, D] to about the inverse Hessian times the gradients."""

_MEMORY = 10
_BYTES = 256 << 20
"""At most so much memory for the differences of earlier iterations."""
_ARMIJO = 1e-4
_TRIALS = 25
_ROUNDING = 2e-7
"""The relative rounding error of a loss that is computed in float32."""
_PATIENCE = 5
"""Iterations that may fail to lower the loss by more than rounding."""


@dataclass(frozen=True)
class Iterate:
    """The state after an iteration."""

    parameters: np.ndarray
    """float64 [P, K, D]"""
    losses: np.ndarray
    """[P]"""
    gradients: np.ndarray
    """[P, K, D]"""
    ended: bool
    """No problem of the batch moves any more."""


def minimize(
    evaluate: Evaluate,
    start: np.ndarray,
    precondition: Precondition,
    *,
    tolerance: float,
    most: int,
    first_step: float = 1.0,
) -> Iterator[Iterate]:
    """Yield the start, and then the state after each iteration.

    ``first_step`` scales the first step, which nothing but the preconditioner determines; the others are scaled by
    what the steps before them showed.

    A problem has ended when the loss that is left to gain, estimated as half the gradient times the preconditioned
    gradient, is at most ``tolerance`` times its loss, when rounding hides what is gained, or after ``most`` iterations.
    """
    parameters = start.astype(np.float64)
    losses, gradients = evaluate(parameters)
    memory = int(np.clip(_BYTES // (2 * max(1, parameters.nbytes)), 3, _MEMORY))
    history: deque[tuple[np.ndarray, np.ndarray, np.ndarray]] = deque(maxlen=memory)
    ratio = np.full(len(parameters), first_step)
    stuck = np.zeros(len(parameters), np.int64)
    scaled = precondition(gradients)
    for number in range(most + 1):
        left = _dot(gradients, scaled) / 2
        moving = (left > tolerance * losses) & (stuck < _PATIENCE)
        ended = number == most or not moving.any()
        yield Iterate(parameters, losses, gradients, ended)
        if ended:
            return
        direction = _direction(gradients, history, precondition, ratio)
        slope = _dot(gradients, direction)
        uphill = slope >= 0  # only by rounding: begin again along the preconditioned gradient
        if uphill.any():
            direction = np.where(uphill[:, None, None], -scaled, direction)
            slope = _dot(gradients, direction)
        after, lower, changed = _step(evaluate, parameters, losses, direction, slope, moving)
        moved, turned = after - parameters, changed - gradients
        rescaled = precondition(changed)
        along, against = _dot(moved, turned), _dot(turned, rescaled - scaled)
        curved = along > 1e-12 * np.sqrt(_dot(moved, moved) * _dot(turned, turned))
        history.append((moved, turned, np.where(curved, 1 / np.where(curved, along, 1), 0)))
        ratio = np.where(curved, along / np.where(curved, against, 1), ratio)
        stuck = np.where(losses - lower > _ROUNDING * np.abs(losses), 0, stuck + 1)
        parameters, losses, gradients, scaled = after, lower, changed, rescaled


def _direction(
    gradients: np.ndarray,
    history: deque[tuple[np.ndarray, np.ndarray, np.ndarray]],
    precondition: Precondition,
    ratio: np.ndarray,
) -> np.ndarray:
    """The two loops of L-BFGS: minus the approximated inverse Hessian times the gradients."""
    rest = gradients.copy()
    shares = []
    for moved, turned, inverse in reversed(history):
        share = inverse * _dot(moved, rest)
        rest -= share[:, None, None] * turned
        shares.append(share)
    rest = precondition(rest) * ratio[:, None, None]
    for (moved, turned, inverse), share in zip(history, reversed(shares), strict=True):
        rest += (share - inverse * _dot(turned, rest))[:, None, None] * moved
    return -rest


def _step(
    evaluate: Evaluate,
    parameters: np.ndarray,
    losses: np.ndarray,
    direction: np.ndarray,
    slope: np.ndarray,
    moving: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Step as far as the loss falls enough (Armijo); a problem that is not moving, or finds no step, stays."""
    length = np.where(moving, 1.0, 0.0)
    for trial in range(_TRIALS + 1):
        after = parameters + length[:, None, None] * direction
        lower, changed = evaluate(after)
        with np.errstate(invalid="ignore"):
            high = ~(lower <= losses + _ARMIJO * length * slope + _ROUNDING * np.abs(losses)) & (length > 0)
        if not high.any():
            return after, lower, changed
        with np.errstate(all="ignore"):  # the lowest point of the parabola through what is known
            lowest = -slope * length**2 / (2 * (lower - losses - slope * length))
        shorter = np.where(np.isfinite(lowest), np.clip(lowest, length / 10, length / 2), length / 10)
        length = np.where(high, 0.0 if trial == _TRIALS - 1 else shorter, length)
    return after, lower, changed


def _dot(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The inner products of each problem: [P]."""
    return np.einsum("pkd,pkd->p", a, b)
