"""Why a training computes its frozen layers anew in every step, although they could be kept."""

from core.training.recipe import Recipe

_ON_IMAGES = ("mixup", "cutmix", "random_erasing")


def reason_against_keeping(recipe: Recipe) -> str:
    """Return a sentence for the log that names the setting; empty if kept features give the same training."""
    if chosen := [name for name in _ON_IMAGES if getattr(recipe, name)]:
        return f"{' and '.join(chosen)} changes whole photos, {_ANEW}."
    if not recipe.views:
        return f"views is 0, so each epoch draws new random views, {_ANEW}."
    return ""


def does_not_fit(wanted: int, room: int) -> str:
    """Return the sentence for features that are too large for the disk budget, both in bytes."""
    return (
        f"Keeping the features of the frozen layers would take {_size(wanted)}, and there is room for {_size(room)}, "
        "so the frozen layers are computed in every epoch. Free some disk space, use fewer views, or raise "
        "RESNET_STUDIO_FEATURE_GIGABYTES."
    )


def not_written(reason: str) -> str:
    """Return the sentence for a disk that does not take the features."""
    return (
        f"The features of the frozen layers cannot be stored ({reason}), so the frozen layers are computed in every "
        "epoch. Free some disk space, or make the workspace writable."
    )


TOO_LARGE_FOR_HALF = (
    "Some values of the frozen layers are too large to be kept in half precision, so the frozen layers are computed in "
    "every epoch."
)

ANOTHER_PROCESS = (
    "Another process of this training cannot store the features of the frozen layers, so they are computed in every "
    "epoch."
)

_ANEW = "and the frozen layers are computed anew for each of them"


def _size(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"
