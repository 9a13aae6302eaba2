"""Ask on which photo boxes were drawn that is stored turned or mirrored, where no size tells."""

from core.data.importing.boxes.measured import Measured, PlacedBox, answered, scaled
from core.data.pictures.box import Box
from core.data.tables.questions import Asking, Question

ORIENTATION = "box-orientation"
"""The kind of the question."""
STORED, UPRIGHT = "stored", "upright"


def settle_orientation(photos: list[Measured], asking: Asking, place: str) -> list[Measured]:
    """Ask on which photo the boxes were drawn that the size cannot tell: half turns, mirrored and square ones."""
    unclear = [one for one in photos if one.boxes and one.stored.orientation != 1 and not _size_tells(one)]
    if not unclear:
        return photos
    which = "1 photo is stored" if len(unclear) == 1 else f"{len(unclear):,} photos are stored"
    text = (
        f"{which} turned or mirrored and shown upright (EXIF), such as {unclear[0].name}. Were the boxes drawn on the "
        "photo as it is shown, or as it is stored?"
    )
    meanings = {UPRIGHT: lambda one: one, STORED: lambda one: one.changed(lambda box: _from_stored(one, box))}
    labels = {UPRIGHT: "Drawn on the photo as it is shown", STORED: "Drawn on the photo as it is stored"}
    return answered(photos, unclear, Question(ORIENTATION, text, (), place), meanings, labels, asking)


def _size_tells(one: Measured) -> bool:
    """Return whether the size that the source says shows how the photo was turned when the boxes were drawn."""
    return one.said is not None and one.as_stored != one.upright


def _from_stored(one: Measured, box: PlacedBox) -> Box:
    if not box.relative:
        return one.stored.turn(box.box)
    width, height = one.upright
    across, down = one.as_stored[0] / width, one.as_stored[1] / height
    return one.stored.turn(scaled(box.box, across, down))
