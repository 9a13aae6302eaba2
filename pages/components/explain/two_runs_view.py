"""One photo, two models side by side: their answers, their heatmaps on one colour scale, their nearest photos."""

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st
from PIL import Image

from core.data.store.store import Project
from core.inspection.explaining.methods import METHODS
from pages.components.correcting import explained_photo
from pages.components.explain import loaded_model, nearest_view
from pages.components.explain.asked_explanation import Asked
from pages.components.explain.explanation_view import answer, choose_method
from pages.components.explain.photo_source import ChosenPhoto
from pages.components.shared import frame
from pages.components.shared.pickers import model_names, pick_model
from pages.components.shared.wording import plain

if TYPE_CHECKING:
    from core.inspection.explaining.explanation import Explanation
    from core.inspection.predicting.predictor import Predictor

LETTERS = ("A", "B")
OWN = "each model's prediction"
SCALE = "One colour scale for both: black is no evidence, bright yellow the strongest place of each model's own map."
OPACITY = 0.55


def show(predictor: "Predictor", photo: ChosenPhoto, reference: str, project: Project | None) -> None:
    """Draw the choice of the other model, and both explanations; ``reference`` names the predictor's model."""
    other_reference = pick_model(project, label="Compare with", key="other-model", without=reference)
    other = loaded_model.predictor_for(other_reference)
    if other is None:
        return
    names = model_names(project)
    if len(names) <= len(LETTERS):
        st.caption("Train a second run to compare two models of your own.")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        method, stage = choose_method([name for name, info in METHODS.items() if not info.slow], "two")
        target = _choose_class(predictor, other)
    references = (reference, other_reference)
    models = (predictor, other)
    asked = [
        Asked(model, photo, name, method, stage, None if target is None else model.index_of(target))
        for model, name in zip(models, references, strict=True)
    ]
    with st.spinner("Computing both heatmaps…"):
        explanations = [one.explained() for one in asked]
    titles = [f"{letter}: {names.get(name, name)}" for letter, name in zip(LETTERS, references, strict=True)]
    _maps(explanations, titles)
    st.markdown(plain(agreement(*explanations)))
    with st.grid(2, min_column_width=250):
        for letter, title, explanation in zip(LETTERS, titles, explanations, strict=True):
            with st.container():
                st.markdown(f"**{plain(title)}**")
                answer(explanation, photo, f"two-answers-{letter}")
    with st.grid(2, min_column_width=290):
        places = [st.container() for _ in LETTERS]
    # Last, because it may take a moment.
    for letter, place, model, name, explanation in zip(LETTERS, places, models, references, explanations, strict=True):
        with place, frame.plain_errors():
            st.markdown(f"**{letter}**")
            ranked = [one for one, _ in explanation.prediction.ranked]
            nearest_view.show(model, photo, name, ranked, key=f"near-{letter}")
    explained_photo.again(*references)


def agreement(one: "Explanation", other: "Explanation") -> str:
    """Return how similar two maps of the same photo are, in words."""
    from core.inspection.explaining.baseline_maps import rank_correlation

    if one.heatmap.shape != other.heatmap.shape:
        return "The two models see the photo in different sizes, so compare their maps by eye."
    similarity = rank_correlation(one.heatmap, other.heatmap)
    if similarity is None:
        return "One of the maps has the same value everywhere, so the two cannot be compared."
    strong, weak = 0.7, 0.3
    words = "much alike" if similarity > strong else "partly alike" if similarity > weak else "different"
    return f"The two maps are {words}: their rank correlation is {similarity:.2f}, where 1 is the same order of places."


def _maps(explanations: "list[Explanation]", titles: list[str]) -> None:
    from core.inspection.explaining.explanation import colored, overlay

    with st.grid(2, min_column_width=130):
        for title, explanation in zip(titles, explanations, strict=True):
            st.image(
                overlay(explanation, OPACITY),
                caption=plain(title),
                width="stretch",
                output_format="PNG",
                alt=f"{title}. {explanation.sentence}",
            )
    ramp = colored(np.linspace(0, 1, 256, dtype=np.float32)[None]).resize((256, 8), Image.Resampling.NEAREST)
    st.image(ramp, caption=SCALE, width=256, output_format="PNG", alt="The colours of both heatmaps, from none to most")
    for letter, explanation in zip(LETTERS, explanations, strict=True):
        st.caption(f"{letter}: {plain(explanation.sentence)}")


def _choose_class(one: "Predictor", other: "Predictor") -> str | None:
    """Draw the choice of the class that both maps show; None for what each model predicts."""
    shared = [name for name in one.classes if name in other.classes]
    chosen = st.selectbox(
        "Evidence for",
        [OWN, *(name for name in dict.fromkeys(shared) if name != OWN)],
        key=f"two-target-{one.name}-{other.name}",
        width=230,
        help="Both heatmaps show evidence for the same class, if both models know it.",
    )
    return None if chosen == OWN else str(chosen)
