"""Settings of a recipe that are each allowed, but do not go together."""

from typing import TYPE_CHECKING

from core.training.choices import NAMED_WEIGHTS

if TYPE_CHECKING:
    from core.training.recipe import Recipe

# Techniques of gradient descent, which logistic regression on kept vectors has no use for.
_ONLY_WITH_STEPS = (
    *("mixup", "cutmix", "random_erasing", "ema", "accumulation", "layer_decay"),
    *("loss", "balanced_sampling", "interpolate"),
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
    by_steps = recipe.train != "automatic" and (recipe.train != "head" or recipe.resolved_optimizer() != "logistic")
    if recipe.head_features == "stages" and by_steps:
        conflicts.append(
            (
                {"head_features", "train", "optimizer", "weights", "views"},
                "head_features is stages, which is for a head that is solved exactly, but this head is trained by "
                "steps; set head_features to last, or train to head with optimizer logistic.",
            )
        )
    if recipe.batch_norm == "keep" and recipe.weights == "none":
        conflicts.append(
            (
                {"batch_norm", "weights"},
                "batch_norm is keep, but weights is none, so there are no statistics to keep; choose update, or "
                "set weights to imagenet.",
            )
        )
    conflicts += _after_training(recipe)
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


def _after_training(recipe: "Recipe") -> list[tuple[set[str], str]]:
    """Return the conflicts of what follows the last epoch."""
    conflicts: list[tuple[set[str], str]] = []
    if recipe.interpolate and recipe.weights in NAMED_WEIGHTS:
        pretrained = recipe.weights != "none"
        if not pretrained or recipe.train not in ("staged", "automatic"):
            instead = "set train to staged, or choose" if pretrained else "choose"
            conflicts.append(
                (
                    {"interpolate", "weights", "train"},
                    f"interpolate is on, but weights is {recipe.weights}, whose head does not know these classes, so "
                    f"there is nothing to mix the trained weights with; {instead} a model of yours as weights.",
                )
            )
    if recipe.head_size is None:
        return conflicts
    if recipe.head_size <= recipe.size:
        conflicts.append(
            (
                {"head_size", "size"},
                f"head_size is {recipe.head_size}, but the photos have {recipe.size} pixels already; choose a larger "
                "head_size, or leave it out.",
            )
        )
    if recipe.train in ("head", "automatic"):
        instead = f", or set size to {recipe.head_size} instead" if recipe.head_size > recipe.size else ""
        conflicts.append(
            (
                {"head_size", "train"},
                f"head_size refits the head after other layers were trained, but train is {recipe.train}; set train "
                f"to layer4, layer3, all or staged{instead}.",
            )
        )
    return conflicts


def chosen_for_steps(recipe: "Recipe") -> list[str]:
    """Return the names of chosen settings that only gradient descent can follow."""
    fields = type(recipe).model_fields
    return [name for name in _ONLY_WITH_STEPS if getattr(recipe, name) != fields[name].default]
