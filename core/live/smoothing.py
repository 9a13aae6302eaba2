"""Smooths probabilities over time, by the frames' times and not by their number: frames come at uneven rates."""

import math
from collections import deque

import numpy as np

from core.live.settings import METHODS, Method


class Smoother:
    """Smooths one stream of probabilities, float [C], whose times in seconds increase.

    ``exponential`` is a running mean in which a frame's weight falls to 1/e after ``seconds``. ``median`` takes each
    class's median over the last ``seconds`` and scales the result to sum 1: it drops single odd frames, and answers
    later.
    """

    def __init__(self, method: Method, seconds: float) -> None:
        if method not in METHODS:
            raise ValueError(f"no smoothing {method!r}; there is {', '.join(METHODS)}")
        if seconds <= 0:
            raise ValueError("the window is longer than 0 seconds")
        self.method = method
        self.seconds = seconds
        self._at = -math.inf
        self._mean: np.ndarray | None = None
        self._window: deque[tuple[float, np.ndarray]] = deque()

    def add(self, at: float, probabilities: np.ndarray) -> np.ndarray:
        """Return the smoothed probabilities [C] after a frame. Raises ValueError for a time that does not increase."""
        if at <= self._at:
            raise ValueError(f"the frame at {at} s does not follow the one at {self._at} s")
        passed, self._at = at - self._at, at
        values = np.asarray(probabilities, np.float64)
        if self.method == "none":
            return values
        if self.method == "exponential":
            weight = 1.0 if self._mean is None else -math.expm1(-passed / self.seconds)
            self._mean = values if self._mean is None else self._mean + weight * (values - self._mean)
            return self._mean
        self._window.append((at, values))
        while self._window[0][0] <= at - self.seconds:
            self._window.popleft()
        middle = np.median([one for _, one in self._window], axis=0)
        total = middle.sum()
        # With three classes or more, the medians of all may be 0.
        return middle / total if total > 0 else values
