"""How many of its run's training photos an early model has seen, as its bundle says. Does not import torch."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import StudioError
from core.models.bundle import has_bundle, read_info

SEEN, OF, VALIDATION_OF = "train_photos", "train_photos_of", "val_photos_of"
"""In the metrics of such a bundle: training photos that it has seen, all of them, and all validation photos."""


@dataclass(frozen=True)
class SeenPhotos:
    """The photos of an early model."""

    photos: int
    of: int
    """All training photos of the run."""
    val_of: int
    """All its validation photos; the report is on some of them."""

    @property
    def model(self) -> str:
        """The model, within a sentence."""
        return f"first model, from {self.photos:,} of {self.of:,} training photos"

    @property
    def usable(self) -> str:
        """A sentence for a run that ended before its final model."""
        return f"Until then you can use its {self.model}."


def seen_photos(best: Path) -> SeenPhotos | None:
    """Return what a run's ``best/`` has seen; None for a model from all photos, and where there is no readable one."""
    try:
        return seen_in(read_info(best).metrics) if has_bundle(best) else None
    except StudioError:  # whoever opens the model says it
        return None


def seen_in(metrics: Mapping[str, Any]) -> SeenPhotos | None:
    """Return what the metrics of a bundle say; None for a model from all photos."""
    numbers = [metrics.get(name) for name in (SEEN, OF, VALIDATION_OF)]
    photos, of, val_of = (number if isinstance(number, int) and number >= 0 else None for number in numbers)
    if photos is None or of is None:
        return None
    return SeenPhotos(photos, of, val_of or 0)


def early_note(metrics: Mapping[str, Any]) -> str:
    """Return a paragraph for a model card, which lists all photos of the run; empty for a model from all of them."""
    seen = seen_in(metrics)
    if seen is None:
        return ""
    return (
        f"This is an early model: it was trained on {seen.photos:,} of the {seen.of:,} training photos, in one view, "
        "before the run had computed the features of the others.\n\n"
    )
