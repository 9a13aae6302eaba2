"""Queries on a project's images: pages, counts, the next image to label, near-duplicates, the rows to export."""

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from operator import itemgetter
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, bindparam, case, exists, false, func, or_, select

from core.data.pictures.box import Box
from core.data.pictures.near_duplicates import near_duplicate_groups
from core.data.splits import SPLITS
from core.data.store.boxes.box_rows import boxes_of
from core.data.store.classes import class_numbers, classes_of
from core.data.store.grouping.tag_rows import has_tag, tags_of
from core.data.store.history.changes import CHUNK
from core.data.store.records import ORDERS, ImageFilter, ImageLabel, ImageRow
from core.data.store.schema import aliases, boxes, classes, images, pictures
from core.data.tables.labels_csv import LabelRow
from core.data.tables.names import search_key
from core.errors import DataError

EVERYTHING = ImageFilter()


def images_of(
    conn: Connection, project_id: int, where: ImageFilter = EVERYTHING, offset: int = 0, limit: int | None = None
) -> list[ImageRow]:
    """Return one page of images, or all from the offset on."""
    # First the page's numbers, from an index alone; then the rows of that page only.
    query = _ordered(_chosen(conn, project_id, where, select(images.c.id)), where.order).offset(offset).limit(limit)
    numbers = list(conn.execute(query).scalars())
    rows = {row.id: row for row in rows_of(conn, numbers)}
    return [rows[number] for number in numbers]


def count_of(conn: Connection, project_id: int, where: ImageFilter = EVERYTHING) -> int:
    """Count the images that pass the filter."""
    if where == EVERYTHING:
        return int(conn.execute(_COUNT, {"project": project_id}).scalar_one())
    return int(conn.execute(_chosen(conn, project_id, where, select(func.count()))).scalar_one())


def image_of(conn: Connection, project_id: int, image_id: int) -> ImageRow:
    """Return one image. Raises DataError if the project does not have it (any more)."""
    row = conn.execute(_ONE, {"project": project_id, "image": image_id}).first()
    if row is None:
        raise DataError("This image is no longer in the project. Reload the page.")
    return _image(row)


def image_labels(conn: Connection, project_id: int) -> list[ImageLabel]:
    """Return all images with their labels only, in the order in which they were added; made to be fast."""
    if conn.dialect.name == "sqlite":
        # As one row: SQLite's driver lets other threads run before each row, and a busy server lets it wait each time.
        whole = conn.execute(_LABELS_IN_ONE, {"project": project_id}).scalar_one()
        return [ImageLabel(*row) for row in sorted(json.loads(whole), key=itemgetter(0))]
    found = conn.execute(_LABELS, {"project": project_id})
    return [ImageLabel(number, content_hash, label) for number, content_hash, label in found]


def find_image(conn: Connection, project_id: int, content_hash: str) -> ImageRow | None:
    """Return the image with that content, or None if the project does not have it."""
    row = conn.execute(_FULL.where(*_of(project_id), images.c.hash == content_hash)).first()
    return None if row is None else _image(row)


def next_unlabelled(
    conn: Connection, project_id: int, after_id: int | None, skip: Collection[int] = ()
) -> ImageRow | None:
    """Return the next image without a label, starting again after the last; None if only skipped ones are left."""
    return _row(conn, project_id, next_without(LABELLED, conn, project_id, after_id, skip))


def next_boxless(
    conn: Connection, project_id: int, after_id: int | None, skip: Collection[int] = ()
) -> ImageRow | None:
    """Return the next image without a box, like ``next_unlabelled``."""
    return _row(conn, project_id, next_without(BOXED, conn, project_id, after_id, skip))


def _row(conn: Connection, project_id: int, image_id: int | None) -> ImageRow | None:
    return None if image_id is None else image_of(conn, project_id, image_id)


def next_without(
    this: ColumnElement[bool], conn: Connection, project_id: int, after_id: int | None, skip: Collection[int]
) -> int | None:
    """Return the next image for which ``this`` does not hold, like ``next_unlabelled``."""
    passed = set(skip)
    query = select(images.c.id).where(*_of(project_id), ~this).order_by(images.c.id)
    query = query.limit(len(passed) + 1)  # at least one of these is not skipped
    start = 0 if after_id is None else after_id
    for part in (images.c.id > start, images.c.id <= start):
        for number in conn.execute(query.where(part)).scalars():
            if number not in passed:
                return int(number)
    return None


def counts_of(conn: Connection, project_id: int) -> list[dict[str, Any]]:
    """Count images by class and split, classes in order, the unlabelled last."""
    query = select(images.c.class_id, images.c.split, func.count()).where(*_of(project_id))
    found = {(row[0], row[1]): row[2] for row in conn.execute(query.group_by(images.c.class_id, images.c.split))}
    table = []
    for number, label in [*((info.id, info.name) for info in classes_of(conn, project_id)), (None, None)]:
        by_split = {split or "none": found.get((number, split), 0) for split in (*SPLITS, None)}
        table.append({"label": label, **by_split, "total": sum(by_split.values())})
    return table


def label_rows(conn: Connection, project_id: int, sources: bool = False) -> list[LabelRow]:
    """Return the rows of the project's labels.csv: every image, followed by its aliases.

    An image with several boxes has a row for each of them. With ``sources``, the rows say where each label came from.
    """
    boxes_by_image = boxes_of(conn, project_id)
    further: dict[int, list[str]] = {}
    query = select(aliases.c.image_id, aliases.c.filename).where(aliases.c.project_id == project_id)
    for image_id, filename in conn.execute(query.order_by(aliases.c.id)):
        further.setdefault(image_id, []).append(filename)
    tags = tags_of(conn, project_id)
    shown = select(images.c.id, images.c.filename, images.c.split, images.c.label_source, classes.c.name)
    shown = shown.add_columns(images.c.group_name)
    shown = shown.outerjoin(classes)
    answer: list[LabelRow] = []
    for row in conn.execute(shown.where(*_of(project_id)).order_by(images.c.id)):
        for filename in (row.filename, *further.get(row.id, ())):
            line = len(answer) + 2  # the first line is the header
            plain = LabelRow(line, filename, row.name, row.split, None, group=row.group_name, tags=tags.get(row.id, ()))
            plain = replace(plain, source=row.label_source if sources else None)
            found = boxes_by_image.get(row.id, ())
            if not found:
                answer.append(plain)
            for place, box in enumerate(found):
                sides = Box(box.x, box.y, box.width, box.height)
                answer.append(replace(plain, line=line + place, label=box.label, box=sides))
    return answer


def suffixes_of(conn: Connection, project_id: int) -> dict[str, str]:
    """Return the suffixes of all images' stored files by content hash."""
    query = select(pictures.c.hash, pictures.c.suffix).join(images).where(*_of(project_id))
    return {row.hash: row.suffix for row in conn.execute(query)}


def stored_bytes(conn: Connection, project_id: int) -> int:
    """Return the total size of the images' stored files."""
    query = select(func.coalesce(func.sum(pictures.c.bytes), 0)).join(images, images.c.hash == pictures.c.hash)
    return int(conn.execute(query.where(*_of(project_id))).scalar_one())


def near_duplicates(conn: Connection, project_id: int) -> dict[str, str]:
    """Map the content hash of every image, labelled or not, to that of the first image of its group."""
    query = select(pictures.c.hash, pictures.c.phash).join(images).where(*_of(project_id)).order_by(images.c.id)
    return near_duplicate_groups({row.hash: row.phash and int(row.phash, 16) for row in conn.execute(query)})


BOXED: ColumnElement[bool] = exists().where(boxes.c.image_id == images.c.id)
LABELLED = images.c.class_id.is_not(None)
_FULL = (
    select(
        images.c.id,
        images.c.hash,
        images.c.filename,
        classes.c.name.label("label"),
        images.c.split,
        pictures.c.width,
        pictures.c.height,
        pictures.c.bytes,
        images.c.annotated_by,
        images.c.annotated_at,
        images.c.label_source,
        pictures.c.suffix,
        images.c.group_name.label("group"),
    )
    .join(pictures, pictures.c.hash == images.c.hash)
    .outerjoin(classes, classes.c.id == images.c.class_id)
)
# Statements of what pages read at every step are made once: making one costs as much as running it.
_OF_PROJECT = (images.c.project_id == bindparam("project"), images.c.removed == false())
_ONE = _FULL.where(*_OF_PROJECT, images.c.id == bindparam("image"))
_LABEL_COLUMNS = (images.c.id, images.c.hash, classes.c.name)
_LABELLED_IMAGES = images.outerjoin(classes)
_LABELS = select(*_LABEL_COLUMNS).select_from(_LABELLED_IMAGES).where(*_OF_PROJECT).order_by(images.c.id)
_LABELS_IN_ONE = (
    select(func.json_group_array(func.json_array(*_LABEL_COLUMNS))).select_from(_LABELLED_IMAGES).where(*_OF_PROJECT)
)
_COUNT = select(func.count()).select_from(images).where(*_OF_PROJECT)


def _of(project_id: int) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return images.c.project_id == project_id, images.c.removed == false()


def _chosen(conn: Connection, project_id: int, where: ImageFilter, query: Select[Any]) -> Select[Any]:
    query = query.select_from(images).where(*_of(project_id))
    if where.label is not None:
        query = query.where(images.c.class_id == (class_numbers(conn, project_id).find(where.label) or -1))
    if where.unlabelled:
        query = query.where(images.c.class_id.is_(None))
    if where.boxless:
        query = query.where(~BOXED)
    if where.split is not None:
        query = query.where(images.c.split == where.split if where.split != "none" else images.c.split.is_(None))
    if where.untested:
        query = query.where(or_(images.c.split != "test", images.c.split.is_(None)))
    if where.tag is not None:
        query = query.where(has_tag(project_id, where.tag))
    if where.group is not None:
        query = query.where(images.c.group_name == where.group)
    wanted = search_key(where.search.strip())
    if wanted:
        also = select(aliases.c.image_id).where(
            aliases.c.project_id == project_id, aliases.c.search_key.contains(wanted, autoescape=True)
        )
        query = query.where(or_(images.c.search_key.contains(wanted, autoescape=True), images.c.id.in_(also)))
    return query


def _ordered(query: Select[Any], order: str) -> Select[Any]:
    if order == "added":
        return query.order_by(images.c.id)
    if order == "newest":
        return query.order_by(images.c.id.desc())
    if order == "name":
        return query.order_by(images.c.sort_key, images.c.id)
    if order == "annotated":  # newest annotation first, images without one last
        return query.order_by(images.c.annotated_at.is_(None), images.c.annotated_at.desc(), images.c.id)
    if order == "label":  # in the order of the classes, unlabelled images last
        unlabelled = case((images.c.class_id.is_(None), 1), else_=0)
        return query.outerjoin(classes, classes.c.id == images.c.class_id).order_by(
            unlabelled, classes.c.position, classes.c.id, images.c.id
        )
    raise DataError(f'Images cannot be ordered by "{order}". Allowed are {", ".join(ORDERS)}.')


def rows_of(conn: Connection, numbers: Sequence[int]) -> Iterable[ImageRow]:
    """Yield the images of these numbers, in any order."""
    for start in range(0, len(numbers), CHUNK):
        for row in conn.execute(_FULL.where(images.c.id.in_(numbers[start : start + CHUNK]))):
            yield _image(row)


def _image(row: Row[*tuple[Any, ...]]) -> ImageRow:
    return ImageRow(**row._mapping)
