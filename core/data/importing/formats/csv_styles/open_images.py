"""Tables of Open Images: ``ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax,IsOccluded,...``.

https://storage.googleapis.com/openimages/web/download_v7.html: coordinates are fractions of the photo, ids of classes
such as /m/01g317 are named by a table ``class-descriptions``, and tables without coordinates label whole photos.
"""

import re
from collections import Counter

from core.data.importing.formats.csv_styles.sheet import Around, Row, Sheet, number, read_sheet
from core.data.importing.formats.csv_styles.usual_table import UsualRow, UsualTable
from core.data.importing.formats.gathering.named_splits import split_in_name
from core.data.tables.label_rows import LabelTable
from core.data.tables.names import name_key
from core.errors import ImageRefused, LabelsError

COLUMNS = ("imageid", "labelname")
SIDES = ("xmin", "ymin", "xmax", "ymax")  # by their names, whatever their order
_SHOWN = 20  # characters of a cell
_CLASS_ID = re.compile(r"/[a-z]/[\w-]+", re.ASCII)


def read(sheet: Sheet, around: Around) -> LabelTable | None:
    """Return the labels of a table of Open Images; None for any other table."""
    photo, label = (sheet.place(column) for column in COLUMNS)
    if photo is None or label is None:
        return None
    places = [sheet.place(side) for side in SIDES]
    boxed = all(place is not None for place in places)
    table = UsualTable(sheet, sheet.rows[0].line, fractions=True)
    names = _class_names(table, around, {row.cell(label) for row in sheet.body})
    split = split_in_name(sheet.name) or ""
    if split:
        table.add_remark(f"the name {sheet.name} gives the split: {split}")
    counts: Counter[str] = Counter()
    left_out: list[Row] = []
    whole: dict[str, UsualRow] = {}
    for row in sheet.body:
        filename, name = row.cell(photo), names.get(row.cell(label), row.cell(label))
        kept = _is_kept(sheet, row, counts)
        if boxed and kept:
            corners = _corners(row, [place for place in places if place is not None])
            if corners is None:
                shown = ", ".join(row.cell(place)[:_SHOWN] for place in places)
                table.add_problem(row.line, f"the box ({shown}) of {filename} is not four fractions; it is skipped")
            else:
                table.rows.append(UsualRow(row.line, filename, (name,), split, corners))
        elif boxed:
            left_out.append(row)
        else:
            before = whole.setdefault(filename, UsualRow(row.line, filename, (), split))
            if kept:
                whole[filename] = UsualRow(before.line, filename, (*before.labels, name), split)
    seen = {row.filename for row in table.rows}
    for row in left_out:  # a photo of which all rows are left out has no label, and is not forgotten
        if row.cell(photo) not in seen:
            seen.add(row.cell(photo))
            table.rows.append(UsualRow(row.line, row.cell(photo), (), split))
    table.rows += whole.values()
    for what, count in counts.items():
        table.add_remark(f"{what}: {count:,}")
    return table.read(around)


def _is_kept(sheet: Sheet, row: Row, counts: Counter[str]) -> bool:
    """Return whether a row says that an object is there; the others are counted by their reason."""
    confidence = number(row.cell(sheet.place("confidence")))
    if confidence == 0:
        counts["rows with confidence 0, which say that a class is absent, are left out"] += 1
        return False
    if row.cell(sheet.place("isgroupof")) == "1":
        counts["boxes around a group (IsGroupOf) are left out"] += 1
        return False
    if confidence is not None and confidence < 1:
        counts["labels with a confidence below 1, which come from a machine, are used"] += 1
    return True


def _corners(row: Row, places: list[int]) -> tuple[float, float, float, float] | None:
    sides = [number(row.cell(place)) for place in places]
    if any(side is None or not 0 <= side <= 1 for side in sides):
        return None
    left, top, right, bottom = (side or 0.0 for side in sides)
    return left, top, right, bottom


def _class_names(table: UsualTable, around: Around, used: set[str]) -> dict[str, str]:
    """Return the names of the classes by their ids; those without a name are called like their ids, which is said."""
    names: dict[str, str] = {}
    twice: set[str] = set()
    for path, read_file in around.tables.items():
        trial = around.asking.trial()
        try:
            sheet = read_sheet(read_file(), path, trial)
        except (LabelsError, ImageRefused, OSError):
            continue
        rows = [row for row in sheet.rows if len(row.cells) == 2] if sheet else []
        if not rows or sum(bool(_CLASS_ID.fullmatch(row.cells[0])) for row in rows) < len(rows) - 1:
            continue
        around.asking.adopt(trial)
        around.used.add(path)
        for row in rows:
            if names.setdefault(row.cells[0], row.cells[1]) != row.cells[1]:
                twice.add(row.cells[0])
    for one in sorted(twice & used):
        table.add_problem(None, f"the class {one} has two names, so it is called {one}")
    ids = {one for one in used if _CLASS_ID.fullmatch(one)}
    named = {one: names[one] for one in ids if names.get(one) and one not in twice}
    # Two classes of one name would become one class: these keep their ids.
    times = Counter(name_key(name) for name in named.values())
    alike = {one: f"{name} ({one})" for one, name in named.items() if times[name_key(name)] > 1}
    if alike:
        table.add_remark(f"classes of the same name keep their ids: {', '.join(sorted(alike.values())[:6])}")
    without = sorted(ids - named.keys() - twice)
    if without:
        why = "no table names them" if not names else "their table does not name them"
        classes = (
            "1 class is called by its id" if len(without) == 1 else f"{len(without):,} classes are called by their ids"
        )
        table.add_remark(f"{classes}, because {why}: {', '.join(without[:3])}")
    return named | alike
