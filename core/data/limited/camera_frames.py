"""What a frame of a browser's camera can be: its format and its size."""

import io

from PIL import Image

from core.data.pictures.decoding import BROKEN
from core.errors import ImageRefused

MOST_PIXELS = 9_000_000
"""A little more than 4K (3840 x 2160). Our script reduces larger frames to it (camera.js)."""
FORMATS = ("JPEG", "PNG", "WEBP")
"""What a browser's canvas writes."""
_TOO_MANY = f"more pixels than the {MOST_PIXELS / 1e6:.0f} million of a camera's frame"


def check_frame(content: bytes, name: str) -> None:
    """Read the header alone. Raises ImageRefused for a file that is no frame: of another format or too large."""
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as opened:
            width, height = opened.size
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:  # over Pillow's own limit
        raise ImageRefused(name, f"it has far {_TOO_MANY}") from error
    except BROKEN as error:
        raise ImageRefused(name, "the browser sent no JPEG, PNG or WebP picture") from error
    if width * height > MOST_PIXELS:
        raise ImageRefused(name, f"with {width} x {height}, it has {_TOO_MANY}")
