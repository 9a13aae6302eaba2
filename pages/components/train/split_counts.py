"""Photos per class and split: of a project now, and of a run's snapshot."""

from pathlib import Path

import pandas as pd
import streamlit as st

from core.data.snapshot import Snapshot, snapshot_of_project
from core.data.store.store import Project
from core.runs.folder import RunFolder
from pages.components.shared import frame


def cached_snapshot(project: Project) -> Snapshot:
    """Return the project's snapshot for the form, cached until the project changes: 10,000 photos take a while.

    A run never uses this one. It gets a fresh snapshot when the Train button is pressed.
    """
    store = frame.store()
    changes = tuple((change.id, change.undone) for change in store.history(project.id, limit=200))
    return _snapshot(store.workspace.database_url, project.id, changes, store.count(project.id))


@st.cache_data(max_entries=4, show_spinner=False)
def _snapshot(database: str, project_id: int, changes: tuple[tuple[int, bool], ...], images: int) -> Snapshot:
    return snapshot_of_project(frame.store(), project_id)


def counts_of(run: RunFolder) -> pd.DataFrame:
    """Return the counts of a run's snapshot, which never changes: one row per class, one column per split."""
    return _counts(str(run.path), run.status().created.isoformat())


@st.cache_data(max_entries=64, show_spinner=False)
def _counts(path: str, created: str) -> pd.DataFrame:
    return RunFolder(Path(path)).snapshot().counts()
