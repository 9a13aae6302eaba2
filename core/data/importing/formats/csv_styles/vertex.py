"""Import files of Google's Vertex AI and AutoML Vision: ``TRAIN,gs://bucket/a.jpg,owl``, without a header.

https://cloud.google.com/vertex-ai/docs/image-data/classification/prepare-data and
https://cloud.google.com/vision/automl/object-detection/docs/csv-format: the set may be left out. A box is given after
its class by two or four corners as fractions of the photo: ``owl,0.1,0.1,,,0.3,0.3,,``.
"""

from collections.abc import Sequence

from core.data.importing.formats.csv_styles.sheet import Around, Row, Sheet, names_photo, number
from core.data.importing.formats.csv_styles.usual_table import UsualRow, UsualTable
from core.data.tables.label_rows import LabelTable

SETS = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("validate", "validation"), "val"),
    **dict.fromkeys(("test",), "test"),
    "unassigned": "",
}
ADDRESS = "gs://"
_SHARE = 0.8  # of the rows must look like it; the others are problems
_BOX_CELLS = 8
_SHOWN = 20  # characters of a cell
_EVEN = 1e-6  # of a fraction: corners closer than this are on one line

Corners = tuple[float, float, float, float]


def read(sheet: Sheet, around: Around) -> LabelTable | None:
    """Return the labels of an import file; None for any other table."""
    fitting = [_parts(row) for row in sheet.rows]
    if fitting[0] is None or sum(one is not None for one in fitting) < _SHARE * len(fitting):
        return None
    table = UsualTable(sheet, fractions=True)
    boxed = any(parts is not None and _is_box(parts[2]) for parts in fitting)
    for row, parts in zip(sheet.rows, fitting, strict=True):
        if parts is None:
            add_problem(table, row.line, "this row is not a set, a photo and its labels, so it is skipped")
            continue
        split, filename, rest = parts
        if boxed and any(rest):
            _add_box(table, row, split, filename, rest)
        else:
            table.rows.append(UsualRow(row.line, filename, tuple(cell for cell in rest if cell), split))
    bare = sum(not row.labels for row in table.rows)
    if bare:
        table.add_remark(f"rows without a label or a box, whose photos are imported unlabelled: {bare:,}")
    return table.read(around)


def add_problem(table: UsualTable, line: int, text: str) -> None:
    """Add a problem of a line; import files have any name, so it is said."""
    table.add_problem(line, f"{text} ({table.sheet.name})")


def local_path(address: str) -> str:
    """Return the path of a photo in its bucket: a/b.jpg for gs://bucket/a/b.jpg; other names stay."""
    return address.removeprefix(ADDRESS).partition("/")[2] if address.startswith(ADDRESS) else address


def _parts(row: Row) -> tuple[str, str, tuple[str, ...]] | None:
    """Return split, photo and the cells after it; None where the row is none of an import file."""
    first, second = row.cell(0), row.cell(1)
    if first.lower() in SETS and (second.startswith(ADDRESS) or names_photo(second)):
        split, address, rest = SETS[first.lower()], second, row.cells[2:]
    elif first.startswith(ADDRESS):
        split, address, rest = "", first, row.cells[1:]
    else:
        return None
    path = local_path(address)
    return (split, path, rest) if path else None


def _is_box(rest: Sequence[str]) -> bool:
    """Return whether the cells are a class and two or four corners; trailing empty cells may be missing."""
    sides = (*rest[1:], *[""] * _BOX_CELLS)[:_BOX_CELLS]
    if len(rest) > 1 + _BOX_CELLS and any(rest[1 + _BOX_CELLS :]):
        return False
    numbers = [number(side) for side in sides]
    written = [bool(side) for side in sides]
    two = [True, True, False, False, True, True, False, False]
    return (written == two or all(written)) and all(
        value is not None for value, there in zip(numbers, written, strict=True) if there
    )


def _add_box(table: UsualTable, row: Row, split: str, filename: str, rest: Sequence[str]) -> None:
    """Add the row of a table with boxes; a row without one gives the photo's label."""
    if not any(rest[1:]):
        table.rows.append(UsualRow(row.line, filename, (rest[0],), split))
        return
    shown = f"the box ({', '.join(cell[:_SHOWN] for cell in rest[1 : 1 + _BOX_CELLS])})"
    if not _is_box(rest):
        add_problem(table, row.line, f"{shown} of {filename} is not two or four corners; it is skipped")
        return
    values = [number(side) for side in rest[1 : 1 + _BOX_CELLS]]
    numbers = [value for value in values if value is not None]
    if any(not 0 <= value <= 1 for value in numbers):
        add_problem(table, row.line, f"{shown} of {filename} is not in fractions from 0 to 1; it is skipped")
        return
    corners = _corners(numbers)
    if corners is None:
        add_problem(table, row.line, f"{shown} of {filename} is not an upright rectangle; it is skipped")
        return
    table.rows.append(UsualRow(row.line, filename, (rest[0],), split, corners))


def _corners(numbers: Sequence[float]) -> Corners | None:
    """Return left, top, right and bottom of two or four corners; None where the four are no upright rectangle."""
    if len(numbers) == 4:
        left, top, right, bottom = numbers
        return left, top, right, bottom
    across, down = numbers[::2], numbers[1::2]
    left, right, top, bottom = min(across), max(across), min(down), max(down)
    corners = {(x - left < (right - left) / 2, y - top < (bottom - top) / 2) for x, y in zip(across, down, strict=True)}
    upright = all(min(x - left, right - x) <= _EVEN for x in across) and all(
        min(y - top, bottom - y) <= _EVEN for y in down
    )
    return (left, top, right, bottom) if upright and len(corners) == 4 else None
