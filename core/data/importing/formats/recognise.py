"""Recognise the data set in a list of files by trying one format after the other."""

from pathlib import PurePosixPath

from core.data.importing.folder_layout import suffix_of
from core.data.importing.formats.gathered_labels import CollectedLabels, Files
from core.data.importing.formats.manifest import Manifest
from core.data.tables.questions import Asking

LABEL_SUFFIXES = frozenset((".json", ".jsonl", ".xml", ".yaml", ".yml", ".names", ".txt", ".csv"))
"""Without a file of one of these suffixes, the readers are not even loaded."""


def read_data_set(
    files: Files, manifest: Manifest | None, unread: dict[str, str], asking: Asking
) -> CollectedLabels | None:
    """Read the data set; None where its format is unknown or a labels.csv gives the labels.

    ``manifest`` lay among the files: class folders with a manifest are a data set too. ``unread`` gets the files that
    might hold labels but cannot be read, each with the reason. ``asking`` gets what cannot be read in one way only.
    """
    named = {PurePosixPath(path).name.lower() for path in files}
    if "labels.csv" in named:
        return None
    if manifest is not None and manifest.format == "folders":
        from core.data.importing.formats import class_folders

        return class_folders.read(files, manifest)
    if not any(suffix_of(path) in LABEL_SUFFIXES for path in files):
        return None
    from core.data.importing.formats import coco, hugging_face, voc, yolo

    for reader in (coco, voc, yolo, hugging_face):
        trial = asking.trial()
        found = reader.read(files, unread, trial)
        if found is not None:
            asking.adopt(trial)
            return found
    return None
