"""The classes of a project: listing, adding, renaming, merging, removing, ordering.

Every change is an event in the history. Removed images follow their class too, so that they can be restored.
"""

from collections.abc import Collection, Sequence

from sqlalchemy import Connection, bindparam, false, func, insert, select

from core.data.store.boxes.box_items import merge_items, removal_items
from core.data.store.history.changes import ChangeItem, Values, apply_change
from core.data.store.records import ClassInfo
from core.data.store.schema import classes, images
from core.data.tables.names import ByClassName, check_class_count, is_letter, tidy_name
from core.errors import DataError

# Statements of what pages read at every step are made once: making one costs as much as running it.
_CARRIED = (
    select(images.c.class_id, func.count().label("images"))
    .where(images.c.project_id == bindparam("project"), images.c.removed == false())
    .group_by(images.c.class_id)
    .subquery()
)
_CLASSES = (
    select(classes.c.id, classes.c.name, func.coalesce(_CARRIED.c.images, 0).label("images"))
    .outerjoin(_CARRIED, _CARRIED.c.class_id == classes.c.id)
    .where(classes.c.project_id == bindparam("project"), classes.c.removed == false())
    .order_by(classes.c.position, classes.c.id)
)


def classes_of(conn: Connection, project_id: int) -> list[ClassInfo]:
    """Return the classes in order, with the number of their images."""
    rows = conn.execute(_CLASSES, {"project": project_id})
    return [ClassInfo(row.id, row.name, place, row.images) for place, row in enumerate(rows)]


def class_numbers(conn: Connection, project_id: int) -> ByClassName[int]:
    """Return the classes' numbers by name."""
    # Not from the column name_key: an older version may have stored other keys.
    query = select(classes.c.name, classes.c.id).where(classes.c.project_id == project_id, classes.c.removed == false())
    rows = conn.execute(query.order_by(classes.c.position, classes.c.id))
    return ByClassName((row.name, row.id) for row in rows)


def class_called(conn: Connection, project_id: int, name: str) -> tuple[int, str]:
    """Return number and name of the class with this name, else of the first one that differs only in case.

    Raises DataError that lists the classes if there is none.
    """
    query = select(classes.c.id, classes.c.name).where(classes.c.project_id == project_id, classes.c.removed == false())
    rows = conn.execute(query.order_by(classes.c.position, classes.c.id))
    found = ByClassName((row.name, (row.id, row.name)) for row in rows).find(name)
    if found is not None:
        return found
    known = [info.name for info in classes_of(conn, project_id)]
    raise DataError(
        f'There is no class "{name}" in this project. '
        + (f"Its classes are: {', '.join(known)}." if known else "It has no classes yet: add one first.")
    )


def prepare_classes(
    conn: Connection, project_id: int, names: Sequence[str], apart: Collection[str] = ()
) -> list[ChangeItem]:
    """Prepare classes at the end of the order; applying a change with these items puts them into use.

    Names in ``apart`` may differ from another class only in case, as single letters may. Raises DataError that names
    the class with the same name, if any, and for more classes than a project may have.
    """
    in_use = ByClassName((info.name, info.name) for info in classes_of(conn, project_id))
    tidy = []
    for name in names:
        tidy.append(_free_name(name, in_use, apart=name in apart))
        in_use.add(tidy[-1], tidy[-1])
    if not tidy:
        return []
    check_class_count(len(in_use), "With these, the project")
    query = select(func.max(classes.c.position)).where(classes.c.project_id == project_id)
    last = conn.execute(query).scalar()
    first = 0 if last is None else last + 1
    rows = [
        {"project_id": project_id, "name": name, "position": place, "removed": True, "name_key": None}
        for place, name in enumerate(tidy, start=first)
    ]
    conn.execute(insert(classes), rows)
    made = select(classes.c.id).where(classes.c.project_id == project_id, classes.c.position >= first)
    numbers = conn.execute(made.order_by(classes.c.position)).scalars()
    return [
        ChangeItem("class", number, {"removed": True, "name": name}, {"removed": False, "name": name})
        for number, name in zip(numbers, tidy, strict=True)
    ]


def add_class(conn: Connection, project_id: int, name: str, who: str) -> ClassInfo:
    """A change: add a class at the end. Raises DataError that names the class with the same name, if any."""
    (item,) = prepare_classes(conn, project_id, [name])
    apply_change(conn, project_id, "class added", f'class "{item.after["name"]}" added', who, [item])
    return _class(conn, project_id, item.entity_id)


def rename_class(conn: Connection, project_id: int, class_id: int, name: str, who: str) -> None:
    """A change: rename a class; its images keep it."""
    old = _class(conn, project_id, class_id).name
    new = _free(conn, project_id, name, except_id=class_id)
    if new != old:
        item = ChangeItem("class", class_id, {"name": old}, {"name": new})
        apply_change(conn, project_id, "class renamed", f'class "{old}" renamed to "{new}"', who, [item])


def merge_classes(conn: Connection, project_id: int, source_id: int, target_id: int, who: str) -> int:
    """A change: move all images of the source to the target, remove the source; return how many moved."""
    source, target = _class(conn, project_id, source_id), _class(conn, project_id, target_id)
    if source_id == target_id:
        raise DataError(
            f'The class "{source.name}" cannot be merged with itself. Choose another class to merge it into.'
        )
    boxes = merge_items(conn, source_id, target_id)
    items = [*_relabel(conn, source_id, {"class_id": target_id}), *boxes, _removal(source)]
    text = f'class "{source.name}" merged into "{target.name}" ({images_in_words(source.count)})'
    apply_change(conn, project_id, "classes merged", text, who, items)
    return source.count


def remove_class(conn: Connection, project_id: int, class_id: int, who: str) -> int:
    """A change: remove a class with its boxes; return the number of its images, which stay without a label.

    An image that has boxes of other classes gets the class of the largest of them.
    """
    info = _class(conn, project_id, class_id)
    unlabelled = {"class_id": None, "annotated_by": None, "annotated_at": None, "label_source": None}
    boxes, left = removal_items(conn, class_id)
    relabelled = [
        ChangeItem("image", item.entity_id, {"class_id": class_id}, {"class_id": left[item.entity_id]})
        if item.entity_id in left
        else item
        for item in _relabel(conn, class_id, unlabelled)
    ]
    items = [*relabelled, *boxes, _removal(info)]
    text = f'class "{info.name}" removed ({images_in_words(info.count)} without a label now)'
    apply_change(conn, project_id, "class removed", text, who, items)
    return info.count


def move_class(conn: Connection, project_id: int, class_id: int, position: int, who: str) -> None:
    """A change: move a class to another position; 0 is the first, a position beyond the end is the last."""
    info = _class(conn, project_id, class_id)
    order = [each.id for each in classes_of(conn, project_id) if each.id != class_id]
    place = max(0, min(position, len(order)))
    order.insert(place, class_id)
    query = select(classes.c.id, classes.c.position).where(classes.c.id.in_(order))
    stored: dict[int, int] = {row.id: row.position for row in conn.execute(query)}
    if place == info.position:
        return
    items = [
        ChangeItem("class", number, {"position": stored[number]}, {"position": new})
        for new, number in enumerate(order)
        if stored[number] != new
    ]
    apply_change(conn, project_id, "class moved", f'class "{info.name}" moved to place {place + 1}', who, items)


def images_in_words(count: int) -> str:
    """ "1 photo", "24 photos"."""
    return "1 photo" if count == 1 else f"{count:,} photos"


def _class(conn: Connection, project_id: int, class_id: int) -> ClassInfo:
    for info in classes_of(conn, project_id):
        if info.id == class_id:
            return info
    raise DataError("This class is no longer in the project. Reload the page to see its classes.")


def _free(conn: Connection, project_id: int, name: str, except_id: int | None = None) -> str:
    in_use = ByClassName((info.name, info.name) for info in classes_of(conn, project_id) if info.id != except_id)
    return _free_name(name, in_use)


def _free_name(name: str, in_use: ByClassName[str], *, apart: bool = False) -> str:
    """Return the tidy name. Raises DataError if a class in use has the same.

    A word that differs only in case is the same, unless it is to stay ``apart``; a letter and its capital are not.
    """
    tidy = tidy_name(name, "class")
    if other := in_use.same(tidy) if apart or is_letter(tidy) else in_use.find(tidy):
        raise DataError(
            f'There is a class "{other}" already, and "{tidy}" would be the same name. '
            "Choose another name, or merge the two classes."
        )
    return tidy


def _relabel(conn: Connection, class_id: int, after: Values) -> list[ChangeItem]:
    columns = [images.c[name] for name in after]
    query = select(images.c.id, *columns).where(images.c.class_id == class_id).order_by(images.c.id)
    return [
        ChangeItem("image", row["id"], {name: row[name] for name in after}, after)
        for row in conn.execute(query).mappings()
    ]


def _removal(info: ClassInfo) -> ChangeItem:
    return ChangeItem("class", info.id, {"removed": False, "name": info.name}, {"removed": True, "name": info.name})
