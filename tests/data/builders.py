"""Small pictures, and stores that hold them, for the tests of the store, the splits and the snapshots."""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from core.data.pictures.decoding import decode
from core.data.store.store import ImageRow, Store
from core.workspace import open_workspace


def picture(number: int, format: str = "PNG") -> bytes:
    """A file with a picture that is like no other number's."""
    pixels = np.random.default_rng(number).integers(0, 256, (12, 16, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, format)
    return file.getvalue()


def open_store(folder: Path) -> Store:
    return Store(open_workspace(folder / "workspace"))


def add(store: Store, project_id: int, number: int, name: str | None = None) -> ImageRow:
    """Takes picture ``number`` in under that name."""
    raw = picture(number)
    return store.add_image(project_id, decode(raw, "picture"), raw, name or f"photo {number}.png")[0]


def labelled_project(store: Store, labels: Sequence[str | None], name: str = "Birds") -> tuple[int, list[int]]:
    """A project with one picture for each label (None: unlabelled); its number, and those of the images."""
    classes = dict.fromkeys(label for label in labels if label is not None)
    project = store.create_project(name, classes=list(classes))
    ids = [add(store, project.id, number).id for number in range(len(labels))]
    for label in classes:
        chosen = [image_id for image_id, given in zip(ids, labels, strict=True) if given == label]
        store.annotate(project.id, chosen, label, "ann")
    return project.id, ids


def labels_of(store: Store, project_id: int) -> list[str | None]:
    return [row.label for row in store.images(project_id)]
