"""The model that a worker process used last, kept for its next request."""

from core.inspection.predicting.predictor import IMAGENET, Predictor
from core.models.bundle import INFO_FILE, complete_folder
from core.runs.models import bundle_folder, load_predictor
from core.workspace import Workspace

_last: dict[tuple[str, str, int], Predictor] = {}


def loaded_model(reference: str, workspace: Workspace) -> Predictor:
    """Return the model of a run of the workspace, or of ``imagenet``; raises what ``load_predictor`` raises."""
    folder = bundle_folder(reference, workspace)
    # A live run replaces its best model now and then.
    written = 0 if folder is None else (complete_folder(folder) / INFO_FILE).stat().st_mtime_ns
    key = (IMAGENET if folder is None else str(folder.resolve()), str(workspace.root), written)
    found = _last.get(key)
    if found is None:
        _last.clear()  # before the next one is loaded: memory is limited
        found = _last[key] = load_predictor(reference, workspace)
    return found
