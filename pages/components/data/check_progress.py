"""What the checks need of every photo, computed in the background: how far it is, and what stops it."""

import streamlit as st

from core.data.pictures import quality_job
from core.data.pictures.quality_job import QualityProgress
from core.data.store.store import Project
from pages.components.shared import frame
from pages.components.shared.wording import counted

SECONDS = 1.0


def need_looks(project: Project, hashes: list[str]) -> QualityProgress:
    """Starts looking at photos that nobody has looked at, and shows how far it is; what is there can be used."""
    state = quality_job.quality_progress(frame.workspace(), hashes)
    if state.done < state.total and not state.running and st.session_state.get("looks-begun") != (project.id, state):
        st.session_state["looks-begun"] = (project.id, state)  # what cannot be read is not tried at every click
        quality_job.start(frame.workspace(), frame.store().image_paths(project.id))
        state = QualityProgress(state.done, state.total, True)
    if state.running and state.done < state.total:
        _looks_progress(hashes, state.done)
    return state


@frame.fragment(run_every=SECONDS)
def _looks_progress(hashes: list[str], drawn: int) -> None:
    state = quality_job.quality_progress(frame.workspace(), hashes)
    share = state.done / max(1, state.total)
    st.progress(share, f"Looking at {counted(state.total, 'photo')}: {state.done:,} done. You may leave this page.")
    if state.done == state.total or (not state.running and state.done > drawn):
        st.rerun()


def need_vectors(project: Project) -> bool:
    """Starts computing what the network sees in the photos, and shows how far it is; True once all can be used."""
    from core.inspection.suggesting.vector_job import begin, vectors_state
    from core.inspection.suggesting.vectors import default_network

    if default_network(frame.workspace()) is None:
        frame.empty(
            "A pretrained network is needed",
            "It compares the photos with each other. Fetch the weights on the home page.",
            "To the home page",
            "Home",
        )
        return False
    begin(frame.store(), project.id)
    state = vectors_state(frame.store(), project.id)
    if state.problem and not state.running:
        st.warning(state.problem)
        if state.done < state.total and st.button("Try again", icon=":material/replay:"):
            begin(frame.store(), project.id, again=True)
            st.rerun()
    if state.running:
        _vectors_progress(project)
        return False
    return state.done > 0


@frame.fragment(run_every=SECONDS)
def _vectors_progress(project: Project) -> None:
    from core.inspection.suggesting.vector_job import vectors_state

    state = vectors_state(frame.store(), project.id)
    share = state.done / max(1, state.total)
    text = f"The network looks at {counted(state.total, 'photo')}: {state.done:,} done. You may leave this page."
    st.progress(share, text)
    if not state.running:
        st.rerun()
