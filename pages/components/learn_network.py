"""The network that a lesson runs: one for all visitors, with the weights that are on this computer."""

from typing import TYPE_CHECKING

import streamlit as st

from core.errors import WeightsUnavailable
from core.models.weights_table import WeightsEntry, available

if TYPE_CHECKING:
    from core.inspection.predictor import Predictor


def weights_for(arch: str) -> WeightsEntry | None:
    """The weights of an architecture that are on disk; None where there are none."""
    try:
        return available(arch)
    except WeightsUnavailable:
        return None


def network_for(arch: str) -> "Predictor":
    """The architecture with the weights that are on disk, with random ones where there are none. Nobody changes it."""
    entry = weights_for(arch)
    return _loaded(arch, entry.key if entry else "")


@st.cache_resource(max_entries=3, show_spinner="Loading the network …")
def _loaded(arch: str, weights: str) -> "Predictor":
    from core.lessons.networks import predictor_of

    return predictor_of(arch, weights_for(arch) if weights else None)
