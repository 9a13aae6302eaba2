"""Plans the import of a folder, a zip, uploads or files of packed images."""

import io
import os
import stat
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from core.data.importing.archives import LIMITS, ZipLimits, ZipListing, list_zip
from core.data.importing.arrays.packed_images import plan_packed
from core.data.importing.folder_layout import PACKED_SUFFIXES, TABLE_SUFFIXES, is_clutter, plain_path, suffix_of
from core.data.importing.import_plan import Candidate, FileResult, ImportPlan, ImportReport
from core.data.importing.plan_files import FileReaders, plan_of, the_table
from core.data.importing.run_import import run_import
from core.data.pictures.decoding import MAX_FILE_BYTES
from core.data.tables.labels_csv import Problem, read_labels
from core.data.tables.names import name_key
from core.errors import ArraysError, DataError, ImageRefused

__all__ = [
    "Candidate",
    "FileResult",
    "ImportPlan",
    "ImportReport",
    "Upload",
    "plan_folder",
    "plan_packed",
    "plan_packed_files",
    "plan_uploads",
    "plan_zip",
    "run_import",
]

_UPLOADED_TABLES = TABLE_SUFFIXES | {".txt"}


@dataclass(frozen=True)
class Upload:
    """A file that came through the browser."""

    name: str
    data: BinaryIO


def plan_folder(folder: Path, labels: Path | bytes | None = None) -> ImportPlan:
    """The import of a folder on this machine: by ``labels``, else by the labels.csv in it, else by its class folders.

    Without ``labels`` files of packed images in it are imported, too.
    Links that lead out of the folder are refused, linked folders are not entered. Raises DataError where the folder is
    missing, LabelsError where the labels cannot be read.
    """
    if not folder.is_dir():
        raise DataError(f"There is no folder {folder}. Name the folder that holds the photos.")
    name = labels.name if isinstance(labels, Path) else "labels.csv"
    table = read_labels(labels, name) if labels is not None else None
    own_table = labels.resolve() if isinstance(labels, Path) else None
    root = folder.resolve()
    files: FileReaders = {}
    packed: dict[str, Path] = {}
    refused: dict[str, str] = {}
    problems: list[Problem] = []

    def leave_out(error: OSError) -> None:
        problems.append(Problem(None, f"the folder {error.filename} cannot be read ({error.strerror}); it is left out"))

    for at, folders, names in os.walk(root, onerror=leave_out):
        here = Path(at)
        folders[:] = sorted(name for name in folders if not is_clutter(name))
        links = [name for name in folders if (here / name).is_symlink()]
        for path in [here / name for name in (*links, *names) if not is_clutter(name)]:
            shown = _free(_as_text(path.relative_to(root)), files)
            if reason := _no_plain_file(path, root):
                refused[shown] = reason
            elif suffix_of(shown) in PACKED_SUFFIXES and table is None:
                packed[shown] = path
            elif path != own_table:
                files[shown] = partial(_read_file, path, root, shown)
    parts = _packed_parts(packed, refused)
    plan = plan_of(files, refused, str(folder), table)
    return _joined([plan, *parts], {}, problems, str(folder))


def plan_zip(source: Path | BinaryIO, name: str, labels: bytes | None = None, limits: ZipLimits = LIMITS) -> ImportPlan:
    """The import of a zip: like that of a folder, each file unpacked only when it is read.

    Raises DataError where the zip is damaged or beyond the limits, LabelsError where the labels cannot be read.
    """
    listing = list_zip(source, name, limits)
    parts = _packed_parts(_unzipped(listing), listing.refused) if labels is None else []
    table = read_labels(labels) if labels is not None else None
    return _joined([plan_of(listing.files, listing.refused, name, table), *parts], {}, [], name)


def plan_packed_files(paths: Sequence[Path]) -> ImportPlan:
    """The import of files of packed images together, such as one for training and one for the test.

    Raises ArraysError for the first one that cannot be used.
    """
    parts = [plan_packed(path, path.name) for path in paths]
    return parts[0] if len(parts) == 1 else _joined(parts, {}, [], ", ".join(path.name for path in paths))


def plan_uploads(uploads: Sequence[Upload], limits: ZipLimits = LIMITS) -> ImportPlan:
    """The import of uploaded images, zips and a table, in any mixture.

    An uploaded table holds for all files; without one every zip goes by its own table or class folders. A zip that
    cannot be used is refused, the others are planned. Raises LabelsError where the labels cannot be read.
    """
    loose: FileReaders = {}
    tables: FileReaders = {}
    zips: list[tuple[str, FileReaders]] = []
    packed: list[ImportPlan] = []
    refused: dict[str, str] = {}
    problems: list[Problem] = []
    for upload in uploads:
        name = plain_path(upload.name)
        if name is None:
            refused[upload.name] = "its name climbs out of its folder"
        elif suffix_of(name) == ".zip":
            try:
                listing = list_zip(upload.data, name, limits)
            except DataError as error:
                refused[name] = str(error)
                continue
            arrays = {f"{name}/{path}": data for path, data in _unzipped(listing).items()}
            packed += _packed_parts(arrays, refused)
            if listing.files or not arrays:
                zips.append((name, listing.files))
            refused |= {f"{name}/{path}": reason for path, reason in listing.refused.items()}
        elif suffix_of(name) in PACKED_SUFFIXES:
            packed += _packed_parts({name: upload.data}, refused)
        elif suffix_of(name) in _UPLOADED_TABLES and not _of_a_data_set(name):
            tables[_free(name, tables)] = partial(_read_upload, upload.data, name)
        elif not is_clutter(name):
            free = _free(name, loose)
            loose[free] = partial(_read_upload, upload.data, free)
            if free != name:
                problems.append(Problem(None, f"{name} was uploaded more than once; the later one is called {free}"))
    source = ", ".join(upload.name for upload in uploads[:3]) + (", ..." if len(uploads) > 3 else "")
    parts = [plan_of(loose, {}, source, pictures=loose)] if loose and not tables else []
    if tables:
        files = dict(loose)
        for name, inside in zips:
            prefix = _prefix(name, inside, files)
            files |= {prefix + path: read for path, read in inside.items()}
        _, table = the_table(tables)
        parts = [plan_of(files, {}, source, table, pictures=loose)]
    else:
        parts += [plan_of(inside, {}, name) for name, inside in zips]
    return _joined([*parts, *packed], refused, problems, source)


def _of_a_data_set(name: str) -> bool:
    """A table inside an uploaded folder that belongs to a data set in another tool's format."""
    return "/" in name and (suffix_of(name) == ".txt" or PurePosixPath(name).name == "metadata.csv")


def _packed_parts(files: Mapping[str, Path | BinaryIO], refused: dict[str, str]) -> list[ImportPlan]:
    """A plan for each file of packed images; those that are none are refused with the reason."""
    parts = []
    for name, source in files.items():
        try:
            parts.append(plan_packed(source, name))
        except ArraysError as error:
            refused[name] = str(error)
    return parts


def _unzipped(listing: ZipListing) -> dict[str, BinaryIO]:
    """Takes the files of packed images out of a zip and into memory: they cannot be read where they are."""
    unzipped: dict[str, BinaryIO] = {}
    left = MAX_FILE_BYTES
    for path in [path for path in listing.files if suffix_of(path) in PACKED_SUFFIXES]:
        read = listing.files.pop(path)
        try:
            data = read() if left > 0 else b""
        except ImageRefused as error:
            listing.refused[path] = error.reason
            continue
        left -= len(data)
        if left > 0:
            unzipped[path] = io.BytesIO(data)
        else:
            most = f"the zip holds more than {MAX_FILE_BYTES // 2**20} MB of packed images"
            listing.refused[path] = f"{most}; bring this file without the zip"
    return unzipped


def _joined(parts: list[ImportPlan], refused: dict[str, str], problems: list[Problem], source: str) -> ImportPlan:
    """One plan of several; where names of two parts meet, the later part's get the name of its file as a folder."""
    candidates: dict[str, Candidate] = {}
    classes: dict[str, str] = {}
    listed: dict[str, str] = {}
    results = [FileResult(name, "refused", reason) for name, reason in refused.items()]
    for part in parts:
        prefix = _prefix(part.source, [candidate.name for candidate in part.candidates], candidates)
        for candidate in part.candidates:
            candidates[prefix + candidate.name] = replace(candidate, name=prefix + candidate.name)
        results += [replace(result, name=prefix + result.name) for result in part.refused]
        several = f"{part.source}: " if len(parts) > 1 else ""
        problems += [replace(problem, text=several + problem.text) for problem in part.problems]
        for name in part.classes:
            classes.setdefault(name_key(name), name)
        for name in part.listed:
            listed.setdefault(name_key(name), name)
    names, own = tuple(classes.values()), tuple(listed.values())
    task = parts[0].task if len(parts) == 1 else None
    return ImportPlan(tuple(candidates.values()), tuple(problems), tuple(results), source, names, own, task)


def _prefix(zip_name: str, inside: Collection[str], taken: Collection[str]) -> str:
    """ "" where no name is taken yet, else a folder named after the zip."""
    prefix, number = "", 1
    while any(prefix + path in taken for path in inside):
        stem = PurePosixPath(zip_name).stem
        prefix = f"{stem}/" if number == 1 else f"{stem} ({number})/"
        number += 1
    return prefix


def _free(name: str, taken: Collection[str]) -> str:
    path, free, number = PurePosixPath(name), name, 1
    while free in taken:
        number += 1
        free = name.removesuffix(path.suffix) + f" ({number}){path.suffix}"
    return free


def _as_text(path: Path) -> str:
    """With slashes, and with question marks for bytes that are no text, which Linux allows in names."""
    return path.as_posix().encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _no_plain_file(path: Path, root: Path) -> str | None:
    try:
        if path.is_symlink():
            target = path.resolve(strict=True)
            if not target.is_relative_to(root):
                return "it is a link that leads out of the folder"
            if target.is_dir():
                return "it is a link to a folder, and those are not followed"
        return None if stat.S_ISREG(path.stat().st_mode) else "it is not a plain file"
    except (OSError, RuntimeError):  # RuntimeError: a link to itself, until Python 3.12
        return "it is a link to nothing, or cannot be read"


def _read_file(path: Path, root: Path, name: str) -> bytes:
    # Looked at again, because the folder may have changed since it was listed.
    if reason := _no_plain_file(path, root):
        raise ImageRefused(name, reason)
    try:
        with path.open("rb") as file:
            return _at_most(file, name)
    except OSError as error:
        raise ImageRefused(name, f"the file cannot be read ({error.strerror})") from error


def _read_upload(data: BinaryIO, name: str) -> bytes:
    data.seek(0)
    return _at_most(data, name)


def _at_most(file: BinaryIO, name: str) -> bytes:
    data = file.read(MAX_FILE_BYTES + 1)
    if len(data) > MAX_FILE_BYTES:
        raise ImageRefused(name, f"the file is larger than {MAX_FILE_BYTES // 2**20} MB")
    return data
