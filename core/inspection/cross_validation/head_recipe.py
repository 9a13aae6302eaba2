"""The recipe of the heads: a run's or the usual one, reduced to what a head on kept vectors needs."""

from pathlib import Path
from typing import Any

from core.training.choices import NAMED_WEIGHTS
from core.training.recipe import Recipe

OF_A_HEAD = (
    *("arch", "weights", "source", "mode", "size", "augmentation", "views", "head_features"),
    *("class_weighting", "label_smoothing", "seed", "device", "precision"),
)
"""The settings that a head on kept vectors depends on."""


def head_recipe(run: Recipe | None = None, **chosen: Any) -> Recipe:
    """Return the recipe of a solved head: as that of the run, with the ``chosen`` values. Raises RecipeError.

    A run that began with weights of its own, or with none, is replaced by the usual network: such weights may have been
    trained on the very photos that are to be predicted.
    """
    values = {name: getattr(run, name) for name in OF_A_HEAD} if run else {}
    if run and (run.weights == "none" or run.weights not in NAMED_WEIGHTS):
        for name in ("arch", "weights", "source"):
            values.pop(name)
    if not values.get("views", 1):  # random views, which cannot be kept
        values.pop("views")
    return Recipe.checked(**{**values, **chosen, "train": "head", "optimizer": "logistic"})


def network_remarks(recipe: Recipe, run: Recipe | None = None) -> list[str]:
    """Return sentences on the network where it is not that of the run, or may know the photos."""
    if recipe.weights not in NAMED_WEIGHTS:
        return [
            f"The weights are from {Path(recipe.weights).name}. If they were trained on these photos, the result is "
            "too optimistic."
        ]
    if run and (run.arch, run.weights) != (recipe.arch, recipe.weights):
        return [f"The features are those of {recipe.arch} with weights {recipe.weights}, not of the run's own network."]
    return []
