"""Pictures that a camera page has posted: text from outside, held to what a camera's frame can be."""

import base64
import binascii
import io
from typing import Annotated

from PIL import Image
from pydantic import Field

from core.data.pictures.decoding import BROKEN, decode
from core.errors import ImageRefused

MOST_PIXELS = 9_000_000
"""A little more than 4K (3840 x 2160). Our script reduces larger frames to it (camera.js)."""
MOST_BYTES = 24 * 2**20
"""Of a frame's file: as PNG, a 4K frame has about 20 million."""
MOST_LETTERS = (MOST_BYTES + 2) // 3 * 4
_TOO_MANY = f"more pixels than the {MOST_PIXELS / 1e6:.0f} million of a camera's frame"
FORMATS = ("JPEG", "PNG", "WEBP")
"""What a browser's canvas writes."""
Picture = Annotated[str, Field(max_length=MOST_LETTERS)]
"""A picture's file in base64, in a message from the browser."""


def picture_bytes(picture: str, name: str) -> bytes:
    """Return the file's bytes, of which only the header was read.

    Raises ImageRefused for text that is not base64, and for a file that is no frame: of another format or too large.
    """
    try:
        content = base64.b64decode(picture, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ImageRefused(name, "the browser sent no picture") from error
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as opened:
            width, height = opened.size
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:  # over Pillow's own limit
        raise ImageRefused(name, f"it has far {_TOO_MANY}") from error
    except BROKEN as error:
        raise ImageRefused(name, "the browser sent no JPEG, PNG or WebP picture") from error
    if width * height > MOST_PIXELS:
        raise ImageRefused(name, f"with {width} x {height}, it has {_TOO_MANY}")
    return content


def camera_picture(picture: str, name: str) -> Image.Image:
    """Return the upright RGB picture. Raises ImageRefused."""
    return decode(picture_bytes(picture, name), name).image
