"""The suggestion model of a project, shared by all tabs, and the progress of computing its features."""

import time
from pathlib import Path

import streamlit as st

from core.data.store.store import Project, Store
from core.features.vectors import default_vectors
from core.inspection.suggesting.suggestions import SuggestionModel, Suggestions
from core.inspection.suggesting.vector_job import MOST_OPEN, VectorsState, begin, vectors_of
from core.inspection.suggesting.vector_job import vectors_state as state_of
from core.people.mode import people_mode
from pages.components.door.visit import memory
from pages.components.many_tabs.turns import turns
from pages.components.shared import frame
from pages.components.shared.errors import pace
from pages.components.shared.session import OWN_LABELS
from pages.components.shared.wording import plain

SECONDS_BETWEEN_LOOKS = 1.0
GROWTH, MOST_NEW = 0.1, 400
RECOMPUTING = "Recomputing suggestions ..."
FAILED = "The suggestions could not be computed. The server's log has the reason."
_LATELY_SECONDS = 2.0
"""A key press asks for its model ten times; which one it is depends on four files and a cache of Streamlit."""
_lately: dict[tuple[Path, str, int], tuple[float, SuggestionModel]] = {}


@st.cache_resource(max_entries=MOST_OPEN, show_spinner=False)
def _model(root: str, database_url: str, network: str, project_id: int, _store: Store) -> SuggestionModel:
    fit = None
    if people_mode() != "alone":
        from core.inspection.suggesting.fit_process import shared_fit_process  # loads scipy

        fit = shared_fit_process()
    return SuggestionModel(_store, project_id, vectors_of(_store.workspace, network), fit)


@st.cache_resource(ttl=60, max_entries=MOST_OPEN, show_spinner=False)
def _hashes(root: str, database_url: str, project_id: int, _store: Store) -> list[str]:
    """Return the project's photos, to know whether they have passed the test of 8 bits; not asked at every key."""
    return [one.hash for one in _store.image_labels(project_id)]


def instant_model(project_id: int) -> SuggestionModel | None:
    """Return the project's model, one for all tabs; None if the pretrained weights have not been downloaded."""
    here, now = frame.workspace(), time.monotonic()
    key = (here.root, here.database_url, project_id)
    moment, found = _lately.get(key, (float("-inf"), None))
    if found is None or now - moment > _LATELY_SECONDS:
        store = frame.store()
        network = default_vectors(here, lambda: _hashes(str(here.root), here.database_url, project_id, store))
        if network is None:
            return None
        found = _model(str(here.root), here.database_url, network, project_id, store)
        if len(_lately) >= MOST_OPEN:
            _lately.clear()
        _lately[key] = (now, found)
    return found


def suggestions_of(project_id: int) -> Suggestions | None:
    """Return the newest suggestions; request them and return None if there are none yet."""
    model = instant_model(project_id)
    if model is None:
        return None
    if model.suggestions is None and model.fresh and not model.failed:
        model.ask()
    return model.suggestions


def current_suggestions(project_id: int) -> Suggestions | None:
    """Return suggestions that answer to the labels as they are now; None while they are recomputed."""
    found = suggestions_of(project_id)
    model = instant_model(project_id)
    if found is None or model is None:
        return None
    own = _own_labels(project_id)
    with turns.left():  # it may wait for a fit
        return model.current(own)


def still_holds(project_id: int, revision: int) -> bool:
    """Return whether a suggestion that was made at this label revision may still be accepted."""
    model = instant_model(project_id)
    return model is not None and model.holds(revision, _own_labels(project_id))


def _own_labels(project_id: int) -> int:
    """Return the label revision after this tab's newest change."""
    own: dict[int, int] = memory().get(OWN_LABELS, {})
    return own.get(project_id, 0)


def refit(project_id: int) -> None:
    """Request suggestions that use this tab's newest labels, if any have been shown; do not wait for them."""
    memory().setdefault(OWN_LABELS, {})[project_id] = frame.store().label_revision(project_id).changed
    model = instant_model(project_id)
    if model is not None and model.suggestions is not None:
        model.ask()


def vectors_state(project: Project) -> VectorsState:
    """Return how many of the photos have features, and whether a process is computing the rest."""
    here = frame.workspace()
    return _state(str(here.root), here.database_url, project.id)


# Cached for a moment, because it reads the hash of every photo and is called at every key press.
@st.cache_data(ttl=pace(1.0), max_entries=MOST_OPEN, show_spinner=False)
def _state(root: str, database_url: str, project_id: int) -> VectorsState:
    return state_of(frame.store(), project_id)


def start_features(project: Project) -> None:
    """Start computing the missing features; repeated calls check for new photos only every few seconds."""
    here = frame.workspace()
    _start(str(here.root), here.database_url, project.id)


@st.cache_data(ttl=5.0, max_entries=MOST_OPEN, show_spinner=False)
def _start(root: str, database_url: str, project_id: int) -> None:
    begin(frame.store(), project_id)
    _state.clear()


def prepare(project: Project) -> Suggestions | None:
    """Start computing features for Similar and Map, show the progress, and return the suggestions so far."""
    if default_vectors(frame.workspace()) is None:
        frame.empty_state(
            "The pretrained network is not downloaded yet",
            "It is needed to find similar photos. Download it once on the home page.",
            "Go to Home",
            "Home",
        )
        return None
    start_features(project)
    state = vectors_state(project)
    if state.done < state.total:
        show_progress(project, "Photos appear here as their features are computed.")
    found = suggestions_of(project.id)
    if offer_new_try(project.id):
        return found
    if found is None:
        _wait(project, 0)
        return None
    if not state.running and len(found.ids) < state.done:
        refit(project.id)  # the last features arrived after the last fit
        _wait(project, len(found.ids) + 1)
    return found


def offer_new_try(project_id: int) -> bool:
    """Say that the suggestions could not be computed, and offer to try again; return False if nothing failed."""
    model = instant_model(project_id)
    if model is None or not model.failed:
        return False
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f":orange[:material/info:] {FAILED}", width="content")
        st.button("Try again", type="tertiary", on_click=model.ask, key="suggestions-again")
    return True


def show_progress(project: Project, note: str = "") -> None:
    """Show how many photos have features, updated every second; redraw the page when all have."""
    state = vectors_state(project)
    if state.running:
        _moving(project, note)
    elif state.problem:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(f":orange[:material/info:] {plain(state.problem)}", width="content")
            st.button("Try again", type="tertiary", on_click=_again, args=(project,), key="vectors-again")


@frame.fragment(run_every=SECONDS_BETWEEN_LOOKS)
def _moving(project: Project, note: str) -> None:
    start_features(project)  # in a class it may not have been this project's turn before
    state = vectors_state(project)
    found = suggestions_of(project.id)
    fitted = len(found.ids) if found else 0
    new = abs(state.done - fitted)
    # Refit after a tenth more, or at the end: a refit every second would slow down computing the features.
    if new and (new >= min(MOST_NEW, fitted * GROWTH) or not state.running):
        refit(project.id)
    if not state.running:
        st.rerun()
    st.progress(state.done / max(1, state.total), f"Computing features: {state.done:,} of {state.total:,} photos")
    if note:
        st.caption(note)


@frame.fragment(run_every=0.5)
def _wait(project: Project, photos: int) -> None:
    """Redraw the page once there are suggestions for at least this many photos."""
    st.caption("Preparing suggestions…")
    found, model = suggestions_of(project.id), instant_model(project.id)
    if (found is not None and len(found.ids) >= photos) or (model is not None and model.failed):
        st.rerun()


def _again(project: Project) -> None:
    begin(frame.store(), project.id, again=True)
    _state.clear()


def keep_in_view(key: str) -> None:
    """Keep the container with this key at the top while the photos below it are scrolled."""
    st.html(
        f"<style>div:has(> .st-key-{key}) {{ position: sticky; top: 3.75rem; z-index: 10; padding: 0.4rem 0; "
        "background: light-dark(#fdfdfc, #111716); }</style>"
    )
