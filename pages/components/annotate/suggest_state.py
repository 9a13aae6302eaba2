"""The instant model of a project as the pages share it, and how far the vectors that it learns from are."""

import streamlit as st

from core.data.store.store import Project, Store
from core.inspection.suggesting.suggestions import SuggestionModel, Suggestions
from core.inspection.suggesting.vector_job import VectorsState, begin, vectors_of
from core.inspection.suggesting.vector_job import vectors_state as state_of
from core.inspection.suggesting.vectors import default_network
from pages.components.shared import frame
from pages.components.shared.wording import plain

SECONDS_BETWEEN_LOOKS = 1.0
GROWTH, MOST_NEW = 0.1, 400


@st.cache_resource(max_entries=8, show_spinner=False)
def _model(root: str, database_url: str, network: str, project_id: int, _store: Store) -> SuggestionModel:
    return SuggestionModel(_store, project_id, vectors_of(_store.workspace, network))


def instant_model(project_id: int) -> SuggestionModel | None:
    """The project's model, one for all tabs; None where the pretrained weights have not been fetched."""
    here, store = frame.workspace(), frame.store()
    network = default_network(here)
    return None if network is None else _model(str(here.root), here.database_url, network, project_id, store)


def suggestions_of(project_id: int) -> Suggestions | None:
    """The newest suggestions; None as long as there are none, and then they are asked for."""
    model = instant_model(project_id)
    if model is None:
        return None
    if model.suggestions is None and model.fresh:
        model.ask()
    return model.suggestions


def refit(project_id: int) -> None:
    """Ask for suggestions that know the newest labels, where anybody has looked at some; returns at once."""
    model = instant_model(project_id)
    if model is not None and model.suggestions is not None:
        model.ask()


def vectors_state(project: Project) -> VectorsState:
    """How many of the project's photos have a vector, of how many, and whether a process is at work on them."""
    here = frame.workspace()
    return _state(str(here.root), here.database_url, project.id)


# Kept for a moment, because it reads the hash of every photo, and is asked for at every key press.
@st.cache_data(ttl=1.0, max_entries=16, show_spinner=False)
def _state(root: str, database_url: str, project_id: int) -> VectorsState:
    return state_of(frame.store(), project_id)


def start_looking(project: Project) -> None:
    """Have the vectors computed that are missing; asked again and again, it looks every few seconds what is missing."""
    here = frame.workspace()
    _start(str(here.root), here.database_url, project.id)


@st.cache_data(ttl=5.0, max_entries=16, show_spinner=False)
def _start(root: str, database_url: str, project_id: int) -> None:
    begin(frame.store(), project_id)
    _state.clear()


def prepare(project: Project) -> Suggestions | None:
    """Start what is missing for Similar and Map, show how far it is, and answer with what can be shown already."""
    if default_network(frame.workspace()) is None:
        frame.empty(
            "The pretrained network is not here yet",
            "It sees which photos look alike. Fetch it once on the home page.",
            "To the home page",
            "Home",
        )
        return None
    start_looking(project)
    state = vectors_state(project)
    if state.done < state.total:
        show_progress(project, "They appear here as the network looks at them.")
    found = suggestions_of(project.id)
    if found is None:
        _wait(project)
        return None
    return found


def show_progress(project: Project, note: str = "") -> None:
    """How many photos the network has looked at, moving by itself; the page is drawn anew when all are done."""
    state = vectors_state(project)
    if state.running:
        _moving(project, note)
    elif state.problem:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(f":orange[:material/info:] {plain(state.problem)}", width="content")
            st.button("Try again", type="tertiary", on_click=_again, args=(project,), key="vectors-again")


@frame.fragment(run_every=SECONDS_BETWEEN_LOOKS)
def _moving(project: Project, note: str) -> None:
    state = vectors_state(project)
    found = suggestions_of(project.id)
    fitted = len(found.ids) if found else 0
    new = abs(state.done - fitted)
    # A tenth more, or all: a refit a second would take the processor from what computes the vectors.
    if new and (new >= min(MOST_NEW, fitted * GROWTH) or not state.running):
        refit(project.id)
    if not state.running:
        st.rerun()
    st.progress(state.done / max(1, state.total), f"The network looks at the photos: {state.done:,} of {state.total:,}")
    if note:
        st.caption(note)


@frame.fragment(run_every=0.5)
def _wait(project: Project) -> None:
    st.caption("One moment.")
    if suggestions_of(project.id) is not None:
        st.rerun()


def _again(project: Project) -> None:
    begin(frame.store(), project.id, again=True)
    _state.clear()


def keep_in_view(key: str) -> None:
    """Buttons of that key stay at the top while the photos under them are scrolled."""
    st.html(
        f"<style>div:has(> .st-key-{key}) {{ position: sticky; top: 3.75rem; z-index: 10; padding: 0.4rem 0; "
        "background: light-dark(#fdfdfc, #111716); }</style>"
    )
