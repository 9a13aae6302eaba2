"""The words for a recipe: names of networks and settings, one-sentence summaries, the table of all settings."""

import pandas as pd

from core.models.zoo import network_name
from core.runs.automatic.next_phase import USUAL_SECONDS
from core.training.recipe import Recipe
from pages.components.shared.wording import counted
from pages.components.train.automatic.deeper_phase import deeper_phase

TRAIN_NAMES = {
    "automatic": "Automatic",
    "head": "Head only",
    "layer4": "Last stage (layer4)",
    "layer3": "Last two stages (layer3 and layer4)",
    "all": "All layers",
    "staged": "Head first, then all layers (staged)",
}

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
WEIGHT_NAMES = {
    "imagenet": "ImageNet",
    "imagenet-v2": "ImageNet, longer training (V2)",
    "none": "None (train from scratch)",
}

CHOICE_NAMES = {
    "one-cycle": "One cycle",
    "cosine": "Cosine",
    "constant": "Constant",
    "adamw": "AdamW",
    "logistic": "Logistic regression",
    "last": "Last stage",
    "stages": "Several stages",
    "sgd": "SGD",
    "adam": "Adam",
    "crop": "Crop",
    "squash": "Squash",
    "letterbox": "Letterbox",
    "none": "None",
    "light": "Light",
    "standard": "Standard",
    "balanced": "Balanced",
    "update": "Update",
    "keep": "Keep",
    "cross-entropy": "Cross-entropy",
    "focal": "Focal",
    "giou": "Overlap (GIoU)",
    "smooth-l1": "Edges (smooth L1)",
    "auto": "Automatic",
    "fp32": "Off (fp32)",
}

FIELD_LABELS = {
    "arch": "Architecture",
    "weights": "Starting weights",
    "source": "Source of the weights",
    "train": "Layers to train",
    "time_limit": "Time limit in minutes",
    "epochs": "Epochs",
    "head_epochs": "Epochs for the head only",
    "batch_size": "Batch size",
    "optimizer": "Optimizer",
    "learning_rate": "Learning rate",
    "schedule": "Learning-rate schedule",
    "weight_decay": "Weight decay",
    "label_smoothing": "Label smoothing",
    "class_weighting": "Class weights",
    "box_loss": "Box loss",
    "augmentation": "Data augmentation",
    "mode": "Resize mode",
    "size": "Image size in pixels",
    "patience": "Early stopping (patience)",
    "seed": "Random seed",
    "split_seed": "Random seed of the split",
    "deterministic": "Repeatable computation",
    "device": "Device",
    "precision": "Mixed precision",
    "workers": "Data-loading workers",
    "views": "Kept views of each photo",
    "head_features": "Features for the head",
    "loss": "Loss",
    "focal_gamma": "Focal loss (gamma)",
    "balanced_sampling": "Class-balanced sampling",
    "mixup": "Mixup",
    "cutmix": "CutMix",
    "random_erasing": "Random erasing",
    "ema": "Average of the weights (EMA)",
    "batch_norm": "BatchNorm statistics",
    "layer_decay": "Layer-wise rate decay",
    "accumulation": "Gradient accumulation",
    "interpolate": "Mix with the starting weights",
    "head_size": "Image size of a refitted head",
    "test_time_views": "Test-time views",
}
"""The label of each setting on the form and in the table."""

_TRAINABLE_SENTENCES = {
    "automatic": "Its new head is trained first, then more layers if that helps: the last stage, then all.",
    "head": "Only its new head is trained; all other layers stay frozen.",
    "layer4": "Its new head and its last stage (layer4) are trained; the other layers stay frozen.",
    "layer3": "Its new head and its last two stages (layer3 and layer4) are trained; the other layers stay frozen.",
    "all": "All its layers are trained.",
    "staged": "Its new head is trained first, then all layers, with lower learning rates in the earlier stages.",
}


def snapshot_summary(counts: pd.DataFrame) -> str:
    """Return the number of photos and classes, from ``Snapshot.counts()``: one row per class, one column per split."""
    train, val, test = (int(counts[split].sum()) for split in ("train", "val", "test"))
    return (
        f"**{counted(train + val + test, 'photo')} in {counted(len(counts), 'class', 'classes')}**: "
        f"{train} for training, {val} for validation after each epoch, {test} kept for the final test."
    )


def recipe_summary(recipe: Recipe, task: str = "classification") -> str:
    """Return the network, its starting weights, its trainable layers and the epochs, in two or three sentences."""
    length = f" Training takes {counted(recipe.epochs, 'epoch')}."
    if recipe.solves_head(task):
        length = " The head is solved exactly, in seconds, on what the frozen layers compute once."
    elif recipe.train == "automatic":  # how long it takes is said by the expected time
        length = ""
    start = {
        "imagenet": "starts from weights pretrained on the 1,000 classes of ImageNet",
        "imagenet-v2": "starts from weights pretrained on the 1,000 classes of ImageNet",
        "none": "starts from random weights",
    }.get(recipe.weights, "starts from your own weights")
    return f"{network_name(recipe.arch)} {start}. {_TRAINABLE_SENTENCES[recipe.train]}{length}"


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


_OFF = {
    **dict.fromkeys(("patience", "mixup", "cutmix", "random_erasing", "ema"), 0),
    **dict.fromkeys(("layer_decay", "accumulation", "test_time_views"), 1),
}
"""The values that leave a technique out."""


def value_text(field: str, value: object) -> str:
    if value is None:
        return "Off" if field == "head_size" else "Automatic"
    if field == "arch":
        return network_name(str(value))
    if isinstance(value, bool):
        return "On" if value else "Off"
    if _OFF.get(field) == value:
        return "Off"
    names = {"weights": WEIGHT_NAMES, "train": TRAIN_NAMES}.get(field, CHOICE_NAMES)
    return names.get(str(value), str(value))


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
