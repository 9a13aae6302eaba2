"""Draw boxes on a picture, including boxes that reach beyond its edge."""

import io
from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont

from core.data.pictures.box import Box
from core.data.pictures.decoding import decode

INK, BAD_INK, MARGIN_COLOR = (228, 87, 46), (200, 0, 60), (150, 150, 150)
MAX_MARGIN = 0.3  # of the picture's longer side: a box far outside is drawn up to here
_FAR = 1e6  # pixels: numbers that do not fit the drawing library's are no error


def jpeg_with_boxes(
    raw: bytes, name: str, boxes: Sequence[tuple[str, Box]], bad: Sequence[tuple[str, Box]] = (), pixels: int = 480
) -> bytes:
    """Return a JPEG of at most ``pixels`` a side, with a grey margin if a box reaches beyond the picture.

    Raises ImageRefused if ``raw`` is not a picture.
    """
    image = decode(raw, name).image
    width, height = image.size
    most = MAX_MARGIN * max(width, height)
    sides = [side for _, box in (*boxes, *bad) for side in _beyond(box, width, height)]
    margin = round(min(most, max(sides, default=0.0))) + (2 if any(sides) else 0)
    sheet = Image.new("RGB", (width + 2 * margin, height + 2 * margin), MARGIN_COLOR)
    sheet.paste(image, (margin, margin))
    scale = min(1.0, pixels / max(sheet.size))
    sheet = sheet.resize((max(1, round(sheet.width * scale)), max(1, round(sheet.height * scale))))
    pen = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(size=13)
    for ink, some in ((INK, boxes), (BAD_INK, bad)):
        for label, box in some:
            left, right = sorted((margin + box.x, margin + box.x + box.width))
            top, bottom = sorted((margin + box.y, margin + box.y + box.height))
            corners = [round(max(-_FAR, min(side * scale, _FAR))) for side in (left, top, right, bottom)]
            pen.rectangle(corners, outline=ink, width=2)
            place = pen.textbbox((corners[0] + 3, max(0, corners[1])), label, font=font)
            pen.rectangle((place[0] - 3, place[1] - 1, place[2] + 3, place[3] + 2), fill=ink)
            pen.text((corners[0] + 3, max(0, corners[1])), label, font=font, fill=(255, 255, 255))
    out = io.BytesIO()
    sheet.save(out, "JPEG", quality=88)
    return out.getvalue()


def _beyond(box: Box, width: int, height: int) -> tuple[float, ...]:
    return (
        max(0.0, -box.x),
        max(0.0, -box.y),
        max(0.0, box.x + box.width - width),
        max(0.0, box.y + box.height - height),
    )
