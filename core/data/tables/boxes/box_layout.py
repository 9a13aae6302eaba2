"""The columns of a table that hold a box and the size of its photo, by their usual names."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

Shape = Literal["sides", "corners", "centre"]

BOX = ("x", "y", "width", "height")
"""The columns of our own exports: the upper left corner and the size."""
CORNERS = ("xmin", "ymin", "xmax", "ymax")

_CORNERS = (
    CORNERS,
    ("x_min", "y_min", "x_max", "y_max"),
    ("min_x", "min_y", "max_x", "max_y"),
    ("minx", "miny", "maxx", "maxy"),
    ("x1", "y1", "x2", "y2"),
    ("x_1", "y_1", "x_2", "y_2"),
    ("x0", "y0", "x1", "y1"),
    ("x_0", "y_0", "x_1", "y_1"),
    ("left", "top", "right", "bottom"),
    ("left_x", "top_y", "right_x", "bottom_y"),
    ("x_left", "y_top", "x_right", "y_bottom"),
    ("x_start", "y_start", "x_end", "y_end"),
    ("start_x", "start_y", "end_x", "end_y"),
    ("startx", "starty", "endx", "endy"),
    ("xstart", "ystart", "xend", "yend"),
    ("leftx", "topy", "rightx", "bottomy"),
    ("xleft", "ytop", "xright", "ybottom"),
    *(
        tuple(form.format(side, corner) for corner in corners for side in "xy")
        for corners in (
            ("ul", "lr"),
            ("tl", "br"),
            ("lt", "rb"),
            ("topleft", "bottomright"),
            ("upperleft", "lowerright"),
            ("upper_left", "lower_right"),
            ("upper_left", "bottom_right"),
            ("top_left", "bottom_right"),
            ("top_left", "lower_right"),
            ("left_top", "right_bottom"),
            ("lefttop", "rightbottom"),
        )
        for form in ("{1}_{0}", "{1}{0}", "{0}_{1}", "{0}{1}")
    ),
)
_CENTRES = (
    ("x_center", "y_center"),
    ("xcenter", "ycenter"),
    ("center_x", "center_y"),
    ("x_centre", "y_centre"),
    ("centre_x", "centre_y"),
    ("cx", "cy"),
    ("xc", "yc"),
)
_SIZES = (("width", "height"), ("w", "h"))
_PREFIXES = (
    *("", "bbox_", "box_", "bndbox_", "bb_", "roi_", "rect_", "rectangle_", "bounding_box_", "boundingbox_"),
    *("object_", "obj_", "region_", "crop_", "annotation_", "gt_"),
)
_PHOTO_SIZES = tuple(
    (f"{photo}{width}", f"{photo}{height}")
    for photo in ("image_", "img_", "photo_", "picture_", "frame_", "original_", "orig_", "im_", "image", "img")
    for width, height in _SIZES
)
_WORDS = frozenset(("left", "top", "right", "bottom"))  # three of them are part of a box, a single one may be anything


@dataclass(frozen=True)
class BoxColumns:
    """Where a box and the size of its photo stand in a row."""

    places: tuple[int, ...] = ()  # four columns, or none
    shape: Shape = "sides"  # what the four numbers are: corner and size, two corners, centre and size
    size: tuple[int, ...] = ()  # width and height of the photo, or none
    size_is_plain: bool = False  # its columns are just width and height: they may be the box's own
    parts: tuple[int, ...] = ()  # columns of a box of which others are missing
    missing: tuple[str, ...] = ()
    plain: bool = False  # x and y of a corner and size are called just that: people write the centre there, too


NO_BOX = BoxColumns()


_FAMILIES = tuple(tuple(prefix + name for name in family) for prefix in _PREFIXES for family in _CORNERS)
"""The names of two corners, with each prefix."""
BOX_COLUMNS = frozenset(
    prefix + name for prefix in _PREFIXES for family in (*_CORNERS, *_CENTRES, *_SIZES, BOX) for name in family
)
"""The names of all columns that may be part of a box."""


def find_box_columns(columns: Sequence[str]) -> BoxColumns:
    """Return the columns of the box; ``columns`` are in lower case, with "_" for spaces.

    Two corners come before a corner and a size, since width and height may be those of the photo beside them. Where
    only a part of a box is there, no box is read, and the result says what is missing.
    """
    at = {name: place for place, name in reversed([*enumerate(columns)])}
    names = set(at)
    # Of the hundreds of families, a table has names of a few at most.
    families = [family for family in _FAMILIES if not names.isdisjoint(family)]
    for family in families:
        if _all(family, at):
            return BoxColumns(_places(family, at), "corners", *_photo_size(at, plain=not _has_own_size(at)))
    begun = [family for family in families if _is_begun(family, at)]
    if begun:
        return _incomplete(max(begun, key=lambda family: sum(name in at for name in family)), at)
    starts = [start for start in _STARTS if not names.isdisjoint(start[1])]
    for shape, first, prefix in starts:
        if _all(first, at):
            for size in _sizes(prefix, at):
                if _all(size, at):
                    plain = not set(size).intersection(_SIZES[0])
                    found = BoxColumns(_places((*first, *size), at), shape, *_photo_size(at, plain=plain))
                    return replace(found, plain=first == (prefix + BOX[0], prefix + BOX[1]))
    for _, first, prefix in starts:
        if first != BOX[:2] and not _WORDS.intersection(first):
            return _incomplete((*first, *_sizes(prefix, at)[0]), at)
    return BoxColumns((), "sides", *_photo_size(at, plain=True))


def _first_two() -> Iterator[tuple[Shape, tuple[str, ...], str]]:
    """Yield the columns of a corner or centre, with what they are, and their prefix."""
    for prefix in _PREFIXES:
        for shape, pairs in (("sides", (*(family[:2] for family in _CORNERS), BOX[:2])), ("centre", _CENTRES)):
            for pair in pairs:
                yield ("centre" if shape == "centre" else "sides"), tuple(prefix + name for name in pair), prefix


_STARTS = tuple(_first_two())


def _sizes(prefix: str, at: Mapping[str, int]) -> list[tuple[str, ...]]:
    """Return the columns that may hold the size of a box; beside w and h, width and height are those of the photo."""
    own = [tuple(prefix + name for name in size) for size in _SIZES]
    if not prefix:
        return own[::-1] if _all(own[1], at) else own
    return [*own, *_SIZES]


def _is_begun(family: tuple[str, ...], at: Mapping[str, int]) -> bool:
    """Return whether the lower right corner has begun, without all that belongs to it."""
    first, second = (any(name in at for name in half) for half in (family[:2], family[2:]))
    if _WORDS.intersection(family):
        return sum(name in at for name in family) == 3
    # x1 and y1 are the first corner of one family and the second of another.
    return second and (first or not family[2].endswith(("x1", "x_1")))


def _incomplete(family: tuple[str, ...], at: Mapping[str, int]) -> BoxColumns:
    there = tuple(at[name] for name in family if name in at)
    return BoxColumns(parts=there, missing=tuple(name for name in family if name not in at))


def _has_own_size(at: Mapping[str, int]) -> bool:
    """Return whether width and height belong to a second box of the same row, by its corner or centre."""
    return any(_all(pair, at) for pair in (BOX[:2], *_CENTRES))


def _photo_size(at: Mapping[str, int], *, plain: bool) -> tuple[tuple[int, ...], bool]:
    """Return the columns of the photo's size, and whether they are called just width and height."""
    for size in _PHOTO_SIZES:
        if _all(size, at):
            return _places(size, at), False
    if plain and _all(_SIZES[0], at):
        return _places(_SIZES[0], at), True
    return (), False


def _all(names: Sequence[str], at: Mapping[str, int]) -> bool:
    return all(name in at for name in names)


def _places(names: Sequence[str], at: Mapping[str, int]) -> tuple[int, ...]:
    return tuple(at[name] for name in names)
