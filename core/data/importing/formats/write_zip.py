"""Write a project as a zip in one of the formats that other tools read."""

import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from core.data.importing.formats import class_folders, coco, hugging_face, voc, yolo
from core.data.importing.formats.class_folders import MISSING_FILE
from core.data.importing.formats.exported_image import ExportedImage
from core.data.importing.formats.manifest import FILE_NAME, Manifest
from core.data.importing.formats.reading.yolo_classes import NAMES as YOLO_LISTS
from core.data.importing.formats.tools import cvat_writer, label_studio_writer
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
    in_table: bool = False  # whether the names stand in a table that people open in spreadsheets
    reserved: tuple[str, ...] = ()  # names that no label file of an image may have


FORMATS = {
    "coco": Format(coco.write, lambda one: f"images/{one.name}"),
    "voc": Format(voc.write, lambda one: f"JPEGImages/{one.name}", voc.label_file),
    "yolo": Format(yolo.write, lambda one: f"images/{yolo.place_of(one)}", yolo.label_file, reserved=YOLO_LISTS),
    "hugging-face": Format(hugging_face.write, lambda one: f"{hugging_face.folder_of(one.split)}{one.name}"),
    "label-studio": Format(label_studio_writer.write, lambda one: f"images/{one.name}"),
    "cvat": Format(cvat_writer.write, lambda one: f"images/{one.name}"),
    # write_zip completes these two, because they need the whole project.
    "folders": Format(lambda pictures, classes: {}, lambda one: one.name),
    "csv": Format(lambda pictures, classes: {}, lambda one: one.name, in_table=True),
}
WITH_BOXES = ("coco", "voc", "yolo", "hugging-face", "label-studio", "cvat", "csv")
WITHOUT_BOXES = ("folders", "hugging-face", "label-studio", "cvat", "csv")
"""The formats for the two tasks."""

_AUTHORS = "the annotator and time of each label"
_COPIES = "copies of a photo under other names"
_DIGITS = "digits of a box beyond a billionth of a pixel"
_NAMES_SHOWN = 5
_CLASS_ALONE = "the class of a photo that has no box"
NOT_CARRIED: dict[str, tuple[str, ...]] = {
    "coco": (_CLASS_ALONE, _COPIES, _AUTHORS),
    "voc": (_CLASS_ALONE, _DIGITS, _COPIES, _AUTHORS),
    "yolo": (_CLASS_ALONE, "digits of a box beyond a millionth of a pixel", _COPIES, _AUTHORS),
    "hugging-face": (_COPIES, _AUTHORS),
    "label-studio": (_DIGITS, _COPIES, _AUTHORS),
    "cvat": (_DIGITS, _COPIES, _AUTHORS),
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


def missing_photos(store: Store, project_id: int) -> list[str]:
    """Return the names of the photos whose files are missing or empty: ``write_zip`` leaves them out."""
    return [photo.filename for photo in store.lost_photos(project_id) if photo.state != "changed"]


def missing_in_words(names: Sequence[str]) -> str:
    """Return a sentence on photos that an export leaves out; "" if there are none."""
    if not names:
        return ""
    one = len(names) == 1
    photos, files = ("1 photo is", "its file is") if one else (f"{len(names):,} photos are", "their files are")
    shown = ", ".join(names[:_NAMES_SHOWN])
    if len(names) > _NAMES_SHOWN:
        shown += f" and {len(names) - _NAMES_SHOWN:,} more"
    return f"{photos} not included, because {files} missing or empty: {shown}. Add the photos again; their labels stay."


def write_zip(store: Store, project_id: int, kind: str, path: Path) -> Iterator[tuple[int, int]]:
    """Write the project's images, labels and manifest; yield (images done, total).

    ``run_import`` restores everything except what ``not_carried`` lists, and the photos of ``missing_photos``, which
    are named in MISSING_FILE. Raises DataError for an unknown format, for one that cannot hold the project, and if a
    photo's file is lost meanwhile.
    """
    task = store.project(project_id).task
    _check_format(kind, task)
    missing = set(missing_photos(store, project_id))
    pictures, rows = pictures_of(store, project_id), store.label_rows(project_id, sources=kind == "csv")
    if not pictures:
        raise DataError("The project has no photos yet, so there is nothing to export.")
    if kind == "csv":
        pictures, rows = _with_copies(pictures, rows, missing)
    pictures = [one for one in pictures if one.name not in missing]
    if not pictures:
        count = len(missing)
        files = "The file of the only photo is" if count == 1 else f"The files of all {count:,} photos are"
        raise DataError(
            f"{files} missing or empty, so there is nothing to export. "
            "Restore the folder images from a backup; python -m core check says more."
        )
    classes = [info.name for info in store.classes(project_id)]
    format, placed, folders = _placed(kind, pictures, classes)
    written = format.write(placed, classes)
    names = {format.place(one): before.name for one, before in zip(placed, pictures, strict=True)}
    manifest = _with_groups(Manifest(kind, task, tuple(classes), names), rows)
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
    if missing:
        written[MISSING_FILE] = "".join(f"{name}\n" for name in sorted(missing)).encode(errors="replace")
    # Images are already compressed; compressing them again costs time and gains nothing.
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, data in {**written, FILE_NAME: manifest.as_bytes()}.items():
            archive.writestr(name, data, zipfile.ZIP_DEFLATED)
        for number, (name, one) in enumerate(zip(names, pictures, strict=True), start=1):
            _add_photo(archive, one, name)
            yield number, len(pictures)


@dataclass(frozen=True)
class Renamed:
    """Names that a zip cannot have, because not every system allows them, with those that it has instead."""

    photos: Mapping[str, str]  # name -> path in the zip
    classes: Mapping[str, str]  # class -> folder


def renamed_in_zip(store: Store, project_id: int, kind: str) -> Renamed:
    """Return the names that ``write_zip`` changes; the manifest has them, so that an import restores the user's."""
    _check_format(kind, store.project(project_id).task)
    pictures = pictures_of(store, project_id, boxes=False)
    if kind == "csv":
        pictures, _ = _with_copies(pictures, store.label_rows(project_id), set())
    classes = [info.name for info in store.classes(project_id)]
    format, placed, folders = _placed(kind, pictures, classes)
    photos = {
        one.name: format.place(other)
        for one, other in zip(pictures, placed, strict=True)
        if other.name != (folders.inner_name(one) if kind == "folders" else one.name)
    }
    of_classes = {label: folder for label, folder in folders.classes.items() if label is not None and label != folder}
    return Renamed(photos, of_classes if kind == "folders" else {})


def renamed_in_words(renamed: Renamed) -> str:
    """Return sentences on the names that a zip changes; "" if there are none."""
    changed = [f"{name} is {other}" for name, other in (*renamed.classes.items(), *renamed.photos.items())]
    if not changed:
        return ""
    names = "1 name is" if len(changed) == 1 else f"{len(changed):,} names are"
    shown = ", ".join(changed[:_NAMES_SHOWN])
    if len(changed) > _NAMES_SHOWN:
        shown += f" and {len(changed) - _NAMES_SHOWN:,} more"
    return (
        f"{names} different in the zip, because not every system allows them: {shown}. "
        f"{FILE_NAME} in the zip lists them, and an import restores them."
    )


def _check_format(kind: str, task: str) -> None:
    if kind not in formats_of(task):
        raise DataError(f'There is no format "{kind}" for this project. Use one of: {", ".join(formats_of(task))}.')


def _placed(
    kind: str, pictures: Sequence[ExportedImage], classes: Sequence[str]
) -> tuple[Format, list[ExportedImage], class_folders.Folders]:
    """Return the format, the images with their names in the zip, and the folders of the classes."""
    folders = class_folders.plan_folders(pictures, classes)
    format = FORMATS[kind] if kind != "folders" else replace(FORMATS[kind], place=folders.place)
    if kind == "folders":
        pictures = [replace(one, name=folders.inner_name(one)) for one in pictures]
    place, reserved = format.label_file or format.place, format.reserved
    return format, with_zip_paths(pictures, place, in_table=format.in_table, reserved=reserved), folders


def _with_groups(manifest: Manifest, rows: Sequence[LabelRow]) -> Manifest:
    """Return the manifest with the photos' groups and tags, which most formats have no place for."""
    groups = {row.filename: row.group for row in rows if row.group}
    tags = {row.filename: row.tags for row in rows if row.tags}
    return replace(
        manifest,
        groups={path: groups[name] for path, name in manifest.photos.items() if name in groups},
        tags={path: tags[name] for path, name in manifest.photos.items() if name in tags},
    )


def _add_photo(archive: zipfile.ZipFile, one: ExportedImage, name: str) -> None:
    """Copy a photo's file. DataError if it cannot be read; OSError if the zip cannot be written."""
    try:
        entry = zipfile.ZipInfo.from_file(one.file, name, strict_timestamps=False)
        data = one.file.read_bytes()
    except OSError as error:
        raise DataError(
            f"The file of {one.name} cannot be read ({error.strerror}). Export again: lost photos are left out then."
        ) from error
    archive.writestr(entry, data)


def pictures_of(store: Store, project_id: int, *, boxes: bool = True) -> list[ExportedImage]:
    """Return the images of a project as the writers need them."""
    of_image, files = store.boxes(project_id) if boxes else {}, store.image_paths(project_id)
    return [
        ExportedImage(
            row.filename, files[row.hash], row.width, row.height, row.label, row.split, tuple(of_image.get(row.id, ()))
        )
        for row in store.images(project_id)
    ]


def _with_copies(
    pictures: Sequence[ExportedImage], rows: Sequence[LabelRow], missing: set[str]
) -> tuple[list[ExportedImage], list[LabelRow]]:
    """Repeat the images for each name in the rows, where an image's further names follow its own.

    Both are returned without the images in ``missing``, to which their further names are added.
    """
    waiting = list(reversed(pictures))
    named: dict[str, ExportedImage] = {}
    for row in rows:
        if waiting and row.filename == waiting[-1].name:
            own = waiting.pop()
        elif not named:
            break
        if own.name in missing:
            missing.add(row.filename)
        named[row.filename] = replace(own, name=row.filename)
    if waiting:
        raise DataError("Somebody added or removed photos during the export. Export again.")
    return list(named.values()), [row for row in rows if row.filename not in missing]
