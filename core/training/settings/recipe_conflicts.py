"""Settings of a recipe that are each allowed, but do not go together."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.training.recipe import Recipe

# Techniques of gradient descent, which logistic regression on kept vectors has no use for.
_ONLY_WITH_STEPS = (
    *("mixup", "cutmix", "random_erasing", "ema", "accumulation", "layer_decay"),
    *("loss", "balanced_sampling"),
)


def conflicts_of(recipe: "Recipe") -> list[tuple[set[str], str]]:
    """Return each set of fields whose values conflict, with a sentence about it."""
    conflicts: list[tuple[set[str], str]] = []
    if recipe.train == "staged" and recipe.resolved_head_epochs() >= recipe.epochs:
        conflicts.append(
            (
                {"train", "epochs", "head_epochs"},
                f"train is staged with {recipe.resolved_head_epochs()} of {recipe.epochs} epochs for the head, "
                "so none is left for the other layers; use more epochs or set train to head.",
            )
        )
    if recipe.train == "automatic" and recipe.weights == "none":
        conflicts.append(
            (
                {"train", "weights"},
                "train is automatic, which begins with the head of a pretrained network, but weights is none; choose "
                "weights, or set train to all.",
            )
        )
    if recipe.time_limit is not None and recipe.train != "automatic":
        conflicts.append(
            (
                {"train", "time_limit"},
                f"time_limit is for automatic training, but train is {recipe.train}; leave time_limit out or set "
                "train to automatic.",
            )
        )
    if recipe.optimizer != "logistic":
        return conflicts
    if recipe.train != "head":
        conflicts.append(
            (
                {"optimizer", "train"},
                f"optimizer is logistic, which trains only the head, but train is {recipe.train}; set train to head, "
                "or choose adamw, adam or sgd.",
            )
        )
    if recipe.weights == "none":
        conflicts.append(
            (
                {"optimizer", "weights"},
                "optimizer is logistic, which needs a pretrained network, but weights is none; choose weights, or "
                "adamw, adam or sgd.",
            )
        )
    if not recipe.views:
        conflicts.append(
            (
                {"optimizer", "views"},
                "optimizer is logistic, which needs fixed views, but views is 0; set views to 1 or more, or choose "
                "adamw, adam or sgd.",
            )
        )
    if chosen := chosen_for_steps(recipe):
        one = len(chosen) == 1
        conflicts.append(
            (
                {"optimizer", *chosen},
                f"optimizer is logistic, which solves the head without steps, so {', '.join(chosen)} "
                f"{'has' if one else 'have'} no effect; leave {'it' if one else 'them'} out, or choose adamw, adam or "
                "sgd.",
            )
        )
    return conflicts


def chosen_for_steps(recipe: "Recipe") -> list[str]:
    """Return the names of chosen settings that only gradient descent can follow."""
    fields = type(recipe).model_fields
    return [name for name in _ONLY_WITH_STEPS if getattr(recipe, name) != fields[name].default]
