"""The canvas to draw boxes on: the only module that knows which library draws, and in which pixels."""

from collections.abc import Sequence
from dataclasses import replace

from core.data.records import BoxRow

STROKE_PIXELS = 2
# What the library adds for a click without a drag is a square of twice the stroke.
CLICK_PIXELS = 2 * STROKE_PIXELS
COLOR, FILL = "#e4572e", "rgba(228, 87, 46, 0.12)"
FONT_PIXELS = 14


def canvas_size(size: tuple[int, int], most: tuple[int, int]) -> tuple[int, int]:
    """Width and height of the canvas: the shape of the photo, at most so large, never less than a few pixels."""
    width, height = size
    scale = min(most[0] / width, most[1] / height)
    return max(8, round(width * scale)), max(8, round(height * scale))


def draw(
    photo: bytes, size: tuple[int, int], boxes: Sequence[BoxRow], label: str, key: str, most: tuple[int, int]
) -> tuple[list[BoxRow], int]:
    """The boxes on the canvas now, in pixels of the photo, whose own ``size`` is given; and how many mere clicks.

    ``photo`` is shown behind it in any resolution. ``boxes`` are those at the start: they and ``key`` belong together,
    other boxes need another key. A new box gets ``label``. A box that nobody touched comes back exactly as it was.
    """
    from streamlit_drawable_canvas import boxes_to_drawing, st_canvas

    width, height = canvas_size(size, most)
    begun = boxes_to_drawing(
        [to_canvas(box, size, (width, height)) for box in boxes],
        stroke_color=COLOR,
        stroke_width=STROKE_PIXELS,
        fill_color=FILL,
    )
    for one in begun["objects"]:
        one["fontSize"] = FONT_PIXELS
    result = st_canvas(
        fill_color=FILL,
        stroke_width=STROKE_PIXELS,
        stroke_color=COLOR,
        background_image=photo,
        width=width,
        height=height,
        drawing_mode="labeled_rect",
        label=label,
        font_size=FONT_PIXELS,
        initial_drawing=begun,
        key=key,
    )
    return from_canvas(result.boxes, boxes, size, (width, height))


def to_canvas(box: BoxRow, size: tuple[int, int], canvas: tuple[int, int]) -> dict[str, str | float]:
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
    drawn: Sequence[dict[str, str | float]],
    begun: Sequence[BoxRow],
    size: tuple[int, int],
    canvas: tuple[int, int],
) -> tuple[list[BoxRow], int]:
    """What the library says, in pixels of the photo, without mere clicks; how many those were.

    The library rounds to a ten-thousandth of a canvas pixel: a box within a thousandth of what it was at the start, on
    every side, was not touched. One that somebody moved comes back to a hundredth of a pixel.
    """
    across, down = size[0] / canvas[0], size[1] / canvas[1]
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
        x, y = round(float(one["left"]) * across, 2), round(float(one["top"]) * down, 2)
        answer.append(BoxRow(str(one["label"]), x, y, round(width * across, 2), round(height * down, 2)))
    return answer, clicks


def _same(box: BoxRow, drawn: dict[str, str | float], size: tuple[int, int], canvas: tuple[int, int]) -> bool:
    was = to_canvas(box, size, canvas)
    return all(abs(float(was[side]) - float(drawn[side])) < 0.001 for side in ("left", "top", "width", "height"))
