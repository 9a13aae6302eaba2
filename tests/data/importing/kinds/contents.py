"""The contents of small files: photos in all ways of storing them, and zips."""

import io
import zipfile
from collections.abc import Mapping

import numpy as np
from PIL import Image

WIDTH, HEIGHT = 64, 48
ORIENTATION = 0x0112
TURNED = 6
"""The EXIF orientation of a phone that was held upright: the photo is turned by a quarter when it is shown."""


def noise(number: int, width: int = WIDTH, height: int = HEIGHT) -> Image.Image:
    """A picture that is like no other number's."""
    pixels = np.random.default_rng(number).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def saved(image: Image.Image, format: str = "PNG", **options: object) -> bytes:
    """The bytes of a picture file."""
    out = io.BytesIO()
    image.save(out, format, **options)
    return out.getvalue()


def photos(*names: str, width: int = WIDTH, height: int = HEIGHT) -> dict[str, bytes]:
    """A photo for each name; JPEG or PNG, as its suffix says."""
    return {
        name: saved(noise(number, width, height), "JPEG" if name.lower().endswith((".jpg", ".jpeg")) else "PNG")
        for number, name in enumerate(names)
    }


def turned(*names: str, width: int = WIDTH, height: int = HEIGHT) -> dict[str, bytes]:
    """Photos whose stored size is given, and which are shown turned by a quarter."""
    exif = Image.Exif()
    exif[ORIENTATION] = TURNED
    return {name: saved(noise(number, width, height), "JPEG", exif=exif) for number, name in enumerate(names)}


def zip_of(contents: Mapping[str, str | bytes]) -> bytes:
    """A zip of these files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in contents.items():
            archive.writestr(name, data)
    return out.getvalue()
