"""Decode one JPEG 2000 picture in a process of its own, with limited memory.

    python -m core.data.pictures.formats.jpeg2000_process < PICTURE > PIXELS

The size of a picture does not tell how much memory its decoder takes: a file of 5 kB with small code blocks takes as
much as one of a hundred times the size. PIXELS is a line of JSON with mode and size, then the pixels.
"""

import io
from typing import BinaryIO

from PIL import Image

from core.data.pictures.formats.pixel_stream import write_pixels
from core.limited_process import refuse, run_limited

MEMORY_BYTES = 3 * 2**29


def decode_pixels(source: BinaryIO, target: BinaryIO) -> None:
    """Write mode, size and pixels of the picture in ``source``."""
    try:
        with Image.open(io.BytesIO(source.read()), formats=("JPEG2000",)) as file:
            file.load()
            image = file.convert("RGB") if file.mode == "P" else file.copy()
    except MemoryError:
        refuse("it takes too much memory to decode")
    except Exception as error:  # noqa: BLE001 - whatever is wrong, it is wrong with this file
        refuse(f"{error or type(error).__name__}")
    write_pixels(target, image)


if __name__ == "__main__":
    run_limited(decode_pixels, MEMORY_BYTES)
