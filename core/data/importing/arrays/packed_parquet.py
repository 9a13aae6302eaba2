"""Plan the import of images in a Parquet file, as Hugging Face's datasets and the Hub write them.

https://huggingface.co/docs/hub/datasets-image#parquet: a column ``image`` with the bytes, a column ``label`` with
numbers whose names stand in the schema, and the split in the name, ``train-00000-of-00002.parquet``.
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from core.data.importing.arrays.parquet_boxes import OBJECTS, boxes_of
from core.data.importing.arrays.parquet_file import ParquetFile, ParquetRow, open_parquet
from core.data.importing.folder_files import free_name
from core.data.importing.folder_layout import plain_path
from core.data.importing.formats.gathered_labels import LONGEST_NAME_OF_FILE, class_text, shown_value
from core.data.importing.formats.gathering.named_splits import SplitNames
from core.data.importing.import_plan import Candidate, FileResult, ImportPlan, with_boxes
from core.data.importing.plan_files import classes_of, with_usable_labels
from core.data.tables.label_rows import Problem
from core.data.tables.names import class_key, storable_name
from core.data.tables.questions import SAMPLED, Asking, Choice, Question
from core.errors import ArraysError

CLASS_COLUMN = "class-column"
"""The kind of the question."""
NONE = "none"

LABELS = ("label", "labels", "class", "category", "target")
_LABEL_ENDS = tuple(f"_{word}" for word in (*LABELS, "label_id", "class_id"))  # fine_label: likely, and not sure
# What is counted, for one and for several.
_UNLABELLED = ("1 image has no label", "images have no label")
_SEVERAL = (
    "1 image has several labels, and a project has one class a photo; it gets none",
    "images have several labels, and a project has one class a photo; they get none",
)
_MORE = ("1 more row has a label that cannot be used", "more rows have a label that cannot be used")
_SHOWN_COLUMNS = 8
_MOST_PROBLEMS = 100
_STARTS = {b"\x89PNG": ".png", b"\xff\xd8\xff": ".jpg", b"GIF8": ".gif", b"BM": ".bmp", b"RIFF": ".webp"}


def plan_parquet(source: Path | BinaryIO, name: str, asking: Asking) -> ImportPlan:
    """Plan the import of one file. Raises ArraysError where it is damaged or holds no images."""
    file = open_parquet(source, name)
    if file.image is None:
        raise ArraysError(
            f"{name} has no column of images (its columns: {_listed(file.columns)}). "
            "If it names photos beside it, call it metadata.parquet."
        )
    problems: list[Problem] = []
    possible = _class_columns(file)
    column = _class_column(file, possible, name, asking)
    if not possible and OBJECTS not in file.columns:
        problems.append(Problem(None, _no_labels(file, name)))
    split = SplitNames().of(name, asking, lambda text: problems.append(Problem(None, text, harmless=True)))
    names = _names(file.rows, PurePosixPath(name).stem)
    candidates: list[Candidate] = []
    refused: list[FileResult] = []
    labels = _Labels(file, column, problems)
    for number, (row, filename) in enumerate(zip(file.rows, names, strict=True), start=1):
        if row.read is None:
            reason = "its bytes are not in the Parquet file"
            refused.append(FileResult(filename, "refused", reason))
            continue
        candidates.append(Candidate(filename, labels.of(row, number), split, None, row.read))
    labels.report()
    objects = boxes_of(file, names, asking, name, problems)
    candidates = [with_boxes(one, objects.get(one.name, ())) for one in candidates]
    candidates = with_usable_labels(candidates, problems)
    used = {class_key(label): label for label in reversed(classes_of(candidates))}
    listed = [label for names in file.classes.values() for label in names]
    in_order = dict.fromkeys(used[key] for key in map(class_key, listed) if key in used)
    classes = tuple(dict.fromkeys([*in_order, *classes_of(candidates)]))
    return ImportPlan(tuple(candidates), tuple(problems), tuple(refused), storable_name(name), classes)


def _class_columns(file: ParquetFile) -> list[str]:
    """Return the columns that may be that of the class: those with names of classes, else by their own names."""
    found = [column for column in file.columns if column in file.classes and column != OBJECTS]
    found = found or [column for column in file.columns if column.lower() in LABELS]
    if found or OBJECTS in file.columns:  # boxes have classes of their own
        return found
    return [column for column in file.columns if column.lower().endswith(_LABEL_ENDS)]


def _class_column(file: ParquetFile, found: Sequence[str], name: str, asking: Asking) -> str | None:
    """Return the column of the class; where several may be, or one is only called alike, that is asked."""
    sure = [column for column in found if column in file.classes or column.lower() in LABELS]
    if not found or len(found) == len(sure) == 1:
        return next(iter(found), None)
    shown = file.rows[:SAMPLED]
    choices = [
        Choice(
            column,
            f"Take the column {column}",
            tuple((row.path or "", _shown(row.cells.get(column), file.classes.get(column))) for row in shown),
        )
        for column in found
    ]
    choices.append(Choice(NONE, "Import the photos without labels"))
    if len(found) == 1:
        text = f'{name} has no column that is called "label". Does {found[0]} hold the classes?'
    else:
        text = f"{name} has several columns of classes: {_listed(found)}. Which one is right?"
    key = asking.ask(Question(CLASS_COLUMN, text, tuple(choices), name, ("photo", "class")))
    return key if key in found else None


def _no_labels(file: ParquetFile, name: str) -> str:
    """Return what is missing in a file of images without a class, and what to do."""
    columns = f"its other columns: {_listed(file.columns)}" if file.columns else "it has no other columns"
    return (
        f"{name} has no column of labels ({columns}), so its images are imported without labels; if one of its columns "
        'holds the classes, call it "label" and import the file again'
    )


def _listed(columns: Sequence[str]) -> str:
    return ", ".join(columns[:_SHOWN_COLUMNS]) + (", ..." if len(columns) > _SHOWN_COLUMNS else "")


def _shown(value: object, names: Sequence[str] | None) -> str:
    if names and isinstance(value, int) and not isinstance(value, bool) and 0 <= value < len(names):
        return names[value]
    return shown_value(value)


class _Labels:
    """The labels of the rows; what is none becomes a problem with its row."""

    def __init__(self, file: ParquetFile, column: str | None, problems: list[Problem]) -> None:
        self._names = file.classes.get(column or "")
        self._column = column
        self._problems = problems
        self._counts: Counter[tuple[str, str]] = Counter()

    def of(self, row: ParquetRow, number: int) -> str | None:
        """Return the label of the row with this number, counted from 1; None for none."""
        value = row.cells.get(self._column) if self._column is not None else None
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        if isinstance(value, list):
            self._counts[_SEVERAL] += 1
            return None
        if self._column is None or value is None or (self._names is not None and value == -1):
            self._counts[_UNLABELLED] += self._column is not None
            return None
        if self._names is not None and isinstance(value, int) and not isinstance(value, bool):
            if 0 <= value < len(self._names):
                return self._names[value]
            self._note(number, f"there is no class {value} among the {len(self._names)} of its column")
            return None
        label = class_text(value)
        if label is None:
            self._note(number, f"the label is {shown_value(value)}, which is not a name")
        return label

    def report(self) -> None:
        """Add what was counted to the problems."""
        for what, count in self._counts.items():
            if count:
                text = what[0] if count == 1 else f"{count:,} {what[1]}"
                self._problems.append(Problem(None, text, harmless=what == _UNLABELLED))

    def _note(self, number: int, text: str) -> None:
        if len(self._problems) < _MOST_PROBLEMS:
            self._problems.append(Problem(None, f"row {number}: {text}; the image has no label"))
        else:
            self._counts[_MORE] += 1


def _names(rows: Sequence[ParquetRow], stem: str) -> list[str]:
    """Return a name for each image: its own, else one by its number; equal ones get a number."""
    digits = max(5, len(str(max(0, len(rows) - 1))))
    own = [plain_path(row.path) if row.path and len(row.path) <= LONGEST_NAME_OF_FILE else None for row in rows]
    said = [storable_name(name) if name else "" for name in own]
    taken = {*said}  # a name that is made must not be that of another row
    found: dict[str, None] = {}
    for number, (row, name) in enumerate(zip(rows, said, strict=True)):
        if not name or name in found:
            suffix = PurePosixPath(name).suffix if name else _suffix(row)
            name = free_name(f"{stem}_{number:0{digits}d}{suffix}", taken)
            taken.add(name)
        found[name] = None
    return [*found]


def _suffix(row: ParquetRow) -> str:
    if row.read is None:
        return ""
    return next((suffix for magic, suffix in _STARTS.items() if row.start.startswith(magic)), ".tif")
