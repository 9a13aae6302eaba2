"""Pictures that a browser has posted: text from outside, decoded as carefully as any upload."""

import base64
import binascii
from typing import Annotated

from pydantic import Field

from core.data.pictures.decoding import MAX_FILE_BYTES
from core.errors import ImageRefused

MOST_LETTERS = (MAX_FILE_BYTES + 2) // 3 * 4
Picture = Annotated[str, Field(max_length=MOST_LETTERS)]
"""A picture's file in base64, in a message from the browser."""


def picture_bytes(picture: str, name: str) -> bytes:
    """Return the file's bytes; raises ImageRefused for text that is not base64."""
    try:
        return base64.b64decode(picture, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ImageRefused(name, "the browser sent no picture") from error
