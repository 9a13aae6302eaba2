"""Labels, splits, groups and tags of images, and their removal: each call is one change that can be undone."""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection, false, func, select

from core.data.splits import SPLITS
from core.data.store.boxes.box_changes import box_items
from core.data.store.boxes.box_items import relabel_items
from core.data.store.class_rows import write_classes
from core.data.store.classes import class_called, class_numbers, images_in_words, prepare_classes
from core.data.store.grouping.photo_groups import group_spellings
from core.data.store.grouping.tag_items import check_tag, tag_items
from core.data.store.grouping.tag_rows import tags_of
from core.data.store.history.changes import (
    CHUNK,
    LABEL_COLUMNS,
    ChangeItem,
    Values,
    apply_change,
    current_values,
    now,
)
from core.data.store.records import AT_ONCE, LABEL_KINDS, SUGGESTION, LabelAndSplit, Labels, Part, source_of
from core.data.store.schema import images
from core.data.tables.names import ByClassName, check_class_count, name_key, tidy_name
from core.errors import DataError

UNLABELLED: Values = {"annotated_by": None, "annotated_at": None, "label_source": None}
"""The columns of who gave a label, for an image that has none."""


def annotate(
    conn: Connection, project_id: int, part: Part[int], label: str | None, who: str, kind: str = "label"
) -> int:
    """A change: give images a class, or remove theirs (None); return the change's number.

    An image that has this class already is confirmed: it now carries this person's name and the time. ``kind`` is one
    of LABEL_KINDS and tells the history where the label came from: "accepted" names the model as well.
    """
    current = _present(conn, project_id, part.some, of=part.whole)
    if label is None:
        class_id = None
        after: Values = {"class_id": None, **UNLABELLED}
    else:
        class_id, label = class_called(conn, project_id, label)
        after = {"class_id": class_id, **_authorship(who, source_of(kind))}
    items = [_image_item(number, row, after) for number, row in current.items()]
    items += relabel_items(conn, dict.fromkeys(current, class_id))
    text = f"{_which(conn, part.items)}: {label or 'no label'}{LABEL_KINDS[kind]}"
    return apply_change(conn, project_id, kind, text, who, items, part.extends)


def accept_suggestions(conn: Connection, project_id: int, part: Part[tuple[int, str]], who: str) -> int:
    """A change: give images (image, class) what a model suggested and ``who`` accepted; both are named in it.

    Images that have got a class in the meantime keep it. Returns the change's number, 0 if no image was left.
    """
    numbers, authorship = class_numbers(conn, project_id), _authorship(who, SUGGESTION)
    wanted: dict[int, Values] = {}
    for image_id, label in part.some:
        class_id = numbers.find(label) or class_called(conn, project_id, label)[0]
        wanted[image_id] = {"class_id": class_id, **authorship}
    whole = None if part.whole is None else [number for number, _ in part.whole]
    current = _present(conn, project_id, wanted, of=whole)
    current = {number: row for number, row in current.items() if row["class_id"] is None}
    if not current:
        return 0
    items = [_image_item(number, row, wanted[number]) for number, row in current.items()]
    which = images_in_words(len(part.items)) if len(part.items) > AT_ONCE else _which(conn, list(current))
    return apply_change(conn, project_id, "accepted", f"{which}: accepted from the model", who, items, part.extends)


def apply_labels(
    conn: Connection,
    project_id: int,
    labels: Labels,
    who: str,
    text: str,
    kind: str = "import",
    extends: int = 0,
    later: bool = False,
) -> int:
    """A change: set the labels, splits, groups and tags of many images, adding missing classes in their order.

    Of two rows for one image the later one counts. ``kind`` is "import", "splits", "groups", "tags" or one of
    LABEL_KINDS. A group or tag is spelled as the project spells it already. Boxes are set in the same change, and their
    labels are classes. Each annotator's of the ``opinions`` is noted; the image gets the class that they agree on,
    else none. Missing ``new_classes`` are added before those of boxes and rows, in this order, also where
    another class differs only in case; the labels of boxes and rows then mean that class. ``extends`` is the number of
    an earlier part of the same change; a ``later`` part leaves out images that have been removed since. Returns the
    change's number, 0 if nothing changed.
    """
    if later:
        labels = _without_gone(conn, project_id, labels)
    numbers, items = _with_classes(conn, project_id, labels)
    wanted = _values_of(labels.rows, numbers)
    for image_id, group in _groups_of(conn, project_id, labels.groups).items():
        wanted.setdefault(image_id, {})["group_name"] = group
    for image_id in labels.boxes.keys() & wanted.keys():  # its class comes with the boxes
        wanted[image_id].pop("class_id", None)
    for image_id in labels.opinions:  # its class comes with these
        wanted.get(image_id, {}).pop("class_id", None)
    relabelled: dict[int, int | None] = {}
    for item in _image_changes(conn, project_id, wanted, _authorship(who, source_of(kind))):
        items.append(item)
        if "class_id" in item.after:
            relabelled[item.entity_id] = item.after["class_id"]
    items += _opinion_items(conn, project_id, labels.opinions, numbers)
    if labels.boxes:
        _present(conn, project_id, labels.boxes)
        by_label = {box.label: _number(numbers, box.label) for some in labels.boxes.values() for box in some}
        items += box_items(conn, project_id, labels.boxes, by_label, who, source_of(kind))
    items += relabel_items(conn, relabelled)
    if labels.tags:
        _present(conn, project_id, labels.tags)
        items += tag_items(conn, project_id, labels.tags)
    return apply_change(conn, project_id, kind, text, who, items, extends) if items else 0


def check_labels(conn: Connection, project_id: int, labels: Labels) -> None:
    """Raise the DataError that ``apply_labels`` would raise for these labels, before any part of them is written."""
    numbers = class_numbers(conn, project_id)
    missing = _missing(numbers, labels)
    for name in missing:
        tidy_name(name, "class")
    check_class_count(len(numbers) + len(missing), "With these, the project")
    _values_of(((image_id, None, split) for image_id, _, split in labels.rows), numbers)
    _groups_of(conn, project_id, labels.groups)
    for tag in {tag for switched in labels.tags.values() for tag in switched}:
        check_tag(tag)
    if mentioned := labels.images:
        _check_present(conn, project_id, mentioned)


def _without_gone(conn: Connection, project_id: int, labels: Labels) -> Labels:
    """Return the labels of the images that are still in the project."""
    here = _present(conn, project_id, labels.images, of=None)
    return Labels(
        [row for row in labels.rows if row[0] in here],
        {number: some for number, some in labels.boxes.items() if number in here},
        labels.new_classes,
        {number: group for number, group in labels.groups.items() if number in here},
        {number: switched for number, switched in labels.tags.items() if number in here},
        labels.further_names,
        {number: some for number, some in labels.opinions.items() if number in here},
    )


def _groups_of(conn: Connection, project_id: int, groups: Mapping[int, str | None]) -> dict[int, str | None]:
    """Return the groups as the project spells them. Raises DataError for a name that cannot be one."""
    if not groups:
        return {}
    spelled = group_spellings(conn, project_id)
    tidy: dict[str, str] = {}
    for name in groups.values():
        if name is not None and name not in tidy:
            one = tidy_name(name, "group")
            tidy[name] = spelled.setdefault(name_key(one), one)
    return {image_id: None if name is None else tidy[name] for image_id, name in groups.items()}


def _with_classes(conn: Connection, project_id: int, labels: Labels) -> tuple[ByClassName[int], list[ChangeItem]]:
    """Return the classes' numbers with those of the labels, and what adds the missing ones."""
    numbers = class_numbers(conn, project_id)
    missing = _missing(numbers, labels)
    items = prepare_classes(conn, project_id, missing, apart=frozenset(missing))
    for name, item in zip(missing, items, strict=True):
        numbers.add(name, item.entity_id)
    return numbers, items


def _missing(numbers: ByClassName[int], labels: Labels) -> list[str]:
    """Return the classes to add: new ones with exactly their name, then labels that no class has in any case."""
    missing: list[str] = []
    here = ByClassName[str]()
    for exactly, names in ((True, labels.new_classes), (False, labels.names)):
        for name in names:
            known = (numbers.same(name) or here.same(name)) if exactly else (numbers.find(name) or here.find(name))
            if not known:
                here.add(name, name)
                missing.append(name)
    return missing


def _opinion_items(
    conn: Connection, project_id: int, opinions: Mapping[int, Sequence[tuple[str, str]]], numbers: ByClassName[int]
) -> Iterable[ChangeItem]:
    """Yield what gives images the class of one annotator after the other; nobody's stays where they differ."""
    for image_id, row in _present(conn, project_id, opinions).items() if opinions else ():
        before = row
        for who, label in opinions[image_id]:
            after: Values = {"class_id": _number(numbers, label), **_authorship(who, source_of("import"))}
            yield _image_item(image_id, before, after)
            before = {**before, **after}
        if len({_number(numbers, label) for _, label in opinions[image_id]}) > 1:
            yield _image_item(image_id, before, {"class_id": None, **UNLABELLED})


def _number(numbers: ByClassName[int], label: str) -> int:
    """Return the number of a class that is known to exist."""
    number = numbers.find(label)
    if number is None:
        raise KeyError(label)
    return number


def _values_of(rows: Iterable[LabelAndSplit], numbers: ByClassName[int]) -> dict[int, Values]:
    """Return the columns that the rows set, by image. Raises DataError for an unknown split."""
    wanted: dict[int, Values] = {}
    for image_id, label, split in rows:
        values = wanted.setdefault(image_id, {})
        if label is not None:
            values["class_id"] = _number(numbers, label)
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
    conn: Connection,
    project_id: int,
    part: Part[int],
    who: str,
    heirs: Mapping[int, int],
    copies: Mapping[int, Sequence[int]],
) -> int:
    """A change: remove images from the project; return the change's number. Their files stay, so that undo works.

    ``heirs`` (image that stays -> image that goes) get the other's class and its author if they have no class. Images
    with ``copies`` (image that stays -> images that go) get their first group if they have none, and all their tags.
    """
    current = _present(conn, project_id, part.some, of=part.whole)
    items = [ChangeItem("image", number, {"removed": False}, {"removed": True}) for number in current]
    mine = [number for number, copy in heirs.items() if copy in current]
    for number, row in _present(conn, project_id, mine).items() if mine else ():
        if row["class_id"] is None:
            from_copy = current[heirs[number]]
            after = {column.name: from_copy[column.name] for column in LABEL_COLUMNS}
            items.append(_image_item(number, row, after))
    items += _inherited(conn, project_id, current, copies)
    text = f"{_which(conn, part.items)}: removed"
    return apply_change(conn, project_id, "images removed", text, who, items, part.extends) if items else 0


def _inherited(
    conn: Connection, project_id: int, gone: Mapping[int, Values], copies: Mapping[int, Sequence[int]]
) -> list[ChangeItem]:
    """Return what gives images the groups and tags of their copies, as far as these are ``gone`` now."""
    mine = {number: [copy for copy in some if copy in gone] for number, some in copies.items()}
    stays = _present(conn, project_id, [number for number, some in mine.items() if some], of=None)
    tags = tags_of(conn, project_id, gone) if stays else {}
    items = []
    for number, row in stays.items():
        group = next((name for copy in mine[number] if (name := gone[copy]["group_name"])), None)
        if group and row["group_name"] is None:
            items.append(_image_item(number, row, {"group_name": group}))
    wanted = {number: {tag: True for copy in mine[number] for tag in tags.get(copy, ())} for number in stays}
    return items + tag_items(conn, project_id, wanted)


def first_classes(conn: Connection, project_id: int, names: Sequence[str]) -> None:
    """Add the classes of a new project; this is no event, because there is nothing to go back to."""
    write_classes(conn, [(item.entity_id, item.after) for item in prepare_classes(conn, project_id, names)])


def _image_item(image_id: int, row: Values, after: Values) -> ChangeItem:
    return ChangeItem("image", image_id, {key: row[key] for key in after}, after)


def _present(
    conn: Connection, project_id: int, image_ids: Iterable[int], of: Sequence[int] | None = ()
) -> dict[int, Values]:
    """Return the images' values in the given order, each once.

    Raises DataError if one of them, or of those that they are a part ``of``, is not in the project; where that is
    None, images that are gone are left out.
    """
    numbers = list(dict.fromkeys(image_ids))
    found = current_values(conn, project_id, numbers)
    here = {number: found[number] for number in numbers if number in found and not found[number]["removed"]}
    if of is not None and not (here and len(here) == len(set(of or numbers))):
        _check_present(conn, project_id, of or numbers)
    return here


def _check_present(conn: Connection, project_id: int, image_ids: Iterable[int]) -> None:
    """Raise DataError if one of the images is not in the project."""
    numbers = set(image_ids)
    if not numbers:
        raise DataError("No image was selected. Select at least one.")
    present = 0
    ordered = list(numbers)
    for start in range(0, len(ordered), CHUNK):
        some = images.c.id.in_(ordered[start : start + CHUNK])
        here = select(func.count()).where(images.c.project_id == project_id, images.c.removed == false(), some)
        present += conn.execute(here).scalar_one()
    if gone := len(numbers) - present:
        raise DataError(
            f"Of the {images_in_words(len(numbers))} selected, {gone} can no longer be found in the project. "
            "Nothing was changed. Reload the page and select again."
        )


def _which(conn: Connection, image_ids: Sequence[int]) -> str:
    if len(image_ids) > 1:
        return images_in_words(len(image_ids))
    return conn.execute(select(images.c.filename).where(images.c.id == image_ids[0])).scalar_one()
