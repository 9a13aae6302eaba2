"""Suggestions while labelling: the order of the photos, the suggested class, how often it was right."""

from typing import NamedTuple

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.data.store.records import AroundDesk
from core.data.store.store import ImageRow, Project
from core.features.vectors import default_vectors
from core.inspection.suggesting.suggestions import SuggestionModel, enough_labels
from pages.components.annotate.labelling_desk import Desk, Suggested, press
from pages.components.annotate.suggest_accept import offer_review
from pages.components.annotate.suggest_state import (
    RECOMPUTING,
    current_suggestions,
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
from pages.components.shared.wording import plain, unique_options

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
ACCEPT_KEY = "Enter"


class Queue(NamedTuple):
    """The chosen order of the photos, and whether suggestions are shown."""

    order: str = "added"
    label: str | None = None
    """The class if the order is "class"."""
    suggest: bool = True


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


def suggestion_button(desk: Desk, row: ImageRow, suggested: Suggested | None) -> None:
    """Draw the button, with its key, that accepts the suggested class, or say that it is being recomputed."""
    if suggested is None:
        if desk.recomputing:
            icon = ":material/hourglass_top:"
            st.button(RECOMPUTING, key="accept-later", icon=icon, disabled=True, width="stretch")
        return
    st.button(
        f"Accept {plain(suggested.label)} · {percent(suggested.probability)}",
        # The key names the photo and the class, so that a late press accepts nothing else.
        key=f"accept-{row.id}-{suggested.label}",
        icon=":material/check:",
        shortcut=ACCEPT_KEY,
        type="primary",
        width="stretch",
        help="Accept the suggestion.",
        on_click=press,
        args=(desk, row.id, suggested.label, suggested),
    )


def suggestion_status(project: Project, desk: Desk, around: AroundDesk, queue: Queue, *, suggested: bool) -> None:
    """Show below the buttons what the suggestions still need, or how often they were right."""
    if default_vectors(frame.workspace()) is None:
        st.caption("Suggestions and orders need the pretrained network. Download it once on the home page.")
        return
    model = instant_model(project.id)
    if model is not None and desk.order == "unlike" and not model.unlike_wanted:
        model.unlike_wanted = True
        model.ask()
    found = suggestions_of(project.id)
    if found is None or len(found.ids) < around.photos:
        start_features(project)
        show_progress(project)
        state = vectors_state(project)
        if found is not None and model and not model.failed and not state.running and len(found.ids) < state.done:
            refit(project.id)  # the last features arrived after the last fit
    if offer_new_try(project.id):
        return
    if found is None or model is None:
        _until_there(project, desk, anything=True)
        return
    if not queue.suggest:
        return
    with st.container(gap="xxsmall", key="helper-line"):
        if found.probabilities is None:
            names = ", ".join(plain(name) for name in found.lacking[:6])
            more = ", ..." if len(found.lacking) > 6 else ""
            if names:
                st.caption(f"Suggestions start after two labels per class. Still needed: {names}{more}")
        else:
            if desk.agreed:
                st.caption(f"The suggestion was right for {sum(desk.agreed)} of your last {len(desk.agreed)} photos.")
            offer_review(project, found)
    if desk.recomputing:
        _until_recomputed(project, desk)
    elif not suggested and enough_labels([one.count for one in around.classes]) and _more_comes(project, model):
        _until_there(project, desk, anything=False)


def _more_comes(project: Project, model: SuggestionModel) -> bool:
    return not model.fresh or vectors_state(project).running


def percent(probability: float) -> str:
    """Format a probability: "93 %", and "99.7 %" rather than "100 %"."""
    return f"{min(99.9, probability * 100):.1f}%" if probability >= 0.99 else f"{probability * 100:.0f}%"


@frame.fragment(run_every=0.3)
def _until_recomputed(project: Project, desk: Desk) -> None:
    """Redraw the page once there is a suggestion that answers to the labels as they are now."""
    model = instant_model(project.id)
    if not desk.quiet and (current_suggestions(project.id) is not None or (model is not None and model.failed)):
        st.rerun()


@frame.fragment(run_every=0.5)
def _until_there(project: Project, desk: Desk, anything: bool) -> None:
    """Redraw the page once there is something to show: any suggestions, or one for the photo on screen."""
    model = instant_model(project.id)
    if model is None or desk.current is None:
        return
    start_features(project)  # in a class it may not have been this project's turn before
    if model.failed:
        st.rerun()
    if model.suggestions is None:
        return
    if anything or model.suggestions.of(desk.current) or not _more_comes(project, model):
        st.rerun()
