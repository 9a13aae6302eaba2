"""A photo whose size has been read, with its boxes as far as they are settled, and the question about several."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from core.data.importing.formats.image_size import StoredSize
from core.data.pictures.box import Box
from core.data.tables.label_rows import BoxFrame, LabelledBox
from core.data.tables.questions import SAMPLED, Asking, Choice, Question, SamplePhoto

PIXEL_DIGITS = 6  # of a pixel, after a fraction has been scaled

Objects = tuple[LabelledBox, ...]
Size = tuple[int, int]


@dataclass(frozen=True)
class BoxedPhoto:
    """A photo with the boxes that a source gives it."""

    name: str
    objects: Objects
    frame: BoxFrame  # what the source says about their numbers
    read: Callable[[], bytes]  # raises ImageRefused
    stored: StoredSize | None = None  # where it is known already
    trusted: bool = False  # our own data: a box beyond the photo was kept before


@dataclass(frozen=True)
class PlacedBox:
    """A box in pixels of the size that the source says of the photo, else of the upright photo."""

    marked: LabelledBox
    relative: bool = False  # it was a fraction of the photo, and is in pixels of ``size_of_fractions``

    @property
    def box(self) -> Box:
        """Its place."""
        return self.marked.box

    def at(self, box: Box) -> "PlacedBox":
        """Return it in another place."""
        return replace(self, marked=replace(self.marked, box=box))


@dataclass(frozen=True)
class Measured:
    """A photo whose size has been read, with its boxes as far as they are settled."""

    photo: BoxedPhoto
    stored: StoredSize
    boxes: tuple[PlacedBox, ...]
    place: int = 0  # among the photos

    @property
    def name(self) -> str:
        """The photo's name."""
        return self.photo.name

    @property
    def said(self) -> Size | None:
        """The size that the source says."""
        return self.photo.frame.size

    @property
    def upright(self) -> Size:
        """The size of the photo as it is shown."""
        return self.stored.upright

    @property
    def as_stored(self) -> Size:
        """The size of the photo before it is turned upright."""
        return self.stored.width, self.stored.height

    @property
    def objects(self) -> Objects:
        """The boxes with their classes."""
        return tuple(one.marked for one in self.boxes)

    def with_boxes(self, boxes: Iterable[PlacedBox]) -> "Measured":
        """Return the photo with other boxes."""
        return replace(self, boxes=tuple(boxes))

    def changed(self, change: Callable[[PlacedBox], Box]) -> "Measured":
        """Return the photo with all boxes in other places."""
        return self.with_boxes(one.at(change(one)) for one in self.boxes)


Meaning = Callable[[Measured], Measured]


def size_of_fractions(one: Measured) -> Size:
    """Return the size in whose pixels the photo's fractions are: they fit the photo whatever its scale.

    Only the shape of the size that the source says tells whether the photo was upright when its boxes were drawn.
    """
    if one.said is None:
        return one.upright
    return next((size for size in (one.upright, one.as_stored) if _same_shape(one.said, size)), one.said)


def _same_shape(said: Size, size: Size) -> bool:
    factor = size[0] / said[0]
    return abs(said[1] * factor - size[1]) <= max(1.0, factor)


def answered(
    photos: Sequence[Measured],
    unclear: Sequence[Measured],
    question: Question,
    meanings: Mapping[str, Meaning],
    labels: Mapping[str, str],
    asking: Asking,
) -> list[Measured]:
    """Ask with the first unclear photos as samples, and return all photos with the boxes that the answer gives."""
    choices = tuple(
        Choice(key, labels[key], photos=tuple(_sample(meaning(one)) for one in unclear[:SAMPLED]))
        for key, meaning in meanings.items()
    )
    key = asking.ask(replace(question, choices=choices))
    if key is None:
        return [*photos]
    changed = {one.place: meanings[key](one) for one in unclear}
    return [changed.get(one.place, one) for one in photos]


def _sample(one: Measured) -> SamplePhoto:
    objects = as_read(one.stored, one.objects)
    return SamplePhoto(one.name, one.photo.read, tuple((marked.label or "", marked.box) for marked in objects))


def as_read(stored: StoredSize, objects: Objects) -> Objects:
    """Return objects in pixels of the photo as it is read: a very large JPEG is read at reduced scale."""
    if stored.scale == 1:
        return objects
    (width, height), (across, down) = stored.upright, stored.as_read
    return with_places(objects, lambda box: scaled(box, across / width, down / height))


def objects_in_pixels(objects: Objects, size: Size) -> Objects:
    """Return objects, whose boxes are fractions, in pixels of an upright photo of this size."""
    return with_places(objects, lambda box: rounded(scaled(box, *size)))


def with_places(objects: Objects, change: Callable[[Box], Box]) -> Objects:
    """Return the objects with changed boxes."""
    return tuple(replace(one, box=change(one.box)) for one in objects)


def scaled(box: Box, across: float, down: float) -> Box:
    """Return the box with all numbers times these."""
    return Box(box.x * across, box.y * down, box.width * across, box.height * down)


def rounded(box: Box) -> Box:
    """Return the box without what calculating in fractions adds: 81 instead of 80.99999999."""
    return Box(*(round(side, PIXEL_DIGITS) for side in (box.x, box.y, box.width, box.height)))


def from_centre(box: Box) -> Box:
    """Return the box of which these x and y are the centre."""
    return Box(box.x - box.width / 2, box.y - box.height / 2, box.width, box.height)


def as_centre(box: Box) -> Box:
    """Return the box of which this one's centre is the upper left corner."""
    return Box(box.x + box.width / 2, box.y + box.height / 2, box.width, box.height)


def fits(box: Box, size: tuple[float, float], beyond: float = 0.0) -> bool:
    """Return whether a box lies inside a photo of this size, or reaches ``beyond`` it by at most so much."""
    inside = box.x + box.width <= size[0] + beyond and box.y + box.height <= size[1] + beyond
    return inside and min(box.x, box.y) >= -beyond


def sides(box: Box) -> str:
    """Return the four numbers as they are shown."""
    return f"({box.x:g}, {box.y:g}, {box.width:g}, {box.height:g})"


def pixels(size: Size) -> str:
    """Return the size as it is shown."""
    return f"{size[0]:,} × {size[1]:,} pixels"


def listed(names: Sequence[str]) -> str:
    """Return the first of the names."""
    return ", ".join(names[:SAMPLED]) + (", ..." if len(names) > SAMPLED else "")
