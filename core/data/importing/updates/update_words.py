"""What an import would change, in words and as records, the same on the page and on the command line."""

from typing import Any

from core.data.importing.updates.label_updates import LabelUpdates, PhotoUpdate
from core.data.store.records import BoxRow


def summary_of(updates: LabelUpdates) -> list[str]:
    """Return what changes and what stays, a phrase each: "12 labels change, 188 stay"."""
    if not updates.photos:
        return []
    labels, stay = updates.labels, updates.photos - updates.labels
    phrases = [f"{_counted(labels, 'label changes', 'labels change')}, {_counted(stay, 'stays', 'stay')}"]
    if updates.splits:
        phrases.append(_counted(updates.splits, "split changes", "splits change"))
    if updates.boxes:
        phrases.append(f"the boxes of {_counted(updates.boxes, 'photo', 'photos')} change")
    if updates.groups:
        phrases.append(_counted(updates.groups, "group changes", "groups change"))
    if updates.tags:
        phrases.append(f"the tags of {_counted(updates.tags, 'photo', 'photos')} change")
    if updates.without_label:
        has = _counted(updates.without_label, "row has", "rows have")
        phrases.append(f"{has} no label and {'changes' if updates.without_label == 1 else 'change'} nothing")
    if leaving := sum(one.split is not None and one.image.split == "test" for one in updates.changes):
        phrases.append(f"{_counted(leaving, 'photo leaves', 'photos leave')} the test set")
    if updates.new_classes:
        new = "new class" if len(updates.new_classes) == 1 else "new classes"
        phrases.append(f"{new}: {', '.join(updates.new_classes)}")
    return phrases


def before_and_after(update: PhotoUpdate) -> tuple[str, str]:
    """Return the changed parts of a photo, before and after: "owl, train" and "duck, test"."""
    before, after = [], []
    if update.label is not None:
        before.append(update.image.label or "no label")
        after.append(update.label)
    if update.split is not None:
        before.append(update.image.split or "no split")
        after.append(update.split)
    if update.boxes is not None:
        old, new = _boxes(update.boxes_before), _boxes(update.boxes)
        before.append(old)
        after.append(new if new != old else f"{new}, changed")
    if update.group is not None:
        before.append(f"group {update.image.group}" if update.image.group else "no group")
        after.append(f"group {update.group}")
    if update.tags is not None:
        before.append(_tags(update.tags_before))
        after.append(_tags(update.tags))
    return ", ".join(before), ", ".join(after)


def as_record(update: PhotoUpdate) -> dict[str, Any]:
    """Return an update for JSON: only what changes, each with its old and new value."""
    record: dict[str, Any] = {"name": update.image.filename, "line": update.line}
    if update.label is not None:
        record["label"] = {"old": update.image.label, "new": update.label}
    if update.split is not None:
        record["split"] = {"old": update.image.split, "new": update.split}
    if update.boxes is not None:
        record["boxes"] = {
            "old": [_box_record(box) for box in update.boxes_before],
            "new": [_box_record(box) for box in update.boxes],
        }
    if update.group is not None:
        record["group"] = {"old": update.image.group, "new": update.group}
    if update.tags is not None:
        record["tags"] = {"old": list(update.tags_before), "new": list(update.tags)}
    return record


def _box_record(box: BoxRow) -> dict[str, Any]:
    return {"label": box.label, "x": box.x, "y": box.y, "width": box.width, "height": box.height}


def _boxes(boxes: tuple[BoxRow, ...]) -> str:
    return _counted(len(boxes), "box", "boxes") if boxes else "no box"


def _tags(tags: tuple[str, ...]) -> str:
    return f"tags {', '.join(tags)}" if tags else "no tags"


def _counted(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"
