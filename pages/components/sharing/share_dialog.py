"""Share a model or a project with the class: what, with which words, to look at or to copy."""

import streamlit as st

from core.people.records import Person
from core.people.register import Register
from core.people.sharing.share import LONGEST_NOTE, check_sharing, share_model, share_project
from core.runs.folder import RunFolder, list_runs
from pages.components.shared import frame
from pages.components.shared.dialogs import closing_button
from pages.components.shared.pickers import run_name
from pages.components.shared.wording import plain, unique_options

MODEL, PROJECT = "A model", "A project with its photos"


@st.dialog("Share with the class")
def show(register: Register, owner: Person, class_id: int) -> None:
    """Draw the dialog. ``owner`` is who shares: a pupil, their group, or the teacher."""
    with frame.plain_errors():
        check_sharing(register, owner, class_id)
        kind = st.segmented_control("What", [MODEL, PROJECT], default=MODEL, required=True, key="share-kind")
        chosen = _model() if kind == MODEL else _project()
        if chosen is None:
            return
        st.text_input(
            "A sentence about it", max_chars=LONGEST_NOTE, key="share-note", placeholder="Three birds, 60 photos"
        )
        word = "download it" if kind == MODEL else "take a copy"
        st.toggle(f"Others may {word}", value=True, key="share-copies")
        st.caption(
            "The class sees its classes and figures, and can try it on photos. Your photos stay with you."
            if kind == MODEL
            else "The class sees all its photos and labels. Share only photos that everyone on them agrees to."
        )
        closing_button("Share", lambda: _share(register, owner, class_id, chosen), key="share-now")


def _model() -> RunFolder | None:
    runs = [run for run in list_runs(frame.workspace()) if run.finished and not run.status().live]
    if not runs:
        st.info("No trained model yet. Train one on the page Train.", icon=":material/model_training:")
        return None
    named = unique_options((run_name(run), run) for run in runs)
    return named[st.selectbox("Model", list(named), key="share-model")]


def _project() -> int | None:
    named = unique_options((one.name, one.id) for one in frame.store().projects())
    if not named:
        st.info("No project yet. Create one on the home page.", icon=":material/photo_library:")
        return None
    return named[st.selectbox("Project", list(named), key="share-project")]


def _share(register: Register, owner: Person, class_id: int, chosen: RunFolder | int) -> None:
    note, copies = str(st.session_state["share-note"]), bool(st.session_state["share-copies"])
    if isinstance(chosen, RunFolder):
        item = share_model(register, owner, class_id, chosen, note=note, copies=copies)
    else:
        item = share_project(register, owner, class_id, frame.store(), chosen, note=note, copies=copies)
    frame.notify(f"{plain(item.name)} is shared with the class.")
