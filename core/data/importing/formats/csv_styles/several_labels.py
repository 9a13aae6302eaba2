"""Ask what to do with photos that have several labels: a project has one class a photo."""

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace

from core.data.importing.formats.gathered_labels import LONGEST_PATH
from core.data.tables.label_rows import LabelRow, LabelTable, Problem
from core.data.tables.names import check_class_count
from core.data.tables.questions import SAMPLED, Asking, Choice, Question
from core.errors import DataError, LabelsError

SEVERAL = "several-labels"
"""The kind of the question."""
SINGLE, JOINED, WHOLE = "single", "joined", "whole"

_MARK = "|"
_FURTHER_MARKS = (";", ",", " ")  # they separate labels only where each part is the label of another row
_LIST = re.compile(r"""\[\s*(["'].*["'])\s*\]""", re.DOTALL)  # what pandas writes: ['cat', 'dog']
_ITEM = re.compile(r""""([^"]*)"|'([^']*)'""")
_JOINT = " + "
_SHOWN, _LONGEST_SHOWN = 5, 40  # labels of an example, and characters of each


def settle_several(
    table: LabelTable,
    several: Mapping[int, tuple[str, ...]],
    asking: Asking,
    place: str,
    cells: Mapping[int, str] | None = None,
) -> LabelTable:
    """Return the table with at most one label a photo; ``several`` are the labels of rows that have more, by line.

    Without several labels nothing is asked. ``cells`` are the cells that they were found in, which may be a single
    label with spaces. Raises LabelsError where their combinations are too many classes.
    """
    if not several:
        return table
    found = {line: tuple(dict.fromkeys(labels)) for line, labels in several.items()}
    rows = tuple(_with_only(row, found.get(row.line, ())) for row in table.rows)
    table = replace(table, rows=rows)
    unclear = [row for row in rows if len(found.get(row.line, ())) > 1 and row.box is None]
    if not unclear:
        return table
    first = unclear[0]
    photos = "1 photo has" if len(unclear) == 1 else f"{len(unclear):,} photos have"
    some = found[first.line]
    listed = ", ".join(label[:_LONGEST_SHOWN] for label in some[:_SHOWN]) + (", ..." if len(some) > _SHOWN else "")
    example = f"{first.filename[:LONGEST_PATH]}: {listed}"
    text = f"{photos} several labels, such as {example}. A project has one class a photo. What shall these photos get?"
    shown = unclear[:SAMPLED]
    choices = [
        Choice(SINGLE, "Leave them without a label", tuple((row.filename, "") for row in shown)),
        Choice(
            JOINED,
            "Make each combination a class",
            tuple((row.filename, _combination(found[row.line])) for row in shown),
        ),
    ]
    if cells is not None:
        sample = tuple((row.filename, cells[row.line]) for row in shown)
        choices.append(Choice(WHOLE, "Read each cell as one class", sample))
    key = asking.ask(Question(SEVERAL, text, tuple(choices), place, ("photo", "class")))
    if key in (JOINED, WHOLE):
        names = {row.line: _combination(found[row.line]) for row in unclear}
        names = dict(cells) if key == WHOLE and cells is not None else names
        rows = tuple(replace(row, label=names.get(row.line, row.label)) if row.box is None else row for row in rows)
        _check_classes(rows, place)
    if key == SINGLE:
        said = f"{photos} several labels and {'is' if len(unclear) == 1 else 'are'} imported without one"
        table = replace(table, problems=(*table.problems, Problem(None, said, harmless=True)))
        unlabelled = {row.line for row in unclear}
        rows = tuple(replace(row, label=None) if row.line in unlabelled else row for row in rows)
    return replace(table, rows=rows)


def marked_labels(table: LabelTable) -> dict[int, tuple[str, ...]]:
    """Return the labels of rows such as "cat|dog", by line; none where the parts are in no other label.

    A class may be called "cat|dog"; a part that other labels have too shows that several are meant. In "cat;dog" and
    "cat dog" each part has to be a label. A list in brackets, as pandas writes it, is always one.
    """
    labels = {row.label for row in table.rows if row.label is not None and row.box is None}
    if not any(mark in label for label in labels for mark in (_MARK, "[", *_FURTHER_MARKS)):
        return {}
    lists = {label: items for label in labels if _LIST.fullmatch(label) and (items := items_of(label))}
    parts = {
        label: tuple(part.strip() for part in label.split(_MARK) if part.strip()) for label in labels - lists.keys()
    }
    labels_with: dict[str, set[str]] = defaultdict(set)
    for label, some in parts.items():
        for part in some:
            labels_with[part].add(label)
    if not any(len(some) > 1 and any(len(labels_with[one]) > 1 for one in some) for some in parts.values()):
        parts = {}
    found = {label: some for label, some in parts.items() if len(some) > 1} | lists
    for label in labels - found.keys():
        for mark in _FURTHER_MARKS:
            some = tuple(part.strip() for part in label.split(mark))
            if len(some) > 1 and labels.issuperset(some):
                found[label] = some
                break
    return {row.line: found[row.label] for row in table.rows if row.label in found and row.box is None}


def items_of(cell: str) -> tuple[str, ...]:
    """Return the items of a list as Python writes it; of any other cell, itself."""
    inside = _LIST.fullmatch(cell)
    if inside is None:
        return (cell,)
    items = (double or single for double, single in _ITEM.findall(inside.group(1)))
    return tuple(item.strip() for item in items if item.strip())


def _with_only(row: LabelRow, labels: tuple[str, ...]) -> LabelRow:
    """Return the row with the label that it has several times."""
    return replace(row, label=labels[0]) if len(labels) == 1 and row.box is None else row


def _combination(labels: tuple[str, ...]) -> str:
    """Return one name for a set of labels, whatever their order."""
    return _JOINT.join(sorted(labels))


def _check_classes(rows: tuple[LabelRow, ...], name: str) -> None:
    try:
        check_class_count(len({row.label for row in rows if row.label is not None}), name)
    except DataError as error:
        raise LabelsError(str(error)) from error
