"""Read the classes, splits and groups of photos from their folders; what is unclear is asked.

Understood are ``owl/1.jpg``, ``train/owl/1.jpg``, ``owl/train/1.jpg``, the same with ``seg_train`` or ``train_images``,
folders that are there twice (``train/train/owl/1.jpg``), ``train_owl/1.jpg`` and ``owl/owl_07/1.jpg``.
"""

from collections.abc import Collection, Iterable

from core.data.importing.names.folder_doubles import without_neutral
from core.data.importing.names.folder_levels import with_classes
from core.data.importing.names.folder_meanings import FolderReading, listed, photos_said
from core.data.importing.names.folder_splits import without_splits
from core.data.tables.names import name_key, without_invisible
from core.data.tables.questions import Asking


def read_folders(paths: Collection[str], asking: Asking) -> FolderReading:
    """Return class, split and group of each photo, and remarks. While a question is open, the first folder counts."""
    reading = FolderReading()
    folders = {path: tuple(path.split("/")[:-1]) for path in paths}
    places = without_splits(folders, asking, reading)
    if isinstance(places, dict):
        reading.meanings = places
    else:
        reading.meanings = with_classes(without_neutral(places), asking, reading)
    _remark_on_labels(reading)
    _remark_on_invisible(paths, reading)
    return reading


def _remark_on_labels(reading: FolderReading) -> None:
    """Say which photos are in no class folder, and which classes have no photo to learn from."""
    loose = sorted(path for path, one in reading.meanings.items() if one.label is None)
    labelled = [one for one in reading.meanings.values() if one.label is not None]
    if loose and labelled:
        lie = "lies in no class folder and has" if len(loose) == 1 else "lie in no class folder and have"
        reading.remark(f"{photos_said(len(loose))} {lie} no label: {listed(loose)}")
    # Names that differ only in case are asked about: see ``class_case``.
    learned = {name_key(one.label or "") for one in labelled if one.split == "train"}
    only = {one.label or "" for one in labelled if one.split not in ("train", None)}
    missing = sorted(label for label in only if name_key(label) not in learned)
    if learned and missing:
        are = "class has" if len(missing) == 1 else "classes have"
        reading.remark(f"{len(missing):,} {are} no photos in train, only in the other splits: {listed(missing)}")


def _remark_on_invisible(paths: Iterable[str], reading: FolderReading) -> None:
    names = {part for path in paths if without_invisible(path) != path for part in path.split("/")[:-1]}
    shown = sorted({without_invisible(name) for name in names if name != without_invisible(name)})
    if shown:
        have = "1 folder name has" if len(shown) == 1 else f"{len(shown):,} folder names have"
        reading.remark(f"{have} invisible characters, which are left out: {listed(shown)}")
