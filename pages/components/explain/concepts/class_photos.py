"""The photos of each class that a model is asked about: those of its run, or of the project. Never test photos."""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from core.data.store.store import Project
from core.runs.folder import workspace_run
from pages.components.shared import frame
from pages.components.shared.pickers import IMAGENET

TEST = "test"


@dataclass(frozen=True)
class ClassPhotos:
    """The photos of one class."""

    label: str
    photos: tuple[tuple[str, str, str], ...]
    """Content hash, path and file name of each."""


def photos_by_class(project: Project | None, reference: str) -> list[ClassPhotos]:
    """Return the classes that have photos, in order.

    A run is asked about the photos that it was trained and validated on, with the labels of then. The ImageNet model
    is asked about the project's labelled photos.
    """
    if reference != IMAGENET:
        return _of_run(str(frame.workspace().root), reference)
    return _of_project(project) if project is not None else []


@st.cache_data(max_entries=8, show_spinner=False)
def _of_run(workspace: str, reference: str) -> list[ClassPhotos]:
    # A run's snapshot never changes.
    snapshot = workspace_run(reference, frame.workspace()).snapshot()
    table = snapshot.frame[snapshot.frame["split"] != TEST]
    rows = zip(table["label"], table["image"], table["path"], table["filename"], strict=True)
    return _grouped(
        snapshot.classes, [(str(label), str(found), str(path), str(name)) for label, found, path, name in rows]
    )


def _of_project(project: Project) -> list[ClassPhotos]:
    store = frame.store()
    paths = store.image_paths(project.id)
    rows = [
        (row.label, row.hash, str(paths[row.hash]), row.filename)
        for row in store.images(project.id)
        if row.label is not None and row.split != TEST and row.hash in paths
    ]
    return _grouped([one.name for one in store.classes(project.id)], rows)


def _grouped(classes: Sequence[str], rows: Sequence[tuple[str, str, str, str]]) -> list[ClassPhotos]:
    found: dict[str, dict[str, tuple[str, str, str]]] = {name: {} for name in classes}
    for label, content, path, name in rows:
        found.setdefault(label, {}).setdefault(content, (content, path, name))
    return [ClassPhotos(label, tuple(photos.values())) for label, photos in found.items() if photos]
