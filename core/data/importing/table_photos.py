"""Reads the photos that a labels.csv names in a folder, each picture once: what the command line trains on."""

import os
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from core.data.pictures.decoding import IMAGE_SUFFIXES, content_hash, decode
from core.data.pictures.near_duplicates import phash_of
from core.data.store.boxes.box_checks import TOLERATED_PIXELS, reaches_out, wrong_with
from core.data.store.records import BoxRow
from core.data.tables.label_rows import LabelledBox, LabelTable, objects_of, with_objects
from core.data.tables.labels_csv import LabelRow, Problem, match_files, read_labels
from core.data.tables.names import name_key
from core.errors import DataError, ImageRefused
from core.progress import CountCallback


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
    labels: Path, images: Path, progress: CountCallback | None
) -> tuple[list[TablePhoto], list[Problem]]:
    """The rows that have a label and a photo that can be read, each picture once, and all problems on the way."""
    if not images.is_dir():
        raise DataError(f"There is no folder {images}. Give the folder that holds the photos named in {labels.name}.")
    folder = images.resolve()
    table = _spelled_as_first(read_labels(labels, labels.name))
    file_of, unmatched = match_files(table, _files(folder))
    wanted = [(row, file_of[row.line]) for row in table.rows if row.line in file_of and row.label is not None]
    photos, refused = _read(folder, wanted, progress)
    kept, copies = without_copies(photos)
    return kept, [*table.problems, *unmatched, *refused, *copies, *_of_several_boxes(kept)]


def _spelled_as_first(table: LabelTable) -> LabelTable:
    """The table with one spelling for each class, that of its first line, as an import into a project has it."""
    marked: list[LabelRow | LabelledBox] = [*table.rows]
    marked += [one for row in table.rows for one in row.objects]
    said = [(one.line, one.label) for one in marked if one.label is not None]
    first: dict[str, str] = {}
    for _, label in sorted(said):
        first.setdefault(name_key(label), label)

    def spelled(label: str | None) -> str | None:
        return None if label is None else first[name_key(label)]

    rows = []
    for row in table.rows:
        objects = tuple(replace(one, label=spelled(one.label)) for one in row.objects)
        rows.append(replace(row, label=spelled(row.label), objects=objects))
    return replace(table, rows=tuple(rows))


def _of_several_boxes(photos: list[TablePhoto]) -> list[Problem]:
    """Which box counts where a photo has several: a network is trained on one object a photo."""
    problems = []
    for row in (photo.row for photo in photos if photo.row.objects):
        largest = max(row.objects, key=lambda one: one.box.area)
        text = f"{row.filename} has {len(row.objects)} boxes; the largest (line {largest.line}) is trained on"
        problems.append(Problem(row.line, text))
    return problems


def _files(folder: Path) -> list[str]:
    """The pictures below the folder as relative paths with slashes; hidden files and folders are not looked at."""
    found = []
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if not name.startswith(".") and Path(name).suffix.lower() in IMAGE_SUFFIXES:
                found.append((Path(root) / name).relative_to(folder).as_posix())
    return found


def _read(
    folder: Path, wanted: list[tuple[LabelRow, str]], progress: CountCallback | None
) -> tuple[list[TablePhoto], list[Problem]]:
    photos, problems = [], []
    # Decoding and hashing let other threads run; each holds one decoded picture at a time and gives back its hash.
    with ThreadPoolExecutor(max_workers=min(8, os.cpu_count() or 1)) as pool:
        answers: Iterator[_Seen | ImageRefused] = pool.map(lambda pair: _seen(folder / pair[1], pair[1]), wanted)
        for done, ((row, file), answer) in enumerate(zip(wanted, answers, strict=True), start=1):
            if isinstance(answer, ImageRefused):
                problems.append(Problem(row.line, f"{answer.name} was left out: {answer.reason}"))
            else:
                row, said = _inside(row, answer)
                problems += said
                photos.append(
                    TablePhoto(
                        row, row.label or "", folder / file, answer.hash, answer.width, answer.height, answer.phash
                    )
                )
            if progress is not None:
                progress(done, len(wanted))
    return photos, problems


@dataclass(frozen=True)
class _Seen:
    hash: str
    width: int
    height: int
    phash: int


def _seen(path: Path, name: str) -> _Seen | ImageRefused:
    try:
        image = decode(path, name).image
    except ImageRefused as refusal:
        return refusal
    return _Seen(content_hash(image), *image.size, phash_of(image))


def _inside(row: LabelRow, picture: _Seen) -> tuple[LabelRow, list[Problem]]:
    """The row without the boxes that cannot be in its picture, and what is to be said of its boxes."""
    kept, problems = [], []
    for one in objects_of(row):
        box = BoxRow(one.label or "", one.box.x, one.box.y, one.box.width, one.box.height)
        wrong = wrong_with(box, picture.width, picture.height)
        if wrong is None:
            kept.append(one)
            over = reaches_out(box, picture.width, picture.height)
            if over > TOLERATED_PIXELS:
                text = f"the box of {row.filename} reaches {over:g} pixels beyond its picture; it is taken as it is"
                problems.append(Problem(one.line, text))
        else:
            problems.append(Problem(one.line, f"the box of {row.filename} is left out: {wrong}"))
    return (row if len(kept) == len(objects_of(row)) else with_objects(row, tuple(kept))), problems


def without_copies(photos: list[TablePhoto]) -> tuple[list[TablePhoto], list[Problem]]:
    """One photo for each picture, in the order of the table, and what is to be said about the others."""
    alike: dict[str, list[TablePhoto]] = defaultdict(list)
    for photo in photos:
        alike[photo.hash].append(photo)
    kept, problems = [], []
    for group in alike.values():
        names = ", ".join(photo.row.filename for photo in group)
        labels = list(dict.fromkeys(photo.label for photo in group))
        if len(labels) > 1:
            text = f"{names} are the same picture with different labels ({', '.join(labels)}): all left out"
            problems.append(Problem(group[0].row.line, text))
            continue
        best = next(
            (photo for split in ("test", "val", "train") for photo in group if photo.row.split == split), group[0]
        )
        if len(group) > 1:
            splits = list(dict.fromkeys(photo.row.split for photo in group if photo.row.split))
            held = f", in {best.row.split} and not in the other splits" if len(splits) > 1 else ""
            problems.append(Problem(best.row.line, f"{names} are the same picture: kept once{held}"))
        kept.append(best)
    return kept, problems
