"""Tell in which pixels the boxes of photos are that the project has at reduced scale: those of the file, or its own."""

from collections.abc import Mapping
from dataclasses import replace

from core.data.importing.boxes.measured import BoxedPhoto, Meaning, Measured, PlacedBox, answered, pixels
from core.data.importing.formats.gathering.boxes_beyond import reach_beyond
from core.data.importing.formats.image_size import TURNED, StoredSize
from core.data.tables.questions import Asking, Question

SCALE = "box-scale"
"""The kind of the question."""
FILE, PROJECT = "file", "project"

Size = tuple[int, int]


def settle_reduced(
    photos: Mapping[int, BoxedPhoto], full_sizes: Mapping[int, Size], asking: Asking, place: str
) -> dict[int, BoxedPhoto]:
    """Return the photos of which some are in the project at reduced scale, with the size of the boxes' pixels.

    ``full_sizes`` are those of the files that these were read from. The size that a table says tells, and so does a
    box that only fits the file; else it is asked.
    """
    settled = dict(photos)
    unclear: dict[int, Measured] = {}
    for key, full in full_sizes.items():
        photo, own, said = photos[key], photos[key].stored, photos[key].frame.size
        if own is None or photo.trusted or photo.frame.relative or photo.frame.fractions:
            continue
        in_file = _in_file(own, full)
        if said in _sizes(in_file) or (said is None and not _fit(photo, own) and _fit(photo, in_file)):
            settled[key] = replace(photo, stored=in_file)
        elif said is None:
            unclear[key] = Measured(photo, own, tuple(PlacedBox(one) for one in photo.objects), key)
    if not unclear:
        return settled
    first, full = next(iter(unclear.values())), full_sizes[next(iter(unclear))]
    which = f"{len(unclear):,} photos are" if len(unclear) > 1 else "1 photo is"
    text = (
        f"{which} in the project at reduced scale, such as {first.name}: {pixels(first.upright)}, and its file had "
        f"{pixels(full)}. Are the boxes in pixels of the file, or of the photo in the project?"
    )

    labels = {FILE: "Scale the boxes from the file", PROJECT: "Keep the boxes: the photo in the project counts"}
    meanings: dict[str, Meaning] = {
        FILE: lambda one: replace(one, stored=_in_file(one.stored, full_sizes[one.place])),
        PROJECT: lambda one: one,
    }
    for one in answered(
        [*unclear.values()], [*unclear.values()], Question(SCALE, text, (), place), meanings, labels, asking
    ):
        settled[one.place] = replace(one.photo, stored=one.stored)
    return settled


def _in_file(own: StoredSize, full: Size) -> StoredSize:
    """Return the size of the file that a stored photo was read from; ``full`` is its upright size."""
    width, height = full[::-1] if own.orientation in TURNED else full
    return StoredSize(width, height, own.orientation, max(1, round(full[0] / own.upright[0])))


def _sizes(one: StoredSize) -> tuple[Size, Size]:
    return one.upright, (one.width, one.height)


def _fit(photo: BoxedPhoto, one: StoredSize) -> bool:
    return any(not reach_beyond(photo.objects, size) for size in _sizes(one))
