"""Tables with a box in one cell, as in Kaggle's wheat detection: ``image_id,width,height,bbox,source``.

https://www.kaggle.com/competitions/global-wheat-detection/data: ``[xmin, ymin, width, height]``; there, all boxes are
of one class, and no column names it.
"""

import re

from core.data.importing.formats.csv_styles.box_meaning import (
    SIZE,
    Four,
    WrittenBox,
    as_corners,
    settle_meaning,
)
from core.data.importing.formats.csv_styles.named_columns import CLASSES, SEVERAL, photo_column
from core.data.importing.formats.csv_styles.sheet import Around, Row, Sheet, number
from core.data.importing.formats.csv_styles.usual_table import UsualRow, UsualTable
from core.data.tables.label_rows import LabelTable
from core.data.tables.questions import SAMPLED, Choice, Question

BOX_CLASS = "box-class"
"""The kind of the question for the column that names the class of the boxes."""
ONE_CLASS = "object"
"""The class of all boxes where no column gives one."""

COLUMNS = ("bbox", "bounding_box", "box")
_SIZE = ("image_width", "image_height")  # names that cannot be those of the box itself
_SURE = COLUMNS[:2]  # a "box" may also be one of cardboard


def read(sheet: Sheet, around: Around) -> LabelTable | None:
    """Return the labels and boxes; None for a table without a column of four numbers in a cell."""
    photo, place = photo_column(sheet), sheet.place(*COLUMNS)
    if photo is None or place is None or not _holds_boxes(sheet, place):
        return None
    sizes = sheet.place("width", "image_width"), sheet.place("height", "image_height")
    boxes = [
        WrittenBox(row.cell(photo), four, _size(row, *sizes)) for row in sheet.body if (four := _four(row.cell(place)))
    ]
    meaning = settle_meaning(boxes, around, sheet.name)
    label = _class_column(sheet, {photo, place, *sizes}, around)
    cells = {at: cell for at, cell in enumerate(sheet.rows[0].cells) if at not in (photo, place, label)}
    cells |= {at: name for at, name in zip(sizes, _SIZE, strict=True) if at is not None}
    unsure = meaning.kind == SIZE and not meaning.asked
    table = UsualTable(sheet, sheet.rows[0].line, tuple(cells.values()), corner_unsure=unsure)
    if meaning.remark:
        table.add_remark(meaning.remark)
    for row in sheet.body:
        written, four = row.cell(place), _four(row.cell(place))
        if written and four is None:
            text = f"the box {written[:60]} of {row.cell(photo)} is not four numbers; it is skipped"
            table.add_problem(row.line, text)
            continue  # its class is that of a lost box, not of the photo
        name = row.cell(label) if label is not None else ONE_CLASS if four else ""
        corners = as_corners(four, meaning.kind) if four else None
        others = tuple(row.cell(at) for at in cells)
        table.rows.append(UsualRow(row.line, row.cell(photo), (name,) if four or name else (), "", corners, others))
    return table.read(around)


def _holds_boxes(sheet: Sheet, place: int) -> bool:
    if sheet.header[place] in _SURE:
        return any(row.cell(place) for row in sheet.body)
    return any(_four(row.cell(place)) for row in sheet.body)


def _four(cell: str) -> Four | None:
    """Return the four numbers of "[1, 2, 3, 4]", "1 2 3 4" or "(1;2;3;4)"; None for anything else."""
    inside = re.fullmatch(r"\s*[\[(]?([^\[\]()]*)[\])]?\s*", cell)
    numbers = [number(part) for part in re.split(r"[\s,;]+", inside.group(1).strip())] if inside else []
    if len(numbers) != 4 or any(one is None for one in numbers):
        return None
    x, y, third, fourth = (one or 0.0 for one in numbers)
    return x, y, third, fourth


def _size(row: Row, width: int | None, height: int | None) -> tuple[int, int] | None:
    across, down = number(row.cell(width)), number(row.cell(height))
    if across is None or down is None or across < 1 or down < 1 or across % 1 or down % 1:
        return None
    return int(across), int(down)


def _class_column(sheet: Sheet, taken: set[int | None], around: Around) -> int | None:
    """Return the column of the boxes' class; where none is called so, ask which one, or none, it is."""
    known = [sheet.header.index(name) for name in CLASSES if name in sheet.header and name not in SEVERAL]
    if (label := next((place for place in known if place not in taken), None)) is not None:
        return label
    free = [place for place in range(len(sheet.header)) if place not in taken]
    free = [place for place in free if any(row.cell(place) for row in sheet.body)]
    names = sheet.rows[0].cells
    shown = sheet.body[:SAMPLED]
    photo = photo_column(sheet)
    choices = [Choice(ONE_CLASS, f"Call every box {ONE_CLASS}", tuple((row.cell(photo), ONE_CLASS) for row in shown))]
    choices += [
        Choice(
            names[place], f"Take the column {names[place]}", tuple((row.cell(photo), row.cell(place)) for row in shown)
        )
        for place in free
    ]
    if len(choices) == 1:
        return None
    text = f"{sheet.name} has boxes, but no column called class or label. What is the class of its boxes?"
    key = around.asking.ask(Question(BOX_CLASS, text, tuple(choices), sheet.name, ("photo", "class")))
    return next((place for place in free if names[place] == key), None)
