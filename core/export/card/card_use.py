"""What an exported model's README says about its data, its input, its intended use and its limits."""

import pandas as pd

from core.models.bundle import BundleInfo

_MODES = {
    "crop": "The photo is resized to {resize} pixels on its shorter side; the central {size} x {size} pixels are used.",
    "squash": "The photo is squashed to {size} x {size} pixels, whatever its shape.",
    "letterbox": "The photo is fitted into {size} x {size} pixels, with bars in the mean colour.",
}


def data_text(info: BundleInfo, counts: pd.DataFrame | None) -> str:
    """Return how many photos the model learned from, and how they were split; empty if that is not known."""
    if counts is None:
        return ""
    train, val, test = (int(counts[split].sum()) if split in counts else 0 for split in ("train", "val", "test"))
    seed = (info.recipe or {}).get("split_seed")
    how = f" The split is by class, and repeatable with the seed {seed}." if seed is not None else ""
    return (
        f"{train + val + test:,} photos of {len(info.classes)} classes: {train:,} for training, {val:,} for "
        f"validation, {test:,} for testing.{how} The photos themselves are not part of this model.\n\n"
    )


def intended_use(info: BundleInfo) -> str:
    """Return what the model is for, and what it is not for."""
    what = (
        "the class and the box of one object" if info.task == "localization" else "which of its classes a photo shows"
    )
    leaves = info.decision is not None and (info.decision.leave_below is not None or info.decision.foreign is not None)
    unsure = " Leave the photos that it calls unsure to a person." if leaves else ""
    return (
        f"It says {what}, for photos like those that it was trained on: the same kind of objects, camera, light and "
        f"background. It is meant for learning, experiments and tools that a person checks.{unsure}\n\n"
        "Do not use it alone for decisions about people, for medical or safety purposes, or for photos of another "
        "kind, unless you have tested it on such photos."
    )


def limits(info: BundleInfo) -> str:
    """Return what the model cannot do."""
    several = "It predicts one box, whether there is one object or several. " if info.task == "localization" else ""
    return (
        "The model predicts one of its classes for every photo, even if the photo shows none of them. "
        f"{several}The figures above are valid only for photos like those it was tested on."
    )


def input_text(info: BundleInfo) -> str:
    """Return how a photo becomes the network's input."""
    seen = info.preprocessing
    return (
        f"{_MODES[seen['mode']].format(**seen)} The RGB channels are divided by 255; then the mean "
        f"{_numbers(seen['mean'])} is subtracted, and the result divided by {_numbers(seen['std'])}. Resizing is "
        f"{seen['interpolation']} with antialiasing, as in Pillow."
    )


def _numbers(values: list[float]) -> str:
    return ", ".join(f"{value:.6g}" for value in values)
