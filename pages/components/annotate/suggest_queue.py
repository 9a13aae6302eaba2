"""The help beside the photo to label: in which order photos come, the suggested class, how good it was so far."""

from typing import NamedTuple

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.data.store.store import ClassInfo, ImageRow, Project
from core.inspection.suggesting.suggestions import SuggestionModel, enough_labels
from core.inspection.suggesting.vectors import default_network
from pages.components.annotate.labelling_desk import Desk, press
from pages.components.annotate.suggest_accept import offer_sure_ones
from pages.components.annotate.suggest_state import (
    instant_model,
    refit,
    show_progress,
    start_looking,
    suggestions_of,
    vectors_state,
)
from pages.components.shared import frame
from pages.components.shared.widget_memory import keep_choice, kept_choice
from pages.components.shared.wording import by_name, plain

ORDERS = {
    "In order": "added",
    "Most uncertain first": "uncertain",
    "Most unlike the labelled first": "unlike",
    "At random": "random",
}
HELP = (
    "Which photo comes next. Most uncertain: where the helper wavers between two classes; it learns most from those. "
    "Most unlike: what looks least like anything labelled so far. Or the photos that most likely show one class."
)
ACCEPT_KEY = "Enter"


class Queue(NamedTuple):
    """How a person wants to be led through the photos."""

    order: str = "added"
    label: str | None = None
    """The class, where the order is "class"."""
    suggest: bool = True


def choose_queue(head: DeltaGenerator, classes: list[str], *, ordered: bool) -> Queue:
    """The two choices beside the section's name; an order only where there is something to put in order."""
    order, label = "added", None
    if ordered:
        likely = [(f"Likely {name} first", ("class", name)) for name in classes]
        orders: dict[str, tuple[str, str | None]] = by_name(
            [*((name, (key, None)) for name, key in ORDERS.items()), *likely]
        )
        names = list(orders)
        named = head.selectbox(
            "Order",
            names,
            names.index(kept_choice("annotate-order", names[0], names)),
            key="annotate-order",
            label_visibility="collapsed",
            width=230,
            help=HELP,
            on_change=keep_choice,
            args=("annotate-order",),
        )
        order, label = orders[named]
    suggest = head.toggle(
        "Suggest",
        kept_choice("annotate-suggest", True, (True, False)),
        key="annotate-suggest",
        help="A small model learns from each of your labels and suggests the class of the next photo. Switch it off to "
        "decide without being influenced.",
        on_change=keep_choice,
        args=("annotate-suggest",),
    )
    return Queue(order, label, suggest)


def suggestion_button(desk: Desk, row: ImageRow, label: str, probability: float) -> None:
    """The button and key that accept the suggested class."""
    st.button(
        f"Accept {plain(label)} · {percent(probability)}",
        # The photo and the class are in the key: a press that was under way accepts nothing else.
        key=f"accept-{row.id}-{label}",
        icon=":material/check:",
        shortcut=ACCEPT_KEY,
        type="primary",
        width="stretch",
        help="Accept the suggestion.",
        on_click=press,
        args=(desk, row.id, label),
    )


def helper_line(project: Project, desk: Desk, classes: list[ClassInfo], queue: Queue, *, suggested: bool) -> None:
    """A line or two under the buttons: what the helper is doing, what it lacks, or how often it was right."""
    if default_network(frame.workspace()) is None:
        st.caption("Suggestions and orders need the pretrained network. Fetch it once on the home page.")
        return
    model = instant_model(project.id)
    if model is not None and desk.order == "unlike" and not model.unlike_wanted:
        model.unlike_wanted = True
        model.ask()
    found = suggestions_of(project.id)
    if found is None or len(found.ids) < frame.store().count(project.id):
        start_looking(project)
        show_progress(project)
        state = vectors_state(project)
        if found is not None and not state.running and len(found.ids) < state.done:
            refit(project.id)  # the last vectors came after the last fit
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
                st.caption(f"Suggestions begin with two labels a class. Still to come: {names}{more}")
        else:
            if desk.agreed:
                st.caption(f"The suggestion was right for {sum(desk.agreed)} of your last {len(desk.agreed)} photos.")
            offer_sure_ones(project, found)
    if not suggested and enough_labels([one.count for one in classes]) and _more_comes(project, model):
        _until_there(project, desk, anything=False)


def _more_comes(project: Project, model: SuggestionModel) -> bool:
    return not model.fresh or vectors_state(project).running


def percent(probability: float) -> str:
    """ "93 %", and never more than the model knows: 99.7 % is not 100 %."""
    return f"{min(99.9, probability * 100):.1f} %" if probability >= 0.99 else f"{probability * 100:.0f} %"


@frame.fragment(run_every=0.5)
def _until_there(project: Project, desk: Desk, anything: bool) -> None:
    """Draws the page anew once there is something to show: any suggestions, or one for the photo on the desk."""
    model = instant_model(project.id)
    if model is None or desk.current is None or model.suggestions is None:
        return
    if anything or model.suggestions.of(desk.current) or not _more_comes(project, model):
        st.rerun()
