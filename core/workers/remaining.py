"""Estimates the remaining time of a computation from its progress reports."""

import time
from collections.abc import Callable

from core.progress import Progress

# Earlier, an estimate would jump about.
_LEAST_SECONDS = 2.0
_LEAST_SHARE = 0.01
# The weight of a new estimate against the older ones.
_NEW = 0.3


class RemainingSeconds:
    """Follows one computation; phases without a total, such as loading, are not counted."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._first: tuple[float, float] | None = None  # share done, time
        self._last_share = 0.0
        self._end: float | None = None  # estimated time of the end, smoothed

    def follow(self, progress: Progress) -> None:
        """Take note of a progress report."""
        if not progress.total:
            return
        share, now = min(1.0, progress.done / progress.total), self._clock()
        if self._first is None or share < self._last_share:  # a new phase begins at 0 again
            self._first, self._end = (share, now), None
        self._last_share = share
        begun, since = self._first
        if share - begun < _LEAST_SHARE or now - since < _LEAST_SECONDS:
            return
        end = now + (now - since) / (share - begun) * (1 - share)
        self._end = end if self._end is None else self._end + _NEW * (end - self._end)

    @property
    def left(self) -> float | None:
        """The seconds left, or None if it is too early to tell."""
        return None if self._end is None else max(0.0, self._end - self._clock())

    @property
    def whole(self) -> float | None:
        """The estimated seconds from the first report to the end."""
        return None if self._end is None or self._first is None else self._end - self._first[1]
