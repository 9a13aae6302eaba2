"""The snapshot: the frozen table of images, classes and splits that a run is trained on."""

import csv
import hashlib
import json
import math
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import pandas as pd

from core.data.importing.arrays.unpacked_images import photos_of_packed
from core.data.importing.table_photos import TablePhoto, photos_of_table
from core.data.pictures.near_duplicates import near_duplicate_groups
from core.data.splits import SPLITS, SplitItem, complete
from core.data.store.records import TASKS
from core.data.store.store import Store
from core.data.tables.csv_cells import as_row, restore
from core.data.tables.labels_csv import Problem
from core.data.tables.names import sort_key
from core.errors import DataError, TooLittleData
from core.progress import CountCallback

COLUMNS = ("image", "path", "filename", "label", "split")
BOX_COLUMNS = ("x", "y", "width", "height")
SIZE_COLUMNS = ("image_width", "image_height")
CLASSIFICATION, LOCALIZATION = TASKS
VERSION = 1
TEXT = pd.StringDtype("python", na_value=math.nan)  # Arrow, the default, holds no surrogates


@dataclass(frozen=True, eq=False)
class Snapshot:
    """One row an image; all labels are among the classes, all splits are train, val or test.

    The columns of the frame: image (content hash), path (absolute), filename, label, split. In a localization snapshot
    also x, y, width, height, the object's box in pixels, and image_width, image_height, the picture's own size.
    """

    frame: pd.DataFrame
    classes: tuple[str, ...]
    task: str
    digest: str = field(init=False)  # SHA-256 of all of it but the paths: the same data elsewhere have the same digest

    def __post_init__(self) -> None:
        """Brings the table into its one form, whatever it was made from."""
        frame = _in_form(self.frame)
        object.__setattr__(self, "frame", frame)
        object.__setattr__(self, "classes", tuple(self.classes))
        content = {"task": self.task, "classes": self.classes, "columns": list(frame.columns), "rows": _cells(frame)}
        object.__setattr__(self, "digest", hashlib.sha256(json.dumps(content).encode()).hexdigest())

    def part(self, split: str) -> pd.DataFrame:
        """The rows of one split, in order, numbered from 0."""
        return self.frame[self.frame["split"] == split].reset_index(drop=True)

    def counts(self) -> pd.DataFrame:
        """Images by class (the index, in order) and split (columns train, val, test)."""
        table = pd.crosstab(self.frame["label"], self.frame["split"])
        return table.reindex(index=list(self.classes), columns=list(SPLITS), fill_value=0)

    def write(self, path: Path) -> None:
        """Writes a CSV whose first line holds task, classes and digest; whole or not at all."""
        head = {"snapshot": VERSION, "task": self.task, "classes": self.classes, "digest": self.digest}
        lines = [f"# {json.dumps(head)}\n", as_row(list(self.frame.columns))]
        for row in _cells(self.frame, paths=True):
            lines.append(as_row(["" if cell is None else str(cell) for cell in row]))
        part = path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")
        # File names on Linux may be bytes that are no UTF-8: Python's stand-ins for them, surrogates, survive this way.
        part.write_text("".join(lines), encoding="utf-8", errors="surrogatepass", newline="")
        part.replace(path)

    @classmethod
    def read(cls, path: Path) -> Self:
        """Reads what ``write`` wrote. Raises DataError where it is missing, no snapshot, or was changed since."""
        try:
            with path.open(encoding="utf-8", errors="surrogatepass", newline="") as lines:
                head = json.loads(lines.readline().removeprefix("#"))
                if head["snapshot"] != VERSION:
                    raise DataError(f"{path} is of another version of ResNet Studio. Update it, or train anew.")
                columns, *rows = ([restore(cell) for cell in row] for row in csv.reader(lines))
            frame = pd.DataFrame(rows, columns=columns, dtype=object)
            frame["path"] = pd.Series(_where_they_are_now(frame["path"], path), dtype=object)
            snapshot = cls(frame, tuple(head["classes"]), head["task"])
            unchanged = snapshot.digest == head["digest"]
        except FileNotFoundError as error:
            raise DataError(f"There is no snapshot at {path}. Choose a run folder that holds snapshot.csv.") from error
        except (ValueError, KeyError, TypeError, csv.Error) as error:
            raise DataError(f"{path} is not a snapshot of ResNet Studio ({error}). Choose another run.") from error
        if not unchanged:
            raise DataError(f"{path} was changed after it was written, so its run cannot be trusted. Train anew.")
        return snapshot


def snapshot_of_project(store: Store, project_id: int, seed: int = 0) -> Snapshot:
    """The labelled images of a project. Gives splits to those that have none (and keeps these in the project).

    In a localization project those with a box; of several boxes the largest, which gives the image its class. Where the
    project's splits were brought without a validation part, the snapshot takes one out of train; the project's own
    splits stay as they were brought.
    """
    project = store.project(project_id)
    store.assign_splits(project_id, seed)
    paths = store.image_paths(project_id)
    boxed = store.boxes(project_id) if project.task == LOCALIZATION else None
    rows = [row for row in store.images(project_id) if row.label is not None and row.hash in paths]
    if boxed is not None:
        rows = [row for row in rows if row.id in boxed]
    phashes = store.phashes(project_id)
    groups = near_duplicate_groups([row.label or "" for row in rows], [phashes.get(row.hash) for row in rows])
    items = [SplitItem(row.hash, row.label or "", group, row.split) for row, group in zip(rows, groups, strict=True)]
    found, _ = complete(items, seed)
    cells = []
    for row in rows:
        largest = max(boxed[row.id], key=lambda box: box.width * box.height) if boxed is not None else None
        label = largest.label if largest else row.label
        place = [*(getattr(largest, side) for side in BOX_COLUMNS), row.width, row.height] if largest else []
        cells.append((row.hash, str(paths[row.hash]), row.filename, label, found[row.hash], *place))
    more = () if boxed is None else (*BOX_COLUMNS, *SIZE_COLUMNS)
    frame = pd.DataFrame(cells, columns=[*COLUMNS, *more])
    return Snapshot(frame, tuple(info.name for info in store.classes(project_id)), project.task)


def snapshot_of_table(
    labels: Path, images: Path, seed: int = 0, progress: CountCallback | None = None, task: str | None = None
) -> tuple[Snapshot, list[Problem]]:
    """The snapshot of a labels.csv and the folder of its photos, and everything in them that needs saying.

    Without a ``task``, a table with boxes is a localization: one box an image, of several the largest, and what has
    none is left out. With the task classification its boxes are left aside.

    Every photo is decoded once, to find equal pictures in different files. Equal pictures are kept once; of copies in
    several splits the one in test holds, then the one in val; copies with different labels are all left out. Missing
    splits are completed as ``core.data.splits`` says. Classes are in natural order (0, 1, 2, 10).

    Raises LabelsError where no table can be read, DataError where the folder is not there.
    """
    photos, problems = photos_of_table(labels, images, progress)
    task = task or (LOCALIZATION if any(photo.row.box for photo in photos) else CLASSIFICATION)
    if task == LOCALIZATION:
        problems += [
            Problem(photo.row.line, f"{photo.row.filename} has no box, so it is left out")
            for photo in photos
            if not photo.row.box
        ]
        photos = [photo for photo in photos if photo.row.box]
    classes = sorted({photo.label for photo in photos}, key=lambda name: (sort_key(name), name))
    snapshot, remarks = _divided(photos, classes, seed, task)
    return snapshot, [*problems, *remarks]


def snapshot_of_packed(
    files: Sequence[Path], folder: Path, seed: int = 0, progress: CountCallback | None = None
) -> tuple[Snapshot, list[Problem]]:
    """The snapshot of files of packed images, which are written into ``folder`` as PNG files.

    Equal pictures and missing splits are treated as in ``snapshot_of_table``. Classes are in the order of the file's
    list. Raises ArraysError for a file that cannot be used.
    """
    photos, problems, classes = photos_of_packed(files, folder.resolve(), progress)
    place = {name: number for number, name in enumerate(classes)}
    there = {photo.label for photo in photos}
    # Spellings of one name are one class in a project's list, but not in a table.
    ordered = sorted(there, key=lambda name: (place.get(name, len(place)), sort_key(name), name))
    snapshot, remarks = _divided(photos, ordered, seed)
    return snapshot, [*problems, *remarks]


def _divided(
    photos: list[TablePhoto], classes: Sequence[str], seed: int, task: str = CLASSIFICATION
) -> tuple[Snapshot, list[Problem]]:
    """The snapshot of photos, their splits completed, and what is to be said about that."""
    groups = near_duplicate_groups([photo.label for photo in photos], [photo.phash for photo in photos])
    items = [
        SplitItem(photo.hash, photo.label, group, photo.row.split) for photo, group in zip(photos, groups, strict=True)
    ]
    found, remark = complete(items, seed)
    more = (*BOX_COLUMNS, *SIZE_COLUMNS) if task == LOCALIZATION else ()
    rows = [(*_row(photo, found[photo.hash]), *(_place(photo) if more else ())) for photo in photos]
    frame = pd.DataFrame(rows, columns=[*COLUMNS, *more])
    return Snapshot(frame, tuple(classes), task), [Problem(None, remark)] if remark else []


def check_trainable(snapshot: Snapshot) -> None:
    """Raises TooLittleData that names, in one sentence, all that is missing for a training."""
    counts = snapshot.counts()
    boxed = snapshot.task == LOCALIZATION  # where something is can be learned for a single kind of thing
    missing = []
    if not len(snapshot.frame):
        missing.append("there are no images with a box" if boxed else "there are no labelled images")
    if len(snapshot.classes) == 1 and not boxed:
        missing.append(f'there is one class only ("{snapshot.classes[0]}")')
    if not snapshot.classes and len(snapshot.frame):
        missing.append("there are no classes")
    small = [f'"{name}" has {total}' for name, total in counts.sum(axis=1).items() if total < 2]
    if small and len(snapshot.frame):
        missing.append(f"every class needs at least two images ({_listed(small)})")
    untrained = [f'"{name}"' for name, row in counts.iterrows() if row.sum() >= 2 and not row["train"]]
    if untrained:
        missing.append(f"the training part has no image of {_listed(untrained)}")
    if len(snapshot.frame) and counts["train"].sum() < 2 and not small and not untrained:
        missing.append("the training part needs at least two images")
    if len(snapshot.frame) and not counts["val"].sum():
        missing.append("the validation part is empty")
    if missing:
        what = "Label at least two images in each of at least two classes"
        if boxed:
            what = "Draw a box in at least three images, and in at least two of each class"
        raise TooLittleData(
            f"This is too little to train on: {'; '.join(missing)}. {what}, or remove the classes that have none."
        )


def _row(photo: TablePhoto, split: str) -> tuple[str, ...]:
    return photo.hash, str(photo.path), photo.row.filename, photo.label, split


def _place(photo: TablePhoto) -> list[Any]:
    """The cells of BOX_COLUMNS and SIZE_COLUMNS."""
    return [*(getattr(photo.row.box, side) for side in BOX_COLUMNS), photo.width, photo.height]


def _listed(names: Sequence[str], most: int = 10) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _in_form(frame: pd.DataFrame) -> pd.DataFrame:
    boxes = [column for column in (*BOX_COLUMNS, *SIZE_COLUMNS) if column in frame.columns]
    frame = frame[[*COLUMNS, *boxes]].reset_index(drop=True)
    texts = {column: pd.Series([str(cell) for cell in frame[column]], dtype=TEXT) for column in COLUMNS}
    numbers = {column: pd.Series([_number(cell) for cell in frame[column]], dtype="float64") for column in boxes}
    return pd.DataFrame({**texts, **numbers})


def _number(cell: Any) -> float:
    return math.nan if cell is None or cell == "" else float(cell)


def _cells(frame: pd.DataFrame, paths: bool = False) -> list[list[Any]]:
    columns = [column for column in frame.columns if paths or column != "path"]
    plain = [
        [None if isinstance(cell, float) and math.isnan(cell) else cell for cell in frame[name]] for name in columns
    ]
    return [list(row) for row in zip(*plain, strict=True)]


def _where_they_are_now(paths: Iterable[str], snapshot: Path) -> list[str]:
    """The paths, mended where the workspace was moved as a whole: runs/ID/snapshot.csv is beside images/ as before."""
    written = list(paths)
    if not written or Path(written[0]).exists():
        return written
    images = snapshot.resolve().parent.parent.parent / "images"
    return [str(here) if (here := images / Path(*Path(path).parts[-2:])).exists() else path for path in written]
