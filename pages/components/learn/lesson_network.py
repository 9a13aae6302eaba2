"""The network that a lesson runs: one for all visitors, with the weights that are on this computer."""

from typing import TYPE_CHECKING

from core.errors import WeightsUnavailable
from core.models.weights_table import WeightsEntry, available
from pages.components.shared.networks import shared

if TYPE_CHECKING:
    from core.inspection.predicting.predictor import Predictor


def weights_for(arch: str) -> WeightsEntry | None:
    """The weights of an architecture that are on disk; None where there are none."""
    try:
        return available(arch)
    except WeightsUnavailable:
        return None


def network_for(arch: str) -> "Predictor":
    """The architecture with the weights that are on disk, with random ones where there are none. Nobody changes it."""
    entry = weights_for(arch)
    return shared(("lesson", arch), entry.key if entry else "", lambda: _load(arch, entry))


def _load(arch: str, entry: WeightsEntry | None) -> "Predictor":
    from core.lessons.networks import predictor_of

    return predictor_of(arch, entry)
