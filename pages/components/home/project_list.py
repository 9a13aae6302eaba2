"""The list of projects: open, rename, delete."""

import streamlit as st

from core.data.store.store import Project
from core.runs import jobs
from core.runs.folder import RunFolder, list_runs
from pages.components.shared import frame
from pages.components.shared.dialogs import closing_button
from pages.components.shared.wording import counted, plain

PROJECTS_SHOWN = 8


def show_projects() -> None:
    """Draw all projects, newest first, with a search field if there are many."""
    projects = sorted(frame.store().projects(), key=lambda one: one.created, reverse=True)
    if len(projects) > PROJECTS_SHOWN:
        part = st.text_input("Find a project", placeholder=f"search {len(projects)} projects").casefold()
        projects = [one for one in projects if part in one.name.casefold()]
    with st.container(border=True, gap="xxsmall"):
        for project in projects[:PROJECTS_SHOWN]:
            _row(project)
    if len(projects) > PROJECTS_SHOWN:
        st.caption(f"{len(projects) - PROJECTS_SHOWN} more: type part of a name above.")


def _row(project: Project) -> None:
    current = frame.project()
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key=f"project-{project.id}"):
        photos = frame.store().count(project.id)
        st.markdown(f"**{plain(project.name)}** · {counted(photos, 'photo')}", width="stretch")
        # Together, so that on a phone they stay in one row.
        with st.container(horizontal=True, vertical_alignment="center", width="content"):
            if current and project.id == current.id:
                st.badge("open", color="primary")
            elif st.button("Open", key=f"open-{project.id}"):
                frame.choose_project(project.id)
                st.rerun()
            if st.button("", icon=":material/edit:", key=f"rename-{project.id}", help="Rename", type="tertiary"):
                _rename(project)
            if st.button("", icon=":material/delete:", key=f"delete-{project.id}", help="Delete", type="tertiary"):
                _delete(project)


@st.dialog("Rename project")
def _rename(project: Project) -> None:
    st.text_input("New name", value=project.name, max_chars=120, key="project-name")
    closing_button(
        "Rename", lambda: frame.store().rename_project(project.id, st.session_state["project-name"]), key="rename-now"
    )


@st.dialog("Delete this project?")
def _delete(project: Project) -> None:
    photos = frame.store().count(project.id)
    st.markdown(
        f"This deletes **{plain(project.name)}**, {counted(photos, 'photo')} and their labels. This cannot be undone."
    )
    runs = list_runs(frame.workspace(), project.id)
    _about_runs(runs)
    with st.container(horizontal=True):
        closing_button("Delete", lambda: _delete_now(project.id, runs), key="delete-now")
        if st.button("Cancel", key="delete-not"):
            st.rerun()


def _about_runs(runs: list[RunFolder]) -> None:
    """Draw what happens to the project's runs, and the choice to delete them too."""
    if not runs:
        st.markdown("It has no runs.")
        return
    them, they = ("it", "it stays") if len(runs) == 1 else ("them", "they stay")
    live = sum(run.status().live for run in runs)
    st.checkbox(f"Delete its {counted(len(runs), 'run')} too, with the trained models", key="delete-runs")
    st.markdown(
        f"Otherwise {they}, with the photos that were used for training. You find {them} on the pages Evaluate, "
        f"Predict and explain, and Export, after the runs of the open project."
        + (f" {counted(live, 'run')} in progress would be stopped." if live else "")
    )


def _delete_now(project_id: int, runs: list[RunFolder]) -> None:
    # The runs first: as long as they are there, the photos in them are kept.
    for run in runs if st.session_state.get("delete-runs") else ():
        jobs.delete(run)
    frame.store().delete_project(project_id)
    if st.session_state.get("project_id") == project_id:
        frame.choose_project(None)
