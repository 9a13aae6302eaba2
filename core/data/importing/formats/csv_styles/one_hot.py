"""Tables with a column for each class and a 1 in one of them, as on Kaggle: ``image,MEL,NV,BCC``."""

from core.data.importing.formats.csv_styles.columns.photo_columns import begins_with_data, photo_column_by_files
from core.data.importing.formats.csv_styles.named_columns import CLASSES, VALID, photo_column
from core.data.importing.formats.csv_styles.sheet import Around, Sheet, number
from core.data.importing.formats.csv_styles.usual_table import UsualRow, UsualTable
from core.data.tables.label_rows import LabelTable

_FEWEST = 2  # columns
_NUMBERING = ("", "index", "unnamed:_0")  # what pandas calls the number of a row


def read(sheet: Sheet, around: Around) -> LabelTable | None:
    """Return the labels where the first row names the photo's column and columns of 0 and 1; None for other tables.

    A row without a 1 is a problem; what photos with several get is asked. Some row must have exactly one.
    """
    if not sheet.body or sheet.place(*CLASSES, VALID) is not None:
        return None
    named = photo_column(sheet)
    columns = [place for place in range(len(sheet.header)) if place != named and _is_binary(sheet, place)]
    photo = photo_column_by_files(sheet, named, around, columns) if len(columns) >= _FEWEST else None
    if photo is None or (named is None and begins_with_data(sheet, around)):
        return None
    marked = [[place for place in columns if number(row.cell(place)) == 1] for row in sheet.body]
    if not any(len(places) == 1 for places in marked):
        return None
    names = sheet.rows[0].cells
    cells = {place: cell for place, cell in enumerate(names) if place != photo and place not in columns}
    table = UsualTable(sheet, sheet.rows[0].line, tuple(cells.values()))
    if photo != named and not around.asking.open:
        table.add_remark(f"columns of {sheet.name}: {names[photo]} names the photo")
    listed = ", ".join(names[place] for place in columns[:5]) + (", ..." if len(columns) > 5 else "")
    table.add_remark(f"the class is the column with a 1: {listed}")
    for row, places in zip(sheet.body, marked, strict=True):
        labels = tuple(names[place] for place in places)
        if not labels:
            table.add_problem(row.line, f"no column has a 1, so {row.cell(photo)} counts as unlabelled")
        others = tuple(row.cell(place) for place in cells)
        table.rows.append(UsualRow(row.line, row.cell(photo), labels, "", None, others))
    return table.read(around)


def _is_binary(sheet: Sheet, place: int) -> bool:
    if sheet.header[place] in _NUMBERING:
        return False
    return all(number(row.cell(place)) in (0, 1) for row in sheet.body)
