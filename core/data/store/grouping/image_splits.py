"""The splits of a project's images: which each gets, and how groups are brought to one side."""

from dataclasses import replace

from sqlalchemy import Connection, false, select, update

from core.data.splits import SPLITS, SplitItem, place_whole_groups, splits_of_new
from core.data.store.grouping.photo_groups import photo_groups
from core.data.store.schema import classes, images


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
    """Return the split that each labelled image without one will get, the same for a group and for near-duplicates.

    Existing splits never change. So an image in the test set stays there, also when its label changes.
    """
    if not lacks_splits(conn, project_id):
        return {}
    return {int(key): split for key, split in splits_of_new(_labelled(conn, project_id), seed).items()}


def splits_by_group(conn: Connection, project_id: int, seed: int = 0) -> dict[int, str]:
    """Return the splits that bring every group that a person named to one side, for the images that would move.

    The labelled images of these groups are divided anew, whatever split they have; all others keep theirs.
    """
    labelled = _labelled(conn, project_id)
    before = {item.key: item.split for item in labelled}
    items = [replace(item, split=None) if item.named else item for item in labelled]
    return {
        int(item.key): item.split
        for item in place_whole_groups(items, seed)
        if item.named and item.split is not None and item.split != before[item.key]
    }


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


def _labelled(conn: Connection, project_id: int) -> list[SplitItem]:
    """Return the labelled images in the order in which they were added, by number."""
    query = (
        select(images.c.id, images.c.hash, classes.c.name, images.c.split)
        .join(classes)
        .where(images.c.project_id == project_id, images.c.removed == false())
        .order_by(images.c.id)
    )
    groups = photo_groups(conn, project_id)
    return [
        SplitItem(str(row.id), row.name, groups[row.hash].name, row.split, groups[row.hash].named)
        for row in conn.execute(query)
    ]
