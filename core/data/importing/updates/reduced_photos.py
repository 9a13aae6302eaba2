"""Tell in which pixels the boxes of photos are that the project has at reduced scale: those of the file, or its own."""

from collections.abc import Mapping
from dataclasses import replace

from core.data.importing.boxes.measured import BoxedPhoto, Measured, PlacedBox, answered, pixels
from core.data.importing.formats.gathering.boxes_beyond import reach_beyond
from core.data.importing.formats.image_size import StoredSize
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
        photo = photos[key]
        own = photo.stored.upright if photo.stored else full
        if photo.trusted or photo.frame.relative or photo.frame.fractions or photo.frame.size not in (None, full):
            continue
        in_file = replace(photo, stored=StoredSize(*full, scale=max(1, round(full[0] / own[0]))))
        fits_file = reach_beyond(photo.objects, own) and not reach_beyond(photo.objects, full)
        if photo.frame.size == full or fits_file:
            settled[key] = in_file
        elif photo.stored is not None:
            boxes = tuple(PlacedBox(one) for one in photo.objects)
            unclear[key] = Measured(photo, photo.stored, boxes, key)
    if not unclear:
        return settled
    first, full = next(iter(unclear.values())), full_sizes[next(iter(unclear))]
    which = f"{len(unclear):,} photos are" if len(unclear) > 1 else "1 photo is"
    text = (
        f"{which} in the project at reduced scale, such as {first.name}: {pixels(first.upright)}, and its file had "
        f"{pixels(full)}. Are the boxes in pixels of the file, or of the photo in the project?"
    )

    def as_in_file(one: Measured) -> Measured:
        size = full_sizes[one.place]
        return replace(one, stored=StoredSize(*size, scale=max(1, round(size[0] / one.upright[0]))))

    labels = {FILE: "Scale the boxes from the file", PROJECT: "Keep the boxes: the photo in the project counts"}
    meanings = {FILE: as_in_file, PROJECT: lambda one: one}
    for one in answered(
        [*unclear.values()], [*unclear.values()], Question(SCALE, text, (), place), meanings, labels, asking
    ):
        settled[one.place] = replace(one.photo, stored=one.stored)
    return settled
