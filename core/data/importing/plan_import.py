"""Plan the import of a folder, a zip, uploads or files of packed images."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from core.data.importing.archives import LIMITS, ZipLimits, list_zip
from core.data.importing.arrays.packed_images import plan_packed
from core.data.importing.folder_files import (
    free_name,
    hidden_said,
    list_folder,
    place_in,
    read_head,
    read_limited,
    read_listed,
)
from core.data.importing.folder_layout import (
    TABLE_SUFFIXES,
    is_clutter,
    is_hidden_photo,
    is_picture,
    plain_path,
    suffix_of,
)
from core.data.importing.formats.csv_styles.choose_table import choose_table, tables_among
from core.data.importing.formats.csv_styles.read_table import read_table
from core.data.importing.formats.gathered_labels import check_labels
from core.data.importing.formats.teachable_machine import PROJECT_SUFFIX, with_class_of_zip
from core.data.importing.formats.tools.given_labels import LABEL_FILES, tool_tables, with_given_labels
from core.data.importing.import_plan import Candidate, FileResult, ImportPlan, ImportReport
from core.data.importing.names.class_case import settle_classes
from core.data.importing.photo_files.file_heads import ReadableFile
from core.data.importing.plan_files import FileReaders, plan_from_files
from core.data.importing.run_import import run_import
from core.data.importing.sources.packed_files import is_packed, packed_parts, unzip_packed
from core.data.importing.sources.sample_zips import plan_samples, samples_among
from core.data.importing.tables.own_folder import OwnFolders
from core.data.importing.tables.photos_of_rows import given_folder
from core.data.importing.tables.unused_tables import with_unused
from core.data.tables.label_rows import NO_GROUP_COLUMNS
from core.data.tables.labels_csv import Problem
from core.data.tables.names import class_key, storable_name
from core.data.tables.questions import NO_ANSWERS, Asking
from core.errors import DataError

__all__ = [
    "Candidate",
    "FileResult",
    "ImportPlan",
    "ImportReport",
    "Upload",
    "plan_folder",
    "plan_packed",
    "plan_packed_files",
    "plan_table",
    "plan_uploads",
    "plan_zip",
    "run_import",
]

_UPLOADED_TABLES = TABLE_SUFFIXES | {".txt"}
_ZIPS = (".zip", PROJECT_SUFFIX)


@dataclass(frozen=True)
class Upload:
    """A file uploaded in the browser."""

    name: str
    data: BinaryIO


def plan_folder(
    folder: Path,
    labels: Path | bytes | None = None,
    group_column: str | None = None,
    answers: Mapping[str, str] = NO_ANSWERS,
) -> ImportPlan:
    """Plan the import of a folder on this machine: by ``labels``, else by its own labels.csv, else by class folders.

    ``group_column`` is that of the table, here and in the functions below, as in ``read_labels``. ``answers`` are those
    to the plan's questions, by their ids or kinds, here and below. Raises AnswerError for one that is no choice.
    Without ``labels``, files of packed images and Teachable Machine's zips are imported too. Links that lead out of the
    folder are refused, and linked folders are not entered. Raises DataError where the folder is missing, LabelsError
    where the labels cannot be read.
    """
    if not folder.is_dir():
        raise DataError(f"There is no folder {folder}. Name the folder that holds the photos.")
    asking = Asking(answers)
    root = folder.resolve()
    listing = list_folder(root)
    own_table = labels.resolve() if isinstance(labels, Path) else None
    packed = {name: path for name, path in listing.files.items() if labels is None and is_packed(name)}
    named = samples_among(listing.files, listing.refused) if labels is None else set()
    samples = {name: path for name, path in listing.files.items() if name in named}
    apart = packed.keys() | named | listing.refused.keys()
    files: FileReaders = {
        name: ReadableFile(partial(read_listed, path, root, name), partial(read_head, path, root, name))
        for name, path in listing.files.items()
        if name not in apart and path != own_table
    }
    if labels is not None and (own := with_given_labels(files, labels)) is not None:
        return _asked(plan_from_files(own, listing.refused, str(folder), asking), asking)
    table, given = None, ""
    if labels is not None:
        name = labels.name if isinstance(labels, Path) else "labels.csv"
        table = read_table(labels, name, group_column, asking, files, tables_among(files), any_columns=True)
        given = given_folder(root, table)
        place = place_in(root, labels) if isinstance(labels, Path) else name
        table = OwnFolders({path for path in files if is_picture(path)}).places(table, place)
    parts = packed_parts(packed, listing.refused, asking)
    parts += plan_samples(samples, listing.refused, asking)
    problems = [Problem(None, f"the folder {text}; it is skipped") for text in listing.unreadable]
    problems += [Problem(None, hidden_said(listing.hidden), harmless=True)] if listing.hidden else []
    plan = plan_from_files(files, listing.refused, str(folder), asking, table, (), group_column, given)
    return _asked(_joined([plan, *parts], {}, problems, str(folder)), asking)


def plan_table(labels: Path, group_column: str | None = None, answers: Mapping[str, str] = NO_ANSWERS) -> ImportPlan:
    """Plan the import of a labels.csv alone, for photos that a project has. Raises LabelsError as ``plan_folder``."""
    asking = Asking(answers)
    if (own := with_given_labels({}, labels)) is not None:
        return _asked(plan_from_files(own, {}, labels.name, asking), asking)
    table = read_table(labels, labels.name, group_column, asking)
    return _asked(plan_from_files({}, {}, labels.name, asking, table), asking)


def plan_zip(
    source: Path | BinaryIO,
    name: str,
    labels: bytes | None = None,
    limits: ZipLimits = LIMITS,
    group_column: str | None = None,
    answers: Mapping[str, str] = NO_ANSWERS,
) -> ImportPlan:
    """Plan the import of a zip like that of a folder; each file is unpacked only when it is read.

    Raises DataError where the zip is damaged or exceeds the limits, LabelsError where the labels cannot be read.
    """
    asking = Asking(answers)
    listing = list_zip(source, name, limits, asking)
    parts = packed_parts(unzip_packed(listing), listing.refused, asking) if labels is None else []
    table = None
    if labels is not None:
        files = listing.files
        table = read_table(labels, "labels.csv", group_column, asking, files, tables_among(files), any_columns=True)
    plan = plan_from_files(listing.files, listing.refused, name, asking, table, (), group_column)
    plan = with_class_of_zip(plan, name, asking) if table is None else plan
    return _asked(_joined([plan, *parts], {}, [*listing.remarks], name), asking)


def plan_packed_files(paths: Sequence[Path], answers: Mapping[str, str] = NO_ANSWERS) -> ImportPlan:
    """Plan the import of files of packed images, such as one for training and one for testing.

    Raises ArraysError for the first one that cannot be used.
    """
    asking = Asking(answers)
    parts = [plan_packed(path, path.name, asking) for path in paths]
    if len(parts) == 1:
        return _asked(parts[0], asking)
    return _asked(_joined(parts, {}, [], ", ".join(path.name for path in paths)), asking)


def plan_uploads(
    uploads: Sequence[Upload],
    limits: ZipLimits = LIMITS,
    group_column: str | None = None,
    answers: Mapping[str, str] = NO_ANSWERS,
) -> ImportPlan:
    """Plan the import of uploaded photos, zips and a table, in any mixture.

    An uploaded table labels all files; without one, every zip has its own table or class folders. A zip that cannot
    be used is refused, and the others are planned. Raises LabelsError where the labels cannot be read.
    """
    asking = Asking(answers)
    found = _sorted_uploads(uploads, limits, asking)
    source = ", ".join(upload.name for upload in uploads[:3])
    source += f" and {len(uploads) - 3:,} more" if len(uploads) > 3 else ""
    apart = found.zips and not any(map(is_picture, found.photos)) and any(map(_is_label_file, found.photos))
    plan_by = _by_uploaded_table if found.tables else _by_labels_apart if apart else _by_own_labels
    parts = plan_by(found, source, group_column, asking)
    return _asked(_joined([*parts, *found.packed], found.refused, found.problems, source), asking)


def _asked(plan: ImportPlan, asking: Asking) -> ImportPlan:
    """Return the plan with the questions of its reading; what was answered is among the remarks."""
    plan = settle_classes(plan, asking)
    remarks = tuple(Problem(None, str(one), harmless=True) for one in asking.answered)
    plan = replace(plan, problems=(*plan.problems, *remarks))
    return replace(plan, questions=asking.open, answered=asking.answered, unused_answers=asking.unused)


@dataclass
class _SortedUploads:
    """Uploads by their kind."""

    photos: FileReaders = field(default_factory=dict)
    tables: FileReaders = field(default_factory=dict)
    zips: list[tuple[str, FileReaders]] = field(default_factory=list)
    packed: list[ImportPlan] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def _sorted_uploads(uploads: Sequence[Upload], limits: ZipLimits, asking: Asking) -> _SortedUploads:
    found, hidden = _SortedUploads(), list[str]()
    several = sum(suffix_of(upload.name) in _ZIPS for upload in uploads) > 1
    for upload in uploads:
        name = plain_path(upload.name)
        if name is None:
            found.refused[upload.name] = "its name leads out of its folder"
        elif suffix_of(name) in _ZIPS:
            _add_zip(found, upload, name, limits, asking.within(name) if several else asking)
        elif is_packed(name):
            found.packed += packed_parts({name: upload.data}, found.refused, asking)
        elif suffix_of(name) in _UPLOADED_TABLES and not _belongs_to_data_set(name):
            found.tables[free_name(name, found.tables)] = partial(_read_upload, upload.data, name)
        elif not is_clutter(name):
            _add_photo(found, upload, name)
        elif is_hidden_photo(name):
            hidden.append(name)
    found.problems += [Problem(None, hidden_said(hidden), harmless=True)] if hidden else []
    return found


def _add_zip(found: _SortedUploads, upload: Upload, name: str, limits: ZipLimits, asking: Asking) -> None:
    try:
        listing = list_zip(upload.data, name, limits, asking)
    except DataError as error:
        found.refused[name] = str(error)
        return
    found.problems += [replace(remark, text=f"{name}: {remark.text}") for remark in listing.remarks]
    arrays = {f"{name}/{path}": data for path, data in unzip_packed(listing).items()}
    found.packed += packed_parts(arrays, found.refused, asking)
    if listing.files or not arrays:
        found.zips.append((name, listing.files))
    found.refused |= {f"{name}/{path}": reason for path, reason in listing.refused.items()}


def _add_photo(found: _SortedUploads, upload: Upload, name: str) -> None:
    free = free_name(name, found.photos)
    found.photos[free] = partial(_read_upload, upload.data, free)
    if free != name:
        found.problems.append(Problem(None, f"{name} was uploaded more than once; the later one is named {free}"))


def _by_uploaded_table(
    found: _SortedUploads, source: str, group_column: str | None, asking: Asking
) -> list[ImportPlan]:
    """Plan all photos, inside and outside the zips, by the uploaded table."""
    files = _all_files(found)
    if tool_tables(found.tables) == found.tables.keys():
        return [plan_from_files({**files, **found.tables}, {}, source, asking, pictures=found.photos)]
    chosen = choose_table(found.tables, asking, group_column, files, any_columns=True)
    plan = plan_from_files(files, {}, source, asking, chosen.table, pictures=found.photos)
    return [with_unused(plan, found.tables, chosen)]


def _by_labels_apart(found: _SortedUploads, source: str, group_column: str | None, asking: Asking) -> list[ImportPlan]:
    """Plan the photos in the zips by files of labels that were uploaded beside them."""
    return [plan_from_files(_all_files(found), {}, source, asking, group_column=group_column)]


def _all_files(found: _SortedUploads) -> FileReaders:
    """Return the photos and the files of all zips; zips that share a name are folders, so that none is meant alone."""
    files = dict(found.photos)
    times = Counter([*files, *(path for _, inside in found.zips for path in inside)])
    for name, inside in found.zips:
        prefix = _prefix(name, inside, files, bare=all(times[path] == 1 for path in inside))
        files |= {prefix + path: read for path, read in inside.items()}
    return files


def _is_label_file(name: str) -> bool:
    return suffix_of(name) in LABEL_FILES


def _by_own_labels(found: _SortedUploads, source: str, group_column: str | None, asking: Asking) -> list[ImportPlan]:
    """Plan the photos outside the zips, and each zip by its own labels."""
    photos = [plan_from_files(found.photos, {}, source, asking, pictures=found.photos)] if found.photos else []
    several = len(found.zips) > 1
    inside = []
    for name, files in found.zips:
        own = asking.within(name) if several else asking
        inside.append(with_class_of_zip(plan_from_files(files, {}, name, own, group_column=group_column), name, own))
    return [*photos, *inside]


def _belongs_to_data_set(name: str) -> bool:
    """Return whether a table in an uploaded folder belongs to a data set in another tool's format."""
    return "/" in name and (suffix_of(name) == ".txt" or PurePosixPath(name).name == "metadata.csv")


def _joined(parts: list[ImportPlan], refused: dict[str, str], problems: list[Problem], source: str) -> ImportPlan:
    """Join several plans; where two have the same name, the later plan's names get its source as a folder."""
    candidates: dict[str, Candidate] = {}
    classes: dict[str, str] = {}
    listed: dict[str, str] = {}
    results = [FileResult(name, "refused", reason) for name, reason in refused.items()]
    for part in parts:
        prefix = _prefix(part.source, [candidate.name for candidate in part.candidates], candidates)
        for candidate in part.candidates:
            candidates[prefix + candidate.name] = replace(candidate, name=prefix + candidate.name)
        results += [replace(result, name=prefix + result.name) for result in part.refused]
        where = f"{part.source}: " if len(parts) > 1 else ""
        problems += [replace(problem, text=where + problem.text) for problem in part.problems]
        for name in part.classes:
            classes.setdefault(class_key(name), name)
        for name in part.listed:
            listed.setdefault(class_key(name), name)
    check_labels(len(classes), source)
    names, own = tuple(classes.values()), tuple(listed.values())
    task = parts[0].task if len(parts) == 1 else None
    absent = tuple(row for part in parts for row in part.absent)
    shown = storable_name(source)  # a folder's name may hold bytes that are not text
    columns = next((part.group_columns for part in parts if part.group_columns != NO_GROUP_COLUMNS), NO_GROUP_COLUMNS)
    plan = ImportPlan(tuple(candidates.values()), tuple(problems), tuple(results), shown, names, own, task, absent)
    return replace(plan, group_columns=columns, parts=next((part.parts for part in parts if part.parts), ()))


def _prefix(zip_name: str, inside: Collection[str], taken: Collection[str], bare: bool = True) -> str:
    """Return "" where no name is taken yet, unless not ``bare``; else a folder named after the zip."""
    prefix, number = "", 1
    while not (prefix or bare) or any(prefix + path in taken for path in inside):
        stem = PurePosixPath(zip_name).stem
        prefix = f"{stem}/" if number == 1 else f"{stem} ({number})/"
        number += 1
    return prefix


def _read_upload(data: BinaryIO, name: str) -> bytes:
    data.seek(0)
    return read_limited(data, name)
