"""The model for explanations and predictions: loaded once, shared by all tabs, never changed."""

from typing import TYPE_CHECKING

from core.errors import RunError
from core.models.bundle import INFO_FILE, complete_folder
from core.models.weights_table import available
from core.runs.folder import workspace_run
from pages.components.home.weights_line import show_weights
from pages.components.shared import frame
from pages.components.shared.model_cache import cached_model
from pages.components.shared.pickers import IMAGENET

if TYPE_CHECKING:
    from core.inspection.predicting.predictor import Predictor


def predictor_for(reference: str) -> "Predictor | None":
    """Return the predictor of a run or of the ImageNet model; where its weights are missing, say so and return None."""
    if reference == IMAGENET:
        entry = available()
        if entry is None:
            show_weights()
            return None
        return cached_model(reference, entry.key, lambda: _load(reference))
    run = workspace_run(reference, frame.workspace())
    try:
        written = (complete_folder(run.best) / INFO_FILE).stat().st_mtime_ns
    except FileNotFoundError:
        raise RunError("This run has no model yet. Wait for its first epoch, or choose another run.") from None
    # A live run replaces its best model now and then; the time of the file as the version drops the old one.
    return cached_model(reference, str(written), lambda: _load(reference))


def _load(reference: str) -> "Predictor":
    from core.runs.models import load_predictor

    return load_predictor(reference, frame.workspace())
