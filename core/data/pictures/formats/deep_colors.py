"""Colours of 16 bits that fill only the lower part of their range, as cameras of 10, 12 or 14 bits write them.

Pillow has no mode for such colours and keeps the higher byte of each value, so that these pictures are nearly black.
"""

import sys
from typing import Any

import numpy as np
from PIL import Image

_LITTLE = sys.byteorder == "little"
# Pillow's raw modes, and those that read the lower byte of each value instead (PIL's Unpack.c).
_LOWER_BYTES = {
    "RGB;16B": "RGB;16L",
    "RGB;16L": "RGB;16B",
    "RGB;16N": "RGB;16B" if _LITTLE else "RGB;16L",
    "RGBA;16B": "RGBA;16L",
    "RGBA;16L": "RGBA;16B",
    "RGBA;16N": "RGBA;16B" if _LITTLE else "RGBA;16L",
}
_HALF = 128  # of the higher byte: brighter pictures use the range of the format
_ROWS_VALUES = 2**22


def is_deep(file: Image.Image) -> bool:
    """Return whether an opened, not yet loaded picture has colours of 16 bits."""
    return file.format in ("PNG", "TIFF") and any(_raw_mode(tile) in _LOWER_BYTES for tile in getattr(file, "tile", ()))


def read_lower_bytes(file: Image.Image) -> None:
    """Make an opened picture with colours of 16 bits load the lower byte of each value instead of the higher one."""
    file.tile = [_with_raw_mode(tile) for tile in file.tile]  # type: ignore[attr-defined]


def uses_lower_half(high: Image.Image) -> bool:
    """Return whether no colour of a picture, of which this is the higher byte, uses the upper half of the range."""
    return bool(np.asarray(high)[..., :3].max() < _HALF)


def by_own_range(high: Image.Image, low: Image.Image) -> tuple[Image.Image, int]:
    """Return a picture scaled so that its brightest value is 255, and that value; black and the colours' ratios stay.

    ``high`` and ``low`` are the higher and the lower byte of each value, [H, W, 3 or 4]; transparency is that of
    ``high``.
    """
    upper, lower = np.asarray(high)[..., :3], np.asarray(low)[..., :3]
    rows = max(1, _ROWS_VALUES // (3 * high.width))
    blocks = [slice(top, top + rows) for top in range(0, high.height, rows)]

    def values(block: slice) -> "np.ndarray[Any, Any]":
        return upper[block].astype(np.uint32) * 256 + lower[block]

    brightest = max(int(values(block).max()) for block in blocks)
    scaled = np.zeros(upper.shape, np.uint8)
    for block in blocks:
        scaled[block] = np.rint(values(block) * (255 / max(1, brightest)))
    image = Image.fromarray(scaled)
    if high.mode == "RGBA":
        image.putalpha(high.getchannel("A"))
    return image, brightest


def _raw_mode(tile: Any) -> Any:
    return tile[3][0] if isinstance(tile[3], tuple) else tile[3]


def _with_raw_mode(tile: Any) -> Any:
    lower = _LOWER_BYTES[_raw_mode(tile)]
    return tile._replace(args=(lower, *tile[3][1:]) if isinstance(tile[3], tuple) else lower)
