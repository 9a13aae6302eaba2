"""Advice before a training: sentences about settings that are allowed, but will probably disappoint on these photos."""

from typing import TYPE_CHECKING

from core.training.recipe import TASK_DEFAULTS, Recipe

if TYPE_CHECKING:
    import pandas as pd

_FEW_IN_A_CLASS = 5
"""Fewer training photos than this, and one odd photo decides what a class looks like."""
_FEW_FOR_ALL_LAYERS = 50
"""Training photos per class; with fewer, all layers of a pretrained network memorise them sooner than they learn."""
_FEW_FROM_SCRATCH = 200
LEAST_FOR_LAST_STAGE = 8
"""Training photos per class on average; with fewer, automatic training ends with the head."""
_MANY_EPOCHS = 50
_MANY_PHOTOS = 5_000
"""With so many training photos, many epochs are a question of time, not of overfitting."""
_RATE_TOO_HIGH, _RATE_TOO_LOW = 10, 1 / 50
"""Multiples of the usual learning rate at which training diverges, or hardly moves."""
_SHOWN_CLASSES = 3
_LAYERS = {"layer4": "the last stage", "layer3": "two stages", "all": "all layers", "staged": "all layers"}


def advice(recipe: Recipe, counts: "pd.DataFrame", task: str = "classification") -> list[str]:
    """Return a sentence or two for each setting that is unlikely to be intended, the most important first.

    ``counts`` is ``Snapshot.counts()``: one row per class, the columns train, val and test.
    """
    train = {str(name): int(count) for name, count in counts["train"].items()}
    photos = sum(train.values())
    per_class = photos / max(1, len(train))
    found = [
        _from_scratch(recipe, per_class),
        _frozen_v2(recipe),
        _learning_rate(recipe, task),
        _automatic(recipe, task),
        _small_classes(train),
        _overfitting(recipe, photos, per_class),
        _box_layers(recipe, task),
        _batch_size(recipe, photos, per_class, task),
        _cut_off_boxes(recipe, task),
        _patience(recipe),
        _test_time_views(recipe, task),
        _balanced_twice(recipe),
    ]
    return [sentence for sentence in found if sentence]


def _from_scratch(recipe: Recipe, per_class: float) -> str:
    if recipe.weights != "none":
        return ""
    if recipe.train not in ("all", "staged"):
        return (
            f"With weights none, the frozen layers stay random, so the model can learn little with "
            f"train {recipe.train}. Choose train all."
        )
    if per_class < _FEW_FROM_SCRATCH:
        return (
            f"Random weights need hundreds of photos per class, and there are about {per_class:.0f}. "
            "Start from ImageNet weights instead."
        )
    return ""


def _frozen_v2(recipe: Recipe) -> str:
    # The better start where all layers are trained, but the vectors of V1 separate new classes better.
    if recipe.weights != "imagenet-v2" or recipe.train in ("all", "staged"):
        return ""
    return (
        "In frozen layers, the V2 weights of ImageNet usually give slightly worse features than the first ones. "
        "Choose ImageNet without V2, or train all layers."
    )


def _learning_rate(recipe: Recipe, task: str) -> str:
    if recipe.resolved_optimizer(task) == "logistic":
        return ""
    optimizer = recipe.gradient_optimizer()
    rate, usual = recipe.resolved_learning_rate(), recipe.usual_learning_rate()
    times = rate / usual
    if times > _RATE_TOO_HIGH:
        return (
            f"The learning rate {rate:g} is {times:,.0f} times the usual {usual:g} of {optimizer}, so the loss "
            "will probably grow. Leave it empty, or lower it."
        )
    if times < _RATE_TOO_LOW:
        return (
            f"The learning rate {rate:g} is {1 / times:,.0f} times smaller than the usual {usual:g} of "
            f"{optimizer}, so the model will hardly learn. Leave it empty, or raise it."
        )
    return ""


def _automatic(recipe: Recipe, task: str) -> str:
    if recipe.train != "automatic":
        return ""
    usual = TASK_DEFAULTS[task].get("epochs", Recipe.model_fields["epochs"].default)
    unused = [f"epochs {recipe.epochs}"] if recipe.epochs != usual else []
    unused += [] if recipe.head_epochs is None else [f"head_epochs {recipe.head_epochs}"]
    if not unused:
        return ""
    have = "have" if len(unused) > 1 else "has"
    return f"Automatic training decides how many epochs to train, so {' and '.join(unused)} {have} no effect."


def _small_classes(train: dict[str, int]) -> str:
    small = sorted((name for name in train if 0 < train[name] < _FEW_IN_A_CLASS), key=train.__getitem__)
    if not small:
        return ""
    listed = ", ".join(f'"{name}" has {train[name]}' for name in small[:_SHOWN_CLASSES])
    more = f" and {len(small) - _SHOWN_CLASSES} more classes have few" if len(small) > _SHOWN_CLASSES else ""
    return (
        f"Very few training photos: {listed}{more}. Add photos until each class has at least 20; "
        "until then the result depends on chance."
    )


def _overfitting(recipe: Recipe, photos: int, per_class: float) -> str:
    if recipe.train == "automatic":  # it stops where more layers gain nothing
        return ""
    layers = _LAYERS.get(recipe.train, "the head")
    few = recipe.train in ("all", "layer3") and recipe.weights != "none" and per_class < _FEW_FOR_ALL_LAYERS
    long = recipe.epochs > _MANY_EPOCHS and photos < _MANY_PHOTOS and not recipe.patience
    if not few and not long:
        return ""
    if recipe.train == "head":
        return (
            f"{recipe.epochs} epochs of the head on {photos} photos are more than it needs. About 20 are usually "
            "enough; or set early stopping to 5."
        )
    start = (
        f"{recipe.epochs} epochs of {layers} on {photos} photos take long, and"
        if long
        else f"With {layers} trained on {photos} photos,"
    )
    what = []
    if few:
        what.append("train only the head or the last stage")
    if long:
        what.append("use about 20 epochs, or set early stopping to 5")
    advised = "; ".join(what)
    return f"{start} the model will probably memorise them (overfitting). {advised[0].upper()}{advised[1:]}."


def _box_layers(recipe: Recipe, task: str) -> str:
    if task != "localization" or recipe.train != "head" or recipe.weights == "none":
        return ""
    return (
        "Boxes need more than the head: the frozen layers were trained to name objects, not to find their edges. "
        "For tighter boxes, train the last stage too, or the head first and then all layers."
    )


def _batch_size(recipe: Recipe, photos: int, per_class: float, task: str) -> str:
    if recipe.batch_size <= photos or photos < 2:
        return ""
    ends_with_head = recipe.train == "automatic" and task == "classification" and per_class < LEAST_FOR_LAST_STAGE
    if ends_with_head or recipe.solves_head(task):  # a solved head has no batches
        return ""
    fitting = max(2, 1 << (photos // 3).bit_length() - 1) if photos >= 6 else 2  # a power of two, three steps or more
    return (
        f"The batch size {recipe.batch_size} is larger than the training set of {photos} photos, so each epoch is a "
        f"single step. Choose {fitting}."
    )


def _cut_off_boxes(recipe: Recipe, task: str) -> str:
    if task != "localization" or recipe.mode != "crop":
        return ""
    return "Mode crop cuts off the ends of a long photo, and the boxes there. Choose letterbox or squash."


def _patience(recipe: Recipe) -> str:
    if recipe.patience < recipe.epochs or recipe.train == "automatic":
        return ""
    return f"Patience {recipe.patience} has no effect within {recipe.epochs} epochs."


def _test_time_views(recipe: Recipe, task: str) -> str:
    if task != "localization" or recipe.test_time_views == 1:
        return ""
    return "Test-time views have no effect on models with boxes, because boxes are not averaged. Set them to 1."


def _balanced_twice(recipe: Recipe) -> str:
    if not recipe.balanced_sampling or recipe.class_weighting == "none":
        return ""
    return (
        "Class weights and class-balanced sampling together count rare classes twice. Set the class weights to none, "
        "or switch the sampling off."
    )
