"""Read a table of labels, whichever tool wrote it."""

from collections.abc import Callable, Mapping
from pathlib import Path

from core.data.importing.formats.csv_styles import (
    bbox_column,
    named_columns,
    one_hot,
    open_images,
    retinanet,
    vertex,
    vertex_lines,
)
from core.data.importing.formats.csv_styles.photo_sizes import PhotoSizes
from core.data.importing.formats.csv_styles.several_labels import marked_labels, settle_several
from core.data.importing.formats.csv_styles.sheet import Around, Sheet, names_photo, read_sheet
from core.data.tables.label_columns import FILENAMES, LABELS
from core.data.tables.label_rows import LabelTable
from core.data.tables.labels_csv import read_labels
from core.data.tables.questions import Asking
from core.errors import LabelsError

Style = Callable[[Sheet, Around], LabelTable | None]

OF_OTHER_TOOLS: tuple[Style, ...] = (vertex.read, open_images.read, retinanet.read)
"""Styles that no other table has, so that such a table is found in any folder."""
BY_COLUMNS: tuple[Style, ...] = (one_hot.read, named_columns.read)


def read_table(
    source: bytes | Path,
    name: str,
    group_column: str | None,
    asking: Asking,
    photos: Mapping[str, Callable[[], bytes]] | None = None,
    tables: Mapping[str, Callable[[], bytes]] | None = None,
    used: set[str] | None = None,
    own: bool = False,
    any_columns: bool = False,
) -> LabelTable:
    """Return the rows of a table in the usual form or another tool's, as ``read_labels``.

    ``photos`` are the photos beside it, whose sizes may tell how its boxes are meant. ``tables`` are the others, such
    as a list of classes; those that were needed are added to ``used``. In an export of our own (``own``) no label
    stands for several. With ``any_columns``, names of columns that are not known are no error where one column names
    the ``photos``. Raises LabelsError as ``read_labels``.
    """
    around = Around(asking, group_column, PhotoSizes(photos), tables or {}, used if used is not None else set())
    top = read_sheet(source, name, asking.trial(), 1)
    if top is not None and top.place(*bbox_column.COLUMNS) is not None:
        found = _first((bbox_column.read,), source, name, around)
        if found is not None:
            return found
    trial = asking.trial()
    try:
        table = read_labels(source, name, group_column, trial)
    except LabelsError:
        if top is not None and _has_usual_header(top):  # what is wrong is something else
            raise
        styles = (*OF_OTHER_TOOLS, *BY_COLUMNS, *((named_columns.read_by_files,) if any_columns else ()))
        if (found := _first(styles, source, name, around)) is not None:
            return found
        raise
    asking.adopt(trial)
    several = {} if own else marked_labels(table)
    cells = {row.line: row.label for row in table.rows if row.line in several and row.label is not None}
    return settle_several(table, several, asking, name, cells)


def _has_usual_header(top: Sheet) -> bool:
    return top.place(*FILENAMES) is not None and top.place(*LABELS) is not None


def read_tool_table(
    source: bytes,
    name: str,
    asking: Asking,
    photos: Mapping[str, Callable[[], bytes]],
    tables: Mapping[str, Callable[[], bytes]],
    used: set[str],
) -> LabelTable | None:
    """Return the rows of a table in the unmistakable style of another tool; None for any other file.

    Raises LabelsError where it has too many classes.
    """
    around = Around(asking, None, PhotoSizes(photos), tables, used)
    if name.lower().endswith(vertex_lines.SUFFIX):
        return vertex_lines.read(source, name, around)
    try:
        top = read_sheet(source, name, asking.trial(), 1)
    except LabelsError:  # no text, so no table of labels
        return None
    if top is None or not _may_be_of_a_tool(top):
        return None
    return _first(OF_OTHER_TOOLS, source, name, around)


def _may_be_of_a_tool(top: Sheet) -> bool:
    """Return whether the first row is worth reading the others: it names a photo, or columns of Open Images."""
    named = any(cell.startswith(vertex.ADDRESS) or names_photo(cell) for cell in top.rows[0].cells)
    return named or {*open_images.COLUMNS} <= {*top.header}


def _first(styles: tuple[Style, ...], source: bytes | Path, name: str, around: Around) -> LabelTable | None:
    """Return the table in the first style that fits; the questions of the others are not asked."""
    asking, decoding = around.asking, around.asking.trial()
    sheet = read_sheet(source, name, decoding)
    if sheet is None:
        return None
    for style in styles:
        around.asking = asking.trial()
        found = style(sheet, around)
        if found is not None:
            asking.adopt(decoding)
            asking.adopt(around.asking)
            return found
    return None
