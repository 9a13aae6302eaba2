"""The boxes, tags and groups of a run's photos, and its kept results, cached until they change."""

from pathlib import Path

import streamlit as st

from core.data.snapshot import Snapshot
from core.inspection.background.kept_result import SPLIT, kept_result, result_key, result_time
from core.inspection.background.photo_notes import PhotoNotes
from core.inspection.background.regions import Region
from core.inspection.background.result import Background
from core.runs.computations.background import run_notes
from core.runs.folder import RunFolder
from pages.components.correcting import correct_labels
from pages.components.shared import frame


def notes_of(run: RunFolder) -> PhotoNotes:
    """Return what is known of the run's photos now."""
    project = correct_labels.project_of(run)
    revision = 0 if project is None else frame.store().revision(project.id)
    return _notes(str(run.path), run.status().created.isoformat(), str(frame.workspace().root), revision)


def validation_images(run: RunFolder) -> list[str]:
    """Return the content hashes of the run's validation photos."""
    return list(snapshot_of(run).part(SPLIT)["image"])


def snapshot_of(run: RunFolder) -> Snapshot:
    """Return the run's snapshot, which never changes."""
    return _snapshot(str(run.path), run.status().created.isoformat())


def result_of(run: RunFolder, region: Region, notes: PhotoNotes) -> Background | None:
    """Return the run's result for a region, if there is one for its present model and boxes."""
    written = result_time(run.path, region)
    return None if written is None else _kept(str(run.path), region, written, key_of(run, region, notes))


def key_of(run: RunFolder, region: Region, notes: PhotoNotes) -> str:
    """Return the key of a result: it changes with the model, the photos and the boxes."""
    return result_key(run.best, snapshot_of(run), region, notes.boxes)


@st.cache_data(max_entries=8, show_spinner=False)
def _notes(path: str, created: str, workspace: str, revision: int) -> PhotoNotes:
    return run_notes(RunFolder(Path(path)), frame.store())


@st.cache_data(max_entries=4, show_spinner=False)
def _snapshot(path: str, created: str) -> Snapshot:
    return RunFolder(Path(path)).snapshot()


@st.cache_data(max_entries=6, show_spinner=False)
def _kept(path: str, region: Region, written: int, key: str) -> Background | None:
    return kept_result(Path(path), region, key)
