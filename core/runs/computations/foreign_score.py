"""Fit the score for "none of these" of a run in a worker process."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from core.progress import Progress
from core.runs.folder import RunFolder


def fit(arguments: Mapping[str, Any], report: Callable[[Progress], None]) -> None:
    """Fit the score of the run in the folder ``run`` and save it in its bundle; ``cache`` holds resized photos.

    ``accepted`` is the share of the validation photos within the limit, if it is not the usual one.
    """
    report(Progress("loading the model", 0, None))
    from core.inspection.doubt.foreign_photos import ACCEPTED
    from core.runs.deciding.foreign_fit import fit_run_foreign  # imports torch

    fit_run_foreign(
        RunFolder(Path(arguments["run"])),
        Path(arguments["cache"]),
        lambda done, total: report(Progress("comparing photos", done, total)),
        accepted=arguments.get("accepted", ACCEPTED),
    )
