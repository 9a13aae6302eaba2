"""Read the size of an untrusted image without decoding it."""

from PIL import Image

from core.data.pictures.decoding import BROKEN, FORMATS, MAX_PIXELS
from core.data.pictures.decoding_limits import TimedBytes

ORIENTATION_TAG, TURNED = 274, (5, 6, 7, 8)


def size_of(raw: bytes) -> tuple[int, int] | None:
    """Return width and height of the upright image; None where they cannot be read or the image is too large."""
    try:
        with Image.open(TimedBytes(raw), formats=FORMATS) as image:
            if image.width * image.height > MAX_PIXELS:
                return None  # a PNG is decoded in search of its EXIF data
            turned = image.getexif().get(ORIENTATION_TAG) in TURNED
            return (image.height, image.width) if turned else image.size
    except BROKEN:
        return None
