"""A table of all runs: how each was trained, how good it is, and a note. It loads neither torch nor pandas."""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, Field, ValidationError

from core.errors import RunError
from core.runs import metrics
from core.runs.automatic.phases import Layers, read_phases
from core.runs.folder import RunFolder, list_runs
from core.runs.run_files import MB, read_limited
from core.runs.status import NOTE_LETTERS, RunState, Status
from core.workspace import Workspace

_REPORT_BYTES = 100 * MB


@dataclass(frozen=True)
class RunRow:
    """One run as a row; a run that cannot be read has the state failed and its reason as the message."""

    id: str
    path: str
    title: str
    note: str
    project_id: int | None
    project: str | None
    state: RunState
    message: str
    created: datetime
    arch: str | None
    weights: str | None
    train: str | None
    """Layers to train. These three are None if the recipe cannot be read."""
    kept: Layers | None
    """Of an automatic training: the layers of the phase whose model it has; None before, and for other trainings."""
    epochs_done: int
    epochs: int
    solved: bool
    """Whether its epochs are the iterations of a solver."""
    figure: str | None
    """What ``value`` is: accuracy or mean_iou, on the validation photos; None before the first epoch."""
    value: float | None
    n: int
    """The number of validation photos that ``value`` is from."""
    low: float | None
    high: float | None
    """The 95 % confidence interval of ``value`` over photos; None before the run is evaluated."""
    sweep: str | None
    """The id of the sweep that the run belongs to."""
    sweep_title: str | None
    corrected_from: str | None
    """The id of the run that was trained again on corrected labels."""

    @property
    def recipe(self) -> str:
        """The recipe in short: "resnet50, imagenet, head", or "resnet50, imagenet, automatic (layer4)"."""
        train = f"{self.train} ({self.kept})" if self.kept else self.train
        return ", ".join(part for part in (self.arch, self.weights, train) if part)


def run_rows(workspace: Workspace, project_id: int | None = None) -> list[RunRow]:
    """Return a row for each run, newest first; with ``project_id``, only those of that project."""
    return [row_of(run) for run in list_runs(workspace, project_id)]


def row_of(run: RunFolder) -> RunRow:
    """Return a run as a row; never raises for a damaged run."""
    status = run.status()
    done = metrics.records(run.metrics_path, "epoch")
    found = _reported(run) or _recorded(done)
    arch, weights, train = _recipe(run)
    return RunRow(
        id=run.id,
        path=str(run.path),
        title=status.title or run.id,
        note=status.note,
        project_id=status.project_id,
        project=status.project,
        state=status.state,
        message=status.message,
        created=status.created,
        arch=arch,
        weights=weights,
        train=train,
        kept=_kept(run) if train == "automatic" else None,
        epochs_done=done[-1]["epoch"] if done else 0,
        epochs=status.epochs,
        solved=status.solved,
        figure=found.figure,
        value=found.value,
        n=found.n,
        low=found.low,
        high=found.high,
        sweep=status.sweep,
        sweep_title=status.sweep_title,
        corrected_from=status.corrected_from,
    )


def write_note(run: RunFolder, note: str) -> Status:
    """Replace the note of a run. Raises RunError if it is too long or the run was deleted, StorageError."""
    if len(note.strip()) > NOTE_LETTERS:
        raise RunError(f"The note has {len(note):,} characters, but at most {NOTE_LETTERS:,} fit. Shorten it.")
    return run.write_status(note=note.strip())


_Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] | None


class _Value(BaseModel):
    value: _Share
    low: _Share = None
    high: _Share = None


class _Figures(BaseModel):
    """The part of a report that the table shows."""

    n: Annotated[int, Field(ge=0)]
    accuracy: _Value
    mean_iou: _Value | None = None


@dataclass(frozen=True)
class _Figure:
    figure: str | None
    value: float | None
    n: int
    low: float | None = None
    high: float | None = None


def _reported(run: RunFolder) -> _Figure | None:
    """Return the figure of the report on the validation photos, which other pages show; None without one."""
    path = run.path / "report-val.json"
    try:
        found = path.stat()
        return _parsed(path, found.st_ino, found.st_size, found.st_mtime_ns)
    except (OSError, RunError, ValidationError):
        return None


@lru_cache(maxsize=4096)
def _parsed(path: Path, inode: int, size: int, changed: int) -> _Figure:
    figures = _Figures.model_validate_json(read_limited(path, _REPORT_BYTES))
    name, found = ("accuracy", figures.accuracy) if figures.mean_iou is None else ("mean_iou", figures.mean_iou)
    return _Figure(name, found.value, figures.n, found.low, found.high)


def _recorded(done: list[dict[str, object]]) -> _Figure:
    """Return the figure of the best epoch so far, as it was during training."""
    best = [epoch for epoch in done if epoch.get("best")]
    if not best:
        return _Figure(None, None, 0)
    epoch = metrics.EpochLine.model_validate(best[-1])
    boxed = epoch.val_iou is not None
    return _Figure("mean_iou" if boxed else "accuracy", epoch.val_iou if boxed else epoch.val_accuracy, epoch.val_n)


def _kept(run: RunFolder) -> Layers | None:
    try:
        phases = read_phases(run.path)
    except RunError:  # the run's own page reports what is damaged
        return None
    kept = phases.kept if phases else None
    return kept.train if kept else None


def _recipe(run: RunFolder) -> tuple[str | None, str | None, str | None]:
    try:
        recipe = run.recipe()
    except RunError:
        return None, None, None
    weights = Path(recipe.weights).name if "/" in recipe.weights or "\\" in recipe.weights else recipe.weights
    return recipe.arch, weights, recipe.train
