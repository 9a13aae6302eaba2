"""Read the boxes in the rows of a table, and the size of the photo that a row says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from core.data.pictures.box import Box
from core.data.tables.boxes.box_layout import Shape
from core.data.tables.boxes.number_cells import COMMA, POINT, find_mark, is_unclear, read_number
from core.data.tables.label_columns import Header
from core.data.tables.label_rows import LabelledBox, LabelRow, Problem
from core.data.tables.label_words import is_empty_word
from core.data.tables.questions import SAMPLED, Asking, Choice, Question

DECIMAL_MARK = "decimal-mark"
"""The kind of the question."""
SKIP = "skip"

_NO_BOX = frozenset(("-1", "-1.0"))  # in all cells of a photo without a box, in some data sets
_SAME_SIDE = 1.5  # pixels: some programs count the last pixel, others do not


@dataclass(frozen=True)
class BoxCells:
    """The cells of a row's box and of its photo's size, without surrounding spaces."""

    box: tuple[str, ...] = ()
    size: tuple[str, ...] = ()


@dataclass
class TableBoxes:
    """The rows with their boxes, and what was found on the way."""

    rows: list[LabelRow]
    problems: list[Problem]
    broken: set[int]  # lines whose box was skipped


def read_boxes(rows: Sequence[LabelRow], cells: Mapping[int, BoxCells], header: Header, asking: Asking) -> TableBoxes:
    """Return the rows with their boxes; ``cells`` are those of each line that has any.

    Where the comma may be the decimal mark or separate thousands, that is asked. "nan" or -1 in all cells is no box.
    """
    mark, skipped = _settle_mark(rows, cells, header, asking)
    found = TableBoxes([], _header_problems(header), set())
    without: list[int] = []
    for row in rows:
        own = cells.get(row.line)
        if own is None or not any(own.box):
            found.rows.append(row)
        elif all(not text or is_empty_word(text) for text in own.box) or set(own.box) <= _NO_BOX:
            without.append(row.line)
            found.rows.append(row)
        elif skipped and any(is_unclear(text) for text in own.box):
            found.broken.add(row.line)
            found.rows.append(row)
        else:
            found.rows.append(_with_box(row, own.box, mark, header.boxes.shape, found))
    if without:
        has = f"{len(without):,} rows have" if len(without) > 1 else "1 row has"
        word = next(text for text in cells[without[0]].box if text)
        found.problems.append(Problem(without[0], f'{has} "{word}" instead of a box, so no box', harmless=True))
    if header.boxes.plain:
        found.rows = [
            replace(row, frame=replace(row.frame, read_as="corner")) if row.box is not None else row
            for row in found.rows
        ]
    if header.boxes.size:
        found.rows = _with_sizes(found, cells, mark, header)
    return found


def _header_problems(header: Header) -> list[Problem]:
    """Report a box of which some columns are missing: its numbers would be lost without a word."""
    columns = header.boxes
    if not columns.parts:
        return []
    there = _listed([header.names[place] for place in columns.parts])
    belong = f"the columns {there} belong" if len(columns.parts) > 1 else f"the column {there} belongs"
    missing = f"{_listed(columns.missing)} {'are' if len(columns.missing) > 1 else 'is'} missing"
    return [Problem(header.line, f"{belong} to a box, but {missing}, so no box is read; add what is missing")]


def _listed(words: Sequence[str]) -> str:
    *others, last = words
    return f"{', '.join(others)} and {last}" if others else last


# --- the decimal mark -----------------------------------------------------------------------------------------------


def _settle_mark(
    rows: Sequence[LabelRow], cells: Mapping[int, BoxCells], header: Header, asking: Asking
) -> tuple[str | None, bool]:
    """Return the decimal mark of the table, and whether boxes are left out where it is unclear."""
    texts = [text for one in cells.values() for text in (*one.box, *one.size)]
    mark = find_mark(texts, header.delimiter)
    unclear = [row for row in rows if mark is None and (own := cells.get(row.line)) and any(map(is_unclear, own.box))]
    if not unclear:
        return mark or POINT, False
    text = next(text for text in cells[unclear[0].line].box if is_unclear(text))
    with_point, with_comma = (f"{read_number(text, one):.10g}" for one in (POINT, COMMA))
    mark, other = ("comma", POINT) if "," in text else ("point", COMMA)  # the other separates decimals, this thousands
    said = f'"{text}" in a box may be {with_point} or {with_comma}. Does the {mark} separate thousands or decimals?'
    meanings = {key: "Thousands" if key == other else "Decimals" for key in (POINT, COMMA)}
    choices = [
        Choice(key, f"{words}: {text} is {number}", _sample(unclear, cells, key))
        for (key, words), number in zip(meanings.items(), (with_point, with_comma), strict=True)
    ]
    choices.append(Choice(SKIP, "Leave these boxes out", tuple((row.filename, "no box") for row in unclear[:SAMPLED])))
    key = asking.ask(Question(DECIMAL_MARK, said, tuple(choices), columns=("photo", "box")))
    return (None, True) if key == SKIP else (key or POINT, False)


def _sample(rows: Sequence[LabelRow], cells: Mapping[int, BoxCells], mark: str) -> tuple[tuple[str, ...], ...]:
    shown = []
    for row in rows[:SAMPLED]:
        numbers = [read_number(text, mark) for text in cells[row.line].box]
        shown.append((row.filename, ", ".join("?" if one is None else f"{one:.10g}" for one in numbers)))
    return tuple(shown)


# --- boxes ----------------------------------------------------------------------------------------------------------


def _with_box(row: LabelRow, texts: Sequence[str], mark: str | None, shape: Shape, found: TableBoxes) -> LabelRow:
    """Return the row with its box; where that cannot be used, its line is broken, and a problem says why."""
    shown = f"the box ({', '.join(texts)})"
    numbers = [number for text in texts if (number := read_number(text, mark)) is not None]
    box = _box(numbers, shape) if len(numbers) == len(texts) else None
    wrong = "is not four numbers" if box is None else _wrong(box, shape)
    if not wrong:
        return replace(row, box=box)
    marked = LabelledBox(row.label, box, row.line) if box is not None else None
    found.problems.append(Problem(row.line, f"{shown} {wrong}; the box is skipped", row.filename, marked))
    found.broken.add(row.line)
    return row


def _box(numbers: Sequence[float], shape: Shape) -> Box:
    x, y, third, fourth = numbers
    if shape == "corners":
        return Box(x, y, third - x, fourth - y)
    return Box(x - third / 2, y - fourth / 2, third, fourth) if shape == "centre" else Box(x, y, third, fourth)


def _wrong(box: Box, shape: Shape) -> str:
    """Return why a box cannot be used; "" where it can."""
    if box.width < 0 or box.height < 0:
        return "has its corners swapped" if shape == "corners" else "has a negative width or height"
    return "has no area" if box.width == 0 or box.height == 0 else ""


# --- the photo's size -----------------------------------------------------------------------------------------------


def _with_sizes(found: TableBoxes, cells: Mapping[int, BoxCells], mark: str | None, header: Header) -> list[LabelRow]:
    """Return the rows with the size of the photo that they say."""
    sizes: dict[int, tuple[float, float]] = {}
    for row in found.rows:
        texts = cells[row.line].size if row.line in cells else ()
        if not any(texts) or all(not text or is_empty_word(text) for text in texts):
            continue
        width, height = (read_number(text, mark) for text in texts)
        if width is None or height is None or min(width, height) < 1 or max(width, height) > 2**31:
            text = f"the photo's size ({', '.join(texts)}) is not two numbers of pixels; it is not used"
            found.problems.append(Problem(row.line, text))
        else:
            sizes[row.line] = width, height
    if header.boxes.size_is_plain and _are_of_boxes(found.rows, sizes):
        return found.rows
    return [
        replace(row, frame=replace(row.frame, size=(round(sizes[row.line][0]), round(sizes[row.line][1]))))
        if row.line in sizes
        else row
        for row in found.rows
    ]


def _are_of_boxes(rows: Sequence[LabelRow], sizes: Mapping[int, tuple[float, float]]) -> bool:
    """Return whether width and height beside two corners are those of the boxes, not of the photos."""
    both = [(row.box, sizes[row.line]) for row in rows if row.box is not None and row.line in sizes]
    same = all(
        abs(box.width - width) <= _SAME_SIDE and abs(box.height - height) <= _SAME_SIDE for box, (width, height) in both
    )
    return same and any(box.x > _SAME_SIDE or box.y > _SAME_SIDE for box, _ in both)
