"""A project as a zip in one of the formats that other tools read."""

import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from core.data.importing.formats import class_folders, coco, hugging_face, voc, yolo
from core.data.importing.formats.exported_picture import ExportedPicture
from core.data.importing.formats.manifest import NAME, Manifest
from core.data.importing.formats.zip_paths import with_zip_paths
from core.data.store.store import Store
from core.data.tables.labels_csv import LabelRow, write_labels
from core.errors import DataError


@dataclass(frozen=True)
class Format:
    """How a format is written."""

    write: Callable[[Sequence[ExportedPicture], Sequence[str]], dict[str, bytes]]  # the files of labels
    place: Callable[[ExportedPicture], str]  # where a picture lies
    label_file: Callable[[ExportedPicture], str] | None = None  # the picture's own, where there is one each


FORMATS = {
    "coco": Format(coco.write, lambda one: f"images/{one.name}"),
    "voc": Format(voc.write, lambda one: f"JPEGImages/{one.name}", voc.label_file),
    "yolo": Format(yolo.write, lambda one: f"images/{yolo.place_of(one)}", yolo.label_file),
    "hugging-face": Format(hugging_face.write, lambda one: f"{hugging_face.folder_of(one.split)}{one.name}"),
    # These two are completed in write_zip: they need the whole project.
    "folders": Format(lambda pictures, classes: {}, lambda one: one.name),
    "csv": Format(lambda pictures, classes: {}, lambda one: one.name),
}
WITH_BOXES = ("coco", "voc", "yolo", "hugging-face", "csv")
WITHOUT_BOXES = ("folders", "hugging-face", "csv")
"""The formats that say all that a project of either task holds."""

_AUTHORS = "who labelled what and when"
_COPIES = "copies of a photo under other names"
_CLASS_ALONE = "the class of a photo that has no box"
NOT_CARRIED: dict[str, tuple[str, ...]] = {
    "coco": (_CLASS_ALONE, _COPIES, _AUTHORS),
    "voc": (_CLASS_ALONE, "digits of a box beyond a billionth of a pixel", _COPIES, _AUTHORS),
    "yolo": (_CLASS_ALONE, "digits of a box beyond a millionth of a pixel", _COPIES, _AUTHORS),
    "hugging-face": (_COPIES, _AUTHORS),
    "folders": (_COPIES, _AUTHORS),
    "csv": (_AUTHORS,),
    "labels.csv": ("the order of the classes", "classes without photos", _AUTHORS),
}
"""What does not come back from a format. Names, labels, boxes, splits, classes and their order do: see SideFile."""


def formats_of(task: str) -> tuple[str, ...]:
    """The formats for a task."""
    return WITH_BOXES if task == "localization" else WITHOUT_BOXES


def not_carried(kind: str) -> str:
    """One sentence for the user: what a format ("labels.csv": the table by itself) cannot carry."""
    *others, last = NOT_CARRIED[kind]
    before = ", ".join(others) + ("," if len(others) > 1 else "")
    return f"Not in it: {before} and {last}." if others else f"Not in it: {last}."


def write_zip(store: Store, project_id: int, kind: str, path: Path) -> Iterator[tuple[int, int]]:
    """Writes the project's pictures, labels and side file; yields how many pictures are done, of how many.

    ``run_import`` brings all of it back but what ``not_carried`` says. Raises DataError for a format that is not there,
    or that cannot say what the project holds.
    """
    task = store.project(project_id).task
    if kind not in formats_of(task):
        raise DataError(f'There is no format "{kind}" for this project. Allowed are {", ".join(formats_of(task))}.')
    pictures, rows = pictures_of(store, project_id), store.label_rows(project_id)
    if not pictures:
        raise DataError("The project has no photos yet, so there is nothing to export.")
    if kind == "csv":
        pictures = _with_copies(pictures, rows)
    classes = [info.name for info in store.classes(project_id)]
    folders = class_folders.folders_of(pictures, classes)
    format = FORMATS[kind] if kind != "folders" else replace(FORMATS[kind], place=folders.place)
    placed = with_zip_paths(pictures, format.label_file or format.place)
    written = format.write(placed, classes)
    names = {format.place(one): before.name for one, before in zip(placed, pictures, strict=True)}
    side = Manifest(kind, task, tuple(classes), names)
    if kind == "folders":
        side = replace(
            side,
            class_folders={folder: label for label, folder in folders.classes.items()},
            split_folders={folder: split for split, folder in folders.splits.items()},
        )
    if kind == "csv":
        path_of = {name: place for place, name in names.items()}
        table = write_labels(replace(row, filename=path_of[row.filename]) for row in rows)
        written = {"labels.csv": table.encode()}
    # Pictures are packed already: packing them again costs time and gains nothing.
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, data in {**written, NAME: side.as_bytes()}.items():
            archive.writestr(name, data, zipfile.ZIP_DEFLATED)
        for number, (name, one) in enumerate(zip(names, pictures, strict=True), start=1):
            archive.write(one.file, name)
            yield number, len(pictures)


def pictures_of(store: Store, project_id: int) -> list[ExportedPicture]:
    """The pictures of a project as the writers need them."""
    boxes, files = store.boxes(project_id), store.image_paths(project_id)
    return [
        ExportedPicture(
            row.filename, files[row.hash], row.width, row.height, row.label, row.split, tuple(boxes.get(row.id, ()))
        )
        for row in store.images(project_id)
    ]


def _with_copies(pictures: Sequence[ExportedPicture], rows: Sequence[LabelRow]) -> list[ExportedPicture]:
    """The pictures once for each name in the rows, where the further names of a picture come after its own."""
    waiting = list(reversed(pictures))
    answer: dict[str, ExportedPicture] = {}
    for row in rows:
        if waiting and row.filename == waiting[-1].name:
            own = waiting.pop()
        elif not answer:
            break
        answer[row.filename] = replace(own, name=row.filename)
    if waiting:
        raise DataError("Somebody added or removed photos just now. Export once more.")
    return list(answer.values())
