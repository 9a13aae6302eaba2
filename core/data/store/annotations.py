"""Labels and splits of images, and their removal: each call is one change that can be undone."""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection, false, select, update

from core.data.splits import SPLITS, SplitItem, adjust_groups, assign, lacks_validation
from core.data.store.boxes.box_changes import box_items
from core.data.store.boxes.box_items import relabel_items
from core.data.store.class_rows import write_classes
from core.data.store.classes import class_number, class_numbers, images_in_words, prepare_classes
from core.data.store.history.changes import LABEL_COLUMNS, ChangeItem, Values, apply_change, current_values, now
from core.data.store.queries import near_duplicates
from core.data.store.records import LABEL_KINDS, SUGGESTION, BoxRow, source_of
from core.data.store.schema import classes, images
from core.data.tables.names import name_key
from core.errors import DataError

UNLABELLED: Values = {"annotated_by": None, "annotated_at": None, "label_source": None}
"""The columns of who gave a label, for an image that has none."""
LabelAndSplit = tuple[int, str | None, str | None]
"""Image, label, split; None leaves what the image has."""


def annotate(
    conn: Connection, project_id: int, image_ids: Sequence[int], label: str | None, who: str, kind: str = "label"
) -> int:
    """A change: give images a class, or remove theirs (None); return the change's number.

    An image that has this class already is confirmed: it now carries this person's name and the time. ``kind`` is one
    of LABEL_KINDS and tells the history where the label came from: "accepted" names the model as well.
    """
    current = _present(conn, project_id, image_ids)
    if label is None:
        class_id = None
        after: Values = {"class_id": None, **UNLABELLED}
    else:
        class_id = class_number(conn, project_id, label)
        after = {"class_id": class_id, **_authorship(who, source_of(kind))}
        label = conn.execute(select(classes.c.name).where(classes.c.id == class_id)).scalar_one()
    items = [_image_item(number, row, after) for number, row in current.items()]
    items += relabel_items(conn, list(current), class_id)
    text = f"{_which(conn, list(current))}: {label or 'no label'}{LABEL_KINDS[kind]}"
    return apply_change(conn, project_id, kind, text, who, items)


def accept_suggestions(conn: Connection, project_id: int, rows: Sequence[tuple[int, str]], who: str) -> int:
    """A change: give images (image, class) what a model suggested and ``who`` accepted; both are named in it.

    Images that have got a class in the meantime keep it. Returns the change's number, 0 if no image was left.
    """
    numbers, authorship = class_numbers(conn, project_id), _authorship(who, SUGGESTION)
    wanted: dict[int, Values] = {}
    for image_id, label in rows:
        class_id = numbers.get(name_key(label)) or class_number(conn, project_id, label)
        wanted[image_id] = {"class_id": class_id, **authorship}
    current = {number: row for number, row in _present(conn, project_id, wanted).items() if row["class_id"] is None}
    if not current:
        return 0
    items = [_image_item(number, row, wanted[number]) for number, row in current.items()]
    text = f"{_which(conn, list(current))}: accepted from the model"
    return apply_change(conn, project_id, "accepted", text, who, items)


def apply_labels(
    conn: Connection,
    project_id: int,
    rows: Sequence[LabelAndSplit],
    who: str,
    text: str,
    kind: str = "import",
    boxes: Mapping[int, Sequence[BoxRow]] | None = None,
    new_classes: Sequence[str] = (),
    extends: int = 0,
) -> int:
    """A change: set the labels and splits of many images, adding missing classes in their order.

    Of two rows for one image the later one counts. ``kind`` is "import", "splits" or one of LABEL_KINDS. ``boxes`` are
    set in the same change, and their labels are classes. Missing ``new_classes`` are added before those of boxes and
    rows, in this order. ``extends`` is the number of an earlier part of the same change. Returns the change's number,
    0 if nothing changed.
    """
    boxes = boxes or {}
    box_labels = [box.label for some in boxes.values() for box in some]
    labels = [*new_classes, *box_labels, *(label for _, label, _ in rows if label is not None)]
    numbers, items = _with_classes(conn, project_id, labels)
    wanted = _values_of(rows, numbers)
    for image_id in boxes.keys() & wanted.keys():  # its class comes with the boxes
        wanted[image_id].pop("class_id", None)
    relabelled: dict[int, list[int]] = {}  # images by their new class
    for item in _image_changes(conn, project_id, wanted, _authorship(who, source_of(kind))):
        items.append(item)
        if "class_id" in item.after:
            relabelled.setdefault(item.after["class_id"], []).append(item.entity_id)
    if boxes:
        _present(conn, project_id, boxes)
        by_label = {label: numbers[name_key(label)] for label in box_labels}
        items += box_items(conn, project_id, boxes, by_label, who, source_of(kind))
    for class_id, image_ids in relabelled.items():
        items += relabel_items(conn, image_ids, class_id)
    return apply_change(conn, project_id, kind, text, who, items, extends) if items else 0


def _with_classes(conn: Connection, project_id: int, labels: Iterable[str]) -> tuple[dict[str, int], list[ChangeItem]]:
    """Return the classes' numbers by name key with those of the labels, and what adds the missing ones."""
    numbers = class_numbers(conn, project_id)
    missing: dict[str, str] = {}
    for label in labels:
        if name_key(label) not in numbers:
            missing.setdefault(name_key(label), label)
    items = prepare_classes(conn, project_id, [*missing.values()])
    return numbers | {key: item.entity_id for key, item in zip(missing, items, strict=True)}, items


def _values_of(rows: Iterable[LabelAndSplit], numbers: Mapping[str, int]) -> dict[int, Values]:
    """Return the columns that the rows set, by image. Raises DataError for an unknown split."""
    wanted: dict[int, Values] = {}
    for image_id, label, split in rows:
        values = wanted.setdefault(image_id, {})
        if label is not None:
            values["class_id"] = numbers[name_key(label)]
        if split is not None:
            if split not in SPLITS:
                raise DataError(f'There is no split "{split}". Use {", ".join(SPLITS)}, or leave it empty.')
            values["split"] = split
    return wanted


def _authorship(who: str, source: str) -> Values:
    """Return the columns that say who gave a label, when, and where it came from."""
    name = f"model, accepted by {who}" if source == SUGGESTION else who
    return {"annotated_by": name, "annotated_at": now(), "label_source": source}


def _image_changes(
    conn: Connection, project_id: int, wanted: Mapping[int, Values], authorship: Values
) -> Iterable[ChangeItem]:
    """Yield what sets these columns, for images where they differ; who gave a new class is noted with it."""
    for image_id, row in _present(conn, project_id, wanted).items() if wanted else ():
        after = {key: value for key, value in wanted[image_id].items() if row[key] != value}
        if "class_id" in after:
            after |= authorship
        if after:
            yield _image_item(image_id, row, after)


def remove_images(
    conn: Connection, project_id: int, image_ids: Sequence[int], who: str, heirs: Mapping[int, int] | None = None
) -> int:
    """A change: remove images from the project; return the change's number. Their files stay, so that undo works.

    ``heirs`` (image that stays -> image that goes) get the other's class and its author if they have no class.
    """
    heirs = heirs or {}
    current = _present(conn, project_id, image_ids)
    items = [ChangeItem("image", number, {"removed": False}, {"removed": True}) for number in current]
    for number, row in _present(conn, project_id, heirs).items() if heirs else ():
        if row["class_id"] is None:
            from_copy = current[heirs[number]]
            after = {column.name: from_copy[column.name] for column in LABEL_COLUMNS}
            items.append(_image_item(number, row, after))
    return apply_change(conn, project_id, "images removed", f"{_which(conn, list(current))}: removed", who, items)


def lacks_splits(conn: Connection, project_id: int) -> bool:
    """Return whether any labelled image has no split yet."""
    without = select(images.c.id).where(
        images.c.project_id == project_id,
        images.c.removed == false(),
        images.c.class_id.is_not(None),
        images.c.split.is_(None),
    )
    return conn.execute(without.limit(1)).first() is not None


def new_splits(conn: Connection, project_id: int, seed: int = 0) -> dict[int, str]:
    """Return the split that each labelled image without one will get, the same for near-duplicates.

    Existing splits never change. So an image in the test set stays there, also when its label changes.
    """
    if not lacks_splits(conn, project_id):
        return {}
    query = (
        select(images.c.id, images.c.hash, classes.c.name, images.c.split)
        .join(classes)
        .where(images.c.project_id == project_id, images.c.removed == false())
        .order_by(images.c.id)
    )
    groups = near_duplicates(conn, project_id)
    labelled = [SplitItem(str(row.id), row.name, groups[row.hash], row.split) for row in conn.execute(query)]
    new = [item for item in labelled if item.split is None]
    if lacks_validation(labelled):
        return {int(item.key): "train" for item in new}
    # Those with a split first: they take their places, and the new ones fill the open ones.
    found = assign(sorted(adjust_groups(labelled), key=lambda item: item.split is None), seed)
    return {int(item.key): found[item.key] for item in new}


def assign_splits(conn: Connection, project_id: int, seed: int = 0) -> None:
    """Give every labelled image without a split the one of ``new_splits``.

    This is no event in the history: nobody decided it, and nothing needs undoing.
    """
    found = new_splits(conn, project_id, seed)
    for split in SPLITS:
        numbers = [number for number, given in found.items() if given == split]
        for start in range(0, len(numbers), 5000):
            some = images.c.id.in_(numbers[start : start + 5000])
            conn.execute(update(images).where(some).values(split=split))


def first_classes(conn: Connection, project_id: int, names: Sequence[str]) -> None:
    """Add the classes of a new project; this is no event, because there is nothing to go back to."""
    write_classes(conn, [(item.entity_id, item.after) for item in prepare_classes(conn, project_id, names)])


def _image_item(image_id: int, row: Values, after: Values) -> ChangeItem:
    return ChangeItem("image", image_id, {key: row[key] for key in after}, after)


def _present(conn: Connection, project_id: int, image_ids: Iterable[int]) -> dict[int, Values]:
    """Return the images' values in the given order, each once. Raises DataError if one is not in the project."""
    numbers = list(dict.fromkeys(image_ids))
    if not numbers:
        raise DataError("No image was selected. Select at least one.")
    found = current_values(conn, project_id, numbers)
    gone = [number for number in numbers if number not in found or found[number]["removed"]]
    if gone:
        raise DataError(
            f"Of the {images_in_words(len(numbers))} selected, {len(gone)} can no longer be found in the project. "
            "Nothing was changed. Reload the page and select again."
        )
    return {number: found[number] for number in numbers}


def _which(conn: Connection, image_ids: Sequence[int]) -> str:
    if len(image_ids) > 1:
        return images_in_words(len(image_ids))
    return conn.execute(select(images.c.filename).where(images.c.id == image_ids[0])).scalar_one()
