"""The snapshot: the frozen table of images, classes and splits that a run is trained on."""

import csv
import hashlib
import json
import math
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import pandas as pd

from core.data.grouping.group_remarks import ALONE, PlacedPhoto, few_groups_remarks, leak_remarks
from core.data.grouping.merged_groups import PhotoGroup, merged_groups
from core.data.split_counts import count_splits
from core.data.splits import SplitItem, complete
from core.data.store.records import TASKS
from core.data.tables.csv_cells import as_row, restore
from core.data.tables.label_rows import Problem
from core.data.tables.names import sort_key
from core.data.tables.questions import NO_ANSWERS
from core.errors import DataError, TooLittleData
from core.progress import CountCallback

# Imported only where a snapshot is made: a run that reads its snapshot needs neither a database nor an importer.
if TYPE_CHECKING:
    from core.data.importing.table_photos import TablePhoto
    from core.data.store.store import Store

COLUMNS = ("image", "path", "filename", "label", "split")
GROUP = "group"
BY_USER = "user"
"""What ``grouped_by`` says where a person named groups."""
BOX_COLUMNS = ("x", "y", "width", "height")
SIZE_COLUMNS = ("image_width", "image_height")
CLASSIFICATION, LOCALIZATION = TASKS
VERSION = 1
TEXT = pd.StringDtype("python", na_value=math.nan)  # Arrow, the default, holds no surrogates


@dataclass(frozen=True, eq=False)
class Snapshot:
    """One row for each image; all labels are in ``classes``, all splits are train, val or test.

    The columns of the frame: image (content hash), path (absolute), filename, label, split. If some photos belong
    together, the column group is equal for them: near-duplicates, or the photos of a group that a person named (then
    ``grouped_by`` is "user"). A localization snapshot also has x, y, width, height, the object's box in pixels, and
    image_width, image_height, the picture's own size.
    """

    frame: pd.DataFrame
    classes: tuple[str, ...]
    task: str
    split_seed: int | None = None  # that of the photos without a split; None if it was not recorded
    grouped_by: str | None = None  # "user" where a person named groups, for all photos or some
    remarks: tuple[str, ...] = ()  # what makes its results too good; only where it is made, not in its file
    # SHA-256 of everything but the paths and groups: the same data elsewhere has the same digest.
    digest: str = field(init=False)

    def __post_init__(self) -> None:
        """Convert the table to its one form, whatever it was made from."""
        frame = _in_form(self.frame)
        object.__setattr__(self, "frame", frame)
        object.__setattr__(self, "classes", tuple(self.classes))
        columns = [column for column in frame.columns if column not in ("path", GROUP)]
        names = [column for column in frame.columns if column != GROUP]
        rows = _cells(frame, columns)
        content = {"task": self.task, "classes": self.classes, "columns": names, "rows": rows}
        object.__setattr__(self, "digest", hashlib.sha256(json.dumps(content).encode()).hexdigest())

    def part(self, split: str) -> pd.DataFrame:
        """Return the rows of one split, in order, numbered from 0."""
        return self.frame[self.frame["split"] == split].reset_index(drop=True)

    def counts(self) -> pd.DataFrame:
        """Count images by class (the index, in order) and split (columns train, val, test)."""
        return count_splits(self.frame["label"], self.frame["split"], self.classes)

    def write(self, path: Path) -> None:
        """Write a CSV whose first line holds task, classes and digest; whole or not at all."""
        head: dict[str, Any] = {"snapshot": VERSION, "task": self.task, "classes": self.classes, "digest": self.digest}
        if self.split_seed is not None:
            head["split_seed"] = self.split_seed
        if self.grouped_by is not None:
            head["grouped_by"] = self.grouped_by
        lines = [f"# {json.dumps(head)}\n", as_row(self.frame.columns)]
        for row in _cells(self.frame, list(self.frame.columns)):
            lines.append(as_row("" if cell is None else cell for cell in row))
        part = path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")
        # File names on Linux may contain bytes that are not UTF-8: Python's surrogates for them survive this way.
        part.write_text("".join(lines), encoding="utf-8", errors="surrogatepass", newline="")
        part.replace(path)

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a snapshot from a file. Raises DataError if it is missing, no snapshot, or was changed since."""
        try:
            with path.open(encoding="utf-8", errors="surrogatepass", newline="") as lines:
                head = json.loads(lines.readline().removeprefix("#"))
                if head["snapshot"] != VERSION:
                    raise DataError(f"{path} is from another version of ResNet Studio. Update it, or train again.")
                columns, *rows = ([restore(cell) for cell in row] for row in csv.reader(lines))
            frame = pd.DataFrame(rows, columns=columns, dtype=object)
            frame["path"] = pd.Series(_where_they_are_now(frame["path"], path), dtype=object)
            snapshot = cls(frame, tuple(head["classes"]), head["task"], _seed(head), _grouped_by(head, frame))
            unchanged = snapshot.digest == head["digest"]
        except FileNotFoundError as error:
            raise DataError(f"There is no snapshot at {path}. Choose a run folder that holds snapshot.csv.") from error
        except (ValueError, KeyError, TypeError, csv.Error) as error:
            raise DataError(f"{path} is not a snapshot of ResNet Studio ({error}). Choose another run.") from error
        if not unchanged:
            raise DataError(f"{path} was changed after it was written, so its run cannot be trusted. Train again.")
        return snapshot


def snapshot_of_project(store: "Store", project_id: int, seed: int = 0) -> Snapshot:
    """Return the snapshot of a project's labelled images. Images without a split get that of ``Store.new_splits``.

    Nothing is written: call ``Store.assign_splits`` first, so that the project keeps these splits.
    A localization snapshot has the images with a box; the largest box of an image gives it its class. If imported
    splits lack a validation part, the snapshot takes one from train; the project's own splits stay as imported.
    """
    project = store.project(project_id)
    new_splits = store.new_splits(project_id, seed)
    paths = store.image_paths(project_id)
    boxed = store.boxes(project_id) if project.task == LOCALIZATION else None
    rows = [row for row in store.images(project_id) if row.label is not None and row.hash in paths]
    if boxed is not None:
        rows = [row for row in rows if row.id in boxed]
    groups = store.photo_groups(project_id)
    splits = [row.split or new_splits.get(row.id) for row in rows]
    items = [
        SplitItem(row.hash, row.label or "", groups[row.hash].name, split, groups[row.hash].named)
        for row, split in zip(rows, splits, strict=True)
    ]
    found, _ = complete(items, seed)
    cells = []
    for row in rows:
        largest = max(boxed[row.id], key=lambda box: box.width * box.height) if boxed is not None else None
        label = largest.label if largest else row.label
        place = [*(getattr(largest, side) for side in BOX_COLUMNS), row.width, row.height] if largest else []
        cells.append((row.hash, str(paths[row.hash]), row.filename, label, found[row.hash], *place))
    more = () if boxed is None else (*BOX_COLUMNS, *SIZE_COLUMNS)
    frame = _with_groups(pd.DataFrame(cells, columns=[*COLUMNS, *more]), groups)
    classes = tuple(info.name for info in store.classes(project_id))
    leaks = _leaks([(row.hash, row.filename) for row in rows], groups, found)
    return Snapshot(frame, classes, project.task, seed, _by_user(items), tuple(leaks))


def snapshot_of_table(
    labels: Path,
    images: Path,
    seed: int = 0,
    progress: CountCallback | None = None,
    task: str | None = None,
    group_column: str | None = None,
    answers: Mapping[str, str] = NO_ANSWERS,
) -> tuple[Snapshot, list[Problem]]:
    """Return the snapshot of a labels.csv and the folder of its photos, with all problems found in them.

    Without a ``task``, a table with boxes is a localization: the largest box of each image counts, and images without
    a box are skipped. The task classification ignores boxes.

    Every photo is decoded once, to find equal pictures in different files. Equal pictures are kept once; of copies in
    several splits the one in test counts, else the one in val; copies with different labels are all skipped. Missing
    splits are completed as in ``core.data.splits``. Classes are in natural order (0, 1, 2, 10). Photos of one group,
    by the ``group_column`` as in ``read_labels``, are in one split. ``answers`` are those to the table's questions.

    Raises LabelsError if no table can be read, or if several columns may name the groups; DataError if the folder does
    not exist; QuestionsOpen if the table can be read in more than one way and the answer is missing.
    """
    from core.data.importing.table_photos import photos_of_table

    photos, problems = photos_of_table(labels, images, progress, group_column, answers, boxes=task != CLASSIFICATION)
    photos, task = _for_task(photos, task, problems)
    classes = sorted({photo.label for photo in photos}, key=lambda name: (sort_key(name), name))
    snapshot, remarks = _divided(photos, classes, seed, task)
    return snapshot, [*problems, *remarks]


def snapshot_of_packed(
    files: Sequence[Path],
    folder: Path,
    seed: int = 0,
    progress: CountCallback | None = None,
    answers: Mapping[str, str] = NO_ANSWERS,
    task: str | None = None,
) -> tuple[Snapshot, list[Problem]]:
    """Return the snapshot of files of packed images, which are written into ``folder`` as PNG files.

    Boxes of Parquet files make a localization, as those of a table. Equal pictures and missing splits are handled as in
    ``snapshot_of_table``. Classes are in the order of the file's list. Raises ArraysError for a file that cannot be
    used, QuestionsOpen and AnswerError as ``snapshot_of_table``.
    """
    from core.data.importing.arrays.unpacked_images import photos_of_packed

    photos, problems, classes = photos_of_packed(files, folder.resolve(), progress, answers)
    photos, task = _for_task(photos, task, problems)
    place = {name: number for number, name in enumerate(classes)}
    there = {photo.label for photo in photos}
    ordered = sorted(there, key=lambda name: (place.get(name, len(place)), sort_key(name), name))
    snapshot, remarks = _divided(photos, ordered, seed, task)
    return snapshot, [*problems, *remarks]


def _for_task(photos: "list[TablePhoto]", task: str | None, problems: list[Problem]) -> "tuple[list[TablePhoto], str]":
    """Return the photos that a task uses, and the task: a localization where none is given and there are boxes."""
    task = task or (LOCALIZATION if any(photo.row.box for photo in photos) else CLASSIFICATION)
    if task != LOCALIZATION:
        return photos, task
    problems += [
        Problem(photo.row.line or None, f"{photo.row.filename} has no box, so it is skipped")
        for photo in photos
        if not photo.row.box
    ]
    return [photo for photo in photos if photo.row.box], task


def _divided(
    photos: "list[TablePhoto]", classes: Sequence[str], seed: int, task: str = CLASSIFICATION
) -> tuple[Snapshot, list[Problem]]:
    """Return the snapshot of photos with all splits completed, and a remark on how."""
    from core.data.pictures.near_duplicates import near_duplicate_groups

    alike = near_duplicate_groups({photo.hash: photo.phash for photo in photos})
    groups = merged_groups({photo.hash: photo.row.group for photo in photos}, alike)
    items = [
        SplitItem(photo.hash, photo.label, groups[photo.hash].name, photo.row.split, groups[photo.hash].named)
        for photo in photos
    ]
    found, remark = complete(items, seed)
    more = (*BOX_COLUMNS, *SIZE_COLUMNS) if task == LOCALIZATION else ()
    rows = [(*_row(photo, found[photo.hash]), *(_place(photo) if more else ())) for photo in photos]
    frame = _with_groups(pd.DataFrame(rows, columns=[*COLUMNS, *more]), groups)
    leaks = _leaks([(photo.hash, photo.row.filename) for photo in photos], groups, found)
    remarks = [*([remark] if remark else []), *_few_groups(items), *leaks]
    snapshot = Snapshot(frame, tuple(classes), task, seed, _by_user(items), tuple(leaks))
    return snapshot, [Problem(None, text, harmless=text != remark) for text in remarks]


def _by_user(items: Sequence[SplitItem]) -> str | None:
    return BY_USER if any(item.named for item in items) else None


def _few_groups(items: Sequence[SplitItem]) -> list[str]:
    """Say what cannot be tested because of the groups."""
    if not any(item.named for item in items):
        return []
    return few_groups_remarks([(item.label, item.group if item.named else ALONE + item.group) for item in items])


def _leaks(photos: Sequence[tuple[str, str]], groups: Mapping[str, PhotoGroup], splits: Mapping[str, str]) -> list[str]:
    """Say which groups the splits divide, and which near-duplicates; ``photos`` are (content hash, file name)."""
    named = [(image, name, groups[image]) for image, name in photos if groups[image].named]
    return leak_remarks([PlacedPhoto(name, group.name, splits[image], group.alike) for image, name, group in named])


def check_trainable(snapshot: Snapshot) -> None:
    """Raise TooLittleData that lists, in one sentence, everything that training still needs."""
    counts = snapshot.counts()
    boxed = snapshot.task == LOCALIZATION  # the position of an object can be learned with a single class
    missing = []
    if not len(snapshot.frame):
        missing.append("there are no images with a box" if boxed else "there are no labelled images")
    if len(snapshot.classes) == 1 and not boxed:
        missing.append(f'there is only one class ("{snapshot.classes[0]}")')
    if not snapshot.classes and len(snapshot.frame):
        missing.append("there are no classes")
    small = [f'"{name}" has {total}' for name, total in counts.sum(axis=1).items() if total < 2]
    if small and len(snapshot.frame):
        missing.append(f"every class needs at least two images ({_listed(small)})")
    untrained = [f'"{name}"' for name, row in counts.iterrows() if row.sum() >= 2 and not row["train"]]
    if untrained:
        missing.append(f"the training set has no image of {_listed(untrained)}")
    if len(snapshot.frame) and counts["train"].sum() < 2 and not small and not untrained:
        missing.append("the training set needs at least two images")
    if len(snapshot.frame) and not counts["val"].sum():
        one_group = snapshot.grouped_by == BY_USER and snapshot.frame[GROUP].nunique() == 1
        missing.append("the validation set is empty" + (", because all photos are in one group" if one_group else ""))
    if missing:
        what = "Label at least two images in each of at least two classes"
        if boxed:
            what = "Draw a box in at least four images, and in at least two of each class"
        if snapshot.grouped_by == BY_USER and not small and len(snapshot.classes) > 1 - boxed:
            what = "Every class needs photos of at least two groups. Add photos of other groups, remove the groups"
        raise TooLittleData(
            f"There is not enough data to train on: {'; '.join(missing)}. {what}, or remove empty classes."
        )


def _with_groups(frame: pd.DataFrame, groups: Mapping[str, PhotoGroup]) -> pd.DataFrame:
    """Add the column group if a group has more than one of the photos, or if a person named one."""
    found = [groups[image] for image in frame["image"]]
    names = [group.name for group in found]
    together = len(set(names)) < len(names) or any(group.named for group in found)
    return frame.assign(**{GROUP: names}) if together else frame


def _row(photo: "TablePhoto", split: str) -> tuple[str, ...]:
    return photo.hash, str(photo.path), photo.row.filename, photo.label, split


def _place(photo: "TablePhoto") -> list[Any]:
    """Return the cells of BOX_COLUMNS and SIZE_COLUMNS."""
    return [*(getattr(photo.row.box, side) for side in BOX_COLUMNS), photo.width, photo.height]


def _listed(names: Sequence[str], most: int = 10) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _seed(head: dict[str, Any]) -> int | None:
    seed = head.get("split_seed")
    return seed if type(seed) is int and 0 <= seed < 2**31 else None


def _grouped_by(head: dict[str, Any], frame: pd.DataFrame) -> str | None:
    return BY_USER if head.get("grouped_by") == BY_USER and GROUP in frame else None


def _in_form(frame: pd.DataFrame) -> pd.DataFrame:
    boxes = [column for column in (*BOX_COLUMNS, *SIZE_COLUMNS) if column in frame.columns]
    names = [column for column in (*COLUMNS, GROUP) if column in frame.columns or column != GROUP]
    frame = frame[[*names, *boxes]].reset_index(drop=True)
    texts = {column: pd.Series([str(cell) for cell in frame[column]], dtype=TEXT) for column in names}
    numbers = {column: pd.Series([_number(cell) for cell in frame[column]], dtype="float64") for column in boxes}
    return pd.DataFrame({**texts, **numbers})


def _number(cell: Any) -> float:
    return math.nan if cell is None or cell == "" else float(cell)


def _cells(frame: pd.DataFrame, columns: Sequence[str]) -> list[list[Any]]:
    plain = [
        [None if isinstance(cell, float) and math.isnan(cell) else cell for cell in frame[name]] for name in columns
    ]
    return [list(row) for row in zip(*plain, strict=True)]


def _where_they_are_now(paths: Iterable[str], snapshot: Path) -> list[str]:
    """Return the paths, corrected if the whole workspace was moved: runs/ID/snapshot.csv is still beside images/."""
    written = list(paths)
    if not written or Path(written[0]).exists():
        return written
    images = snapshot.resolve().parent.parent.parent / "images"
    return [str(here) if (here := images / Path(*Path(path).parts[-2:])).exists() else path for path in written]
