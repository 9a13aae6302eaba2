"""Apply updates of photos that are in the project, as one change that one undo takes back."""

from dataclasses import replace

from core.data.importing.updates.box_places import sides_of
from core.data.importing.updates.label_updates import LabelUpdates
from core.data.store.grouping.tag_items import replacing
from core.data.store.records import BoxRow
from core.data.store.store import Store


def outdated(updates: LabelUpdates, store: Store, project_id: int) -> tuple[LabelUpdates, tuple[str, ...]]:
    """Return the updates without the photos that somebody has changed or removed since, and the names of these."""
    images = {row.id: row for row in store.images(project_id)}
    boxes = store.boxes(project_id) if updates.boxes else {}
    tags = store.tags_of(project_id) if updates.tags else {}
    kept, gone = [], []
    for one in updates.changes:
        row = images.get(one.image.id)
        then = (one.image.label, one.image.split, one.image.group)
        same = row is not None and (row.label, row.split, row.group) == then
        same = same and (one.tags is None or tags.get(one.image.id, ()) == one.tags_before)
        if same and (one.boxes is None or sides_of(boxes.get(one.image.id, ())) == sides_of(one.boxes_before)):
            kept.append(one)
        else:
            gone.append(one.image.filename)
    return replace(updates, changes=tuple(kept)), tuple(gone)


def rows_of(updates: LabelUpdates) -> list[tuple[int, str | None, str | None]]:
    """Return the updates as ``Store.apply_labels`` takes them: image, label, split."""
    return [(one.image.id, one.label, one.split) for one in updates.changes]


def boxes_of(updates: LabelUpdates) -> dict[int, tuple[BoxRow, ...]]:
    """Return the new boxes by image."""
    return {one.image.id: one.boxes for one in updates.changes if one.boxes is not None}


def groups_of(updates: LabelUpdates) -> dict[int, str | None]:
    """Return the new groups by image."""
    return {one.image.id: one.group for one in updates.changes if one.group is not None}


def tags_of(updates: LabelUpdates) -> dict[int, dict[str, bool]]:
    """Return the tags to add (True) and to take away (False), by image."""
    return {one.image.id: replacing(one.tags_before, one.tags) for one in updates.changes if one.tags is not None}


def apply_updates(
    updates: LabelUpdates, store: Store, project_id: int, who: str, source: str
) -> tuple[int, LabelUpdates, tuple[str, ...]]:
    """Apply updates as one change that one undo takes back, also where only a part of it was applied.

    Photos that somebody has changed or removed since are left alone. Returns the change's number (0 if nothing was
    left to do), the applied updates, and the names of the photos left alone.
    """
    current, gone = outdated(updates, store, project_id)
    text = f"{update_text(current)} updated from {source}"
    change = store.apply_labels(
        project_id,
        rows_of(current),
        who,
        text,
        boxes=boxes_of(current),
        new_classes=current.new_classes if current.changes else (),
        groups=groups_of(current),
        tags=tags_of(current),
    )
    return change, current, gone


def update_text(updates: LabelUpdates) -> str:
    """Say what is updated, for a button or the history: "12 labels", "12 labels, 3 splits and 2 photos' boxes"."""
    kinds = [
        (updates.labels, "label", "labels"),
        (updates.splits, "split", "splits"),
        (updates.boxes, "photo's boxes", "photos' boxes"),
        (updates.groups, "group", "groups"),
        (updates.tags, "photo's tags", "photos' tags"),
    ]
    *most, last = [f"{count:,} {one if count == 1 else many}" for count, one, many in kinds if count] or ["nothing"]
    return f"{', '.join(most)} and {last}" if most else last
