"""Write a project as a zip in one of the formats that other tools read."""

import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from core.data.importing.formats import class_folders, coco, hugging_face, voc, yolo
from core.data.importing.formats.exported_image import ExportedImage
from core.data.importing.formats.manifest import FILE_NAME, Manifest
from core.data.importing.formats.zip_paths import with_zip_paths
from core.data.store.store import Store
from core.data.tables.labels_csv import LabelRow, write_labels
from core.errors import DataError


@dataclass(frozen=True)
class Format:
    """How a format is written."""

    write: Callable[[Sequence[ExportedImage], Sequence[str]], dict[str, bytes]]  # returns the label files
    place: Callable[[ExportedImage], str]  # returns an image's path
    label_file: Callable[[ExportedImage], str] | None = None  # returns the image's own label file, if it has one


FORMATS = {
    "coco": Format(coco.write, lambda one: f"images/{one.name}"),
    "voc": Format(voc.write, lambda one: f"JPEGImages/{one.name}", voc.label_file),
    "yolo": Format(yolo.write, lambda one: f"images/{yolo.place_of(one)}", yolo.label_file),
    "hugging-face": Format(hugging_face.write, lambda one: f"{hugging_face.folder_of(one.split)}{one.name}"),
    # write_zip completes these two, because they need the whole project.
    "folders": Format(lambda pictures, classes: {}, lambda one: one.name),
    "csv": Format(lambda pictures, classes: {}, lambda one: one.name),
}
WITH_BOXES = ("coco", "voc", "yolo", "hugging-face", "csv")
WITHOUT_BOXES = ("folders", "hugging-face", "csv")
"""The formats for the two tasks."""

_AUTHORS = "the annotator and time of each label"
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
"""What each format loses. Names, labels, boxes, splits, classes and their order are kept, see Manifest."""


def formats_of(task: str) -> tuple[str, ...]:
    """Return the formats for a task."""
    return WITH_BOXES if task == "localization" else WITHOUT_BOXES


def not_carried(kind: str) -> str:
    """Return a sentence on what a format ("labels.csv": the table alone) does not include."""
    *others, last = NOT_CARRIED[kind]
    before = ", ".join(others) + ("," if len(others) > 1 else "")
    return f"Not included: {before} and {last}." if others else f"Not included: {last}."


def write_zip(store: Store, project_id: int, kind: str, path: Path) -> Iterator[tuple[int, int]]:
    """Write the project's images, labels and manifest; yield (images done, total).

    ``run_import`` restores everything except what ``not_carried`` lists. Raises DataError for an unknown format, or for
    one that cannot hold the project.
    """
    task = store.project(project_id).task
    if kind not in formats_of(task):
        raise DataError(f'There is no format "{kind}" for this project. Use one of: {", ".join(formats_of(task))}.')
    pictures, rows = pictures_of(store, project_id), store.label_rows(project_id)
    if not pictures:
        raise DataError("The project has no photos yet, so there is nothing to export.")
    if kind == "csv":
        pictures = _with_copies(pictures, rows)
    classes = [info.name for info in store.classes(project_id)]
    folders = class_folders.plan_folders(pictures, classes)
    format = FORMATS[kind] if kind != "folders" else replace(FORMATS[kind], place=folders.place)
    placed = with_zip_paths(pictures, format.label_file or format.place)
    written = format.write(placed, classes)
    names = {format.place(one): before.name for one, before in zip(placed, pictures, strict=True)}
    manifest = Manifest(kind, task, tuple(classes), names)
    if kind == "folders":
        manifest = replace(
            manifest,
            class_folders={folder: label for label, folder in folders.classes.items()},
            split_folders={folder: split for split, folder in folders.splits.items()},
        )
    if kind == "csv":
        path_of = {name: place for place, name in names.items()}
        table = write_labels(replace(row, filename=path_of[row.filename]) for row in rows)
        written = {"labels.csv": table.encode()}
    # Images are already compressed; compressing them again costs time and gains nothing.
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, data in {**written, FILE_NAME: manifest.as_bytes()}.items():
            archive.writestr(name, data, zipfile.ZIP_DEFLATED)
        for number, (name, one) in enumerate(zip(names, pictures, strict=True), start=1):
            archive.write(one.file, name)
            yield number, len(pictures)


def pictures_of(store: Store, project_id: int) -> list[ExportedImage]:
    """Return the images of a project as the writers need them."""
    boxes, files = store.boxes(project_id), store.image_paths(project_id)
    return [
        ExportedImage(
            row.filename, files[row.hash], row.width, row.height, row.label, row.split, tuple(boxes.get(row.id, ()))
        )
        for row in store.images(project_id)
    ]


def _with_copies(pictures: Sequence[ExportedImage], rows: Sequence[LabelRow]) -> list[ExportedImage]:
    """Repeat the images for each name in the rows, where an image's further names follow its own."""
    waiting = list(reversed(pictures))
    named: dict[str, ExportedImage] = {}
    for row in rows:
        if waiting and row.filename == waiting[-1].name:
            own = waiting.pop()
        elif not named:
            break
        named[row.filename] = replace(own, name=row.filename)
    if waiting:
        raise DataError("Somebody added or removed photos during the export. Export again.")
    return list(named.values())
