"""How fast an automatic training computes here: from this machine's remembered speed. Does not import torch."""

from dataclasses import dataclass

from core.runs.estimates.speed import expected_speed
from core.runs.estimates.work import billions
from core.runs.folder import RunFolder, list_runs
from core.training.recipe import Recipe
from core.workspace import Workspace


@dataclass(frozen=True)
class Pace:
    """The time of a forward pass through the whole network, and what a step of all layers costs."""

    seconds_per_photo: float
    full_step: float
    """In forward passes."""


def pace_of(workspace: Workspace, run: RunFolder, recipe: Recipe) -> Pace:
    """Return the pace of the deeper phases of a run, with the load of this moment counted in.

    Not from the time of the first phase: the features may have been there already.
    """
    deeper = recipe.model_copy(update={"train": "layer4"})
    others = [other for other in list_runs(workspace) if other != run]
    speed = expected_speed(workspace, deeper, others)
    return Pace(billions(recipe) / speed.training, speed.full_step)
