"""Convert pictures with a colour profile other than sRGB to sRGB.

Without this, the colours of a phone's Display P3 photo look pale, and those of a camera's Adobe RGB photo too. The
conversion is Pillow's ImageCms (LittleCMS). Profiles come from strangers: their size is limited, and one that is broken
or belongs to other pixels is ignored, as browsers do.
"""

import io
import struct
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

MAX_PROFILE_BYTES = 4 * 2**20
"""The largest profile that is used; those of printers have at most 3 MB."""

SAME_COLOR = 3
"""A profile that moves no colour by more than this, of 255, is sRGB in another writing: nothing is converted."""

P3, BT2020, BT709 = 12, 9, 1
"""Numbers of colour primaries in ITU-T H.273, table 2."""
HDR_TRANSFERS = (16, 18)
"""Numbers of the transfer functions PQ and HLG in ITU-T H.273, table 3: made for HDR screens."""

Primaries = tuple[tuple[float, float], tuple[float, float], tuple[float, float]]
"""x and y of red, green and blue in the CIE 1931 diagram."""

_PRIMARIES: dict[int, tuple[str, Primaries]] = {
    P3: ("Display P3", ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060))),
    BT2020: ("BT.2020", ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046))),
}
_D65, _D50 = (0.3127, 0.3290), (0.9642, 1.0, 0.8249)
# The cone responses of Bradford's chromatic adaptation (ICC.1:2022, annex E).
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
_CURVE_POINTS = 1024

_SPACES = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK"}  # ICC's colour spaces -> Pillow's modes
_CLASSES = ("mntr", "scnr", "prtr", "spac")  # ICC's classes of profiles that describe pixels
_IGNORED = "its colour profile is broken, so its colours were not converted"
_OTHER = "its colour profile is for other pixels, so its colours were not converted"
_SHOWN_NAME = 60


@dataclass(frozen=True)
class _Conversion:
    """How the pixels of a profile become sRGB; without a transform they are left alone."""

    transform: ImageCms.ImageCmsTransform | None
    space: str = ""  # of the profile, as Pillow's mode
    name: str = ""
    remark: str | None = None  # why the profile is not used


def to_srgb(image: Image.Image, rgb: Image.Image, profile: bytes) -> tuple[Image.Image, str | None]:
    """Return ``rgb``, converted to sRGB if the profile is another one, and a remark, None if there is none to make.

    ``image`` is the picture in the file's own colour mode, and ``rgb`` the same as RGB, taken as sRGB. The result is
    ``rgb`` itself if nothing was converted.
    """
    conversion = _conversion(profile)
    if conversion.transform is None:
        return rgb, conversion.remark
    pixels = _pixels(image, rgb, conversion.space)
    if pixels is None:
        return rgb, _OTHER
    try:
        converted = conversion.transform.apply(pixels)
    except (ValueError, OSError):
        return rgb, _IGNORED
    converted.info = {}
    return converted, f"colours converted from {conversion.name} to sRGB"


def _pixels(image: Image.Image, rgb: Image.Image, space: str) -> Image.Image | None:
    """Return the pixels that a profile of this colour space describes; None if the picture has none such."""
    if space == "CMYK":
        return image if image.mode == "CMYK" else None
    if space == "L":
        return rgb.getchannel("R") if image.mode in ("1", "L", "LA", "La") else None
    return rgb if image.mode != "CMYK" else None


@lru_cache(maxsize=8)  # the photos of one camera have the same profile
def _conversion(profile: bytes) -> _Conversion:
    if len(profile) > MAX_PROFILE_BYTES:
        return _Conversion(None, remark=_IGNORED)
    try:
        opened = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        space = _SPACES.get(opened.profile.xcolor_space.strip())
        if space is None or opened.profile.device_class.strip() not in _CLASSES:
            return _Conversion(None, remark=_OTHER)
        transform = ImageCms.buildTransform(
            opened,
            ImageCms.createProfile("sRGB"),
            space,
            "RGB",
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
            ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
        name = _printable(opened.profile.profile_description or "") or f"a {space} profile"
        same = space != "CMYK" and _moves_no_color(transform, space)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return _Conversion(None, remark=_IGNORED)
    return _Conversion(None if same else transform, space, name)


def _moves_no_color(transform: ImageCms.ImageCmsTransform, mode: str) -> bool:
    """Return whether colours from all over the cube, or all greys, stay where they are."""
    if mode == "L":
        before = np.arange(256, dtype=np.uint8)[None]
        expected = np.repeat(before[..., None], 3, axis=2)
    else:
        steps = np.linspace(0, 255, 9).round().astype(np.uint8)
        before = expected = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(1, -1, 3)
    after = np.asarray(transform.apply(Image.fromarray(before)), np.int16)
    return int(np.abs(after - expected).max()) <= SAME_COLOR


def _printable(text: str) -> str:
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())[:_SHOWN_NAME]


def profile_of_primaries(primaries: int) -> bytes | None:
    """Return the profile of H.273's primaries with sRGB's tone curve; None for those of sRGB and unknown ones.

    HEIF and AVIF files may name their primaries instead of holding a profile (the nclx colour information).
    """
    known = _PRIMARIES.get(primaries)
    return matrix_profile(known[0], known[1]) if known else None


@lru_cache(maxsize=8)
def matrix_profile(name: str, primaries: Primaries, gamma: float | None = None) -> bytes:
    """Return an ICC profile of three primaries and the white D65, with a gamma or, without one, sRGB's tone curve.

    ICC.1:2001-04 (version 2): header in 6.1, tag table in 6.2, the types in 6.5.
    """
    colorants = _adapted_colorants(primaries)
    curve = _curve(gamma)
    tags: list[tuple[bytes, bytes]] = [
        (b"desc", b"desc" + bytes(4) + struct.pack(">I", len(name) + 1) + name.encode("ascii") + bytes(79)),
        (b"cprt", b"text" + bytes(4) + b"none\0"),
        (b"wtpt", _xyz(_D50)),
        *((tag, _xyz(colorants[:, place])) for place, tag in enumerate((b"rXYZ", b"gXYZ", b"bXYZ"))),
        *((tag, curve) for tag in (b"rTRC", b"gTRC", b"bTRC")),
    ]
    table, body, at = b"", b"", 128 + 4 + 12 * len(tags)
    for tag, data in tags:
        data += bytes(-len(data) % 4)
        table += tag + struct.pack(">II", at + len(body), len(data))
        body += data
    size = at + len(body)
    header = struct.pack(">I4sI4s4s4s", size, bytes(4), 0x02400000, b"mntr", b"RGB ", b"XYZ ")
    header += struct.pack(">6H", 2000, 1, 1, 0, 0, 0) + b"acsp" + bytes(28) + _xyz(_D50)[8:]
    return header.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


def _adapted_colorants(primaries: Primaries) -> NDArray[np.float64]:
    """Return the XYZ of red, green and blue as columns [3, 3], adapted from D65 to D50."""
    columns = np.array([[x / y, 1.0, (1 - x - y) / y] for x, y in primaries]).T
    white = np.array([_D65[0] / _D65[1], 1.0, (1 - _D65[0] - _D65[1]) / _D65[1]])
    columns = columns * np.linalg.solve(columns, white)
    scale = (_BRADFORD @ np.array(_D50)) / (_BRADFORD @ white)
    adapted: NDArray[np.float64] = np.linalg.solve(_BRADFORD, scale[:, None] * (_BRADFORD @ columns))
    return adapted


def _curve(gamma: float | None) -> bytes:
    if gamma is not None:
        return b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256))
    stored = np.linspace(0, 1, _CURVE_POINTS)
    linear = np.where(stored <= 0.04045, stored / 12.92, ((stored + 0.055) / 1.055) ** 2.4)
    points = np.rint(linear * 65535).astype(">u2").tobytes()
    return b"curv" + bytes(4) + struct.pack(">I", _CURVE_POINTS) + points


def _xyz(values: "NDArray[np.float64] | tuple[float, float, float]") -> bytes:
    return b"XYZ " + bytes(4) + struct.pack(">3i", *(round(float(value) * 65536) for value in values))
