"""Saves the epochs of a training: long ones at once; of quick ones the newest and the best, every few seconds."""

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from copy import deepcopy
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Self

from torch import Tensor
from torch.optim import Optimizer

from core.errors import StorageError
from core.models.bundle import BundleInfo
from core.models.heads import task_of
from core.training import checkpoint
from core.training.best_epoch import BestEpochTracker
from core.training.checkpoint import CheckpointState
from core.training.events import Epoch
from core.training.network import Phase, state_of_parts
from core.training.saving.epoch_keeper import EpochKeeper
from core.training.saving.run_bundle import run_bundle_info
from core.training.setup import TrainingSetup
from core.training.techniques.weight_average import WeightAverage

PAUSE_SECONDS = 5.0
"""A process that is killed loses the epochs of so many seconds, or one epoch; resumed, it trains them again, the same.

An epoch is saved if the next one, taking as long, would end later than that.
"""
_MOST_COPIED_BYTES = 16 << 20
"""Only an epoch whose trained part is small waits, such as a head's: copies of a whole network would take memory that
training needs, and its epochs take longer than saving them."""


@dataclass(frozen=True)
class _Waiting:
    """An epoch that is not saved yet, with copies of what the next epochs change."""

    figures: Epoch
    info: BundleInfo
    state: CheckpointState
    weights: list[Tensor]


class EpochSaver:
    """Writes ``best/`` and ``last/`` of a run folder; leaving its context saves what waits, whatever the reason.

    ``best/`` is written before ``last/``: a run killed in between repeats the epoch and finds the same best.
    """

    def __init__(self, run: TrainingSetup, folder: Path, average: WeightAverage | None) -> None:
        self._run, self._folder, self._average = run, folder, average
        self._saved_at = -PAUSE_SECONDS
        self._ended_at = time.monotonic()
        self._written_best = 0  # the epoch in best/, as far as this process has written it
        self._trained: list[Tensor] = []
        self._best: _Waiting | None = None
        self._last: _Waiting | None = None
        keeps = run.recipe.keep_epochs and run.accelerator.is_main_process
        self._keeper = EpochKeeper(run, folder) if keeps else None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        with self._averages():
            try:
                self._write_waiting()
            except StorageError:
                raise
            except BaseException:  # a second stop while it saves; what is not whole yet is written after all
                self._write_waiting()
                raise

    def begin_phase(self, number: int) -> None:
        """Note how the network is before the first step of a phase."""
        if self._keeper is not None:
            self._keeper.begin_phase(number)

    def save(
        self,
        figures: Epoch,
        optimizer: Optimizer,
        tracker: BestEpochTracker,
        phase: Phase,
        number: int,
        finished: bool,
    ) -> None:
        """Save an epoch of a phase, now or soon. Raises StorageError if the disk does not allow it."""
        run = self._run
        if run.accelerator.is_main_process:
            with self._averages():
                epoch = self._described(figures, optimizer, tracker, number, finished)
                self._trained = list(state_of_parts(run.model, phase.rates).values())
                now = finished or figures.epoch == phase.end or self._is_time(epoch.state)
                self._last = epoch if now else self._copied(epoch)
                self._best = self._last if figures.best else self._best
                if now:
                    # If this fails, no step follows: leaving the context writes the rest, without copies too.
                    self._write_waiting()
                    self._saved_at = time.monotonic()
                if self._keeper is not None:
                    self._keeper.keep(figures, number, finished=finished)
                self._ended_at = time.monotonic()
        run.accelerator.wait_for_everyone()

    def _averages(self) -> AbstractContextManager[None]:
        return self._average.applied() if self._average else nullcontext()

    def _copied(self, epoch: _Waiting) -> _Waiting:
        """Return an epoch with copies of all that the next ones change."""
        state = CheckpointState(**deepcopy(vars(epoch.state)))
        return replace(epoch, state=state, weights=[one.clone() for one in self._trained])

    def _described(
        self,
        figures: Epoch,
        optimizer: Optimizer,
        tracker: BestEpochTracker,
        number: int,
        finished: bool,
    ) -> _Waiting:
        run, scaler = self._run, self._run.accelerator.scaler
        info = run_bundle_info(
            arch=run.arch,
            task=task_of(run.model),
            snapshot=run.snapshot,
            recipe=run.recipe,
            preprocessing=run.preprocessing.as_dict(),
            origin=run.origin,
            figures=figures,
        )
        state = CheckpointState(
            epoch=figures.epoch,
            phase=number,
            finished=finished,
            standing=asdict(tracker),
            optimizer=optimizer.state_dict(),
            scaler=scaler.state_dict() if scaler is not None else None,
            average=self._average.state() if self._average else None,
        )
        return _Waiting(figures, info, state, [])

    def _is_time(self, state: CheckpointState) -> bool:
        copied = sum(one.nbytes for one in self._trained) + _bytes_in(state.optimizer) + _bytes_in(state.average)
        now = time.monotonic()
        next_end = now + (now - self._ended_at)
        return copied > _MOST_COPIED_BYTES or next_end - self._saved_at >= PAUSE_SECONDS

    def _write_waiting(self) -> None:
        """Write the best and then the last epoch that wait; each waits until it is written whole."""
        if (best := self._best) is not None:
            self._write_best(best)
            self._written_best, self._best = best.figures.epoch, None
        if (last := self._last) is not None:
            self._write_last(last)
            self._last = None

    def _write_best(self, epoch: _Waiting) -> None:
        with _holding(self._trained, epoch.weights):
            checkpoint.save_best(self._folder, self._run.model, epoch.info)

    def _write_last(self, epoch: _Waiting) -> None:
        with _holding(self._trained, epoch.weights):
            same = self._written_best == epoch.figures.epoch
            checkpoint.save_last(
                self._folder, self._run.model, epoch.info, epoch.state, epoch.figures, weights_are_best=same
            )


@contextmanager
def _holding(tensors: list[Tensor], values: list[Tensor]) -> Iterator[None]:
    """Give tensors other values inside; without any, they keep their own."""
    if not values:
        yield
        return
    own = [one.clone() for one in tensors]
    _copy(values, tensors)
    try:
        yield
    finally:
        _copy(own, tensors)


def _copy(values: list[Tensor], tensors: list[Tensor]) -> None:
    for tensor, value in zip(tensors, values, strict=True):
        tensor.copy_(value)


def _bytes_in(found: object) -> int:
    if isinstance(found, Tensor):
        return found.nbytes
    if isinstance(found, dict):
        return sum(map(_bytes_in, found.values()))
    return sum(map(_bytes_in, found)) if isinstance(found, list | tuple) else 0
