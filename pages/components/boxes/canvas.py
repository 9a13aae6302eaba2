"""The canvas to draw boxes on: the only module that knows which library draws, and in which pixels."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import streamlit as st

from core.data.store.records import BoxRow

STROKE_PIXELS = 2
# What the library adds for a click without a drag is a square of twice the stroke.
CLICK_PIXELS = 2 * STROKE_PIXELS
# Each side has so many pixels at least, or one could not draw: a very long photo is shown wider than it is.
LEAST_PIXELS = 140
HANDLE_PIXELS = 8  # a press so near to a corner or to the middle of a side is about the handle there
COLOR, FILL = "#e4572e", "rgba(228, 87, 46, 0.12)"
FONT_PIXELS = 14
Drawing = dict[str, str | float]


@dataclass(frozen=True)
class Sheet:
    """One canvas in one browser tab: its photo, the boxes that it began with, its size. Another one has another key."""

    key: str
    image_id: int
    size: tuple[int, int]  # of the photo, in its own pixels
    canvas: tuple[int, int]  # in pixels of the screen
    begun: tuple[BoxRow, ...]

    def step(self) -> tuple[int, int]:
        """How many pixels of the photo make about one pixel of the screen, across and down."""
        return max(1, round(self.size[0] / self.canvas[0])), max(1, round(self.size[1] / self.canvas[1]))


def canvas_size(size: tuple[int, int], most: tuple[int, int]) -> tuple[int, int]:
    """Width and height of the canvas: the shape of the photo, at most so large, neither side too small to draw on."""
    width, height = size
    scale = min(most[0] / width, most[1] / height)
    sides = max(LEAST_PIXELS, round(width * scale)), max(LEAST_PIXELS, round(height * scale))
    return min(sides[0], most[0]), min(sides[1], most[1])


def is_stretched(sheet: Sheet) -> bool:
    """Whether the photo is shown in another shape than its own."""
    across, down = sheet.canvas[0] / sheet.size[0], sheet.canvas[1] / sheet.size[1]
    return max(across, down) > 1.25 * min(across, down)


def draw(sheet: Sheet, photo: bytes, label: str, on_change: Callable[[], None]) -> None:
    """Shows the photo, in whatever resolution, with its boxes; a new box gets ``label``.

    ``on_change`` is called when somebody has drawn: ``drawn_on`` then knows the boxes, also where the tab shows another
    photo by now.
    """
    from streamlit_drawable_canvas import boxes_to_drawing, st_canvas

    begun = boxes_to_drawing(
        [to_canvas(box, sheet.size, sheet.canvas) for box in sheet.begun],
        stroke_color=COLOR,
        stroke_width=STROKE_PIXELS,
        fill_color=FILL,
    )
    for one in begun["objects"]:
        one["fontSize"] = FONT_PIXELS
    st_canvas(
        fill_color=FILL,
        stroke_width=STROKE_PIXELS,
        stroke_color=COLOR,
        background_image=photo,
        width=sheet.canvas[0],
        height=sheet.canvas[1],
        drawing_mode="labeled_rect",
        label=label,
        font_size=FONT_PIXELS,
        initial_drawing=begun,
        key=sheet.key,
        on_change=on_change,
    )


def drawn_on(sheet: Sheet) -> tuple[list[BoxRow], int] | None:
    """The boxes on a canvas as it said last, in pixels of the photo, and how many mere clicks; None if it is silent."""
    from streamlit_drawable_canvas import CanvasResult

    said = (st.session_state.get(sheet.key) or {}).get("drawing") or {}
    if not said.get("raw"):
        return None
    boxes = CanvasResult(said["raw"], None, False).boxes
    return from_canvas(boxes, sheet.begun, sheet.size, sheet.canvas)


def to_canvas(box: BoxRow, size: tuple[int, int], canvas: tuple[int, int]) -> Drawing:
    """A box as the library wants it, in pixels of the canvas."""
    across, down = canvas[0] / size[0], canvas[1] / size[1]
    return {
        "label": box.label,
        "left": box.x * across,
        "top": box.y * down,
        "width": box.width * across,
        "height": box.height * down,
    }


def from_canvas(
    drawn: Sequence[Drawing],
    begun: Sequence[BoxRow],
    size: tuple[int, int],
    canvas: tuple[int, int],
) -> tuple[list[BoxRow], int]:
    """What the library says, in pixels of the photo, without mere clicks; how many those were.

    The library rounds to a ten-thousandth of a canvas pixel: a box within a thousandth of what it was at the start, on
    every side, was not touched. One that somebody moved comes back to a hundredth of a pixel.
    """
    left = list(begun)
    answer, clicks = [], 0
    for one in drawn:
        width, height = abs(float(one["width"])), abs(float(one["height"]))
        same = next((box for box in left if _same(box, one, size, canvas)), None)
        if same is not None:
            left.remove(same)
            answer.append(replace(same, label=str(one["label"])))
            continue
        if width <= CLICK_PIXELS or height <= CLICK_PIXELS:
            clicks += 1
            continue
        corner = float(one["left"]), float(one["top"])
        answer.append(box_of(str(one["label"]), (*corner, width, height), size, canvas))
    return answer, clicks


def box_of(
    label: str, sides: tuple[float, float, float, float], size: tuple[int, int], canvas: tuple[int, int]
) -> BoxRow:
    """A box of the photo from its left, top, width and height on the canvas."""
    across, down = size[0] / canvas[0], size[1] / canvas[1]
    left, top, width, height = sides
    return BoxRow(
        label, round(left * across, 2), round(top * down, 2), round(width * across, 2), round(height * down, 2)
    )


def box_at(sheet: Sheet, boxes: Sequence[BoxRow], at: int, place: tuple[float, float]) -> int | None:
    """The box that a press at this place of the canvas selects: the one on top, unless it is on a handle of ``at``."""
    x, y = place
    sides = [to_canvas(box, sheet.size, sheet.canvas) for box in boxes]
    corners = [(float(one["left"]), float(one["top"]), float(one["width"]), float(one["height"])) for one in sides]
    if at < len(corners):
        left, top, width, height = corners[at]
        near_x = [_near(x, left), _near(x, left + width / 2), _near(x, left + width)]
        near_y = [_near(y, top), _near(y, top + height / 2), _near(y, top + height)]
        in_the_middle = near_x == near_y == [False, True, False]
        if any(near_x) and any(near_y) and not in_the_middle:
            return at
    for number, (left, top, width, height) in reversed(list(enumerate(corners))):
        inside_x = -STROKE_PIXELS <= x - left <= width + STROKE_PIXELS
        inside_y = -STROKE_PIXELS <= y - top <= height + STROKE_PIXELS
        if inside_x and inside_y:
            return number
    return None


def _near(value: float, place: float) -> bool:
    return abs(value - place) <= HANDLE_PIXELS


def _same(box: BoxRow, drawn: Drawing, size: tuple[int, int], canvas: tuple[int, int]) -> bool:
    was = to_canvas(box, size, canvas)
    return all(abs(float(was[side]) - float(drawn[side])) < 0.001 for side in ("left", "top", "width", "height"))
