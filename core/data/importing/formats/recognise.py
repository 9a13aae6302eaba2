"""Recognise the data set in a list of files by trying all formats."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import PurePosixPath

from core.data.importing.folder_layout import is_picture, suffix_of
from core.data.importing.formats.gathered_labels import CollectedLabels, Files
from core.data.importing.formats.gathering.competing_formats import TABLE, Competitor, ask_about_table, choose_labels
from core.data.importing.formats.manifest import Manifest
from core.data.importing.formats.parquet_table import as_json_lines, with_own_names
from core.data.tables.file_index import FileIndex
from core.data.tables.label_rows import LabelRow, Problem, objects_of
from core.data.tables.questions import Asking
from core.errors import ImageRefused, LabelsError

LABEL_SUFFIXES = frozenset((".json", ".jsonl", ".xml", ".yaml", ".yml", ".names", ".txt", ".csv", ".tsv", ".parquet"))
"""Without a file of one of these suffixes, the readers are not even loaded."""


def read_data_set(
    files: Files, manifest: Manifest | None, unread: dict[str, str], offered: set[str], asking: Asking
) -> CollectedLabels | None:
    """Read the data set; None where its format is unknown or a labels.csv gives the labels.

    ``manifest`` lay among the files: class folders with a manifest are a data set too. ``unread`` gets the files that
    might hold labels but cannot be read, each with the reason, and ``offered`` those whose labels a person may choose
    instead of a labels.csv. ``asking`` gets what cannot be read in one way only.
    """
    table = any(PurePosixPath(path).name.lower() == TABLE for path in files)
    if table and manifest is not None:
        return None
    if manifest is not None and manifest.format == "folders":
        from core.data.importing.formats import class_folders

        return class_folders.read(files, manifest)
    if not any(suffix_of(path) in LABEL_SUFFIXES for path in files):
        return None
    files, stands_for = as_json_lines(files, unread)
    found: list[Competitor] = []
    refused: list[LabelsError] = []
    for read in _readers(files, unread):
        trial = asking.trial()
        try:
            labels = read(trial)
        except LabelsError as error:  # of files that may be another format's
            refused.append(error)
        else:
            found += [Competitor(labels, trial)] if labels is not None else []
    own = [one for one in found if any(PurePosixPath(path).name.lower() == TABLE for path in one.labels.used)]
    if table and not own:
        labels = ask_about_table(found, _rows_of_table(files, asking) if found else None, asking, files)
        if labels is None:
            offered.update(stands_for.get(path, path) for one in found if one.labelled() for path in one.labels.used)
    elif found:
        labels = choose_labels(found, asking, files)
        problems = (*labels.table.problems, *(Problem(None, str(error)) for error in refused))
        labels = replace(labels, table=replace(labels.table, problems=problems))
    elif refused:
        raise refused[0]
    else:
        return None
    if labels is None:
        for path in offered:
            unread.pop(path, None)
        return None
    for path in labels.used:  # another reader may have noted that it cannot read them
        unread.pop(path, None)
    return with_own_names(labels, stands_for)


def _rows_of_table(files: Files, asking: Asking) -> dict[str, LabelRow] | None:
    """Return the rows of the labels.csv by the photos that they surely mean; None where it cannot be read."""
    from core.data.importing.formats.csv_styles.choose_table import with_own_folder
    from core.data.importing.formats.csv_styles.read_table import read_table

    path = min((path for path in files if PurePosixPath(path).name.lower() == TABLE), key=lambda one: one.count("/"))
    photos = {one for one in files if is_picture(one)}
    try:
        # What it asks is asked when it is read as the labels that count.
        table = read_table(files[path](), path, None, asking.trial(), files)
    except (LabelsError, ImageRefused):
        return None
    index = FileIndex(photos)
    rows = {}
    for row in with_own_folder(table, path, photos).rows:
        found, _ = index.candidates(row.filename)
        if len(found) == 1 and (row.label is not None or objects_of(row)):
            rows[found[0]] = row
    return rows or None


def _readers(files: Files, unread: dict[str, str]) -> Iterator[Callable[[Asking], CollectedLabels | None]]:
    """Yield the readers of all formats, the oldest first."""
    from core.data.importing.formats import coco, hugging_face, voc, yolo
    from core.data.importing.formats.tools import cvat, label_studio, labelme, makesense, via
    from core.data.importing.formats.tools.entries.json_documents import JsonDocuments

    suffixes = {suffix_of(path) for path in files}
    for suffix, reader in ((".json", coco), (".xml", voc), (".txt", yolo)):
        if suffix in suffixes:
            yield partial(reader.read, files, unread)
    if any(PurePosixPath(path).name in hugging_face.TABLES for path in files):
        yield partial(hugging_face.read, files, unread)
    if ".xml" in suffixes:
        yield partial(cvat.read, files, unread)
    of_tools = {
        label_studio.KIND: label_studio.is_label_studio,
        labelme.KIND: labelme.is_labelme,
        makesense.KIND: makesense.is_makesense,
        via.KIND: via.is_via,
    }
    documents = JsonDocuments(files, unread, of_tools)
    for tool in (label_studio, labelme, via, makesense) if suffixes & {".json", ".csv", ".tsv"} else ():
        yield partial(tool.read, files, unread, documents=documents)
