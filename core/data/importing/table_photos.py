"""Read the photos that a labels.csv lists in a folder, each image once, for training from the command line."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from core.data.importing.box_frames import BoxedPhoto, settle_boxes
from core.data.importing.equal_photos import distinct_classes, distinct_labels, strictest_split
from core.data.importing.folder_files import FolderListing, hidden_said, list_folder, place_in, read_listed
from core.data.importing.folder_layout import TABLE_SUFFIXES, is_clutter, is_picture, suffix_of
from core.data.importing.formats.csv_styles.choose_table import tables_among
from core.data.importing.formats.csv_styles.read_table import read_table
from core.data.importing.formats.manifest import FILE_NAME as MANIFEST
from core.data.importing.names.class_case import settle_table
from core.data.importing.tables.own_folder import OwnFolders
from core.data.importing.tables.photos_of_rows import Readers, by_rows, folder_around, given_folder, photos_of_rows
from core.data.pictures.box import Box
from core.data.pictures.decoding import IMAGE_SUFFIXES, PART_READ, content_hash, decode
from core.data.pictures.near_duplicates import phash_of
from core.data.pictures.network_input.kept_views import keep_usual_view
from core.data.store.boxes.box_checks import TOLERATED_PIXELS, invalid_reason, reaches_out
from core.data.store.records import BoxRow
from core.data.tables.csv_cells import MAX_CSV_BYTES
from core.data.tables.label_rows import LabelTable, objects_of, with_objects
from core.data.tables.labels_csv import LabelRow, Problem
from core.data.tables.questions import NO_ANSWERS, Asking
from core.errors import DataError, ImageRefused, LabelsError
from core.processors import available_processors
from core.progress import CountCallback
from core.workspace import Workspace, workspace_folder

_TABLES = (".csv", ".tsv")


@dataclass(frozen=True)
class TablePhoto:
    """One labelled photo of a table."""

    row: LabelRow
    label: str
    path: Path
    hash: str
    width: int = 0  # pixels, upright
    height: int = 0
    phash: int | None = None  # perceptual hash


def photos_of_table(
    labels: Path,
    images: Path,
    progress: CountCallback | None,
    group_column: str | None = None,
    answers: Mapping[str, str] = NO_ANSWERS,
    *,
    boxes: bool = True,
) -> tuple[list[TablePhoto], list[Problem]]:
    """Return the rows with a label and a readable photo, each image once, and all problems.

    Raises LabelsError also where several columns may name the groups: training cannot ask, and a wrong guess would
    make the results too good. ``answers`` are those to the table's questions; without ``boxes`` nothing is asked about
    these. Raises QuestionsOpen where an answer is missing, and AnswerError for one that is no choice or that nothing
    asks for.
    """
    if not images.is_dir():
        raise DataError(f"There is no folder {images}. Name the folder with the photos of {labels.name}.")
    folder = images.resolve()
    asking = Asking(answers)
    listing = list_folder(folder)
    files = _readers(folder, listing, labels.resolve())
    table = settle_table(_read_labels(labels, folder, files, group_column, asking), asking)
    if table.group_columns.unclear:
        first, *_ = shown = table.group_columns.possible
        raise LabelsError(
            f"{labels.name} has several columns that may name the groups: {', '.join(shown)}. "
            f'Choose one with --group-column "{first}", or --group-column none to group nothing.'
        )
    asking.require_answers(more_to_come=True)
    own = any((place / MANIFEST).is_file() for place in (labels.parent, folder))
    wanted, problems = _with_photos(table, files, asking, own, given_folder(folder, table))
    problems += _unlisted(listing)
    wanted, turned = _with_settled_boxes(files, wanted, asking, own) if boxes else (wanted, [])
    asking.require_answers()
    photos, refused = _read(listing.files, wanted, progress)
    kept, copies = without_copies(photos)
    return kept, [*problems, *turned, *_remarks(asking), *refused, *copies, *several_boxes(kept)]


def _read_labels(labels: Path, folder: Path, files: Readers, group_column: str | None, asking: Asking) -> LabelTable:
    """Read the table; the photos and the tables beside it may tell how it is meant."""
    photos = {file: read for file, read in files.items() if is_picture(file)}
    around = labels.resolve().parent
    beside = {path.name: partial(read_listed, path, around, path.name) for path in _tables_in(around, labels.resolve())}
    tables = tables_among({**files, **beside})
    table = read_table(labels, labels.name, group_column, asking, photos, tables, any_columns=True)
    return OwnFolders(photos).places(table, place_in(folder, labels))


def _tables_in(folder: Path, labels: Path) -> list[Path]:
    try:
        found = sorted(folder.iterdir())
    except OSError:  # a folder that may be entered and not listed
        return []
    tables = (path for path in found if suffix_of(path.name) in _TABLES and not is_clutter(path.name))
    return [path for path in tables if path != labels and _is_small(path)]


def _unlisted(listing: FolderListing) -> list[Problem]:
    """Return what is said in an import of photos that cannot be read, or are hidden."""
    refused = {name: reason for name, reason in listing.refused.items() if is_picture(name)}
    problems = [Problem(None, f"{name} was skipped: {reason}") for name, reason in refused.items()]
    problems += [Problem(None, f"the folder {text}; it is skipped") for text in listing.unreadable]
    return problems + ([Problem(None, hidden_said(listing.hidden), harmless=True)] if listing.hidden else [])


def _with_photos(
    table: LabelTable, files: Readers, asking: Asking, own: bool, given: str
) -> tuple[list[tuple[LabelRow, str]], list[Problem]]:
    """Return the rows with a label and a photo, matched as in an import, with its path; and all problems.

    ``own`` is an export of ours, which gives the splits in its table. ``given`` is the folder itself, if its name says
    something.
    """
    root = folder_around(files, table)
    inside = {file.removeprefix(root): read for file, read in files.items()}
    photos = {file: read for file, read in inside.items() if is_picture(file)}
    problems: list[Problem] = []
    if own:
        candidates = by_rows(table, photos, problems, False, asking, given + root)
    else:
        candidates = photos_of_rows(table, photos, inside, problems, asking, given + root)
    row_of = {row.line: row for row in table.rows}
    labelled = [one for one in candidates if one.line is not None and one.label is not None]
    return [(replace(row_of[one.line or 0], split=one.split), root + one.name) for one in labelled], problems


def _with_settled_boxes(
    files: Readers, wanted: list[tuple[LabelRow, str]], asking: Asking, own: bool
) -> tuple[list[tuple[LabelRow, str]], list[Problem]]:
    """Return the rows with their boxes in pixels of the upright photos, and remarks; what is unclear is asked."""
    boxed = [
        BoxedPhoto(file, objects_of(row), row.frame, files[file], trusted=own)
        for row, file in wanted
        if row.box is not None
    ]
    if not boxed:
        return wanted, []
    settled, remarks = settle_boxes(boxed, asking)
    return [(with_objects(row, settled.get(file, objects_of(row))), file) for row, file in wanted], remarks


def _remarks(asking: Asking) -> list[Problem]:
    """Return a remark for each question that was answered."""
    return [Problem(None, str(one), harmless=True) for one in asking.answered]


def several_boxes(photos: list[TablePhoto]) -> list[Problem]:
    """Report which box is used where a photo has several: training uses one object per photo."""
    problems = []
    for row in (photo.row for photo in photos if photo.row.objects):
        largest = max(row.objects, key=lambda one: one.box.area)
        text = f"{row.filename} has {len(row.objects)} boxes; training uses the largest (line {largest.line})"
        problems.append(Problem(row.line, text if largest.line else text.removesuffix(" (line 0)")))
    return problems


def _readers(folder: Path, listing: FolderListing, labels: Path) -> dict[str, Callable[[], bytes]]:
    """Return the photos and other tables below the folder by their relative paths."""
    return {
        name: partial(read_listed, path, folder, name)
        for name, path in listing.files.items()
        if suffix_of(name) in IMAGE_SUFFIXES
        or (suffix_of(name) in TABLE_SUFFIXES and path != labels and _is_small(path))
    }


def _is_small(table: Path) -> bool:
    try:
        return table.is_file() and table.stat().st_size <= MAX_CSV_BYTES
    except OSError:
        return False


def _read(
    paths: Mapping[str, Path], wanted: list[tuple[LabelRow, str]], progress: CountCallback | None
) -> tuple[list[TablePhoto], list[Problem]]:
    photos, problems = [], []
    # Decoding and hashing release the interpreter lock. Each thread holds one decoded image at a time.
    with ThreadPoolExecutor(max_workers=min(8, available_processors())) as pool:
        decoded: Iterator[_ImageFacts | ImageRefused] = pool.map(lambda pair: _decode(paths[pair[1]], pair[1]), wanted)
        for done, ((row, file), facts) in enumerate(zip(wanted, decoded, strict=True), start=1):
            if isinstance(facts, ImageRefused):
                problems.append(Problem(row.line, f"{facts.name} was skipped: {facts.reason}"))
            else:
                row, bad_boxes = without_bad_boxes(row, (facts.width, facts.height))
                problems += bad_boxes
                problems += [Problem(row.line, f"{file}: {remark}", harmless=True) for remark in facts.remarks]
                photos.append(
                    TablePhoto(row, row.label or "", paths[file], facts.hash, facts.width, facts.height, facts.phash)
                )
            if progress is not None:
                progress(done, len(wanted))
    return photos, problems


@dataclass(frozen=True)
class _ImageFacts:
    """What is kept of a decoded image."""

    hash: str
    width: int
    height: int
    phash: int
    remarks: tuple[str, ...] = ()  # of a file of which only a part is read


def _decode(path: Path, name: str) -> _ImageFacts | ImageRefused:
    try:
        decoded = decode(path, name)
    except ImageRefused as refusal:
        return refusal
    image = decoded.image
    remarks = tuple(one for one in decoded.remarks if one.startswith(PART_READ))
    digest, workspace = content_hash(image), Workspace(workspace_folder())
    if workspace.cache.is_dir():
        keep_usual_view(workspace, digest, image)
    return _ImageFacts(digest, *image.size, phash_of(image), remarks)


def without_bad_boxes(row: LabelRow, size: tuple[int, int]) -> tuple[LabelRow, list[Problem]]:
    """Return the row without the boxes that cannot be in its image, and the problems of its boxes."""
    kept, problems = [], []
    for one in objects_of(row):
        box = BoxRow(one.label or "", one.box.x, one.box.y, one.box.width, one.box.height)
        wrong = invalid_reason(box, *size)
        if wrong is None:
            kept.append(one)
            over = reaches_out(box, *size)
            if over > TOLERATED_PIXELS:
                text = f"the box of {row.filename} extends {over:g} pixels beyond the photo; it is kept unchanged"
                problems.append(Problem(one.line, text))
        else:
            problems.append(Problem(one.line, f"the box of {row.filename} is skipped: {wrong}"))
    return (row if len(kept) == len(objects_of(row)) else with_objects(row, tuple(kept))), problems


def without_copies(photos: list[TablePhoto]) -> tuple[list[TablePhoto], list[Problem]]:
    """Return one photo per image, in the order of the table, and the problems of the copies.

    The rules are those of an import into a project: of different labels none is used, so the image is left out; the
    boxes are those that come first; of several splits the strictest counts.
    """
    copies: dict[str, list[TablePhoto]] = defaultdict(list)
    for photo in photos:
        copies[photo.hash].append(photo)
    kept: list[TablePhoto] = []
    problems: list[Problem] = []
    for group in copies.values():
        labels = distinct_classes(photo.label for photo in group)
        if len(labels) > 1:
            problems += _contradicted(group, labels)
            continue
        split = strictest_split(photo.row.split for photo in group)
        best = next((photo for photo in group if photo.row.split == split), group[0])
        boxed = next((photo for photo in group if photo.row.box is not None), best)
        groups = distinct_labels(photo.row.group for photo in group)
        tags = tuple(dict.fromkeys(tag for photo in group for tag in photo.row.tags))
        row = replace(best.row, box=boxed.row.box, objects=boxed.row.objects, group=next(iter(groups), None), tags=tags)
        if len(group) > 1:
            names = ", ".join(photo.row.filename for photo in group)
            splits = {photo.row.split for photo in group if photo.row.split}
            notes = [f"in {split} and not in the other splits"] if len(splits) > 1 else []
            if len({_sides(photo.row) for photo in group if photo.row.box is not None}) > 1:
                notes.append(f"with the boxes of {boxed.row.filename}, because theirs differ")
            if len(groups) > 1:
                notes.append(f"in the group {groups[0]} and not in {', '.join(groups[1:])}")
            text = ", ".join([f"{names} are the same photo: kept once", *notes])
            problems.append(Problem(best.row.line, text))
        kept.append(replace(best, row=row))
    return kept, problems


def _contradicted(group: Sequence[TablePhoto], labels: Sequence[str]) -> Iterator[Problem]:
    """Yield a problem for each of several equal photos with different labels."""
    names = ", ".join(photo.row.filename for photo in group)
    none = "neither" if len(labels) == 2 else "none"
    text = f"{names} are the same photo with different labels ({', '.join(labels)}): {none} is used, so it is left out"
    for photo in group:
        yield Problem(photo.row.line, text)


def _sides(row: LabelRow) -> frozenset[Box]:
    return frozenset(one.box for one in objects_of(row))
