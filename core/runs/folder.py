"""A run's folder: the complete record of one training.

    recipe.json  snapshot.csv         what to train; never changed
    status.json  metrics.jsonl  log.txt    the progress
    best/  last/                      the best model so far; the latest one, with the state for an exact resume
    report-<split>.json  predictions-<split>.csv    written after the training

There are also two empty lock files: ``.lock`` (held while status.json is replaced) and ``.worker.lock`` (held by the
process that trains this run).
"""

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock

from core.errors import RunError
from core.runs import metrics
from core.runs.device_queue import queue_name
from core.runs.status import Status, now, process_lives, process_start, read_status
from core.workspace import Workspace

# Imported only where they are read: a list of runs needs none of them.
if TYPE_CHECKING:
    import pandas as pd

    from core.data.snapshot import Snapshot
    from core.inspection.measuring.report import Report
    from core.training.recipe import Recipe

_LOG_TAIL_BYTES = 100_000


class RunFolder:
    """The files of one run. Reading its status is cheap and never fails; files are written whole."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.log_path = self.path / "log.txt"

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
        """Whether there is a model: at least one epoch has ended."""
        return _bundle_at(self.best)

    @property
    def begun(self) -> bool:
        """Whether it can be resumed from a checkpoint: at least one epoch was saved."""
        return _bundle_at(self.last)

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
            return Recipe.from_json(path.read_bytes())
        except (OSError, RecipeError) as error:
            raise RunError(f"{path} cannot be read, so this run cannot be used: {error}") from error

    def snapshot(self) -> "Snapshot":
        """Return the snapshot that the run is trained on. Raises DataError if it is missing or was changed."""
        from core.data.snapshot import Snapshot

        return Snapshot.read(self.path / "snapshot.csv")

    def status(self) -> Status:
        """Return the run's current status. A run whose process has died is first changed to interrupted.

        A folder that cannot be read gets the state failed, with the reason as its message.
        """
        try:
            status = read_status(self.path / "status.json")
        except RunError as error:
            changed = datetime.fromtimestamp(self.path.stat().st_mtime, UTC) if self.path.exists() else now()
            return Status(state="failed", title=self.id, created=changed, message=str(error))
        if status.live and not process_lives(status):
            return self._interrupt(status)
        return status

    def write_status(self, **changes: Any) -> Status:
        """Replace these fields of status.json. Raises RunError if the run was deleted."""
        with self.locked():
            return self.replace_status(read_status(self.path / "status.json"), **changes)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the lock of status.json, so that nobody changes it between reading and writing."""
        # FileLock creates missing folders, and a deleted run must not come back as an empty one.
        if not self.path.is_dir():
            raise RunError(f"The run {self.id} no longer exists. It may have been deleted.")
        with FileLock(self.path / ".lock", poll_interval=0.005):
            yield

    def epochs(self) -> "pd.DataFrame":
        """Return one row for each finished epoch; before the first, an empty table with all columns."""
        return metrics.read(self.path / "metrics.jsonl", "epoch")

    def steps(self) -> "pd.DataFrame":
        """Return one row for each recorded step: up to two a second, fewer in long runs."""
        return metrics.read(self.path / "metrics.jsonl", "step")

    def append_metrics(self, kind: metrics.MetricKind, fields: dict[str, Any]) -> None:
        metrics.append(self.path / "metrics.jsonl", kind, fields)

    def rewind_metrics(self, epoch: int) -> None:
        """Delete the metrics of this epoch and later ones, because a resumed run repeats them."""
        metrics.rewind(self.path / "metrics.jsonl", epoch)

    def log(self, lines: int = 200) -> str:
        """Return the last lines of log.txt; of a line that a progress bar overwrote, only its last state."""
        try:
            with self.log_path.open("rb") as file:
                size = file.seek(0, os.SEEK_END)
                file.seek(max(0, size - _LOG_TAIL_BYTES))
                text = file.read().decode("utf-8", errors="replace")
        except FileNotFoundError:
            return ""
        return "\n".join(line.rstrip("\r").rsplit("\r", 1)[-1] for line in text.split("\n")[-lines - 1 :]).strip("\n")

    def append_log(self, text: str) -> None:
        stamp = datetime.now().strftime("%H:%M:%S")
        with self.log_path.open("ab", buffering=0) as file:
            file.write(f"{stamp} {text}\n".encode())

    def report(self, split: str) -> "Report | None":
        """Return the run's report on a split, or None if it has not been evaluated on it."""
        from core.inspection.measuring.report import Report

        path = self.path / f"report-{split}.json"
        return Report.read(path) if path.is_file() else None

    def predictions(self, split: str) -> "pd.DataFrame | None":
        """Return the run's prediction for each image of a split, or None if it has not been evaluated on it."""
        from core.inspection.measuring.predictions_csv import read

        path = self.path / f"predictions-{split}.csv"
        return read(path) if path.is_file() else None

    def _interrupt(self, seen: Status) -> Status:
        before = "before the first epoch" if seen.started else "while it waited in the queue"
        when = f"in epoch {seen.epoch}" if seen.epoch else before
        how = "continue after the last finished epoch" if self.begun else "start from the beginning"
        message = f"Its process ended {when}. Resume the run to {how}."
        changes = {"state": "interrupted", "ended": now(), "message": message, "phase": "", "seconds_left": None}
        try:
            with self.locked():
                status = read_status(self.path / "status.json")
                if status.live and not process_lives(status):
                    return self.replace_status(status, **changes)
                return status
        except (OSError, RunError):  # a full disk or a read-only folder: the status is correct anyway
            return seen.model_copy(update=changes)

    def replace_status(self, status: Status, **changes: Any) -> Status:
        """Write this status with these fields changed. Call it inside ``locked``, with a status read there."""
        status = Status.model_validate({**status.model_dump(), **changes})
        part = self.path / "status.json.part"
        part.write_text(status.model_dump_json(indent=2), encoding="utf-8")
        part.replace(self.path / "status.json")
        return status


def _bundle_at(folder: Path) -> bool:
    """Return whether there is a bundle, or its old version if the writer died while replacing it."""
    return any((place / "bundle.json").is_file() for place in (folder, folder.with_name(f".{folder.name}.old")))


def create_run(
    folder: Path,
    snapshot: "Snapshot",
    recipe: "Recipe",
    *,
    title: str,
    project_id: int | None = None,
    project: str | None = None,
    once: str | None = None,
) -> RunFolder:
    """Create a run in the state queued; the folder appears with all its files or not at all.

    Raises RunError if the folder is not empty or cannot be written.
    """
    run = RunFolder(folder)
    require_empty(run.path, "the run")
    moment = now()
    status = Status(
        state="queued",
        title=title,
        project_id=project_id,
        project=project,
        once=once,
        created=moment,
        queued=moment,
        epochs=recipe.epochs,
        line=queue_name(recipe.device),
        phase="waiting in the queue",
        pid=os.getpid(),
        process_started=process_start(os.getpid()),
    )
    building = RunFolder(run.path.with_name(f".new-{secrets.token_hex(4)}"))
    try:
        building.path.mkdir(parents=True)
        snapshot.write(building.path / "snapshot.csv")
        (building.path / "recipe.json").write_text(recipe.model_dump_json(indent=2), encoding="utf-8")
        building.replace_status(status)
        building.append_log(f"created: {title}")
        building.path.rename(run.path)
    except OSError as error:
        raise RunError(
            f"The run folder {run.path} cannot be created ({error.strerror}). "
            "Free some disk space, or choose a folder that you can write to."
        ) from error
    finally:
        shutil.rmtree(building.path, ignore_errors=True)
    return run


def require_empty(path: Path, what: str) -> None:
    """Raise RunError if ``path`` is not empty, so that writing ``what`` would replace files or mix with them."""
    if not (any(path.iterdir()) if path.is_dir() else path.exists() and path.stat().st_size):
        return
    run = RunFolder(path)
    if (path / "status.json").is_file() and not run.begun and not run.status().live:
        raise RunError(
            f"{path} is not empty: it holds a run that ended before its first epoch. Restart that run with "
            f"python -m core resume {path}, choose another path for {what}, or delete the folder first."
        )
    raise RunError(f"{path} already exists and is not empty. Choose another path for {what}, or delete it first.")


def list_runs(workspace: Workspace, project_id: int | None = None) -> list[RunFolder]:
    """Return the runs of a workspace, newest first; with ``project_id``, only those of that project."""
    try:
        entries = [entry for entry in os.scandir(workspace.runs) if entry.is_dir() and not entry.name.startswith(".")]
    except FileNotFoundError:
        return []
    found = [(run.status(), run) for run in (RunFolder(Path(entry.path)) for entry in entries)]
    if project_id is not None:
        found = [(status, run) for status, run in found if status.project_id == project_id]
    found.sort(key=lambda pair: (pair[0].created, pair[1].id), reverse=True)
    return [run for _, run in found]


def workspace_run(run_id: str, workspace: Workspace) -> RunFolder:
    """Return the workspace's run with this id, never one outside the workspace: for ids from a page's URL."""
    path = workspace.runs / run_id
    if run_id.startswith(".") or path.parent != workspace.runs or Path(run_id).name != run_id or not path.is_dir():
        raise RunError(f"There is no run {run_id!r} in the workspace. It may have been deleted.")
    return RunFolder(path)


def open_run(reference: str | Path, workspace: Workspace) -> RunFolder:
    """Return the run with this id in the workspace, or the run folder at this path. Raises RunError."""
    text = str(reference)
    if Path(text).name == text and (workspace.runs / text).is_dir():
        return workspace_run(text, workspace)
    path = Path(text).expanduser()
    if (path / "status.json").is_file():
        return RunFolder(path)
    if (path / "bundle.json").is_file():
        around = path.resolve().parent
        run = around if (around / "status.json").is_file() else "the run that it was exported from"
        lacks = "neither photos for evaluation nor the state for resuming training"
        raise RunError(f"{text} is a bundle, not a run: it holds the model, but {lacks}. Use {run}.")
    if path.is_dir():
        raise RunError(f"{text} is a folder, but not a run: it has no status.json. Give a run folder or a run id.")
    raise RunError(f"There is no run {text!r}: it is neither a run id in {workspace.runs} nor a run folder.")
