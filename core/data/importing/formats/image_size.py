"""Read the size of an image without decoding it."""

import io

from PIL import Image, UnidentifiedImageError

ORIENTATION_TAG, TURNED = 274, (5, 6, 7, 8)


def size_of(raw: bytes) -> tuple[int, int] | None:
    """Return width and height of the upright image; None where they cannot be read."""
    try:
        with Image.open(io.BytesIO(raw)) as image:
            turned = image.getexif().get(ORIENTATION_TAG) in TURNED
            return (image.height, image.width) if turned else image.size
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError, SyntaxError):
        return None
