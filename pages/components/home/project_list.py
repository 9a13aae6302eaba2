"""The list of projects: open, rename, delete."""

import streamlit as st

from core.data.store.store import Project
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
    with st.container(horizontal=True, vertical_alignment="center", key=f"project-{project.id}"):
        photos = frame.store().count(project.id)
        st.markdown(f"**{plain(project.name)}** · {counted(photos, 'photo')}", width="stretch")
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
        f"This deletes **{plain(project.name)}**, {counted(photos, 'photo')} and their labels. This cannot be undone. "
        "Its runs are kept, with the photos they were trained on."
    )
    with st.container(horizontal=True):
        closing_button("Delete", lambda: _delete_now(project.id), key="delete-now")
        if st.button("Cancel", key="delete-not"):
            st.rerun()


def _delete_now(project_id: int) -> None:
    frame.store().delete_project(project_id)
    if st.session_state.get("project_id") == project_id:
        frame.choose_project(None)
