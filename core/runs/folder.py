"""A run's folder: the complete record of one training.

    recipe.json  snapshot.csv         what to train; never changed
    status.json  metrics.jsonl  log.txt    the progress
    best/  last/                      the best model so far; the latest one, with the state for an exact resume
                                      (best/ may begin with an early model: see core.training.early)
    tensorboard/                      the same figures as event files, for those who have TensorBoard
    report-<split>.json  predictions-<split>.csv    on the validation photos written after the training
    logits-<split>.npy  foreign-val.npy    for each of the predictions: the logits, and the score for "none of these"
    exams.jsonl                       a line for each look at the test photos
    earlier-decision.json             while a resumed training may replace the model that it was for
    report.html                       the report as one page, once somebody has asked for it
    onnx.zip                          the model as ONNX files, the same
    epochs/                           the trained layers of a few epochs: see core.training.saving.kept_epochs
    phases.json  phases/              of an automatic training: what it has done, and a folder like this for each phase

There are also two empty lock files: ``.lock`` (held while status.json is replaced) and ``.worker.lock`` (held by the
process that trains this run).
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock

from core.errors import RunError, StudioError
from core.models.bundle import finish_replacement, has_bundle, replacement_is_unfinished
from core.runs import metrics
from core.runs.automatic.phases import FILE, FOLDER
from core.runs.exams.locked import withheld
from core.runs.process import process_lives
from core.runs.run_files import MB, append_bytes, check_file, read_limited, replace_file
from core.runs.status import Status, now, read_status
from core.storage_errors import storage_error
from core.workspace import Workspace

# Imported only where they are read: a list of runs needs none of them.
if TYPE_CHECKING:
    import pandas as pd

    from core.data.snapshot import Snapshot
    from core.inspection.measuring.report import Report
    from core.training.recipe import Recipe

_LOG_TAIL_BYTES = 100_000
_RECIPE_BYTES = 100_000
_REPORT_BYTES = 100 * MB
_PREDICTIONS_BYTES = 500 * MB
_REASON_LETTERS = 1_000
_NAME_LETTERS = 255

_SIDES = ("x", "y", "width", "height")
_NUMBERS = {*_SIDES, *(f"true_{side}" for side in _SIDES), "iou", "center_error"}


class RunFolder:
    """The files of one run. Reading its status is cheap and never fails; files are written whole."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.log_path = self.path / "log.txt"
        self.status_path = self.path / "status.json"
        self.metrics_path = self.path / "metrics.jsonl"

    @property
    def id(self) -> str:
        return self.path.name

    @property
    def best(self) -> Path:
        return self.path / "best"

    @property
    def last(self) -> Path:
        return self.path / "last"

    @property
    def finished(self) -> bool:
        """Whether there is a model: at least one epoch has ended, or an early one from some photos is there."""
        return has_bundle(self.best)

    @property
    def begun(self) -> bool:
        """Whether it can be resumed from a checkpoint: at least one epoch was saved.

        An automatic training has its checkpoints in the folders of its phases; without one, it may have a first model.
        """
        if has_bundle(self.last):
            return True
        with suppress(OSError):  # a folder that may not be looked into
            if (self.path / FILE).is_file():
                return self.finished or any(has_bundle(one) for one in self.bundles() if one.name == "last")
        return False

    def __repr__(self) -> str:
        return f"RunFolder({str(self.path)!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RunFolder) and other.path == self.path

    def __hash__(self) -> int:
        return hash(self.path)

    def recipe(self) -> "Recipe":
        """Return the run's recipe. Raises RunError if recipe.json is missing or damaged."""
        from core.errors import RecipeError
        from core.training.recipe import Recipe

        path = self.path / "recipe.json"
        try:
            return Recipe.from_json(read_limited(path, _RECIPE_BYTES))
        except (OSError, RecipeError, RunError) as error:
            reason = str(error)[:_REASON_LETTERS]
            raise RunError(f"{path} cannot be read, so this run cannot be used: {reason}") from error

    def snapshot(self) -> "Snapshot":
        """Return the snapshot that the run is trained on. Raises DataError if it is missing or was changed."""
        from core.data.snapshot import Snapshot

        return Snapshot.read(self.path / "snapshot.csv")

    def status(self) -> Status:
        """Return the run's current status. A run whose process has died is first changed to interrupted.

        If the process is seen alive later, the run gets its state back. A folder that cannot be read gets the state
        failed, with the reason as its message.
        """
        try:
            status = read_status(self.status_path)
        except RunError as error:
            unread = Status(state="failed", created=self._changed())
            return unread.changed(title=self.id, message=str(error))
        return status if self._is_true(status) else self._correct(status)

    def write_status(self, **changes: Any) -> Status:
        """Replace these fields of status.json. Raises RunError if the run was deleted, StorageError on a full disk."""
        with self.locked():
            return self.replace_status(read_status(self.status_path), **changes)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the lock of status.json, so that nobody changes it between reading and writing.

        Errors of the disk inside become StorageErrors.
        """
        # FileLock creates missing folders, and a deleted run must not come back as an empty one.
        if not self.path.is_dir():
            raise RunError(f"The run {self.id} no longer exists. It may have been deleted.")
        try:
            with FileLock(self.path / ".lock", poll_interval=0.005):
                yield
        except OSError as error:
            if known := storage_error(error, f"the status of the run {self.id} could not be saved"):
                raise known from error
            raise

    def lives(self, status: Status) -> bool:
        """Return whether the process that this status of the run names is alive."""
        return process_lives(status, self.path)

    def repair(self) -> None:
        """Restore ``best/`` and ``last/`` if the run's process died while it replaced them, also those of phases."""
        unfinished = [bundle for bundle in self.bundles() if replacement_is_unfinished(bundle)]
        if not unfinished:
            return
        # Where this is impossible, such as on a disk that is read-only, the bundles can be read all the same.
        with suppress(OSError, StudioError), self.locked():
            if not self.lives(read_status(self.status_path)):
                for bundle in unfinished:
                    finish_replacement(bundle)

    def bundles(self) -> list[Path]:
        """Return where its models and checkpoints are: ``best/`` and ``last/``, then those of its phases."""
        phases = sorted(self.path.glob(f"{FOLDER}/[!.]*"))
        return [folder / name for folder in (self.path, *phases) for name in ("best", "last")]

    def epochs(self) -> "pd.DataFrame":
        """Return one row for each finished epoch; before the first, an empty table with all columns."""
        return metrics.read(self.metrics_path, "epoch")

    def steps(self) -> "pd.DataFrame":
        """Return one row for each recorded step: up to two a second, fewer in long runs."""
        return metrics.read(self.metrics_path, "step")

    def append_metrics(self, kind: metrics.MetricKind, fields: dict[str, Any]) -> None:
        metrics.append(self.metrics_path, kind, fields)

    def rewind_metrics(self, epoch: int) -> None:
        """Delete the metrics of this epoch and later ones, because a resumed run repeats them."""
        metrics.rewind(self.metrics_path, epoch)

    def log(self, lines: int = 200) -> str:
        """Return the last lines of log.txt; of a line that a progress bar overwrote, only its last state."""
        try:
            with self.log_path.open("rb") as file:
                size = file.seek(0, os.SEEK_END)
                file.seek(max(0, size - _LOG_TAIL_BYTES))
                text = file.read(_LOG_TAIL_BYTES).decode("utf-8", errors="replace")
        except OSError:
            return ""
        return "\n".join(line.rstrip("\r").rsplit("\r", 1)[-1] for line in text.split("\n")[-lines - 1 :]).strip("\n")

    def append_log(self, text: str) -> None:
        stamp = datetime.now().strftime("%H:%M:%S")
        append_bytes(self.log_path, f"{stamp} {text}\n".encode(errors="replace"))

    def report(self, split: str) -> "Report | None":
        """Return the run's report on a split, or None if it has not been evaluated on it. Raises RunError.

        Figures on test photos are withheld (None) while the teacher has locked the exam.
        """
        from core.inspection.measuring.report import Report

        path = self.report_path(split)
        if not path.exists() or withheld(self.path, split):
            return None
        check_file(path, _REPORT_BYTES)
        return Report.read(path)

    def report_path(self, split: str) -> Path:
        """Return where the run's report on a split is, once there is one."""
        return self.path / f"report-{split}.json"

    def predictions(self, split: str) -> "pd.DataFrame | None":
        """Return the run's prediction for each image of a split, or None if it has not been evaluated on it.

        Those for test photos are withheld (None) while the teacher has locked the exam. Raises RunError if the file is
        damaged.
        """
        from core.inspection.measuring.predictions_csv import read

        path = self.path / f"predictions-{split}.csv"
        if not path.exists() or withheld(self.path, split):
            return None
        check_file(path, _PREDICTIONS_BYTES)
        try:
            table = read(path)
            _check_predictions(table)
        except (OSError, ValueError) as error:
            raise RunError(f"{path} cannot be read. Evaluate the run again to replace it.") from error
        return table

    def replace_status(self, status: Status, **changes: Any) -> Status:
        """Write this status with these fields changed. Call it inside ``locked``, with a status read there."""
        status = status.changed(**changes)
        replace_file(self.status_path, status.model_dump_json(indent=2), overwrite_if_full=True)
        return status

    def _is_true(self, status: Status) -> bool:
        """Return whether the state agrees with whether the process is alive."""
        if status.live:
            return self.lives(status)
        return status.lost_state is None or not self.lives(status)

    def _correct(self, seen: Status) -> Status:
        """Change a status that is not true, and repair what a dead process left half done."""
        try:
            with self.locked():
                status = read_status(self.status_path)
                if self._is_true(status):
                    return status
                status = self.replace_status(status, **self._correction(status))
        except (OSError, StudioError):  # a full disk or a read-only folder: the answer is correct anyway
            return seen.changed(**self._correction(seen))
        self.repair()
        return status

    def _correction(self, status: Status) -> dict[str, Any]:
        if not status.live:  # its process was taken for dead
            return {"state": status.lost_state}
        before = "before the first epoch" if status.started else "while it waited in the queue"
        when = f"in epoch {status.epoch}" if status.epoch else before
        how = "continue after the last finished epoch" if self.begun else "start from the beginning"
        message = f"Its process ended {when}. Resume the run to {how}."
        from core.training.early.seen_photos import seen_photos

        if (early := seen_photos(self.best)) is not None:
            message = f"Its process ended before its final model. Resume the run to go on. {early.usable}"
        ended = {"ended": now(), "message": message, "phase": "", "seconds_left": None}
        return {"state": "interrupted", "lost_state": status.state, **ended}

    def _changed(self) -> datetime:
        try:
            moment = datetime.fromtimestamp(self.path.stat().st_mtime, UTC)
        except (OSError, ValueError, OverflowError):
            return now()
        return min(max(moment, datetime(1970, 1, 2, tzinfo=UTC)), now())


def _check_predictions(table: "pd.DataFrame") -> None:
    """Raise ValueError for what is no number, or no probability."""
    for name in table.columns:
        if name in _NUMBERS:
            table[name].replace("", "nan").astype(float)
        if name.startswith("probability") and not table[name].dropna().between(0, 1).all():
            raise ValueError(f"{name} is not between 0 and 1")


def list_runs(workspace: Workspace, project_id: int | None = None) -> list[RunFolder]:
    """Return the runs of a workspace, newest first; with ``project_id``, only those of that project."""
    found = runs_with_status(workspace)
    return [run for run, status in found if project_id is None or status.project_id == project_id]


def runs_with_status(workspace: Workspace) -> list[tuple[RunFolder, Status]]:
    """Return the runs of a workspace, newest first, each with the status that was read for it."""
    try:
        entries = [entry for entry in os.scandir(workspace.runs) if entry.is_dir() and not entry.name.startswith(".")]
    except FileNotFoundError:
        return []
    found = [(run, run.status()) for run in (RunFolder(Path(entry.path)) for entry in entries)]
    return sorted(found, key=lambda pair: (pair[1].created, pair[0].id), reverse=True)


def workspace_run(run_id: str, workspace: Workspace) -> RunFolder:
    """Return the workspace's run with this id, never one outside the workspace: for ids from a page's URL."""
    path = workspace.runs / run_id[:_NAME_LETTERS]
    if run_id.startswith(".") or path.parent != workspace.runs or path.name != run_id or not path.is_dir():
        raise RunError(f"There is no run {run_id[:_NAME_LETTERS]!r} in the workspace. It may have been deleted.")
    run = RunFolder(path)
    run.repair()
    return run


def open_run(reference: str | Path, workspace: Workspace) -> RunFolder:
    """Return the run with this id in the workspace, or the run folder at this path. Raises RunError."""
    text = str(reference)
    if len(Path(text).name) > _NAME_LETTERS:
        raise RunError(f"There is no run {text[:_NAME_LETTERS]!r}: the name is too long.")
    if Path(text).name == text and (workspace.runs / text).is_dir():
        return workspace_run(text, workspace)
    path = Path(text).expanduser()
    if (path / "status.json").is_file():
        run = RunFolder(path)
        run.repair()
        return run
    if (path / "bundle.json").is_file():
        around = path.resolve().parent
        whole = around if (around / "status.json").is_file() else "the run that it was exported from"
        lacks = "neither photos for evaluation nor the state for resuming training"
        raise RunError(f"{text} is a bundle, not a run: it holds the model, but {lacks}. Use {whole}.")
    if path.is_dir():
        raise RunError(f"{text} is a folder, but not a run: it has no status.json. Give a run folder or a run id.")
    raise RunError(f"There is no run {text!r}: it is neither a run id in {workspace.runs} nor a run folder.")
