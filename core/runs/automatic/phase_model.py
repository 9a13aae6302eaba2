"""The model of a phase: its report on the validation photos, and making it the run's own. Imports torch to evaluate."""

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import RunError
from core.inspection.measuring.logit_report import report_of_logits, save
from core.inspection.measuring.predictions_csv import read
from core.inspection.measuring.report import Report
from core.models.bundle import WEIGHTS_FILE, complete_folder, read_info, write_bundle
from core.runs.folder import RunFolder
from core.workspace import Workspace

if TYPE_CHECKING:
    import pandas as pd

    from core.training.linear.head_run import SolvedHead

SPLIT = "val"


def report_solved(run: RunFolder, folder: Path, solved: "SolvedHead") -> None:
    """Write the report of a solved head into its phase's folder."""
    snapshot = run.snapshot()
    report, predictions = report_of_logits(
        snapshot.classes,
        snapshot.part(SPLIT),
        solved.logits[SPLIT],
        split=SPLIT,
        model=run.id,
        arch=solved.arch,
        digest=snapshot.digest,
        computed=f"kept features, {solved.engine}",
        seconds=solved.seconds,
    )
    save(report.model_copy(update={"split_seed": snapshot.split_seed}), predictions, folder)


def report_phase(run: RunFolder, folder: Path, workspace: Workspace) -> None:
    """Evaluate a phase's best model on the validation photos, and write the report into its folder."""
    from core.inspection.measuring.evaluation import evaluate

    cache = workspace.cache / "resized"
    evaluate(folder / "best", run.snapshot(), folder, SPLIT, name=run.id, device=run.recipe().device, cache=cache)


def read_report(folder: Path) -> "tuple[Report, pd.DataFrame]":
    """Return the report and the predictions in a folder. Raises RunError if they are missing or damaged."""
    try:
        return Report.read(folder / f"report-{SPLIT}.json"), read(folder / f"predictions-{SPLIT}.csv")
    except (OSError, ValueError) as error:
        raise RunError(f"The report in {folder} cannot be read. Start a new run.") from error


def make_best(run: RunFolder, folder: Path, first_epoch: int) -> None:
    """Make a phase's best model the run's, with its report; each file whole or not at all.

    The bundle names the run's recipe and the weights that the first phase began with. Raises BundleError, OSError.
    """
    source = complete_folder(folder / "best")
    info = read_info(source)
    origin = read_info(run.best).weights if run.finished else info.weights
    metrics = {**info.metrics, "epoch": info.metrics.get("epoch", 1) + first_epoch - 1}
    recipe = run.recipe().model_dump(mode="json")
    info = info.model_copy(update={"weights": origin, "recipe": recipe, "metrics": metrics})
    digest = info.model_sha256 or ""

    def link(path: Path) -> str:
        try:
            os.link(source / WEIGHTS_FILE, path)
        except OSError:  # a disk without links
            shutil.copyfile(source / WEIGHTS_FILE, path)
        return digest

    write_bundle(run.best, info, link)
    for name in (f"predictions-{SPLIT}.csv", f"report-{SPLIT}.json"):
        part = run.path / f"{name}.part"
        shutil.copyfile(folder / name, part)
        part.replace(run.path / name)
