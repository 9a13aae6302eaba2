"""Estimates the remaining time of a training from its batches and epochs so far."""

import time
from collections.abc import Callable

# Time for validation and saving relative to the training batches, until it has been measured in one epoch.
_FIRST_GUESS = 0.15


class RemainingTime:
    """Estimates the seconds left from the steps and epochs reported to it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._epoch = 0
        self._first: tuple[int, float] = (0, 0.0)  # a batch of this epoch and the time at which it ended
        self._last_batch = 0.0
        self._around: float | None = None  # seconds of an epoch outside its training batches
        self._per_batch: float | None = None

    def after_step(self, epoch: int, epochs: int, batch: int, batches: int) -> float | None:
        """Return the seconds left after this batch, or None if it is too early to estimate."""
        moment = self._clock()
        if epoch != self._epoch:
            self._epoch, self._first = epoch, (batch, moment)
        first, since = self._first
        self._last_batch = moment
        if batch > first:
            self._per_batch = (moment - since) / (batch - first)
        if self._per_batch is None:
            return None
        training = self._per_batch * batches
        around = self._around if self._around is not None else _FIRST_GUESS * training
        return self._per_batch * (batches - batch) + around + (epochs - epoch) * (training + around)

    def after_epoch(self, epoch: int, epochs: int, seconds: float) -> float:
        """Return the seconds left after an epoch that took ``seconds`` in total."""
        if self._epoch == epoch:
            self._around = max(0.0, self._clock() - self._last_batch)
        return (epochs - epoch) * seconds
