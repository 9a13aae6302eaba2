"""The words for a recipe: names of its settings and their values, and a summary in two or three sentences."""

from core.models.zoo import network_name
from core.training.recipe import Recipe

TRAIN_NAMES = {
    "automatic": "Automatic",
    "head": "Head only",
    "layer4": "Last stage (layer4)",
    "layer3": "Last two stages (layer3 and layer4)",
    "all": "All layers",
    "staged": "Head first, then all layers (staged)",
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
    "processes": "Processes on the cluster",
    "keep_epochs": "Keep epochs for the Explain page",
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


def recipe_summary(recipe: Recipe, task: str = "classification") -> str:
    """Return the network, its starting weights, its trainable layers and the epochs, in two or three sentences."""
    length = f" Training takes {_epochs(recipe.epochs)}."
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


_OFF = {
    **dict.fromkeys(("patience", "mixup", "cutmix", "random_erasing", "ema"), 0),
    **dict.fromkeys(("layer_decay", "accumulation", "test_time_views"), 1),
}
"""The values that leave a technique out."""


def value_text(field: str, value: object) -> str:
    """Return the value of a setting as the form shows it."""
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


def _epochs(number: int) -> str:
    return f"{number:,} epoch{'' if number == 1 else 's'}"
