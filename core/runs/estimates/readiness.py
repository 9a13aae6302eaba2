"""How many of a run's photos have the vectors already that its solved head is trained on."""

from core.data.snapshot import Snapshot
from core.errors import StudioError
from core.training.linear.frozen_start import frozen_start
from core.training.linear.kept_vectors import Readiness, WantedVectors
from core.training.recipe import Recipe
from core.workspace import Workspace


def vectors_readiness(workspace: Workspace, recipe: Recipe, snapshot: Snapshot) -> Readiness | None:
    """Return how many photos to train and validate on have them; None if the weights cannot be read from the disk."""
    try:
        start = frozen_start(recipe)
    except StudioError:  # the run will say it
        return None
    if start is None:
        return None
    return WantedVectors(workspace, start.network, snapshot, recipe).readiness(("val",))
