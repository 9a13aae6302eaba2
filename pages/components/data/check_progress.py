"""Background computations that the checks need for every photo, with their progress and problems."""

import streamlit as st

from core.data.pictures import quality_job
from core.data.pictures.quality_job import QualityProgress
from core.data.store.store import Project
from pages.components.shared import frame
from pages.components.shared.wording import counted, plain

SECONDS = 1.0


def ensure_quality_measured(project: Project, hashes: list[str]) -> QualityProgress:
    """Start measuring unmeasured photos, show the progress and return it; partial results are usable."""
    state = quality_job.quality_progress(frame.workspace(), hashes)
    if state.done < state.total and not state.running and st.session_state.get("looks-begun") != (project.id, state):
        st.session_state["looks-begun"] = (project.id, state)  # unreadable photos are not retried at every click
        quality_job.start(frame.workspace(), frame.store().image_paths(project.id))
        state = QualityProgress(state.done, state.total, True)
    if state.running and state.done < state.total:
        _quality_progress(hashes, state.done)
    return state


@frame.fragment(run_every=SECONDS)
def _quality_progress(hashes: list[str], drawn: int) -> None:
    state = quality_job.quality_progress(frame.workspace(), hashes)
    share = state.done / max(1, state.total)
    st.progress(share, f"Checking {counted(state.total, 'photo')}: {state.done:,} done. You can leave this page.")
    if state.done == state.total or (not state.running and state.done > drawn):
        st.rerun()


def ensure_features(project: Project) -> bool:
    """Start computing features of the photos and show the progress; return True once all features are ready."""
    from core.features.vectors import default_vectors
    from core.inspection.suggesting.vector_job import begin, vectors_state

    if default_vectors(frame.workspace()) is None:
        frame.empty_state(
            "A pretrained network is needed",
            "It computes the features by which photos are compared. Download it on the home page.",
            "Go to Home",
            "Home",
        )
        return False
    begin(frame.store(), project.id)
    state = vectors_state(frame.store(), project.id)
    if state.problem and not state.running:
        st.warning(plain(state.problem))
        if state.done < state.total and st.button("Try again", icon=":material/replay:"):
            begin(frame.store(), project.id, again=True)
            st.rerun()
    if state.running:
        _features_progress(project)
        return False
    return state.done > 0


@frame.fragment(run_every=SECONDS)
def _features_progress(project: Project) -> None:
    from core.inspection.suggesting.vector_job import vectors_state

    state = vectors_state(frame.store(), project.id)
    share = state.done / max(1, state.total)
    text = f"Computing features of {counted(state.total, 'photo')}: {state.done:,} done. You can leave this page."
    st.progress(share, text)
    if not state.running:
        st.rerun()
