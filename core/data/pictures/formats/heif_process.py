"""Decode one HEIC or HEIF photo in a process of its own, with limited memory.

    python -m core.data.pictures.formats.heif_process < PHOTO > PIXELS

PIXELS is a line of JSON, then the pixels (`pixel_stream`). The library is pillow-heif with libheif and libde265, which
are written in C++ and have had holes that a photo could use: this process holds nothing, and may crash.
"""

import io
from base64 import b64encode
from importlib import import_module
from importlib.util import find_spec
from typing import Any, BinaryIO

from core.data.pictures.formats.heif_header import LIBRARIES
from core.data.pictures.formats.pixel_stream import write_bytes
from core.limited_process import refuse, run_limited

MEMORY_BYTES = 3 * 2**29
OLDEST_LIBHEIF = (1, 23, 4)
"""Earlier versions let a crafted photo run code (the advisories of August 2026)."""

_SHOWN = 200


def decode_pixels(source: BinaryIO, target: BinaryIO) -> None:
    """Write the pixels of the primary picture in ``source``, turned upright, with what is known about its colours."""
    library = _library()
    library.options.DECODE_THREADS = 1
    library.options.THUMBNAILS = library.options.DEPTH_IMAGES = library.options.AUX_IMAGES = False
    try:
        file = library.open_heif(io.BytesIO(source.read()), convert_hdr_to_8bit=True)
        picture = file[file.primary_index]
        pixels = picture.data  # libheif has turned them itself (irot, imir); a copy as a Pillow image is not needed
    except MemoryError:
        refuse("it takes too much memory to decode")
    except Exception as error:  # noqa: BLE001 - whatever is wrong, it is wrong with this file
        refuse(f"{error or type(error).__name__}"[:_SHOWN])
    write_bytes(target, picture.mode, picture.size, pixels, _about(picture.info, len(file)))


def _library() -> Any:
    """Return the first installed package whose libheif is new enough."""
    for name in LIBRARIES:
        if find_spec(name) is not None:
            library = import_module(name)
            if _numbers(library.libheif_version()) >= OLDEST_LIBHEIF:
                return library
    wanted = ".".join(map(str, OLDEST_LIBHEIF))
    refuse(f"the installed libheif is older than {wanted} and has known holes; update the package pillow-heif")


def _about(info: dict[str, Any], pictures: int) -> dict[str, Any]:
    colors = info.get("nclx_profile") or {}
    profile = info.get("icc_profile") or b""
    return {
        "pictures": pictures,
        "profile": b64encode(profile).decode(),
        "primaries": int(colors.get("color_primaries", 0)),
        "transfer": int(colors.get("transfer_characteristics", 0)),
    }


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:3] if part.isdecimal())


if __name__ == "__main__":
    run_limited(decode_pixels, MEMORY_BYTES)
