"""A bar that says which labels have changed since a run, and trains it again on them with one click."""

from pathlib import Path

import streamlit as st

from core.data.store.store import Project
from core.errors import StudioError
from core.runs.correcting.changed_labels import Label, label_differences, labels_of_snapshot, present_labels
from core.runs.correcting.train_again import corrections_of, train_again
from core.runs.folder import RunFolder, list_runs
from pages.components.shared import frame
from pages.components.shared.undo_line import undo_line
from pages.components.shared.wording import plain

BUTTON = "Train again"
HELP = (
    "Trains a new run with the same settings on the labels as they are now. This run stays as it is. "
    "When the new one has finished, Evaluate shows what changed."
)


def show(project: Project, run: RunFolder | None = None, *, undo: bool = True) -> None:
    """Draw the latest correction with its Undo, and below it the bar if labels have changed since the run.

    Without a ``run``, it is the newest finished run of the project. Of several bars on a page, only one may have the
    Undo.
    """
    if undo:
        undo_line(project)
    of_page = run is not None
    run = run or _newest(project)
    if run is None or not run.finished or run.status().project_id != project.id:
        return
    try:
        sentence = _differences(project, run)
    except StudioError:  # a damaged snapshot: the page reports it where it is needed
        return
    if not sentence:
        return
    which = "this run" if of_page else f"the run **{plain(run.status().title)}**"
    with st.container(
        horizontal=True, vertical_alignment="center", gap="small", border=True, key=f"train-again-{run.id}"
    ):
        st.markdown(f":material/edit_note: Since {which} was trained: {plain(sentence)}.", width="stretch")
        if again := _trained_again(project, run):
            frame.link("Train", "Open the corrected run", width="content", run=again.id)
        elif st.button(BUTTON, type="primary", icon=frame.PAGES["Train"].icon, key=f"again-{run.id}", help=HELP):
            with frame.plain_errors():
                frame.go("Train", run=train_again(frame.workspace(), frame.store(), run).id)


def _newest(project: Project) -> RunFolder | None:
    return next((one for one in list_runs(frame.workspace(), project.id) if one.finished), None)


def _differences(project: Project, run: RunFolder) -> str:
    return label_differences(_labels_of(run), _present(project)).sentence


def _trained_again(project: Project, run: RunFolder) -> RunFolder | None:
    """Return the run that was trained on exactly the current labels, if there is one."""
    present = _present(project)
    for one in corrections_of(frame.workspace(), run):
        try:
            if not label_differences(_labels_of(one), present).any:
                return one
        except StudioError:
            continue
    return None


def _present(project: Project) -> dict[str, Label]:
    store = frame.store()
    return _present_labels(str(store.workspace.root), store.workspace.database_url, project, store.revision(project.id))


@st.cache_data(max_entries=32, show_spinner=False)
def _present_labels(root: str, database: str, project: Project, revision: int) -> dict[str, Label]:
    return present_labels(frame.store(), project)


def _labels_of(run: RunFolder) -> dict[str, Label]:
    return _run_labels(str(run.path), run.status().created.isoformat())


@st.cache_data(max_entries=16, show_spinner=False)
def _run_labels(path: str, created: str) -> dict[str, Label]:
    return labels_of_snapshot(RunFolder(Path(path)).snapshot())
