"""The model of a phase: its report on the validation photos, and making it the run's own. Imports torch to evaluate."""

import filecmp
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import BundleError, RunError
from core.inspection.measuring.predictions_csv import read
from core.inspection.measuring.report import Report
from core.models.bundle import complete_folder, read_info, write_bundle
from core.progress import CountCallback
from core.runs import metrics
from core.runs.folder import RunFolder
from core.storage_errors import storage_error
from core.training.saving.last_stage_head import copy_last_stage_head
from core.training.saving.linked_weights import linked_weights
from core.workspace import Workspace

if TYPE_CHECKING:
    import pandas as pd

SPLIT = "val"
_FILES = (f"logits-{SPLIT}.npy", f"predictions-{SPLIT}.csv", f"report-{SPLIT}.json")


def report_phase(run: RunFolder, folder: Path, workspace: Workspace, progress: CountCallback | None = None) -> None:
    """Evaluate a phase's best model on the validation photos, and write the report into its folder."""
    from core.inspection.measuring.evaluation import evaluate

    cache = workspace.cache / "resized"
    device = run.recipe().device
    evaluate(folder / "best", run.snapshot(), folder, SPLIT, progress, name=run.id, device=device, cache=cache)


def read_report(folder: Path) -> "tuple[Report, pd.DataFrame]":
    """Return the report and the predictions in a folder. Raises RunError if they are missing or damaged."""
    try:
        return Report.read(folder / f"report-{SPLIT}.json"), read(folder / f"predictions-{SPLIT}.csv")
    except (OSError, ValueError) as error:
        raise RunError(f"The report in {folder} cannot be read. Start a new run.") from error


def make_best(run: RunFolder, folder: Path, epoch: int) -> None:
    """Make a phase's best model the run's, with its report; each file whole or not at all.

    ``epoch`` is its best epoch, counted through all phases. The bundle names the run's recipe and the weights that the
    first phase began with. Reports on other photos belong to the model before, and are deleted. Raises BundleError,
    StorageError, OSError.
    """
    source = complete_folder(folder / "best")
    info = read_info(source)
    origin = read_info(run.best).weights if run.finished else info.weights
    recipe = run.recipe().model_dump(mode="json")
    changes = {"weights": origin, "recipe": recipe, "metrics": {**info.metrics, "epoch": epoch}}
    info = info.model_copy(update=changes)
    # The logits may be missing: an earlier version did not write them.
    names = [name for name in _FILES if not name.startswith("logits-") or (folder / name).exists()]
    parts = {name: run.path / f"{name}.part" for name in names}
    try:
        # Copied first: if the disk has no room for them, the model and its reports stay as they are.
        for name, part in parts.items():
            shutil.copyfile(folder / name, part)
        write_bundle(run.best, info, linked_weights(source), lambda new: copy_last_stage_head(source, new))
        for pattern in ("report-*.json", "predictions-*.csv", "logits-*.npy", "foreign-*.npy"):
            for path in run.path.glob(pattern):
                if path.name not in parts:
                    path.unlink()
        for name, part in parts.items():
            part.replace(run.path / name)
    except (OSError, BundleError) as error:
        effect = "the new model could not be saved; the one before it, if there is one, is kept"
        if known := storage_error(error, effect, "resume the run"):
            raise known from error
        raise
    finally:
        for part in parts.values():
            part.unlink(missing_ok=True)


def mark_best(run: RunFolder, epoch: int) -> None:
    """Mark an epoch as the best so far: of two lines of an epoch, the later counts."""
    for record in metrics.records(run.metrics_path, "epoch"):
        best = record["epoch"] == epoch
        if best != bool(record.get("best")) and record["epoch"] >= epoch:
            fields = {name: value for name, value in record.items() if name != "kind"}
            run.append_metrics("epoch", {**fields, "best": best})


def restore_best(run: RunFolder, folder: Path, epoch: int) -> None:
    """Make an earlier phase's model the run's again, unless it is, and its epoch the best so far."""
    report = f"report-{SPLIT}.json"
    is_best = run.finished and read_info(run.best).metrics.get("epoch") == epoch
    # The report is the last file that make_best replaces, so it shows whether that came to its end.
    whole = is_best and run.report_path(SPLIT).exists()
    if not (whole and filecmp.cmp(run.report_path(SPLIT), folder / report, shallow=False)):
        make_best(run, folder, epoch)
    mark_best(run, epoch)
