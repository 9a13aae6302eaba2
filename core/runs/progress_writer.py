"""Writes down a training's events: the status for who looks now, the metrics for good, the log in words."""

import time
from dataclasses import asdict

from core.runs.folder import RunFolder
from core.runs.metrics import Pace
from core.runs.remaining import Remaining
from core.training.events import Epoch, Event, Progress, Step

_STATUS_SECONDS = 0.5


def counted(done: int, total: int) -> str:
    """How much of something is done. What goes into the millions are the bytes of a download."""
    if total >= 1_000_000:
        return f"{done / 1e6:,.0f} of {total / 1e6:,.0f} MB"
    return f"{done:,} of {total:,}"


class ProgressWriter:
    """Takes the events of one training as they come."""

    def __init__(self, run: RunFolder, *, resumed: bool) -> None:
        self._run = run
        self.resumed = resumed
        self._rewind = resumed
        self._began = time.monotonic()
        self._shown = float("-inf")
        self._phase = ""
        self._pace = Pace()
        self._remaining = Remaining()
        self._epochs = run.status().epochs
        self._batches = 0

    def note(self, event: Event) -> None:
        """Writes one event down. Raises OSError where the disk is full or the folder gone."""
        if isinstance(event, Progress):
            self.phase(event.phase, event.done, event.total)
            return
        if self._rewind:
            self._run.rewind_metrics(event.epoch)
            self._rewind = False
        if isinstance(event, Step):
            self._step(event)
        else:
            self._epoch(event)

    def phase(self, phase: str, done: int = 0, total: int | None = None) -> None:
        """What goes on outside the batches, with how much of it is done."""
        moment = time.monotonic()
        if phase == self._phase and moment - self._shown < _STATUS_SECONDS:
            return
        self._phase, self._shown = phase, moment
        self._run.write_status(phase=f"{phase}: {counted(done, total)}" if total else phase)

    def _step(self, step: Step) -> None:
        moment = time.monotonic()
        self._batches = step.batches
        seconds_left = self._remaining.after_step(step.epoch, self._epochs, step.batch, step.batches)
        if self._pace.due(moment - self._began):
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
        if epoch.best:  # the reports that an earlier, stopped part of the training left are of another model
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
