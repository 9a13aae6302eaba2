"""Cover it yourself: three ways to find out what an answer depends on, each behind a button of its own."""

from typing import TYPE_CHECKING

import streamlit as st

from pages.components.explain.covering import by_hand, guess_first, occlusion_map
from pages.components.explain.covering.cover_photo import CoverPhoto
from pages.components.explain.photo_source import ChosenPhoto

if TYPE_CHECKING:
    from core.inspection.predicting.predictor import Predictor

BY_HAND, MAP, GUESS = "Cover by hand", "Occlusion map", "Guess first"


def show(predictor: "Predictor", photo: ChosenPhoto, reference: str) -> None:
    """Draw the choice, and the chosen way.

    Call it in place of the explanation, not below it: a guess after the heatmap is none. ``reference`` names the
    predictor's model: a run of the workspace, or the ImageNet model.
    """
    part = st.segmented_control(
        "What to do", (BY_HAND, MAP, GUESS), default=BY_HAND, required=True, key="cover-part",
        label_visibility="collapsed",
    )  # fmt: skip
    shown = CoverPhoto.of(predictor, photo, reference)
    {BY_HAND: by_hand.show, MAP: occlusion_map.show, GUESS: guess_first.show}[part](shown)
