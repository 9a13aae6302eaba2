"""Pictures that a camera page has posted: text from outside, held to what a camera's frame can be."""

import base64
import binascii
from typing import Annotated

from PIL import Image
from pydantic import Field

from core.data.limited.photos import decoded_photo
from core.errors import ImageRefused

MOST_BYTES = 24 * 2**20
"""Of a frame's file: as PNG, a 4K frame has about 20 million."""
MOST_LETTERS = (MOST_BYTES + 2) // 3 * 4
Picture = Annotated[str, Field(max_length=MOST_LETTERS)]
"""A picture's file in base64, in a message from the browser."""


def picture_bytes(picture: str, name: str) -> bytes:
    """Return the file's bytes, of which nothing was read yet. Raises ImageRefused for text that is not base64."""
    try:
        return base64.b64decode(picture, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ImageRefused(name, "the browser sent no picture") from error


def camera_picture(picture: str, name: str) -> Image.Image:
    """Return the upright RGB picture. Raises ImageRefused for what is no frame: of another format or too large."""
    return decoded_photo(picture_bytes(picture, name), name, frame=True).image
