"""A shared model on a photo of one's own: what it predicts, and where it looked."""

from typing import TYPE_CHECKING

import streamlit as st

from core.people.register import Register
from core.people.sharing.gallery import place_of
from core.people.sharing.records import Shared
from pages.components.explain.asked_explanation import Asked
from pages.components.explain.explanation_view import answer
from pages.components.explain.photo_source import ChosenPhoto
from pages.components.shared import preload
from pages.components.shared.model_cache import cached_model

if TYPE_CHECKING:
    from core.inspection.explaining.explanation import Explanation
    from core.inspection.predicting.predictor import Predictor


def explained(register: Register, item: Shared, photo: ChosenPhoto) -> "Explanation":
    """Return the model's prediction for a photo with its heatmap. Raises BundleError for a damaged model."""
    preload.wait()
    predictor = cached_model(f"shared {item.folder}", "", lambda: _load(register, item))
    return Asked(predictor, photo, f"shared {item.folder}", "gradcam", "layer4", None).explained()


def show(explanation: "Explanation", photo: ChosenPhoto, key: str) -> None:
    """Draw what the model saw, where it looked, and its most likely classes."""
    from core.inspection.explaining.explanation import overlay

    left, right = st.columns([2, 1.1])
    with left, st.grid(2, min_column_width=130):
        st.image(explanation.view, caption="Model input", width="stretch", alt="The photo as the model sees it")
        heated = overlay(explanation, 0.55)
        st.image(heated, caption="Where the model looked", width="stretch", alt=explanation.sentence)
    with right:
        answer(explanation, photo, f"{key}-answers")


def _load(register: Register, item: Shared) -> "Predictor":
    from core.inspection.predicting.predictor import Predictor

    predictor = Predictor.load(place_of(register, item))
    predictor.name = item.name
    return predictor
