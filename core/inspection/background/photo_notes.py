"""What is known of a run's photos beside their label: boxes, tags and groups, by content hash."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from core.data.pictures.box import Box
from core.data.snapshot import BOX_COLUMNS, BY_USER, GROUP, SIZE_COLUMNS, Snapshot

if TYPE_CHECKING:
    from core.data.store.store import Store


@dataclass(frozen=True)
class BoxedPhoto:
    """The boxes of a photo, in pixels of the whole picture, and its size."""

    width: int
    height: int
    boxes: tuple[Box, ...]


@dataclass(frozen=True)
class PhotoNotes:
    """Boxes, tags and groups by content hash; a photo without any is left out."""

    boxes: dict[str, BoxedPhoto] = field(default_factory=dict)
    tags: dict[str, tuple[str, ...]] = field(default_factory=dict)
    groups: dict[str, str] = field(default_factory=dict)


def notes_of(snapshot: Snapshot, store: "Store | None" = None, project_id: int | None = None) -> PhotoNotes:
    """Return what the run's project knows of its photos now; without a project, what its snapshot holds.

    A snapshot has one box a photo, in a localization, and the groups that a person named. Raises DataError for a
    project that does not exist.
    """
    if store is None or project_id is None:
        return _of_snapshot(snapshot)
    wanted = set(snapshot.frame["image"])
    rows = [row for row in store.images(project_id) if row.hash in wanted]
    boxes, tags = store.boxes(project_id), store.tags_of(project_id)
    drawn = {
        row.hash: BoxedPhoto(
            row.width, row.height, tuple(Box(one.x, one.y, one.width, one.height) for one in boxes[row.id])
        )
        for row in rows
        if row.id in boxes
    }
    # A photo that was deleted from the project since, or whose boxes were, keeps what the run was trained with.
    return PhotoNotes(
        {**_of_snapshot(snapshot).boxes, **drawn},
        {row.hash: tags[row.id] for row in rows if row.id in tags},
        {row.hash: row.group for row in rows if row.group is not None},
    )


def boxes_as_json(boxes: Mapping[str, BoxedPhoto], images: Sequence[str]) -> dict[str, Any]:
    """Return the boxes of these photos as JSON can hold them."""
    return {
        image: [boxes[image].width, boxes[image].height, [list(vars(one).values()) for one in boxes[image].boxes]]
        for image in images
        if image in boxes
    }


def read_boxes(found: Mapping[str, Any]) -> dict[str, BoxedPhoto]:
    """Return the boxes of ``boxes_as_json``."""
    return {
        image: BoxedPhoto(width, height, tuple(Box(*sides) for sides in boxes))
        for image, (width, height, boxes) in found.items()
    }


def boxes_digest(boxes: Mapping[str, BoxedPhoto], images: Sequence[str]) -> str:
    """Return a digest of the boxes of these photos."""
    text = json.dumps(boxes_as_json(boxes, images), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _of_snapshot(snapshot: Snapshot) -> PhotoNotes:
    frame = snapshot.frame
    boxes, groups = {}, {}
    if set(BOX_COLUMNS) <= set(frame):
        for row in frame[["image", *BOX_COLUMNS, *SIZE_COLUMNS]].to_dict("records"):
            width, height = (int(row[side]) for side in SIZE_COLUMNS)
            box = Box(*(float(row[side]) for side in BOX_COLUMNS))
            boxes[str(row["image"])] = BoxedPhoto(width, height, (box,))
    if snapshot.grouped_by == BY_USER:
        # A photo whose group holds it alone was not put into one by a person.
        shared = frame[frame[GROUP].duplicated(keep=False)]
        groups = dict(zip(shared["image"], shared[GROUP], strict=True))
    return PhotoNotes(boxes, {}, groups)
