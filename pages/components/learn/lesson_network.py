"""Load the network of a lesson, shared by all visitors, with the weights on this computer."""

from typing import TYPE_CHECKING

from core.errors import WeightsUnavailable
from core.models.weights_table import WeightsEntry, available
from pages.components.shared.model_cache import cached_model

if TYPE_CHECKING:
    from core.inspection.predicting.predictor import Predictor


def weights_for(arch: str) -> WeightsEntry | None:
    """Return the weights of an architecture on disk; None if there are none."""
    try:
        return available(arch)
    except WeightsUnavailable:
        return None


def network_for(arch: str) -> "Predictor":
    """Return the architecture with the weights on disk, or with random ones. Do not modify it: it is shared."""
    entry = weights_for(arch)
    return cached_model(("lesson", arch), entry.key if entry else "", lambda: _load(arch, entry))


def _load(arch: str, entry: WeightsEntry | None) -> "Predictor":
    from core.lessons.lesson_predictor import load_lesson_predictor

    return load_lesson_predictor(arch, entry)
