"""Writes a training's events into its run folder: status, metrics and log."""

import time
from dataclasses import asdict

from core.runs.folder import RunFolder
from core.runs.metrics import StepSampler
from core.runs.remaining import RemainingTime
from core.training.events import Epoch, Event, Progress, Step

_STATUS_SECONDS = 0.5


def progress_text(done: int, total: int) -> str:
    """Return "3 of 10"; totals of a million and more are bytes of a download, shown in MB."""
    if total >= 1_000_000:
        return f"{done / 1e6:,.0f} of {total / 1e6:,.0f} MB"
    return f"{done:,} of {total:,}"


class ProgressWriter:
    """Receives the events of one training and writes them down."""

    def __init__(self, run: RunFolder, *, resumed: bool) -> None:
        self._run = run
        self.resumed = resumed
        self._rewind = resumed
        self._began = time.monotonic()
        self._shown = float("-inf")
        self._phase = ""
        self._sampler = StepSampler()
        self._remaining = RemainingTime()
        self._epochs = run.status().epochs
        self._batches = 0

    def write(self, event: Event) -> None:
        """Write one event. Raises OSError if the disk is full or the folder was deleted."""
        if isinstance(event, Progress):
            self.write_phase(event.phase, event.done, event.total)
            return
        if self._rewind:
            self._run.rewind_metrics(event.epoch)
            self._rewind = False
        if isinstance(event, Step):
            self._step(event)
        else:
            self._epoch(event)

    def write_phase(self, phase: str, done: int = 0, total: int | None = None) -> None:
        """Write what happens outside the batches, and how much of it is done."""
        moment = time.monotonic()
        if phase == self._phase and moment - self._shown < _STATUS_SECONDS:
            return
        self._phase, self._shown = phase, moment
        self._run.write_status(phase=f"{phase}: {progress_text(done, total)}" if total else phase)

    def _step(self, step: Step) -> None:
        moment = time.monotonic()
        self._batches = step.batches
        seconds_left = self._remaining.after_step(step.epoch, self._epochs, step.batch, step.batches)
        if self._sampler.due(moment - self._began):
            self._run.append_metrics("step", asdict(step))
        phase = f"epoch {step.epoch} of {self._epochs}"
        if phase == self._phase and moment - self._shown < _STATUS_SECONDS:
            return
        self._phase, self._shown = phase, moment
        self._run.write_status(
            state="running",
            phase=phase,
            epoch=step.epoch,
            batch=step.batch,
            batches=step.batches,
            images_per_second=step.images_per_second,
            seconds_left=seconds_left,
        )

    def _epoch(self, epoch: Epoch) -> None:
        if epoch.best:  # reports from before a stop and resume belong to another model
            for pattern in ("report-*.json", "predictions-*.csv"):
                for path in self._run.path.glob(pattern):
                    path.unlink()
        self._run.append_metrics("epoch", asdict(epoch))
        self._run.append_log(epoch.sentence)
        self._phase = ""
        self._run.write_status(
            state="running",
            epoch=epoch.epoch,
            epochs=epoch.epochs,
            batch=self._batches,
            images_per_second=epoch.images_per_second,
            seconds_left=self._remaining.after_epoch(epoch.epoch, epoch.epochs, epoch.seconds),
        )
