"""Ask whether the four numbers of boxes are two corners, where they do not look like a place with a size.

Formats with a place and a size (COCO, Hugging Face, YOLO) are often filled with the corners of another one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from core.data.importing.boxes.measured import from_centre
from core.data.importing.formats.gathered_labels import Files, LabelCollector
from core.data.importing.formats.image_size import size_of
from core.data.pictures.box import Box
from core.data.tables.label_rows import PIXELS, LabelledBox
from core.data.tables.questions import SAMPLED, Choice, Question, SamplePhoto
from core.errors import ImageRefused

CORNERS = "box-corners"
"""The kind of the question."""

USUAL, AS_CORNERS, AS_CENTRES, SKIP = "size", "corners", "centre", "skip"

_BEYOND = 1  # pixels that a box may reach beyond its photo: other programs round
_UNIT = (1, 1)
_UNIT_MOST = 1.001
_SAME_AREA = 0.01
_MANY = 4  # one box in so many


@dataclass(frozen=True)
class ReadBox:
    """A box that has been collected."""

    path: str  # of the photo
    place: int  # among the photo's boxes
    area: float | None = None  # that the labels say


def settle_corners(
    collected: LabelCollector, files: Files, boxes: Sequence[ReadBox], place: str, centred: bool = False, least: int = 1
) -> None:
    """Ask for boxes that reach beyond their photos, or have another area than said, and would fit as two corners.

    ``boxes`` are those of the source ``place``; with ``centred`` their first two numbers were the centre.
    Fewer boxes than ``least`` show nothing. Where this asks nothing, whether x and y are the corner or the centre is
    left open: ``settle_boxes`` asks it for boxes that do not fit.
    """
    read = {one: collected.objects[one.path][one.place] for one in boxes}
    if not _asks_for_corners(collected, files, read, place, centred, least):
        for path in {one.path for one in boxes}:
            frame = collected.frames.get(path, PIXELS)
            collected.frames[path] = replace(frame, read_as="centre" if centred else "corner")


def _asks_for_corners(
    collected: LabelCollector, files: Files, read: dict[ReadBox, LabelledBox], place: str, centred: bool, least: int
) -> bool:
    """Ask what the four numbers are, and return True, where they may be two corners."""
    corners = {one: _as_corners(box.box, centred) for one, box in read.items()}
    if not read or any(box.width <= 0 or box.height <= 0 for box in corners.values()):
        return False
    doubtful = _other_area(read, corners)
    if doubtful is None:
        doubtful = _reaching_out(collected, files, read, corners)
    if len(doubtful) < least:
        return False
    first = doubtful[0]
    box = read[first].box
    start = (box.x + box.width / 2, box.y + box.height / 2) if centred else (box.x, box.y)
    example = ", ".join(f"{number:g}" for number in (*start, box.width, box.height))
    usual = "the centre and the size" if centred else "a corner and the size"
    reach = f"{len(doubtful):,} boxes do" if len(doubtful) > 1 else "1 box does"
    text = (
        f"{reach} not fit as {usual}, such as ({example}) of {first.path}, and all boxes fit as two corners. "
        "What do the four numbers mean?"
    )
    meanings: dict[str, Callable[[ReadBox], LabelledBox | None]] = {
        USUAL: lambda one: read[one],
        AS_CORNERS: lambda one: replace(read[one], box=corners[one]),
    }
    if not centred:
        centres = {one: from_centre(marked.box) for one, marked in read.items()}
        if _all_fit(collected, files, centres):
            meanings[AS_CENTRES] = lambda one: replace(read[one], box=centres[one])
    meanings[SKIP] = lambda one: None
    labels = {
        USUAL: f"Read them as {usual}",
        AS_CORNERS: "Read them as two corners",
        AS_CENTRES: "Read them as the centre and the size",
        SKIP: "Leave these boxes out",
    }
    shown = list(dict.fromkeys(one.path for one in doubtful))[:SAMPLED]
    choices = tuple(
        Choice(key, labels[key], photos=tuple(_sample(path, files, read, meaning) for path in shown))
        for key, meaning in meanings.items()
    )
    key = collected.asking.ask(Question(CORNERS, text, choices, place))
    if key not in (None, USUAL):
        _replace(collected, read, meanings[key])
    return True


def _as_corners(box: Box, centred: bool) -> Box:
    """Return the box that the same four numbers give as two corners."""
    x, y = (box.x + box.width / 2, box.y + box.height / 2) if centred else (box.x, box.y)
    return Box(x, y, box.width - x, box.height - y)


def _other_area(read: dict[ReadBox, LabelledBox], corners: dict[ReadBox, Box]) -> list[ReadBox] | None:
    """Return the boxes whose area is only that of two corners; none if one is that of a size; None: nothing is said."""
    with_area = [one for one in read if one.area]
    if any(_alike(one.area, read[one].box.area) for one in with_area):
        return []
    return [one for one in with_area if _alike(one.area, corners[one].area)] or None


def _alike(said: float | None, area: float) -> bool:
    return said is not None and abs(said - area) <= _SAME_AREA * area


def _reaching_out(
    collected: LabelCollector, files: Files, read: dict[ReadBox, LabelledBox], corners: dict[ReadBox, Box]
) -> list[ReadBox]:
    """Return the boxes that reach beyond their photos, if they are many and all boxes fit as two corners."""
    sizes = _sizes_of_boxes(collected, files, corners)
    reaching = []
    for one, box in corners.items():
        size = sizes.get(one.path)
        if size is None:
            continue
        beyond = _UNIT_MOST - 1 if size == _UNIT else _BEYOND
        if not _fits(box, size, beyond):
            return []
        if not _fits(read[one].box, size, beyond):
            reaching.append(one)
    return reaching if len(reaching) * _MANY >= len(read) else []


def _all_fit(collected: LabelCollector, files: Files, boxes: dict[ReadBox, Box]) -> bool:
    sizes = _sizes_of_boxes(collected, files, boxes)
    return all(
        _fits(box, size, _UNIT_MOST - 1 if size == _UNIT else _BEYOND)
        for one, box in boxes.items()
        if (size := sizes.get(one.path)) is not None
    )


def _sizes_of_boxes(collected: LabelCollector, files: Files, boxes: dict[ReadBox, Box]) -> dict[str, tuple[int, int]]:
    """Return the sizes of the photos in the unit of the boxes, which may all be fractions."""
    paths = {one.path for one in boxes}
    if all(max(box.x + box.width, box.y + box.height) <= _UNIT_MOST for box in boxes.values()):
        return dict.fromkeys(paths, _UNIT)
    return _sizes(collected, files, paths)


def _fits(box: Box, size: tuple[int, int], beyond: float) -> bool:
    inside = box.x + box.width <= size[0] + beyond and box.y + box.height <= size[1] + beyond
    return inside and min(box.x, box.y) >= -beyond


def _sizes(collected: LabelCollector, files: Files, paths: set[str]) -> dict[str, tuple[int, int]]:
    """Return the size that the labels say of each photo, else its own."""
    found = {}
    for path in paths:
        frame = collected.frames.get(path)
        said = frame.size if frame is not None else None
        try:
            size = said or size_of(files[path]())
        except (ImageRefused, OSError):  # whoever decodes the photo reports it
            size = None
        if size is not None:
            found[path] = size
    return found


def _sample(
    path: str,
    files: Files,
    read: dict[ReadBox, LabelledBox],
    meaning: Callable[[ReadBox], LabelledBox | None],
) -> SamplePhoto:
    marked = [found for one in read if one.path == path and (found := meaning(one)) is not None]
    return SamplePhoto(path, files[path], tuple((box.label or "", box.box) for box in marked))


def _replace(
    collected: LabelCollector,
    read: dict[ReadBox, LabelledBox],
    meaning: Callable[[ReadBox], LabelledBox | None],
) -> None:
    """Put the boxes of the chosen meaning in the place of those that were read."""
    changed: dict[str, dict[int, LabelledBox | None]] = {}
    for one in read:
        changed.setdefault(one.path, {})[one.place] = meaning(one)
    for path, boxes in changed.items():
        kept = [
            (boxes.get(place, before), source)
            for place, (before, source) in enumerate(zip(collected.objects[path], collected.sources[path], strict=True))
        ]
        collected.objects[path] = [box for box, _ in kept if box is not None]
        collected.sources[path] = [source for box, source in kept if box is not None]
