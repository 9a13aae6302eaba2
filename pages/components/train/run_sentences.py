"""What a training will do and how it goes, in plain sentences."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime

import pandas as pd

from core.runs.status import RunState, Status
from core.training.recipe import Recipe
from pages.components.shared.wording import counted

STATE_WORDS: dict[RunState, tuple[str, str]] = {
    "queued": ("waiting", "gray"),
    "preparing": ("preparing", "blue"),
    "running": ("training", "blue"),
    "finished": ("finished", "green"),
    "stopped": ("stopped", "orange"),
    "failed": ("failed", "red"),
    "interrupted": ("interrupted", "orange"),
}

TRAIN_NAMES = {
    "head": "Head",
    "layer4": "Layer 4",
    "layer3": "Layer 3",
    "all": "All",
    "staged": "Staged",
}

ARCH_NAMES = {
    "resnet18": "ResNet-18, small and fast",
    "resnet34": "ResNet-34",
    "resnet50": "ResNet-50, the usual choice",
    "resnet101": "ResNet-101, slow",
    "resnet152": "ResNet-152, the slowest",
    "resnet50-v1": "ResNet-50 v1, the paper's strides",
    "resnet101-v1": "ResNet-101 v1, the paper's strides",
    "resnet152-v1": "ResNet-152 v1, the paper's strides",
    "resnext50-32x4d": "ResNeXt-50 32x4d, grouped convolutions",
    "resnext101-32x8d": "ResNeXt-101 32x8d, grouped convolutions, very slow",
    "wide-resnet50-2": "Wide ResNet-50-2, twice the channels inside",
    "seresnet50": "SE-ResNet-50, weighs its channels",
    "seresnet101": "SE-ResNet-101, weighs its channels",
    "seresnet152": "SE-ResNet-152, weighs its channels",
    "keras-resnet50": "Keras ResNet50",
    "keras-resnet101": "Keras ResNet101",
    "keras-resnet152": "Keras ResNet152",
    "keras-resnet50v2": "Keras ResNet50V2, pre-activation",
    "keras-resnet101v2": "Keras ResNet101V2, pre-activation",
    "keras-resnet152v2": "Keras ResNet152V2, pre-activation",
}
_WRITTEN = {
    "keras-resnet": "Keras ResNet",
    "wide-resnet": "Wide ResNet-",
    "seresnet": "SE-ResNet-",
    "resnext": "ResNeXt-",
    "resnet": "ResNet-",
}
"""How people write the beginning of an architecture's name; the longer beginnings first."""

WEIGHT_NAMES = {
    "imagenet": "ImageNet",
    "imagenet-v2": "ImageNet, second recipe",
    "none": "None: from scratch",
}

CHOICE_NAMES = {
    "one-cycle": "One cycle",
    "cosine": "Cosine",
    "constant": "Constant",
    "adamw": "AdamW",
    "sgd": "SGD",
    "adam": "Adam",
    "crop": "Crop",
    "squash": "Squash",
    "letterbox": "Letterbox",
    "none": "None",
    "light": "Light",
    "standard": "Standard",
    "balanced": "Balanced",
    "giou": "Overlap (GIoU)",
    "smooth-l1": "Edges (smooth L1)",
    "auto": "Automatic",
}

RECIPE_WORDS = {
    "arch": "Architecture",
    "weights": "Starting weights",
    "source": "Where the weights come from",
    "train": "What learns",
    "epochs": "Epochs",
    "head_epochs": "Of these, for the head alone",
    "batch_size": "Batch size",
    "optimizer": "Optimizer",
    "learning_rate": "Learning rate",
    "schedule": "Schedule",
    "weight_decay": "Weight decay",
    "label_smoothing": "Label smoothing",
    "class_weighting": "Class weighting",
    "box_loss": "Loss of the box",
    "augmentation": "Random changes to the training photos",
    "mode": "How a photo becomes a square",
    "size": "Side of the square in pixels",
    "patience": "Early stopping: epochs without progress",
    "seed": "Seed",
    "device": "Device",
    "precision": "Precision",
    "workers": "Helpers that prepare photos",
}
"""What each choice of a recipe is called on the form."""

_WHAT_LEARNS = {
    "head": "Its new last layer learns your classes; everything else stays as it is.",
    "layer4": "Its new last layer and its last stage learn; everything else stays as it is.",
    "layer3": "Its new last layer and its last two stages learn; everything else stays as it is.",
    "all": "Every layer learns.",
    "staged": "First only its new last layer learns, then every layer, with smaller steps lower down.",
}


def photos_sentence(counts: pd.DataFrame) -> str:
    """What there is to train on, from ``Snapshot.counts()``: a row a class, a column a split."""
    train, val, test = (int(counts[split].sum()) for split in ("train", "val", "test"))
    classes = len(counts)
    return (
        f"**{counted(train + val + test, 'photo')} in {counted(classes, 'class', 'classes')}**: {train} to learn from, "
        f"{val} to check on after each epoch, {test} kept for the test."
    )


def recipe_sentence(recipe: Recipe) -> str:
    """What will be trained, and how long."""
    start = {
        "imagenet": f"The network is {network_name(recipe.arch)}, which already knows 1,000 kinds of things.",
        "imagenet-v2": f"The network is {network_name(recipe.arch)}, which already knows 1,000 kinds of things.",
        "none": f"The network is {network_name(recipe.arch)} and starts from random numbers.",
    }.get(recipe.weights, f"The network is {network_name(recipe.arch)} and goes on from weights of yours.")
    return f"{start} {_WHAT_LEARNS[recipe.train]} It sees all training photos {counted(recipe.epochs, 'time')}."


def recipe_rows(recipe: Recipe, task: str = "classification") -> list[dict[str, str]]:
    """Every choice of a recipe in the form's words, with its value and the usual one; a row each."""
    usual = Recipe.for_task(task, weights=recipe.weights).model_dump()
    rows = []
    for field, value in recipe.model_dump().items():
        if field == "box_loss" and task == "classification":
            continue
        told = _choice_words(field, value)
        if field == "learning_rate" and value is None:
            told = f"{recipe.resolved_learning_rate():g}, {told}"
        elif field == "head_epochs" and value is None:
            staged = recipe.train == "staged"
            told = f"{recipe.resolved_head_epochs()}, {told}" if staged else "only in a staged training"
        default = Recipe.model_fields["weights"].default if field == "weights" else usual[field]
        rows.append({"choice": RECIPE_WORDS[field], "value": told, "usual": _choice_words(field, default)})
    return rows


def _choice_words(field: str, value: object) -> str:
    if value is None:
        return "chosen for you"
    if field == "arch":
        return network_name(str(value))
    if field == "patience" and value == 0:
        return "off"
    names = {"weights": WEIGHT_NAMES, "train": TRAIN_NAMES}.get(field, CHOICE_NAMES)
    return names.get(str(value), str(value))


def network_name(arch: str) -> str:
    """``resnet50-v1`` as people write it: ResNet-50 v1."""
    begin = next((begin for begin in _WRITTEN if arch.startswith(begin)), "")
    rest = arch.removeprefix(begin)
    rest = rest.replace("v2", "V2") if begin.startswith("keras") else rest.replace("-v1", " v1").replace("-32x", " 32x")
    return _WRITTEN.get(begin, "") + rest


def run_title(recipe: Recipe) -> str:
    """A name for a run that nobody named."""
    part = {"layer4": "from layer4 on", "layer3": "from layer3 on"}.get(recipe.train, recipe.train)
    return f"{network_name(recipe.arch)}, {part}, {counted(recipe.epochs, 'epoch')}"


def about(seconds: float) -> str:
    """A length of time as one says it: "about 3 minutes"; never more exact than it is."""
    if seconds < 50:
        return "less than a minute"
    if seconds < 90:
        return "about a minute"
    minutes = seconds / 60
    if minutes < 10:
        return f"about {round(minutes)} minutes"
    if minutes < 55:
        return f"about {5 * round(minutes / 5)} minutes"
    hours = minutes / 60
    if hours < 1.25:
        return "about an hour"
    return f"about {round(hours * 2) / 2:g} hours"


def left(seconds: float | None) -> str:
    """The remaining time of a running training, finer than ``about``: somebody is waiting."""
    if seconds is None:
        return ""
    if seconds < 60:
        return f"{max(1, round(seconds))} s left"
    return f"{round(seconds // 60)} min {round(seconds % 60):02d} s left" if seconds < 600 else f"{about(seconds)} left"


def ago(moment: datetime, now: datetime | None = None) -> str:
    """When something was: "2 minutes ago", "yesterday", or the date."""
    seconds = ((now or datetime.now(UTC)) - moment).total_seconds()
    if seconds < 60:
        return "just now"
    if seconds < 3600:
        return f"{counted(int(seconds // 60), 'minute')} ago"
    if seconds < 86_400:
        return f"{counted(int(seconds // 3600), 'hour')} ago"
    return "yesterday" if seconds < 172_800 else moment.strftime("%d %b %Y")


def progress_of(status: Status) -> tuple[float, str]:
    """How much of a live run is done, and the words beside the bar."""
    if not status.epoch or not status.epochs:
        return 0.0, "starting"
    share = (status.epoch - 1 + (status.batch / status.batches if status.batches else 0.0)) / status.epochs
    parts = [f"epoch {status.epoch} of {status.epochs}", left(status.seconds_left)]
    return min(1.0, share), " · ".join(part for part in parts if part)


def phase_of(status: Status) -> tuple[float, str]:
    """What is being done at the moment: a batch, or what its phase says, "reading the photos: 3 of 9"."""
    if status.phase.startswith("epoch") and status.batches:
        return status.batch / status.batches, f"batch {status.batch} of {status.batches}"
    counted_off = re.search(r"([\d,]+) of ([\d,]+)", status.phase)
    share = 0.0
    if counted_off:
        done, total = (int(number.replace(",", "")) for number in counted_off.groups())
        share = min(1.0, done / max(1, total))
    return share, status.phase or "getting ready"


def facts_of(status: Status) -> str:
    """The device, the precision and the pace, as far as they are known."""
    device = {"cpu": "processor (CPU)", "cuda": "graphics card (CUDA)", "mps": "Apple graphics (MPS)"}
    parts: Sequence[str] = (
        device.get((status.device or "").split(":")[0], status.device or ""),
        status.precision or "",
        f"{status.images_per_second:,.0f} photos a second" if status.images_per_second else "",
    )
    return " · ".join(part for part in parts if part)
