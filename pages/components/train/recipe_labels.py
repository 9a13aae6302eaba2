"""The words for a recipe on pages: short names for buttons, the table of all settings, the name of a run."""

import pandas as pd

from core.models.zoo import network_name
from core.runs.automatic.next_phase import USUAL_SECONDS
from core.training.recipe import Recipe
from core.training.settings.recipe_words import (
    CHOICE_NAMES,
    FIELD_LABELS,
    TRAIN_NAMES,
    WEIGHT_NAMES,
    recipe_summary,
    value_text,
)
from pages.components.shared.wording import counted
from pages.components.train.automatic.deeper_phase import deeper_phase

__all__ = [
    "ARCH_NAMES",
    "CHOICE_NAMES",
    "FIELD_LABELS",
    "SHORT_TRAIN_NAMES",
    "TRAIN_NAMES",
    "WEIGHT_NAMES",
    "default_run_name",
    "recipe_summary",
    "recipe_table",
    "snapshot_summary",
    "value_text",
]

SHORT_TRAIN_NAMES = {
    "automatic": "Automatic",
    "head": "Head only",
    "layer4": "Last stage",
    "layer3": "Last two stages",
    "all": "All layers",
    "staged": "Head first, then all",
}
"""For buttons in one row; the diagram below them shows which layers are meant."""

ARCH_NAMES = {
    "resnet18": "ResNet-18, small and fast",
    "resnet34": "ResNet-34",
    "resnet50": "ResNet-50, the default",
    "resnet101": "ResNet-101, slow",
    "resnet152": "ResNet-152, the slowest",
    "resnet50-v1": "ResNet-50 v1, strides as in the paper",
    "resnet101-v1": "ResNet-101 v1, strides as in the paper",
    "resnet152-v1": "ResNet-152 v1, strides as in the paper",
    "resnext50-32x4d": "ResNeXt-50 32x4d, grouped convolutions",
    "resnext101-32x8d": "ResNeXt-101 32x8d, grouped convolutions, very slow",
    "wide-resnet50-2": "Wide ResNet-50-2, bottlenecks twice as wide",
    "seresnet50": "SE-ResNet-50, squeeze-and-excitation",
    "seresnet101": "SE-ResNet-101, squeeze-and-excitation",
    "seresnet152": "SE-ResNet-152, squeeze-and-excitation",
    "keras-resnet50": "Keras ResNet50",
    "keras-resnet101": "Keras ResNet101",
    "keras-resnet152": "Keras ResNet152",
    "keras-resnet50v2": "Keras ResNet50V2, pre-activation",
    "keras-resnet101v2": "Keras ResNet101V2, pre-activation",
    "keras-resnet152v2": "Keras ResNet152V2, pre-activation",
}


def snapshot_summary(counts: pd.DataFrame) -> str:
    """Return the number of photos and classes, from ``Snapshot.counts()``: one row per class, one column per split."""
    train, val, test = (int(counts[split].sum()) for split in ("train", "val", "test"))
    return (
        f"**{counted(train + val + test, 'photo')} in {counted(len(counts), 'class', 'classes')}**: "
        f"{train} for training, {val} for validation after each epoch, {test} kept for the final test."
    )


def recipe_table(recipe: Recipe, task: str = "classification") -> list[dict[str, str]]:
    """Return every setting with the label of the form, its value and its default; one row each."""
    defaults = Recipe.for_task(task, weights=recipe.weights).model_dump()
    rows = []
    for field, value in recipe.model_dump().items():
        if field == "box_loss" and task == "classification":
            continue
        if field == "head_size" and task == "localization":
            continue
        if field == "focal_gamma" and recipe.loss != "focal":
            continue
        text = value_text(field, value)
        if field == "learning_rate" and value is None:
            text = f"{deeper_phase(recipe).resolved_learning_rate():g} ({text.lower()})"
        elif field == "epochs" and recipe.train == "automatic":
            text = "Chosen in training"
        elif field == "time_limit":
            text = f"{value or USUAL_SECONDS / 60:g}" + ("" if value else f" ({text.lower()})")
            text = text if recipe.train == "automatic" else "Only in automatic training"
        elif field == "head_epochs" and value is None:
            staged = recipe.train == "staged"
            text = f"{recipe.resolved_head_epochs()} ({text.lower()})" if staged else "Only in staged training"
        default = Recipe.model_fields["weights"].default if field == "weights" else defaults[field]
        rows.append({"setting": FIELD_LABELS[field], "value": text, "default": value_text(field, default)})
    return rows


def default_run_name(recipe: Recipe, task: str = "classification") -> str:
    """Return a name for a run that the user has not named."""
    trained = {
        "automatic": "automatic",
        "head": "head only",
        "layer4": "last stage",
        "layer3": "last two stages",
        "all": "all layers",
        "staged": "staged",
    }[recipe.train]
    without = recipe.train == "automatic" or recipe.solves_head(task)
    length = "" if without else f", {counted(recipe.epochs, 'epoch')}"
    return f"{network_name(recipe.arch)}, {trained}{length}"
