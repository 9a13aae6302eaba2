"""How long answers take, and how many there are a second."""

from collections import deque

import numpy as np

KEPT = 300


class LatencyMeter:
    """The last ``KEPT`` latencies, from a frame to its answer, and the times of these answers."""

    def __init__(self) -> None:
        self._seconds: deque[float] = deque(maxlen=KEPT)
        self._answered: deque[float] = deque(maxlen=KEPT)

    def add(self, seconds: float, answered_at: float) -> None:
        """Note that an answer took ``seconds`` and came at a time of any steady clock."""
        self._seconds.append(seconds)
        self._answered.append(answered_at)

    def percentile(self, share: float) -> float | None:
        """Return the seconds within which this share of the answers (0 to 1) came: one of them, never a mean of two."""
        if not self._seconds:
            return None
        return float(np.quantile(self._seconds, share, method="inverted_cdf"))

    @property
    def per_second(self) -> float | None:
        """How many answers came a second; None before the second one."""
        if len(self._answered) < 2 or self._answered[-1] <= self._answered[0]:
            return None
        return (len(self._answered) - 1) / (self._answered[-1] - self._answered[0])

    def __len__(self) -> int:
        return len(self._seconds)
