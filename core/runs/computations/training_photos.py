"""A run's training photos as its model sees them: where their vectors are kept, and computing them in a worker."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.data.pictures.source import Source
from core.inspection.explaining.head_inputs import HeadInputs, compute_missing, head_inputs
from core.progress import Progress
from core.runs.folder import RunFolder, workspace_run
from core.workspace import Workspace

if TYPE_CHECKING:
    import pandas as pd

    from core.features.frozen_pass import Refused

TRAIN = "train"


def training_photos(run: RunFolder, workspace: Workspace) -> "tuple[pd.DataFrame, HeadInputs]":
    """Return a run's training photos, as ``Snapshot.part`` does, and where their vectors are, or will be.

    Raises DataError, BundleError, RunError.
    """
    frame = run.snapshot().part(TRAIN)
    return frame, head_inputs(run.best, run.recipe(), workspace, list(frame["image"]))


def compute_vectors(arguments: Mapping[str, Any], report: Callable[[Progress], None]) -> list[str]:
    """Compute the vectors of a run's training photos that are not kept; return the names of unreadable photos.

    ``workspace`` and ``model`` name the run.
    """
    report(Progress("loading the model", 0, None))
    from core.cache_use import in_use
    from core.data.pictures.resized_cache import ResizedCache
    from core.runs.computations.loaded_model import loaded_model

    workspace = Workspace(Path(arguments["workspace"]))
    run = workspace_run(arguments["model"], workspace)
    frame, inputs = training_photos(run, workspace)
    rows = frame[["image", "path", "filename"]].itertuples(index=False)
    sources = [Source(str(row.image), Path(str(row.path)), str(row.filename)) for row in rows]
    if not inputs.missing([one.hash for one in sources]):
        return []
    predictor = loaded_model(run.id, workspace)
    refused: list[Refused] = []
    with in_use([workspace.cache / "vectors"]):
        compute_missing(
            inputs,
            predictor,
            sources,
            ResizedCache(workspace.cache / "resized", predictor.preprocessing),
            lambda done, total: report(Progress("computing features", done, total)),
            refused.append,
        )
    return [one.name for one in refused]
