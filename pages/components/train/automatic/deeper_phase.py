"""The recipe of an automatic training's phase after the head, for its schedule and its learning rate on the page."""

from pathlib import Path

from core.runs.automatic.next_phase import USUAL_EPOCHS
from core.runs.automatic.phase_recipe import phase_recipe
from core.runs.automatic.phases import Phase
from core.training.recipe import Recipe


def deeper_phase(recipe: Recipe) -> Recipe:
    """Return the recipe of an automatic training's phase after the head; any other recipe as it is."""
    if recipe.train != "automatic":
        return recipe
    phase = Phase(train="layer4", first_epoch=2, epochs=USUAL_EPOCHS, began=0.0, reason="")
    return phase_recipe(recipe, phase, Path("best"))
