"""How changes of labels and classes change the boxes of images."""

from collections.abc import Mapping

from sqlalchemy import Connection

from core.data.store.boxes.box_rows import images_with_class, largest_class, stored_boxes
from core.data.store.history.changes import ChangeItem


def relabel_items(conn: Connection, classes: Mapping[int, int | None]) -> list[ChangeItem]:
    """Give images (image -> class) a class: all their boxes get it, or are removed if it is None."""
    items = []
    for image_id, before in stored_boxes(conn, classes).items():
        class_id = classes[image_id]
        after = [] if class_id is None else [[class_id, *one[1:]] for one in before]
        if after != before:
            items.append(ChangeItem("boxes", image_id, {"boxes": before}, {"boxes": after}))
    return items


def merge_items(conn: Connection, class_id: int, target_id: int) -> list[ChangeItem]:
    """Merge a class into another: its boxes get the other class."""
    items = []
    for image_id, before in stored_boxes(conn, images_with_class(conn, class_id)).items():
        after = [[target_id, *one[1:]] if one[0] == class_id else one for one in before]
        items.append(ChangeItem("boxes", image_id, {"boxes": before}, {"boxes": after}))
    return items


def removal_items(conn: Connection, class_id: int) -> tuple[list[ChangeItem], dict[int, int]]:
    """Remove a class with its boxes. Also return the class of the largest box left, for images that have one."""
    items, left = [], {}
    for image_id, before in stored_boxes(conn, images_with_class(conn, class_id)).items():
        after = [one for one in before if one[0] != class_id]
        items.append(ChangeItem("boxes", image_id, {"boxes": before}, {"boxes": after}))
        if (largest := largest_class(after)) is not None:
            left[image_id] = largest
    return items, left
