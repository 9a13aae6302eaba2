"""The share of time that the eyes were closed, over the last seconds: a measure of drowsiness like PERCLOS.

PERCLOS (Wierwille et al. 1994, DOT HS 808 247; Dinges and Grace 1998, FHWA-MCRT-98-006) is the share of a minute in
which the eyelids cover at least 80 % of the pupils, slow closures and not blinks. Here a classifier's probability takes
the place of the measured eyelid, so limits from the literature are a start and no more.
"""

from collections import deque

GAP_SECONDS = 1.0
"""Longer than this after a frame, nobody knows whether the eyes were still as they were in it."""
LEAST_KNOWN = 0.25
"""Of the window: before so much of it was seen, there is no share."""


class ClosedShare:
    """Counts time, not frames: a frame stands for the time until the next one, at most GAP_SECONDS."""

    def __init__(self, window_seconds: float) -> None:
        if window_seconds <= 0:
            raise ValueError("the window is longer than 0 seconds")
        self.window_seconds = window_seconds
        self._spans: deque[tuple[float, float, bool]] = deque()  # from, to, closed
        self._last: tuple[float, bool] | None = None

    def add(self, at: float, closed: bool) -> float | None:
        """Return the share from 0 to 1 after a frame; None while too little of the window was seen."""
        if self._last is not None:
            began, was_closed = self._last
            self._spans.append((began, min(at, began + GAP_SECONDS), was_closed))
        self._last = (at, closed)
        start = at - self.window_seconds
        while self._spans and self._spans[0][1] <= start:
            self._spans.popleft()
        spans = [(end - max(began, start), shut) for began, end, shut in self._spans]
        known = sum(seconds for seconds, _ in spans)
        if known < LEAST_KNOWN * self.window_seconds:
            return None
        return sum(seconds for seconds, shut in spans if shut) / known
