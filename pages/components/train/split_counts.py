"""Photos per class and split: of a project now, and of a run's snapshot."""

from pathlib import Path

import pandas as pd
import streamlit as st

from core.data.snapshot import LOCALIZATION, Snapshot, snapshot_of_project
from core.data.store.store import Project
from core.errors import StudioError
from core.runs.folder import RunFolder
from pages.components.shared import frame


def cached_snapshot(project: Project) -> Snapshot:
    """Return the project's snapshot for the form, cached until the project changes: 10,000 photos take a while.

    A run never uses this one. It gets a fresh snapshot when the Train button is pressed.
    """
    store = frame.store()
    # The revision counts every write. The newest changes would not do: the undo of an older one is not among them.
    return _snapshot(str(store.workspace.root), store.workspace.database_url, project, store.revision(project.id))


@st.cache_data(max_entries=32, show_spinner=False)
def _snapshot(root: str, database: str, project: Project, revision: int) -> Snapshot:
    return snapshot_of_project(frame.store(), project.id)


def counts_of(run: RunFolder) -> pd.DataFrame:
    """Return the counts of a run's snapshot, which never changes: one row per class, one column per split."""
    return _counts(str(run.path), run.status().created.isoformat())


@st.cache_data(max_entries=64, show_spinner=False)
def _counts(path: str, created: str) -> pd.DataFrame:
    return RunFolder(Path(path)).snapshot().counts()


def is_boxed(run: RunFolder) -> bool:
    """Return whether a run is about boxes; no for one whose snapshot is damaged, which the page reports elsewhere."""
    try:
        return _task(str(run.path), run.status().created.isoformat()) == LOCALIZATION
    except StudioError:
        return False


@st.cache_data(max_entries=64, show_spinner=False)
def _task(path: str, created: str) -> str:
    return RunFolder(Path(path)).snapshot().task


def show_rule(project: Project) -> None:
    """Say which box is learned where photos have several."""
    if project.task == "localization" and (rule := frame.store().learned_photos(project.id).rule):
        st.markdown(rule)
