"""Annotations of keras-retinanet: ``path,x1,y1,x2,y2,class``, without a header.

https://github.com/fizyr/keras-retinanet#csv-datasets: a photo without objects has ``path,,,,,``, and a second table
lists the classes with their numbers, ``owl,0``.
"""

from core.data.importing.formats.csv_styles.box_meaning import (
    CORNERS,
    Four,
    WrittenBox,
    as_corners,
    ask_meaning,
    fitting,
)
from core.data.importing.formats.csv_styles.sheet import Around, Row, Sheet, names_photo, number, read_sheet
from core.data.importing.formats.csv_styles.usual_table import UsualRow, UsualTable
from core.data.tables.label_rows import LabelTable
from core.errors import ImageRefused, LabelsError

_CELLS = 6


def read(sheet: Sheet, around: Around) -> LabelTable | None:
    """Return the labels where every row fits; None for any other table.

    Where the numbers may be a corner and a size as well, that is asked, unless a list of classes shows the format.
    """
    rows = [(row, _box(row)) for row in sheet.rows]
    if any(not one.harmless for one in sheet.problems) or not all(
        names_photo(row.cell(0)) and (box or _is_empty(row)) for row, box in rows
    ):
        return None
    classes = {row.cell(5) for row, box in rows if box}
    listed = _class_list(classes, around) if classes else None
    # With numbers alone, a class in the second column and a box in the last four look the same.
    if not classes or (listed is None and all(number(one) is not None for one in classes)):
        return None
    boxes = [WrittenBox(row.cell(0), box) for row, box in rows if box]
    found = fitting(boxes, around)
    if CORNERS not in found.possible and listed is None:
        return None
    meaning = CORNERS
    if len(found.possible) == 2 and listed is None:
        meaning = ask_meaning(boxes, around, sheet.name, found) or CORNERS
    if listed is not None:
        around.used.add(listed)
    table = UsualTable(sheet)
    for row, box in rows:
        corners = as_corners(box, meaning) if box else None
        table.rows.append(UsualRow(row.line, row.cell(0), (row.cell(5),) if box else (), "", corners))
    if found.remark and listed is None:
        table.add_remark(found.remark)
    empty = sum(box is None for _, box in rows)
    if empty:
        table.add_remark(f"{empty:,} {'row says' if empty == 1 else 'rows say'} that a photo has no object")
    return table.read(around)


def _box(row: Row) -> Four | None:
    """Return the four numbers of a row with a class; None where it has none."""
    numbers = [number(cell) for cell in row.cells[1:5]]
    if len(row.cells) != _CELLS or not row.cell(5) or any(one is None for one in numbers):
        return None
    x, y, third, fourth = (one or 0.0 for one in numbers)
    return x, y, third, fourth


def _is_empty(row: Row) -> bool:
    return len(row.cells) == _CELLS and not any(row.cells[1:])


def _class_list(classes: set[str], around: Around) -> str | None:
    """Return the table that lists all these classes with their numbers from 0; None where there is none."""
    for path, read_file in around.tables.items():
        trial = around.asking.trial()
        try:
            sheet = read_sheet(read_file(), path, trial)
        except (LabelsError, ImageRefused, OSError):
            continue
        if sheet is None or any(len(row.cells) != 2 for row in sheet.rows):
            continue
        numbers = [number(row.cell(1)) for row in sheet.rows]
        names = {row.cell(0) for row in sheet.rows}
        if {*numbers} == {*range(len(sheet.rows))} and classes <= names:
            around.asking.adopt(trial)
            return path
    return None
