"""Draws boxes on an image: the predicted one solid, the true one dashed."""

from itertools import pairwise

from PIL import Image, ImageDraw

Corners = tuple[float, float, float, float]
"""Left, top, right and bottom as shares of an image's sides."""

PREDICTED = (45, 212, 191)
TRUE = (255, 255, 255)
_EDGE = (15, 23, 42)  # around the lines, so that they are visible on light and dark areas
_THICKNESS = 160  # line width: the image's long side divided by this
_DASH = 6  # length in line widths


def draw_boxes(picture: Image.Image, predicted: Corners | None, true: Corners | None) -> Image.Image:
    """Return a copy with the boxes on it, clipped at its edges; without boxes, the image itself."""
    if predicted is None and true is None:
        return picture
    drawn = picture.convert("RGB")
    pen = ImageDraw.Draw(drawn)
    width = max(1, round(max(picture.size) / _THICKNESS))
    if true is not None:
        _frame(pen, _pixels(true, picture.size), TRUE, width, _DASH * width)
    if predicted is not None:
        _frame(pen, _pixels(predicted, picture.size), PREDICTED, width, None)
    return drawn


def _pixels(corners: Corners, size: tuple[int, int]) -> Corners:
    left, top, right, bottom = corners
    return left * size[0], top * size[1], right * size[0], bottom * size[1]


def _frame(
    pen: ImageDraw.ImageDraw, corners: Corners, color: tuple[int, int, int], width: int, dash: int | None
) -> None:
    left, top, right, bottom = corners
    points = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]
    for start, end in pairwise(points):
        for a, b in _pieces(start, end, dash):
            pen.line([a, b], fill=_EDGE, width=width + 2)
    for start, end in pairwise(points):
        for a, b in _pieces(start, end, dash):
            pen.line([a, b], fill=color, width=width)


def _pieces(
    start: tuple[float, float], end: tuple[float, float], dash: int | None
) -> list[tuple[tuple[float, float], tuple[float, float]]]:
    """Return the dashes of a line; the whole line if ``dash`` is None."""
    length = abs(end[0] - start[0]) + abs(end[1] - start[1])  # lines are horizontal or vertical
    if dash is None or length == 0:
        return [(start, end)]

    def at(along: float) -> tuple[float, float]:
        share = min(along, length) / length
        return start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1])

    return [(at(place), at(place + dash)) for place in range(0, int(length) + 1, 2 * dash)]
