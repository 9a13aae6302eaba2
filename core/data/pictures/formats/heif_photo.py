"""Decode the HEIC photos of phones, in a process of its own, and say what had to be changed."""

from base64 import b64decode
from dataclasses import dataclass
from importlib.util import find_spec

from PIL import Image

from core.data.pictures.decoding_limits import MAX_FORMAT_PIXELS, TooCostly, decoded_apart
from core.data.pictures.formats.color_profiles import HDR_TRANSFERS, profile_of_primaries
from core.data.pictures.formats.heif_header import LIBRARIES, heif_coded_pixels, heif_size

DECODER = ("-m", "core.data.pictures.formats.heif_process")
_EXPORT = "export it as JPEG (iPhone: Settings, Camera, Formats, Most Compatible)"


@dataclass(frozen=True)
class HeifPhoto:
    """The primary picture of a HEIF file, upright."""

    image: Image.Image
    profile: bytes | None
    remarks: tuple[str, ...]


def check_heif(data: bytes, most_pixels: int, most_side: int) -> tuple[int, int]:
    """Return width and height of the upright photo. Raises TooCostly where it cannot or must not be decoded."""
    if not any(find_spec(name) for name in LIBRARIES):
        raise TooCostly(f"it is a HEIC photo, and the package pillow-heif is not installed; install it, or {_EXPORT}")
    size = heif_size(data)
    if size is None:
        raise TooCostly(f"it is a HEIC photo that is damaged or cut off; copy it again, or {_EXPORT}")
    most, pixels = min(most_pixels, MAX_FORMAT_PIXELS["HEIF"]), max(size[0] * size[1], heif_coded_pixels(data))
    if min(size) < 1 or pixels > most or max(size) > most_side:
        raise TooCostly(
            f"it is a HEIC photo of {size[0]} x {size[1]} pixels, and {pixels:,} are to be decoded; at most {most:,} "
            f"are allowed; {_EXPORT}"
        )
    return size


def load_heif(data: bytes) -> HeifPhoto:
    """Decode the primary picture. Raises TooCostly, with half a sentence, where that fails."""
    try:
        image, about = decoded_apart(DECODER, data)
    except ValueError as error:
        raise TooCostly(f"it is a HEIC photo that cannot be read ({error}); {_EXPORT}") from error
    remarks = []
    if int(about.get("pictures", 1)) > 1:
        remarks.append(f"the main one of {int(about['pictures'])} pictures")
    if about.get("transfer") in HDR_TRANSFERS:
        remarks.append("made for HDR screens (PQ or HLG), so its brightness may look flat")
    # A profile says more than the primaries (ISO/IEC 23008-12, 6.5.5).
    profile = b64decode(about.get("profile", "")) or profile_of_primaries(int(about.get("primaries", 0)))
    return HeifPhoto(image, profile or None, tuple(remarks))
