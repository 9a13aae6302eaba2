"""Bursts of a camera: frames become photos of one class and of one group.

Frames of one burst are nearly the same picture. With some of them in training and others in validation, a model would
be praised for recognising pictures that it knows, so they are one group, which never lies in two splits.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from core.data.limited.photos import prepared_photo
from core.data.store.add_images import PreparedImage
from core.data.store.store import Store
from core.data.tables.names import name_key
from core.errors import DataError, ImageRefused
from core.quota import quota_of

MOST_FRAMES = 200
"""In one burst: more of the same teach nothing."""
_LABEL_LETTERS = 60


@dataclass(frozen=True)
class Burst:
    """What is stored of one burst."""

    label: str
    group: str
    change: int = 0
    """Its number in the history; 0 before the first frame."""
    ids: tuple[int, ...] = ()
    """The photos, in the order in which they were taken."""
    known: int = 0
    """Frames that the project had already, exactly as they are: they stay what they were."""
    refused: int = 0
    """Frames that could not be read."""


def new_burst(label: str, taken: Collection[str], moment: datetime) -> Burst:
    """Return an empty burst with a group of its own; ``taken`` are the groups that the project has."""
    keys = {name_key(name) for name in taken}
    start = name = f"camera {label[:_LABEL_LETTERS]} {moment:%Y-%m-%d %H:%M:%S}"
    number = 1
    while name_key(name) in keys:
        number += 1
        name = f"{start} ({number})"
    return Burst(label, name)


def store_frames(store: Store, project_id: int, burst: Burst, frames: Sequence[bytes], who: str) -> Burst:
    """Store some frames, as files of pictures, and return the burst with them. Raises DataError, StorageError.

    Files that are no pictures are counted and left out, and so are frames beyond MOST_FRAMES, and those for which a
    pupil's quota has no room. Raises QuotaReached if it has room for none.
    """
    fit = _fitting(store)
    if burst.label not in {one.name for one in store.classes(project_id)}:  # before any photo is stored
        raise DataError(f'The project has no class "{burst.label}" any more. Reload the page and choose another one.')
    prepared: list[PreparedImage] = []
    refused = 0
    for raw in frames[: max(0, min(fit, MOST_FRAMES - len(burst.ids)))]:
        name = f"{burst.group.replace(':', '.')}/{len(burst.ids) + len(prepared) + 1:03}.jpg"
        try:
            prepared.append(prepared_photo(store.workspace, raw, name, frame=True))
        except ImageRefused:
            refused += 1
    rows = store.add_images(project_id, prepared) if prepared else []
    new = [row.id for row, is_new in rows if is_new]
    change = burst.change
    if new:
        change = store.add_burst(project_id, new, burst.label, burst.group, who, change)
    return replace(
        burst,
        change=change,
        ids=(*burst.ids, *new),
        known=burst.known + len(rows) - len(new),
        refused=burst.refused + refused,
    )


def _fitting(store: Store) -> int:
    """Return how many more frames the quota has room for, at most those of a burst. Raises QuotaReached for none."""
    quota = quota_of(store.workspace)
    if quota.photos is None:
        return MOST_FRAMES
    used = store.photos_in_use()
    quota.check_photos(used, 1)
    return min(MOST_FRAMES, quota.photos - used)


def remove_last(store: Store, project_id: int, burst: Burst, count: int, who: str) -> Burst:
    """Remove the last photos of a burst from the project, which can be undone, and return the burst without them."""
    gone = burst.ids[max(0, len(burst.ids) - count) :]
    there = {image.id for image in store.image_labels(project_id)}
    if here := [number for number in gone if number in there]:
        store.remove_images(project_id, here, who)
    return replace(burst, ids=burst.ids[: len(burst.ids) - len(gone)])
