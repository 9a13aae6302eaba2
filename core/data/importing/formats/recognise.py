"""Which data set a list of files is: the formats are tried one after the other."""

from pathlib import PurePosixPath

from core.data.importing.folder_layout import suffix_of
from core.data.importing.formats.gathered_labels import Files, GatheredLabels
from core.data.importing.formats.manifest import Manifest

MARKS = frozenset((".json", ".jsonl", ".xml", ".yaml", ".yml", ".names", ".txt", ".csv"))
"""Without a file of these suffixes no reader is even loaded."""


def read_data_set(files: Files, side: Manifest | None = None) -> GatheredLabels | None:
    """The data set that these files are; None where they are none that is known, or a labels.csv says the labels.

    ``side`` is the side file that lay among them: class folders with one are a data set, too.
    """
    named = {PurePosixPath(path).name.lower() for path in files}
    if "labels.csv" in named:
        return None
    if side is not None and side.format == "folders":
        from core.data.importing.formats import class_folders

        return class_folders.read(files, side)
    if not any(suffix_of(path) in MARKS for path in files):
        return None
    from core.data.importing.formats import coco, hugging_face, voc, yolo

    for reader in (coco, voc, yolo, hugging_face):
        found = reader.read(files)
        if found is not None:
            return found
    return None
