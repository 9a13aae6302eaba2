"""How a project's labels differ from those that a run was trained on, without making a snapshot: pages ask often."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from core.data.snapshot import BOX_COLUMNS, LOCALIZATION
from core.data.snapshot_changes import SnapshotChanges

if TYPE_CHECKING:
    from core.data.snapshot import Snapshot
    from core.data.store.records import Project
    from core.data.store.store import Store


class Label(NamedTuple):
    """What a run learns about one photo."""

    name: str
    box: tuple[float, ...] = ()
    """x, y, width and height of a localization's box."""


def labels_of_snapshot(snapshot: "Snapshot") -> dict[str, Label]:
    """Return the labels of a snapshot by content hash."""
    frame = snapshot.frame
    if snapshot.task != LOCALIZATION:
        return {image: Label(name) for image, name in zip(frame["image"], frame["label"], strict=True)}
    sides = frame[list(BOX_COLUMNS)].itertuples(index=False, name=None)
    return {
        image: Label(name, tuple(map(float, box)))
        for image, name, box in zip(frame["image"], frame["label"], sides, strict=True)
    }


def present_labels(store: "Store", project: "Project") -> dict[str, Label]:
    """Return the labels that a snapshot of the project would have now, by content hash."""
    rows = [row for row in store.image_labels(project.id) if row.label is not None]
    if project.task != LOCALIZATION:
        return {row.hash: Label(row.label or "") for row in rows}
    boxes = store.boxes(project.id)
    found = {}
    for row in rows:
        if row.id in boxes:  # as in a snapshot: the largest box of an image gives it its class
            largest = max(boxes[row.id], key=lambda box: box.width * box.height)
            found[row.hash] = Label(largest.label, tuple(float(getattr(largest, side)) for side in BOX_COLUMNS))
    return found


def label_differences(before: Mapping[str, Label], after: Mapping[str, Label]) -> SnapshotChanges:
    """Compare labels photo by photo; splits and classes are not compared."""
    common = before.keys() & after.keys()
    return SnapshotChanges(
        added=len(after.keys() - common),
        removed=len(before.keys() - common),
        relabelled=sum(before[image].name != after[image].name for image in common),
        moved=0,
        reboxed=sum(before[image].box != after[image].box for image in common),
        new_classes=(),
        lost_classes=(),
    )
