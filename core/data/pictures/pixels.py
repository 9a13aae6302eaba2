"""Convert any of Pillow's pixel modes to 8-bit RGB, with a remark on what had to be changed."""

from typing import Any

import numpy as np
from PIL import Image

_WITH_ALPHA = {"RGBA", "LA", "PA", "RGBa", "La"}
# Modes whose Image.convert("RGB") only repeats or looks up values; all others need a remark or their own rule.
_PLAIN = {"1", "L", "P", "RGB"}
_BRIGHTEST_16_BIT = 65535
_DARK = 16  # values that fill less than this part of their range are stretched
_BLOCK = 2**20

NUMBERS = ("I", "F", "I;16", "I;16B", "I;16L", "I;16N")
"""Modes whose values have to be scaled to 8 bits."""


def to_rgb(image: Image.Image, *, as_before: bool = False) -> tuple[Image.Image, list[str]]:
    """Return the picture as a plain RGB image, with remarks on changes beyond repeating grey or looking up a palette.

    It may share its pixels with ``image``, which must not be changed afterwards. An empty list means that
    ``image.convert("RGB")`` gives exactly the same pixels. Transparent parts become white. With ``as_before``
    the values of 16-bit images are scaled as by earlier versions: from the range of the format, not from their own.
    Raises ValueError for a mode that has no clear conversion to RGB, or for values that are not numbers.
    """
    if image.mode in _WITH_ALPHA or "transparency" in image.info:
        return _on_white(image)
    if image.mode == "RGB" and getattr(image, "format", None) == "JPEG":
        # Only the pixels, without the file's own fields: a copy of 12 megapixels takes a third as long as decoding.
        return image._new(image.im), []
    if image.mode in _PLAIN:
        return image.convert("RGB"), []
    if image.mode in NUMBERS:
        brightest = _BRIGHTEST_16_BIT if image.mode.startswith("I;16") else None
        return _from_numbers(np.asarray(image), brightest, own_range=not as_before)
    if image.mode in ("CMYK", "YCbCr", "HSV", "RGBX"):
        return image.convert("RGB"), [f"{image.mode} converted to RGB"]
    raise ValueError(f"its colour mode {image.mode} cannot be converted to RGB")


def _on_white(image: Image.Image) -> tuple[Image.Image, list[str]]:
    with_alpha = image if image.mode == "RGBA" else image.convert("RGBA")
    if with_alpha.getchannel("A").getextrema()[0] == 255:
        return image.convert("RGB"), []
    white = Image.new("RGB", image.size, "white")
    white.paste(with_alpha, mask=with_alpha)
    return white, ["transparent parts made white"]


def _from_numbers(
    values: np.ndarray[Any, Any], brightest: int | None, own_range: bool
) -> tuple[Image.Image, list[str]]:
    """Convert greyscale numbers [H,W] of any range to RGB; ``brightest`` is white if the file format defines it.

    Cameras and microscopes write 10, 12 or 14 bits into 16: scaled by what 16 bits could hold, their images would be
    nearly black. So the image's own range is stretched, from its lowest to its highest value. Other integers and floats
    keep their usual range (0 to 1 for floats, 0 to 255), unless they fill less than a sixteenth of it.
    """
    if not np.isfinite(values).all():
        raise ValueError("it holds values that are not numbers (NaN or infinity)")
    lowest, highest = float(values.min()), float(values.max())
    usual: list[float] = [1, 255, _BRIGHTEST_16_BIT] if values.dtype.kind == "f" else [255, _BRIGHTEST_16_BIT]
    if brightest is not None:
        usual = [brightest]
    white = next((top for top in usual if lowest >= 0 and highest <= top), None)
    dark = white is not None and highest < white / _DARK
    stretched = own_range and highest > lowest and (dark or white == _BRIGHTEST_16_BIT)
    if white is not None and (not stretched or (lowest, highest) == (0, white)):
        remark = "16-bit scaled to 8-bit" if white == _BRIGHTEST_16_BIT else f"values 0..{white:g} scaled to 8-bit"
        start, span = 0.0, float(white)
        if dark:
            remark += f", very dark: its brightest value is {highest:g} of {white:g}"
    else:
        remark = f"values {'scaled by their own range, ' if white else 'stretched from '}{lowest:g}..{highest:g}"
        remark += ", to 8-bit" if white else " to 8-bit"
        start, span = lowest, (highest - lowest) or 1.0
    # float64 keeps the difference of two 32-bit values exact; blocks keep it from filling the memory.
    flat, grey = values.reshape(-1), np.empty(values.size, dtype=np.uint8)
    for first in range(0, flat.size, _BLOCK):
        block = slice(first, first + _BLOCK)
        grey[block] = np.rint((flat[block].astype(np.float64) - start) * (255.0 / span))
    return Image.fromarray(grey.reshape(values.shape)).convert("RGB"), [remark]
