"""Read the labels of packed images: integers, text or one-hot rows, with or without a list of classes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.data.importing.arrays.array_files import StoredArray
from core.data.tables.csv_cells import MAX_CSV_BYTES
from core.data.tables.names import MOST_CLASSES, check_class_count, class_key, sort_key
from core.data.tables.questions import SAMPLED, Asking, Choice, Question
from core.errors import ArraysError, DataError

LABEL_NUMBERS = "label-numbers"
"""The kind of the question."""
NAMES, PLACES = "names", "places"

Value = int | str
Words = Mapping[bytes, str]
_TYPES = "labels are integers or text"


@dataclass(frozen=True)
class PackedLabels:
    """The label of every image in every part, and the classes in order."""

    labels: list[list[str] | None]  # None: the part has no labels
    classes: tuple[str, ...]


def class_names(array: StoredArray, name: str, words: Words) -> list[Value]:
    """Return the list of classes of a file, as numbers or text; ``words`` are the texts of those that are bytes."""
    shape = [length for length in array.shape if length != 1] or [1]
    if len(shape) != 1 or not array.shape or not 0 < shape[0] <= MOST_CLASSES:
        allowed = f"it must be a list of 1 to {MOST_CLASSES:,} classes"
        raise ArraysError(f"{name}: {array.name} has the shape {list(array.shape)}; {allowed}.")
    values = _values(whole_array(array, name).reshape(-1), array, name, words)
    keys = [class_key(str(value)) for value in values]
    if len(set(keys)) < len(keys):
        twice = next(value for place, value in enumerate(values) if keys[place] in keys[:place])
        raise ArraysError(
            f'{name}: {array.name} contains the class "{twice}" twice. Give every class a different name.'
        )
    return values


def labels_of(
    parts: Sequence[tuple[StoredArray | None, int]],
    classes: Sequence[Value] | None,
    name: str,
    words: Words,
    asking: Asking,
) -> PackedLabels:
    """Return the labels of parts, each given as (array of labels, number of images).

    Numbers are the classes themselves if all are in the list, as in ``list_classes = [10, 20]``, or positions in it,
    from 0; where they may be either and that matters, it is asked. The columns of one-hot rows are always positions.
    Raises ArraysError where labels do not fit the images or the list.
    """
    found = [None if array is None else _flat(array, count, name, words) for array, count in parts]
    by_column = [array is not None and _is_one_hot(array, count) for array, count in parts]
    present = {value for values in found if values is not None for value in values}
    _check_count(len(present), name)
    if classes is None:
        text = {value: str(value) for value in present}
        ordered: Sequence[Value] = sorted(present, key=lambda value: (sort_key(str(value)), str(value)))
    else:
        ordered = classes
        given = [
            (array.name, values)
            for (array, _), values, columns in zip(parts, found, by_column, strict=True)
            if array is not None and values is not None and not columns
        ]
        text = _texts(given, classes, name, asking)
    labels = []
    for (array, _), values, columns in zip(parts, found, by_column, strict=True):
        names = text
        if classes is not None and array is not None and columns:
            names = _texts_of_columns(array, classes, name)
        labels.append(None if values is None else [names[value] for value in values])
    return PackedLabels(labels, tuple(str(value) for value in ordered))


def _texts(
    given: Sequence[tuple[str, Sequence[Value]]], classes: Sequence[Value], name: str, asking: Asking
) -> dict[Value, str]:
    """Return the class of each label that is no column; ``given`` are the arrays by name.

    Raises ArraysError for a label that is not in the list.
    """
    labels = {value for _, values in given for value in values}
    numbers = all(isinstance(value, int) for value in labels)
    names: dict[Value, str] = {value: str(value) for value in classes}
    if numbers:  # the names may be digits in text
        names |= {int(text): text for text in names.values() if text.isdecimal() and str(int(text)) == text}
    places: dict[Value, str] = {place: str(value) for place, value in enumerate(classes)}
    if numbers and labels <= places.keys():
        unclear = labels <= names.keys() and any(names[value] != places[value] for value in labels)
        return places if not unclear or _ask_numbers(given, names, places, name, asking) == PLACES else names
    if unknown := sorted(labels - names.keys(), key=lambda value: (numbers and value in places, str(value))):
        shown = ", ".join(str(value) for value in classes[:8]) + (", ..." if len(classes) > 8 else "")
        raise ArraysError(
            f"{name}: the label {unknown[0]} is not one of its {len(classes)} classes ({shown}). "
            f"Labels are names of classes, or positions from 0 to {len(classes) - 1}."
        )
    return names


def _ask_numbers(
    given: Sequence[tuple[str, Sequence[Value]]],
    names: dict[Value, str],
    places: dict[Value, str],
    name: str,
    asking: Asking,
) -> str | None:
    """Ask whether numbers are classes or places in the list of classes; None while nobody has answered."""
    first: dict[Value, str] = {}  # where each number that matters stands first
    for array, values in given:
        for at, value in enumerate(values):
            if names[value] != places[value]:
                first.setdefault(value, f"{array}[{at}]")
    shown = list(first)[:SAMPLED]
    text = (
        f"{name}: its labels are numbers, and so are its classes. A label such as {shown[0]} may be the class "
        f"{names[shown[0]]}, or the place of the class {places[shown[0]]} in the list. Which is it?"
    )
    choices = tuple(
        Choice(key, label, tuple((first[value], str(value), read[value]) for value in shown))
        for key, label, read in (
            (NAMES, "Read the labels as classes", names),
            (PLACES, "Read the labels as places in the list, from 0", places),
        )
    )
    return asking.ask(Question(LABEL_NUMBERS, text, choices, name, ("place", "label", "class")))


def _texts_of_columns(array: StoredArray, classes: Sequence[Value], name: str) -> dict[Value, str]:
    """Return the class of each column of one-hot rows. Raises ArraysError where there are more or fewer columns."""
    if array.shape[1] != len(classes):
        raise ArraysError(
            f"{name}: {array.name} is one-hot with {array.shape[1]:,} columns, for {len(classes):,} classes. "
            "Give it one column for each class."
        )
    return {place: str(value) for place, value in enumerate(classes)}


def _is_one_hot(array: StoredArray, count: int) -> bool:
    """Return whether the labels have a column for each class."""
    return len(array.shape) == 2 and array.shape not in ((1, count), (count, 1))


def _check_count(count: int, name: str) -> None:
    try:
        check_class_count(count, name)
    except DataError as error:
        raise ArraysError(str(error)) from error


def _flat(array: StoredArray, count: int, name: str, words: Words) -> list[Value]:
    """Return one label per image, for any layout."""
    shape = array.shape
    if shape in ((count,), (1, count), (count, 1)):
        return _values(whole_array(array, name).reshape(-1), array, name, words)
    if len(shape) == 2 and shape[0] == count and array.dtype.kind in "buif":
        rows = whole_array(array, name)
        wrong = np.flatnonzero(~((rows == 0) | (rows == 1)).all(axis=1) | (rows.sum(axis=1) != 1))
        if len(wrong):
            raise ArraysError(
                f"{name}: {array.name} has the shape {list(shape)}, which is one-hot, but its row {wrong[0]} is not a "
                "single 1 among zeros. Use one integer per image instead."
            )
        return [int(place) for place in rows.argmax(axis=1)]
    raise ArraysError(
        f"{name}: {array.name} has the shape {list(shape)}, for {count:,} images; "
        f"allowed are [{count}], [1, {count}], [{count}, 1] and one-hot rows [{count}, classes]."
    )


def whole_array(array: StoredArray, name: str) -> NDArray[Any]:
    """Return all labels of an array. Raises ArraysError for another type, or far too many bytes."""
    if array.dtype.kind not in "buifSU":
        raise ArraysError(f"{name}: {array.name} has the type {array.dtype}; {_TYPES}.")
    if array.row_bytes * array.shape[0] > MAX_CSV_BYTES:
        raise ArraysError(
            f"{name}: {array.name} is larger than {MAX_CSV_BYTES // 2**20} MB, which is too large for labels."
        )
    return array.rows(0, array.shape[0])


def _values(flat: NDArray[Any], array: StoredArray, name: str, words: Words) -> list[Value]:
    if array.dtype.kind == "f":
        wrong = flat[~np.isfinite(flat) | (flat != np.rint(flat))]
        if len(wrong):
            raise ArraysError(f"{name}: {array.name} has the label {wrong[0]:g}; {_TYPES}.")
    if array.dtype.kind in "buif":
        return [int(value) for value in flat]
    return [words[value] if isinstance(value, bytes) else str(value) for value in flat]
