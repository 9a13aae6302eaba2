"""How long a training will still take, from the pace of its batches and epochs so far."""

import time
from collections.abc import Callable

# Validation and saving, as a share of the training batches' time, until one epoch has shown the truth.
_FIRST_GUESS = 0.15


class Remaining:
    """Fed with the steps and epochs of a training, it estimates the seconds that are left of it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._epoch = 0
        self._first: tuple[int, float] = (0, 0.0)  # a batch of this epoch and the time at which it ended
        self._last_batch = 0.0
        self._around: float | None = None  # seconds of an epoch outside its training batches
        self._per_batch: float | None = None

    def after_step(self, epoch: int, epochs: int, batch: int, batches: int) -> float | None:
        """Seconds left after this batch, or None while there is too little to tell by."""
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
        """Seconds left after an epoch that took ``seconds`` in all."""
        if self._epoch == epoch:
            self._around = max(0.0, self._clock() - self._last_batch)
        return (epochs - epoch) * seconds
