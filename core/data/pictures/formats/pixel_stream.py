"""Pixels on their way from a decoding process: a line of JSON with mode, size and more, then the bytes."""

import json
from typing import Any, BinaryIO

from PIL import Image

_ROWS_BYTES = 2**24
_MODES = frozenset(
    ("1", "L", "LA", "La", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr", "I", "F", "I;16", "I;16B", "I;16L")
)


def write_pixels(target: BinaryIO, image: Image.Image, about: dict[str, Any] | None = None) -> None:
    """Write a picture, in strips because the bytes of a large one are a quarter of a gigabyte."""
    _write_head(target, image.mode, image.size, about)
    width, height = image.size
    rows = max(1, _ROWS_BYTES // width)
    for top in range(0, height, rows):
        target.write(image.crop((0, top, width, min(top + rows, height))).tobytes())


def write_bytes(
    target: BinaryIO, mode: str, size: tuple[int, int], pixels: bytes, about: dict[str, Any] | None = None
) -> None:
    """Write a picture of which the bytes are there, as Pillow packs them."""
    _write_head(target, mode, size, about)
    target.write(pixels)


def read_pixels(source: BinaryIO) -> tuple[Image.Image, dict[str, Any]]:
    """Return the picture and what else was written. Raises ValueError where the bytes do not fit the size."""
    mode, width, height, about = json.loads(source.readline())
    if mode not in _MODES:
        raise ValueError(f"its colour mode {mode} cannot be converted to RGB")
    return Image.frombytes(mode, (int(width), int(height)), source.read()), about


def _write_head(target: BinaryIO, mode: str, size: tuple[int, int], about: dict[str, Any] | None) -> None:
    target.write(json.dumps([mode, *size, about or {}]).encode() + b"\n")
