"""The recipe of a phase: what it changes in the run's own recipe, and nothing else. Does not import torch."""

from pathlib import Path
from typing import Any

from core.runs.automatic.phases import Phase
from core.training.recipe import Recipe
from core.training.settings.recipe_conflicts import chosen_for_steps

SMALLER_RATE = 0.5
"""The learning rate of layers that begin with a trained head, relative to the usual one."""


def phase_recipe(recipe: Recipe, phase: Phase, start: Path | None, task: str = "classification") -> Recipe:
    """Return the recipe of a phase that begins with the model in ``start``, or with the run's weights if it is None.

    The head for classes is solved, so its recipe has no settings of gradient descent: they are for the later phases.
    With ``interpolate``, the weights after a later phase are mixed with those of ``start``.

    How the layers after the head are trained, such as whether their BatchNorm stays as it was, is decided here for all
    phases.
    """
    epochs = phase.planned or phase.epochs
    changes: dict[str, Any] = {"train": phase.train, "epochs": epochs, "time_limit": None, "head_epochs": None}
    changes["interpolate"] = recipe.interpolate and start is not None
    if phase.train == "head" and not recipe.views:  # it is solved on kept views, which random ones are not
        changes["views"] = Recipe.model_fields["views"].default
    if phase.train == "head" and task == "classification":
        for name in ("learning_rate", "optimizer", *chosen_for_steps(recipe)):
            changes[name] = Recipe.model_fields[name].default
    if phase.train != "head":  # such trainings keep the maps of one stage, so their heads take the last one
        changes["head_features"] = "last"
    if start is not None:
        changes["weights"] = str(start)
        changes["learning_rate"] = recipe.learning_rate or SMALLER_RATE * recipe.usual_learning_rate()
    return recipe.model_copy(update=changes)
