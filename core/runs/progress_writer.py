"""Writes a training's events into its run folder: status, metrics, log and TensorBoard files."""

import time
from collections.abc import Mapping
from dataclasses import asdict
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from core.errors import RunError
from core.models.bundle import INFO_FILE, complete_folder, has_bundle, read_info
from core.processors import ProcessorShare
from core.progress import COMPUTING_FEATURES
from core.runs import metrics
from core.runs.estimates.work import FULL_STEP, UPPER_SHARES
from core.runs.folder import RunFolder
from core.runs.metrics import EpochLine, StepSampler
from core.runs.remaining import RemainingTime
from core.runs.run_files import read_limited
from core.runs.tensorboard.event_writer import EventWriter
from core.training.events import EPOCH_FILE, EarlyModel, Epoch, Event, PhaseChange, Progress, Step

if TYPE_CHECKING:
    from core.training.recipe import Recipe

EVALUATING = "evaluating the best model"
"""How the phase after the training begins."""

_STATUS_SECONDS = 0.5
_EPOCH_BYTES = 10_000


def progress_text(done: int, total: int) -> str:
    """Return "3 of 10"; totals of a million and more are bytes of a download, shown in MB."""
    if total >= 1_000_000:
        return f"{done / 1e6:,.0f} of {total / 1e6:,.0f} MB"
    return f"{done:,} of {total:,}"


class ProgressWriter:
    """Receives the events of one training and writes them down; ``photos`` is how many each split has."""

    def __init__(self, run: RunFolder, *, resumed: bool, photos: Mapping[str, int]) -> None:
        self._run = run
        self.resumed = resumed
        self._began = time.monotonic()
        self._shown = float("-inf")
        self._phase = ""
        self._sampler = StepSampler()
        self._photos = photos
        self._remaining = RemainingTime(validation_photos=photos.get("val", 0))
        self._epochs = run.status().epochs
        self._layers: str | None = None  # what the present phase of an automatic training trains
        self._epoch_done = run.status().epoch
        self._batches = 0
        self._tensorboard = EventWriter(run.path, run.append_log)
        self._share = ProcessorShare()
        self._trained = 0  # batches of the finished epochs: the scale of the TensorBoard files

    def rewind(self) -> None:
        """Delete the metrics of epochs that were not saved, since they are repeated, and restore a lost line."""
        saved = saved_epoch(self._run)
        self.rewind_to(saved["epoch"] if saved else 0)
        self.restore()

    def rewind_to(self, last: int) -> None:
        """Delete the metrics of all epochs after this one, since they are repeated."""
        self._run.rewind_metrics(last + 1)
        self._epoch_done = last
        self._trained = self._batches_until(last)
        self._tensorboard.begin(self._trained + 1)

    def restore(self) -> None:
        """Write the line of the epoch in ``last/`` if the process died, or was stopped, between saving and recording.

        Raises RunError or BundleError if ``last/`` is damaged.
        """
        self.restore_line(saved_epoch(self._run))

    def restore_line(self, saved: dict[str, Any] | None) -> None:
        """Write the line of a saved epoch unless it is there; ``saved`` has its fields, as metrics.jsonl does."""
        known = {record["epoch"] for record in metrics.records(self._run.metrics_path, "epoch")}
        if saved is None or saved["epoch"] in known:
            return
        self._trained = self._batches_until(saved["epoch"])
        self._record(saved)
        self._run.append_log(f"epoch {saved['epoch']} had been saved but not recorded: its figures are from last/.")

    def write(self, event: Event) -> None:
        """Write one event. Raises OSError or StorageError if the disk is full, RunError if the folder was deleted."""
        if isinstance(event, Progress):
            self._progress(event)
        elif isinstance(event, Step):
            self._step(event)
        elif isinstance(event, PhaseChange):
            self._phase_change(event)
        elif isinstance(event, EarlyModel):
            self._run.append_log(event.sentence)
        else:
            self._epoch(event)

    def write_phase(self, phase: str, done: int = 0, total: int | None = None, **changes: Any) -> None:
        """Write what happens outside the batches, and how much of it is done."""
        moment = time.monotonic()
        if phase == self._phase and moment - self._shown < _STATUS_SECONDS:
            return
        self._phase, self._shown = phase, moment
        self._run.write_status(phase=f"{phase}: {progress_text(done, total)}" if total else phase, **changes)

    def start_evaluation(self) -> None:
        """Write that the training is over and how long the evaluation will take."""
        self._run.write_status(phase=EVALUATING, seconds_left=self._remaining.start_evaluation())

    def write_evaluation(self, done: int, total: int) -> None:
        """Write how many validation photos have been evaluated."""
        left = self._remaining.after_evaluated(done)
        self.write_phase(f"{EVALUATING} on the validation photos", done, total, seconds_left=left)

    def close(self) -> None:
        """Close the TensorBoard file; everything else is written already."""
        self._tensorboard.close()

    def _progress(self, progress: Progress) -> None:
        changes = {}
        if progress.phase == COMPUTING_FEATURES and progress.total:
            left = self._remaining.after_features(progress.done, progress.total, self._training_in_views())
            changes = {} if left is None else {"seconds_left": left}
        elif progress.phase == "evaluating on the validation photos":
            left = self._remaining.after_validation(progress.done)
            changes = {} if left is None else {"seconds_left": left}
        self.write_phase(progress.phase, progress.done, progress.total, **changes)

    @cached_property
    def _recipe(self) -> "Recipe":
        return self._run.recipe()

    def _training_in_views(self) -> float:
        """Return how many views the whole network can compute in the time of all epochs on kept features, roughly."""
        begun = self._epoch_done
        epoch = FULL_STEP * self._photos.get("train", 0) + self._photos.get("val", 0)
        if self._layers is not None:
            return epoch * UPPER_SHARES.get(self._layers, 0.0) * max(0, self._epochs - begun)
        if self._recipe.train == "staged":
            return epoch * (self._recipe.epochs - max(begun, self._recipe.resolved_head_epochs()))
        return epoch * UPPER_SHARES.get(self._recipe.train, 0.0) * (self._recipe.epochs - begun)

    def _phase_change(self, change: PhaseChange) -> None:
        self._epochs, self._layers, self._batches = change.epochs, change.train, 0
        self._remaining.begin_phase()
        self._run.append_log(change.sentence)
        self._phase = ""
        self._run.write_status(state="running", epochs=change.epochs, seconds_left=None)

    def _step(self, step: Step) -> None:
        moment = time.monotonic()
        self._batches = step.batches
        seconds_left = self._remaining.after_step(step.epoch, self._epochs, step.batch, step.batches)
        if self._sampler.due(moment - self._began):
            fields = asdict(step)
            self._run.append_metrics("step", fields)
            del fields["epoch"]
            self._tensorboard.write(self._trained + step.batch, fields, prefix="batch/")
        phase = f"epoch {step.epoch} of {self._epochs}"
        if phase == self._phase and moment - self._shown < _STATUS_SECONDS:
            return
        self._phase, self._shown = phase, moment
        status = self._run.write_status(
            state="running",
            phase=phase,
            epoch=step.epoch,
            batch=step.batch,
            batches=step.batches,
            images_per_second=step.images_per_second,
            seconds_left=seconds_left,
        )
        self._remaining.full_precision = status.precision in (None, "fp32")

    def _epoch(self, epoch: Epoch) -> None:
        self._trained += self._batches or 1
        self._epoch_done = epoch.epoch
        self._record(asdict(epoch))
        if epoch.sentence:
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

    def _record(self, epoch: dict[str, Any]) -> None:
        if epoch["best"]:  # reports from before a stop and resume belong to another model
            for pattern in ("report-*.json", "predictions-*.csv", "logits-*.npy", "foreign-*.npy"):
                for path in self._run.path.glob(pattern):
                    path.unlink()
        self._run.append_metrics("epoch", {**epoch, "slowdown": self._share.slowdown()})
        self._tensorboard.write(self._trained, epoch)
        self._tensorboard.flush()

    def _batches_until(self, epoch: int) -> int:
        """Return how many batches were trained up to the end of this epoch, from the recorded steps.

        An epoch without a learning rate was solved, which counts as one batch.
        """
        steps = metrics.records(self._run.metrics_path, "step")
        known = {record["epoch"]: record.get("batches", 0) for record in steps}
        usual = next((batches for batches in reversed(known.values()) if batches), self._run.status().batches) or 1
        for record in metrics.records(self._run.metrics_path, "epoch"):
            if record.get("learning_rate") == 0.0 and record.get("images_per_second") == 0.0:
                known.setdefault(record["epoch"], 1)
        return sum(known.get(number) or usual for number in range(1, epoch + 1))


def saved_epoch(run: RunFolder) -> dict[str, Any] | None:
    """Return the fields of the epoch in ``last/``, as metrics.jsonl has them; None before the first was saved.

    Raises RunError or BundleError if they are damaged.
    """
    if not has_bundle(run.last):
        return None
    try:
        text = read_limited(complete_folder(run.last) / EPOCH_FILE, _EPOCH_BYTES)
        line = EpochLine.model_validate_json(text)
    except (OSError, RunError, ValidationError):
        line = _line_of_bundles(run)
    return {"best": False, **line.model_dump(exclude={"kind"}, exclude_unset=True)}


def _line_of_bundles(run: RunFolder) -> EpochLine:
    """Return the figures in bundle.json, for a checkpoint of an earlier version; they lack the speed and the rate."""
    last = read_info(run.last)
    best = read_info(run.best).metrics.get("epoch") if has_bundle(run.best) else None
    epochs = (last.recipe or {}).get("epochs", 0)
    fields = {**last.metrics, "epochs": epochs, "best": best == last.metrics.get("epoch")}
    try:
        return EpochLine.model_validate(fields)
    except ValidationError as error:
        path = run.last / INFO_FILE
        raise RunError(f"{path} has no readable figures of its epoch. Start a new run instead.") from error
