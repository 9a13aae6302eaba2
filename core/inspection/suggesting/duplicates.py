"""What to do with a group of near-duplicates: which copy to keep, and the split where the group belongs."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence

from core.data.pictures.image_quality import ImageQuality
from core.data.store.records import ImageRow

SHARP = 0.6
"""Share of the group's greatest sharpness below which a copy counts as blurred or darkened. The same photo compressed
again measures 0.7 and more against its original, in either direction; darkened to 60 % it measures 0.36, softly blurred
mostly below 0.5."""


def duplicate_groups(rows: Sequence[ImageRow], groups: Mapping[str, str]) -> list[list[ImageRow]]:
    """Return the near-duplicates among the images, group by group, as ``Store.near_duplicates`` knows them."""
    members: dict[str, list[ImageRow]] = {}
    for row in rows:
        members.setdefault(groups.get(row.hash, row.hash), []).append(row)
    return [group for group in members.values() if len(group) > 1]


def common_split(splits: Iterable[str | None]) -> str | None:
    """Return the split where a whole group belongs: test if any of it is in test, else val, else train."""
    present = set(splits)
    return next((split for split in ("test", "val", "train") if split in present), None)


def best_copy_first(
    rows: Sequence[ImageRow], quality: Mapping[str, ImageQuality], *, boxed: bool = False
) -> list[ImageRow]:
    """Sort a group by which picture to keep: the largest, then sharp, labelled and least compressed.

    ``quality`` are by content hash; if one is missing, sharpness does not count. ``boxed`` puts pictures with a label
    before all others, because a box fits only its own picture.
    """
    sharpness = [quality[row.hash].sharpness for row in rows if row.hash in quality]
    known = len(sharpness) == len(rows)
    least = SHARP * max(sharpness, default=0.0)

    def worth(row: ImageRow) -> tuple[bool | int, ...]:
        labelled = row.label is not None
        sharp = known and quality[row.hash].sharpness >= least
        return (boxed and labelled, row.width * row.height, sharp, labelled, row.bytes, -row.id)

    return sorted(rows, key=worth, reverse=True)


def group_name(rows: Iterable[ImageRow]) -> str:
    """Return a name that stays the same as long as the group holds the same pictures."""
    return hashlib.sha256("\n".join(sorted(row.hash for row in rows)).encode()).hexdigest()
