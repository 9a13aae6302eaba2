"""Suggestions while labelling: the order of the photos, and how far the features are."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.data.store.store import Project
from core.features.vectors import default_vectors
from pages.components.annotate.desk.labelling_desk import Desk, Queue
from pages.components.annotate.suggest_state import (
    instant_model,
    offer_new_try,
    refit,
    show_progress,
    start_features,
    suggestions_of,
    vectors_state,
)
from pages.components.shared import frame
from pages.components.shared.widget_memory import remember_choice, remembered_choice
from pages.components.shared.wording import unique_options

ORDERS = {
    "In order": "added",
    "Least certain first": "uncertain",
    "Least similar to labelled first": "unlike",
    "Random": "random",
}
HELP = (
    "Which photo comes next. Least certain: where the model is least certain between two classes; these labels improve "
    "it most. Least similar: photos that look least like anything labelled so far. Likely: photos of one class."
)


def choose_queue(head: DeltaGenerator, classes: list[str], *, ordered: bool) -> Queue:
    """Draw the choice of order, if ``ordered``, and the switch for suggestions."""
    order, label = "added", None
    if ordered:
        likely = [(f"Likely {name} first", ("class", name)) for name in classes]
        orders: dict[str, tuple[str, str | None]] = unique_options(
            [*((name, (key, None)) for name, key in ORDERS.items()), *likely]
        )
        names = list(orders)
        named = head.selectbox(
            "Order",
            names,
            names.index(remembered_choice("annotate-order", names[0], names)),
            key="annotate-order",
            label_visibility="collapsed",
            width=230,
            help=HELP,
            on_change=remember_choice,
            args=("annotate-order",),
        )
        order, label = orders[named]
    suggest = head.toggle(
        "Suggestions",
        remembered_choice("annotate-suggest", True, (True, False)),
        key="annotate-suggest",
        help="Suggestions come from a small model trained on your labels. Turn them off to decide without being "
        "influenced.",
        on_change=remember_choice,
        args=("annotate-suggest",),
    )
    return Queue(order, label, suggest)


def features_status(project: Project, desk: Desk, photos: int) -> None:
    """Below the desk: how far the features of its ``photos`` are, and what is missing for suggestions.

    Nothing here changes with a key press, so that a press does not need the page.
    """
    if default_vectors(frame.workspace()) is None:
        st.caption("Suggestions and orders need the pretrained network. Download it once on the home page.")
        return
    model = instant_model(project.id)
    if model is not None and desk.order == "unlike" and not model.unlike_wanted:
        model.unlike_wanted = True
        model.ask()
    found = suggestions_of(project.id)
    if found is None or len(found.ids) < photos:
        start_features(project)
        show_progress(project)
        state = vectors_state(project)
        if found is not None and model and not model.failed and not state.running and len(found.ids) < state.done:
            refit(project.id)  # the last features arrived after the last fit
    if offer_new_try(project.id):
        return
    if found is None or model is None:
        _until_there(project, desk)


@frame.fragment(run_every=0.5)
def _until_there(project: Project, desk: Desk) -> None:
    """Redraw the page once there are suggestions, so that the desk can show them."""
    model = instant_model(project.id)
    if model is None or desk.current is None:
        return
    start_features(project)  # in a class it may not have been this project's turn before
    if model.failed or model.suggestions is not None:
        st.rerun()
