"""A project as a zip in one of the formats that other tools read."""

import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from core.data.formats import coco, hugging_face, voc, yolo
from core.data.formats.pictured import Pictured
from core.data.labels import write_labels
from core.data.store import Store
from core.errors import DataError

Writer = Callable[[Sequence[Pictured], Sequence[str]], dict[str, bytes]]
NO_CLASS = "unlabelled"


def _class_folders(pictures: Sequence[Pictured], classes: Sequence[str]) -> dict[str, bytes]:
    for one in pictures:
        if any(mark in (one.label or "") for mark in "/\\") or one.label in (".", ".."):
            raise DataError(f'The class "{one.label}" cannot be the name of a folder. Rename it, or choose a table.')
    return {}


def _place_in_folders(one: Pictured) -> str:
    name = one.name.removeprefix(f"{one.label}/").replace("/", "_")
    return "/".join(part for part in (one.split, one.label or NO_CLASS, name) if part)


FORMATS: dict[str, tuple[Writer, Callable[[Pictured], str]]] = {
    "coco": (coco.write, lambda one: f"images/{one.name}"),
    "voc": (voc.write, lambda one: f"JPEGImages/{one.name}"),
    "yolo": (yolo.write, lambda one: f"images/{yolo.place_of(one)}"),
    "hugging-face": (hugging_face.write, lambda one: f"{hugging_face.folder_of(one.split)}{one.name}"),
    "folders": (_class_folders, _place_in_folders),
    "csv": (lambda pictures, classes: {}, lambda one: one.name),
}
"""Each format's writer, and where it puts a picture."""
WITH_BOXES = ("coco", "voc", "yolo", "hugging-face", "csv")
WITHOUT_BOXES = ("folders", "hugging-face", "csv")
"""The formats that say all that a project of either task holds."""


def formats_of(task: str) -> tuple[str, ...]:
    """The formats for a task."""
    return WITH_BOXES if task == "localization" else WITHOUT_BOXES


def write_zip(store: Store, project_id: int, kind: str, path: Path) -> Iterator[tuple[int, int]]:
    """Writes the project's pictures and labels; yields how many pictures are done, of how many.

    Raises DataError for a format that is not there, or that cannot say what the project holds.
    """
    task = store.project(project_id).task
    if kind not in formats_of(task):
        raise DataError(f'There is no format "{kind}" for this project. Allowed are {", ".join(formats_of(task))}.')
    pictures = pictures_of(store, project_id)
    if not pictures:
        raise DataError("The project has no photos yet, so there is nothing to export.")
    writer, place = FORMATS[kind]
    written = writer(pictures, [info.name for info in store.classes(project_id)])
    if kind == "csv":
        written = {"labels.csv": write_labels(store.label_rows(project_id)).encode()}
    taken = set(written)
    # Pictures are packed already: packing them again costs time and gains nothing.
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, data in written.items():
            archive.writestr(name, data, zipfile.ZIP_DEFLATED)
        for number, one in enumerate(pictures, start=1):
            name = place(one)
            if name in taken:
                raise DataError(f"Two photos would be {name} in this format. Choose another one.")
            taken.add(name)
            archive.write(one.file, name)
            yield number, len(pictures)


def pictures_of(store: Store, project_id: int) -> list[Pictured]:
    """The pictures of a project as the writers need them."""
    boxes, files = store.boxes(project_id), store.image_paths(project_id)
    return [
        Pictured(
            row.filename, files[row.hash], row.width, row.height, row.label, row.split, tuple(boxes.get(row.id, ()))
        )
        for row in store.images(project_id)
    ]
