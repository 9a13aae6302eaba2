"""Labels and splits of images, and their removal: each call is one change that can be undone."""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection, false, select, update

from core.data.pictures.near_duplicates import near_duplicate_groups
from core.data.splits import SPLITS, SplitItem, assign, joins_train, settle
from core.data.store.boxes.box_changes import box_items
from core.data.store.boxes.box_items import relabel_items
from core.data.store.classes import class_number, class_numbers, images_in_words, new_class
from core.data.store.history.changes import ChangeItem, Values, apply_change, current_values, now
from core.data.store.records import LABEL_KINDS, BoxRow
from core.data.store.schema import classes, images, pictures
from core.data.tables.names import name_key
from core.errors import DataError


def annotate(
    conn: Connection, project_id: int, image_ids: Sequence[int], label: str | None, who: str, kind: str
) -> int:
    """Gives images a class, or takes theirs away (None); the change's number.

    An image that has this class already is confirmed: it now carries this person's name and the time.
    """
    current = _present(conn, project_id, image_ids)
    if label is None:
        class_id = None
        after: Values = {"class_id": None, "annotated_by": None, "annotated_at": None}
    else:
        class_id = class_number(conn, project_id, label)
        after = {"class_id": class_id, "annotated_by": who, "annotated_at": now()}
        label = conn.execute(select(classes.c.name).where(classes.c.id == class_id)).scalar_one()
    items = [ChangeItem("image", number, {key: row[key] for key in after}, after) for number, row in current.items()]
    items += relabel_items(conn, list(current), class_id)
    text = f"{_which(conn, list(current))}: {label or 'no label'}{LABEL_KINDS[kind]}"
    return apply_change(conn, project_id, kind, text, who, items)


def accept_suggestions(conn: Connection, project_id: int, rows: Sequence[tuple[int, str]], who: str) -> int:
    """Gives images the classes that a model suggested and a person accepted; the change's number, 0 if none was left.

    A row is (image, class). An image that somebody gave a class meanwhile keeps it.
    """
    numbers, time = class_numbers(conn, project_id), now()
    wanted: dict[int, Values] = {}
    for image_id, label in rows:
        class_id = numbers.get(name_key(label)) or class_number(conn, project_id, label)
        wanted[image_id] = {"class_id": class_id, "annotated_by": f"model, accepted by {who}", "annotated_at": time}
    current = {number: row for number, row in _present(conn, project_id, wanted).items() if row["class_id"] is None}
    items = [
        ChangeItem("image", number, {key: row[key] for key in wanted[number]}, wanted[number])
        for number, row in current.items()
    ]
    if not items:
        return 0
    text = f"{_which(conn, list(current))}: accepted from the model"
    return apply_change(conn, project_id, "accepted", text, who, items)


def apply_labels(
    conn: Connection,
    project_id: int,
    rows: Sequence[tuple[int, str | None, str | None]],
    who: str,
    text: str,
    kind: str,
    boxes: Mapping[int, Sequence[BoxRow]],
    new_classes: Sequence[str],
) -> int:
    """Sets many labels and splits as one change, adding classes that are missing; its number, 0 if nothing changed.

    A row is (image, label, split). None says nothing: what the image has stays. Of two rows for an image the later
    one holds. ``boxes`` are those of images that get any, their labels being classes.
    ``new_classes`` come first where they are missing.
    """
    wanted: dict[int, Values] = {}
    items: list[ChangeItem] = []
    numbers, time = class_numbers(conn, project_id), now()
    for name in (*new_classes, *(box.label for some in boxes.values() for box in some)):
        if name_key(name) not in numbers:
            items.append(new_class(conn, project_id, name))
            numbers[name_key(name)] = items[-1].entity_id
    for image_id, label, split in rows:
        values = wanted.setdefault(image_id, {})
        if label is not None:
            key = name_key(label)
            if key not in numbers:
                items.append(new_class(conn, project_id, label))
                numbers[key] = items[-1].entity_id
            values["class_id"] = numbers[key]
        if split is not None:
            if split not in SPLITS:
                raise DataError(f'There is no split "{split}". Allowed are {", ".join(SPLITS)}, or nothing.')
            values["split"] = split
    for image_id, row in _present(conn, project_id, wanted).items() if wanted else ():
        if image_id in boxes:  # the class comes with them
            wanted[image_id].pop("class_id", None)
        after = {key: value for key, value in wanted[image_id].items() if row[key] != value}
        if "class_id" in after:
            after |= {"annotated_by": who, "annotated_at": time}
        if after:
            items.append(ChangeItem("image", image_id, {key: row[key] for key in after}, after))
    if boxes:
        _present(conn, project_id, boxes)
        by_label = {box.label: numbers[name_key(box.label)] for some in boxes.values() for box in some}
        items += box_items(conn, project_id, boxes, by_label, who)
    new = {
        item.entity_id: item.after["class_id"] for item in items if item.entity == "image" and "class_id" in item.after
    }
    for class_id in dict.fromkeys(new[number] for number in new if number not in boxes):
        same = [number for number in new if number not in boxes and new[number] == class_id]
        items += relabel_items(conn, same, class_id)
    return apply_change(conn, project_id, kind, text, who, items) if items else 0


def remove_images(
    conn: Connection, project_id: int, image_ids: Sequence[int], who: str, heirs: Mapping[int, int]
) -> int:
    """Takes images out of the project; the change's number. Their files stay, so that undo can bring them back.

    ``heirs`` (image that stays -> image that goes) get the other's class, with who gave it, where they have none.
    """
    current = _present(conn, project_id, image_ids)
    items = [ChangeItem("image", number, {"removed": False}, {"removed": True}) for number in current]
    for number, row in _present(conn, project_id, heirs).items() if heirs else ():
        if row["class_id"] is None:
            after = {key: current[heirs[number]][key] for key in ("class_id", "annotated_by", "annotated_at")}
            items.append(ChangeItem("image", number, {key: row[key] for key in after}, after))
    return apply_change(conn, project_id, "images removed", f"{_which(conn, list(current))}: removed", who, items)


def assign_splits(conn: Connection, project_id: int, seed: int) -> None:
    """Gives every labelled image without a split one; those that have one keep it, also when labels change or go.

    So an image that was tested on stays in test. It is no event: nobody decided it, and nothing needs undoing.
    """
    query = (
        select(images.c.id, classes.c.name, images.c.split, pictures.c.phash)
        .join(classes)
        .join(pictures)
        .where(images.c.project_id == project_id, images.c.removed == false())
        .order_by(images.c.id)
    )
    rows = conn.execute(query).all()
    if all(row.split is not None for row in rows):
        return
    phashes = [None if row.phash is None else int(row.phash, 16) for row in rows]
    groups = near_duplicate_groups([row.name for row in rows], phashes)
    labelled = [SplitItem(str(row.id), row.name, group, row.split) for row, group in zip(rows, groups, strict=True)]
    new = [item for item in labelled if item.split is None]
    if joins_train(labelled):
        found = {item.key: "train" for item in new}
    else:
        # Those with a split first: they take their places, and the new ones fill what is open.
        found = assign(sorted(settle(labelled), key=lambda item: item.split is None), seed)
    for split in SPLITS:
        numbers = [int(item.key) for item in new if found[item.key] == split]
        for start in range(0, len(numbers), 5000):
            some = images.c.id.in_(numbers[start : start + 5000])
            conn.execute(update(images).where(some).values(split=split))


def first_classes(conn: Connection, project_id: int, names: Sequence[str]) -> None:
    """Adds the classes that a new project begins with; no events, for there is nothing to go back to."""
    for name in names:
        item = new_class(conn, project_id, name)
        conn.execute(
            update(classes).where(classes.c.id == item.entity_id).values(removed=False, name_key=name_key(name))
        )


def _present(conn: Connection, project_id: int, image_ids: Iterable[int]) -> dict[int, Values]:
    """The images' values in the order asked for, each once. Raises DataError where one is not in the project."""
    numbers = list(dict.fromkeys(image_ids))
    if not numbers:
        raise DataError("No image was chosen. Choose at least one.")
    found = current_values(conn, project_id, numbers)
    gone = [number for number in numbers if number not in found or found[number]["removed"]]
    if gone:
        raise DataError(
            f"Of the {images_in_words(len(numbers))} chosen, {len(gone)} cannot be found in the project any more. "
            "Load the page again and choose anew; nothing was changed."
        )
    return {number: found[number] for number in numbers}


def _which(conn: Connection, image_ids: Sequence[int]) -> str:
    if len(image_ids) > 1:
        return images_in_words(len(image_ids))
    return conn.execute(select(images.c.filename).where(images.c.id == image_ids[0])).scalar_one()
