"""Read the size and the orientation of an untrusted image without decoding it in this process."""

from core.data.limited.photos import size_in_header
from core.data.limited.stored_size import ORIENTATION_TAG, TURNED, StoredSize, header_size
from core.data.pictures.formats.heif_header import is_heif

__all__ = ["ORIENTATION_TAG", "TURNED", "StoredSize", "size_of", "stored_size_of"]

_JPEG_START = b"\xff\xd8\xff"


def stored_size_of(raw: bytes) -> StoredSize | None:
    """Return an image's size and orientation; None where they cannot be read or the image is too large.

    The headers of JPEG and HEIF are read here, because that is done in Python alone, and most photos are such. Those of
    other formats are opened by the libraries that decode them, and a PNG is decoded in search of its EXIF data.
    """
    if raw.startswith(_JPEG_START) or is_heif(raw):
        return header_size(raw)
    return size_in_header(raw)


def size_of(raw: bytes) -> tuple[int, int] | None:
    """Return width and height of the upright image as it is read; None where they cannot be told or it is too large."""
    found = stored_size_of(raw)
    return found.as_read if found else None
