"""Draw boxes on a picture, including boxes that reach beyond its edge."""

import io
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont

from core.data.pictures.box import Box
from core.data.pictures.decoding import decode

INK, BAD_INK, MARGIN_COLOR = (228, 87, 46), (200, 0, 60), (150, 150, 150)
LARGEST_SHEET = 3
"""The picture is at most so many times as long as the photo's longer side, to show whole boxes beyond the photo."""
FAR_MARGIN = 0.3
"""The part of the photo's longer side that shows where a box reaches that is too far away to be seen whole."""
_EDGE = 0.02  # of the photo's longer side, around boxes beyond the photo
_FEWEST_EDGE = 2  # pixels
_FAR = 1e6  # pixels: numbers that do not fit the drawing library's are no error

Labelled = Sequence[tuple[str, Box]]


@dataclass(frozen=True)
class DrawnBoxes:
    """A picture with its boxes."""

    jpeg: bytes
    cut_off: int  # boxes that lie too far outside to be seen whole


def jpeg_with_boxes(raw: bytes, name: str, boxes: Labelled, bad: Labelled = (), pixels: int = 480) -> bytes:
    """Return the picture of ``draw_boxes``."""
    return draw_boxes(raw, name, boxes, bad, pixels).jpeg


def draw_boxes(raw: bytes, name: str, boxes: Labelled, bad: Labelled = (), pixels: int = 480) -> DrawnBoxes:
    """Return a JPEG of at most ``pixels`` a side, with grey beside the photo where a box reaches beyond it.

    Raises ImageRefused if ``raw`` is not a picture.
    """
    image = decode(raw, name).image
    left, top, right, lower = margins = _margins((*boxes, *bad), *image.size)
    width, height = left + image.width + right, top + image.height + lower
    scale = min(1.0, pixels / max(width, height))
    # The photo is made small before the sheet is made: three times a large photo would take gigabytes.
    small = image.resize((max(1, round(image.width * scale)), max(1, round(image.height * scale))))
    sheet = Image.new("RGB", (max(1, round(width * scale)), max(1, round(height * scale))), MARGIN_COLOR)
    sheet.paste(small, (round(left * scale), round(top * scale)))
    pen = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(size=13)
    for ink, some in ((INK, boxes), (BAD_INK, bad)):
        for label, box in some:
            near, far = sorted((left + box.x, left + box.x + box.width))
            upper, under = sorted((top + box.y, top + box.y + box.height))
            corners = [round(max(-_FAR, min(side * scale, _FAR))) for side in (near, upper, far, under)]
            pen.rectangle(corners, outline=ink, width=2)
            place = pen.textbbox((corners[0] + 3, max(0, corners[1])), label, font=font)
            pen.rectangle((place[0] - 3, place[1] - 1, place[2] + 3, place[3] + 2), fill=ink)
            pen.text((corners[0] + 3, max(0, corners[1])), label, font=font, fill=(255, 255, 255))
    out = io.BytesIO()
    sheet.save(out, "JPEG", quality=88)
    cut_off = sum(not _is_within(box, margins, *image.size) for _, box in (*boxes, *bad))
    return DrawnBoxes(out.getvalue(), cut_off)


Margins = tuple[float, float, float, float]
"""Pixels of the photo that are added on the left, above, on the right and below."""


def _margins(boxes: Labelled, width: int, height: int) -> Margins:
    longer = max(width, height)
    most = (LARGEST_SHEET - 1) * longer
    found = [0.0, 0.0, 0.0, 0.0]
    for _, box in boxes:
        needed = _beyond(box, width, height)
        far = needed[0] + needed[2] > most or needed[1] + needed[3] > most
        for side, pixels in enumerate(needed):
            found[side] = max(found[side], min(pixels, FAR_MARGIN * longer) if far else pixels)
    edge = max(_EDGE * longer, _FEWEST_EDGE)
    several = [found[side] + found[(side + 2) % 4] > most for side in range(4)]  # boxes on opposite sides
    left, top, right, lower = (
        (min(pixels, most / 2) if several[side] else pixels) + (edge if pixels else 0)
        for side, pixels in enumerate(found)
    )
    return left, top, right, lower


def _is_within(box: Box, margins: Margins, width: int, height: int) -> bool:
    return all(needed <= there for needed, there in zip(_beyond(box, width, height), margins, strict=True))


def _beyond(box: Box, width: int, height: int) -> Margins:
    """Return by how many pixels a box, whose corners may be swapped, reaches beyond each side of the photo."""
    near, far = sorted((box.x, box.x + box.width))
    upper, under = sorted((box.y, box.y + box.height))
    return max(0.0, -near), max(0.0, -upper), max(0.0, far - width), max(0.0, under - height)
