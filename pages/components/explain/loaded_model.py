"""The network that explains and predicts, loaded once and shared by all tabs; it is never changed."""

from typing import TYPE_CHECKING

from core.errors import RunError
from core.models.weights_table import available
from core.runs.folder import workspace_run
from pages.components.home.weights_line import show_weights
from pages.components.shared import frame
from pages.components.shared.networks import shared
from pages.components.shared.pickers import IMAGENET

if TYPE_CHECKING:
    from core.inspection.predicting.predictor import Predictor


def predictor_for(reference: str) -> "Predictor | None":
    """The predictor of a run or of the ImageNet network; None, with a sentence, where its weights are missing."""
    if reference == IMAGENET:
        entry = available()
        if entry is None:
            show_weights()
            return None
        return shared(reference, entry.key, lambda: _load(reference))
    run = workspace_run(reference, frame.workspace())
    try:
        written = (run.best / "bundle.json").stat().st_mtime_ns
    except FileNotFoundError:
        raise RunError("This run has no network yet. Wait for its first epoch, or choose another.") from None
    # A run at work writes a better network now and then; its time as the version makes the old one be dropped.
    return shared(reference, str(written), lambda: _load(reference))


def _load(reference: str) -> "Predictor":
    from core.runs.models import load_predictor

    return load_predictor(reference, frame.workspace())
