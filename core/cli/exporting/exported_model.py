"""Find the model that an argument names: imagenet, a bundle folder, or a run by its folder or id."""

from pathlib import Path


def model_to_export(reference: str) -> Path | str:
    """Return ``"imagenet"`` or the bundle folder. Raises RunError for anything else and for a run without a model."""
    from core.inspection.predicting.predictor import IMAGENET
    from core.runs.models import bundle_folder
    from core.workspace import open_workspace

    return bundle_folder(Path(reference).expanduser(), open_workspace()) or IMAGENET
