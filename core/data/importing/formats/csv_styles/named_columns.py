"""Tables whose columns have other names, as on Kaggle and in fastai: ``Id,Category``, ``image_name,tags``.

fastai's ``is_valid`` (https://docs.fast.ai/vision.data.html, ``valid_col``) gives the split.
"""

import re
from collections.abc import Collection, Sequence

from core.data.importing.formats.csv_styles.columns.class_columns import (
    are_fractions,
    ask_class_column,
    possible_class_columns,
)
from core.data.importing.formats.csv_styles.columns.photo_columns import begins_with_data, photo_column_by_files
from core.data.importing.formats.csv_styles.several_labels import items_of
from core.data.importing.formats.csv_styles.sheet import Around, Sheet, names_photo, number
from core.data.importing.formats.csv_styles.usual_table import UsualRow, UsualTable
from core.data.tables.boxes.box_layout import BOX_COLUMNS
from core.data.tables.column_choices import FILE_COLUMN
from core.data.tables.label_columns import FILENAMES, GROUPS, LABELS, SPLIT, TAGS
from core.data.tables.label_rows import LabelTable
from core.data.tables.split_columns import SETS, split_named

PHOTOS = (
    *FILENAMES,
    *("image_name", "img_name", "image_id", "imageid", "img_id", "img", "image_path", "img_path", "imagepath"),
    *("image_file", "image_filename", "img_file", "imgname", "file", "fname", "file_path", "filepath", "filepaths"),
    *("file_id", "frame", "photo", "photo_id", "picture", "name", "id", "uuid"),
    *("id_code", "image_code", "image_uuid"),
)
"""Columns that name the photo, the surest first: beside "image", the column "id" is something else."""
CLASSES = (
    *LABELS,
    *("class_name", "classname", "label_name", "category_name", "breed", "species", "labels", "tags", "classes"),
    *("class_id", "classid", "label_id", "category_id", "diagnosis", "dx", "disease", "variety", "cultivar"),
    *("dbn_prediction", "prediction", "individual_id", "landmark_id", "attribute_ids"),
)
SEVERAL = ("labels", "tags", "classes", "attribute_ids")
"""Columns whose cells hold several labels, separated by spaces."""
VALID = "is_valid"
_JUDGED = 100  # rows
_NO_PHOTO = frozenset((*CLASSES, VALID, *SETS, SPLIT, *GROUPS, TAGS, *BOX_COLUMNS))
"""Columns that do not name the photo, even where their cells are called like photos."""


def read(sheet: Sheet, around: Around) -> LabelTable | None:
    """Return the labels of a table with a column for the photo and one for the class; None for any other table.

    A column of fractions is no class. Of several columns of classes that differ, a person chooses. Where another column
    names the photos that are there as well, that is asked too.
    """
    named = photo_column(sheet)
    if named is None or not sheet.body:
        return None
    columns = _class_columns(sheet, named)
    if not columns:
        return None
    photo = photo_column_by_files(sheet, named, around, _places(sheet, _NO_PHOTO) | {*columns})
    assert photo is not None
    return _table_of(sheet, photo, *_settled_column(sheet, photo, columns, around), around)


def read_by_files(sheet: Sheet, around: Around) -> LabelTable | None:
    """Return the labels of a table with any names of columns of which one names the photos that are there.

    None for a table that names no photo, or has no other column. Where none is called like a class, that is asked.
    """
    if not sheet.body or begins_with_data(sheet, around):
        return None
    named = photo_column(sheet)
    taken = _places(sheet, _NO_PHOTO)
    photo = photo_column_by_files(sheet, named, around, taken)
    if photo is None or not any(around.photos.paths_of(row.cell(photo)) for row in sheet.body):
        return None
    columns = _class_columns(sheet, photo)
    others = {photo, *_places(sheet, _NO_PHOTO.difference(CLASSES))}
    possible = columns or possible_class_columns(sheet, others)
    if not possible:
        return None
    if columns:
        return _table_of(sheet, photo, *_settled_column(sheet, photo, columns, around), around)
    label, answered = ask_class_column(sheet, photo, possible, around, named=False)
    return _table_of(sheet, photo, label, not answered, around)


def _settled_column(sheet: Sheet, photo: int, columns: Sequence[int], around: Around) -> tuple[int, bool]:
    """Return which of the columns called like a class counts, and whether that is still asked."""
    if len(columns) == 1:
        return columns[0], False
    label, answered = ask_class_column(sheet, photo, columns, around, named=True)
    return columns[0] if label is None else label, not answered


def _places(sheet: Sheet, names: Collection[str]) -> set[int]:
    return {place for place, name in enumerate(sheet.header) if name in names}


def _table_of(sheet: Sheet, photo: int, label: int | None, asked: bool, around: Around) -> LabelTable:
    """Return the labels in one column of the photos in another; without ``label`` they have none."""
    split = _split_column(sheet)
    cells = {place: cell for place, cell in enumerate(sheet.rows[0].cells) if place not in (photo, label, split)}
    table = UsualTable(sheet, sheet.rows[0].line, tuple(cells.values()))
    unsure = asked or any(one.kind == FILE_COLUMN for one in around.asking.open)
    if not unsure:
        named = f"{sheet.rows[0].cells[photo]} names the photo"
        named += f", {sheet.rows[0].cells[label]} its class" if label is not None else ""
        table.add_remark(f"columns of {sheet.name}: {named}")
    splits = {} if split is None else _splits(sheet, split)
    if splits and split is not None:
        table.add_remark(f"the column {sheet.rows[0].cells[split]} of {sheet.name} gives the split")
    mark = None if label is None else _mark(sheet, label)
    for row in sheet.body:
        labels = () if label is None else _labels(row.cell(label), mark)
        others = tuple(row.cell(place) for place in cells)
        table.rows.append(
            UsualRow(row.line, row.cell(photo), labels, splits.get(row.line, ""), None, others, row.cell(label))
        )
    return table.read(around)


def photo_column(sheet: Sheet) -> int | None:
    """Return the column that names the photo: of several, the first with names of files; None where there is none."""
    places = [sheet.header.index(name) for name in PHOTOS if name in sheet.header]
    with_files = (at for at in places if sheet.body and all(names_photo(row.cell(at)) for row in sheet.body[:_JUDGED]))
    return next(with_files, places[0] if places else None)


def _split_column(sheet: Sheet) -> int | None:
    """Return the column of the split where it is not called so."""
    if SPLIT in sheet.header:
        return None
    for name in (VALID, *SETS):
        place = sheet.place(name)
        if place is not None and all(_splits(sheet, place).values()):
            return place
    return None


def _class_columns(sheet: Sheet, photo: int) -> list[int]:
    """Return the columns that are called like a class and differ."""
    columns = [sheet.header.index(name) for name in CLASSES if name in sheet.header]
    columns = [place for place in dict.fromkeys(columns) if place != photo]
    if not columns and sheet.header in (
        ("image", "id"),
        ("id", "image"),
    ):  # the whales of Kaggle: their ids are classes
        columns = [sheet.header.index("id")]
    single = [place for place in columns if sheet.header[place] not in SEVERAL]
    columns = single or columns
    columns = [place for place in columns if not are_fractions([row.cell(place) for row in sheet.body])]
    return _different(sheet, columns)


def _different(sheet: Sheet, columns: Sequence[int]) -> list[int]:
    """Return the columns without those that say the same as another in other words, such as a class's number."""
    kept: list[int] = []
    for place in sorted(columns, key=lambda at: all(number(row.cell(at)) is not None for row in sheet.body)):
        cells = [row.cell(place) for row in sheet.body]
        pairs = [{*zip(cells, (row.cell(other) for row in sheet.body), strict=True)} for other in kept]
        if not any(len(one) == len({*cells}) == len({second for _, second in one}) for one in pairs):
            kept.append(place)
    return kept


def _mark(sheet: Sheet, label: int) -> str | None:
    """Return what separates several labels in a cell; None where a cell is one label."""
    if sheet.header[label] not in SEVERAL:
        return None
    cells = [row.cell(label) for row in sheet.body]
    return next((mark for mark in ("|", ";", ",") if any(mark in cell for cell in cells)), " ")


def _labels(cell: str, mark: str | None) -> tuple[str, ...]:
    if len(items := items_of(cell)) > 1 or items != (cell,):
        return items
    parts = [cell] if mark is None else [part for part in re.split(re.escape(mark), cell) if part.strip()]
    return tuple(part.strip() for part in parts) or ("",)


def _splits(sheet: Sheet, place: int) -> dict[int, str]:
    """Return the split in each line; "" where the cell is none."""
    truth = {"true": "val", "1": "val", "false": "train", "0": "train"} if sheet.header[place] == VALID else {}
    words = {row.line: row.cell(place).lower() for row in sheet.body}
    return {line: truth.get(word) or split_named(word) or "" for line, word in words.items()}
