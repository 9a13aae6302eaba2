"""Tell a JPEG of which only the end mark is missing from one that was cut in the picture.

Browsers show both. A photo without its two last bytes is whole, and some programs write such files. Of the other, a
part is missing, which the decoder would fill with grey.
"""

from collections.abc import Callable

from PIL import UnidentifiedImageError

_START, _END = b"\xff\xd8\xff", b"\xff\xd9"
# More of a scan: in a whole picture it lies behind the last pixel, and changes nothing.
_MORE = bytes.fromhex("55aa33cc0f9669") * 12


def completed(data: bytes, fingerprint: Callable[[bytes], str]) -> bytes | None:
    """Return the JPEG with its end mark if nothing but that is missing, else None.

    ``fingerprint`` decodes a file and returns the hash of its pixels. Where all data of the last scan is there, more
    data before the end mark does not change the pixels.
    """
    if not data.startswith(_START):
        return None
    rest = data.rstrip(b"\xff")
    ended = rest + _END
    return ended if fingerprint(ended) == fingerprint(rest + _MORE + _END) else None


def is_cut(error: BaseException) -> bool:
    """Return whether Pillow's error says that a file ends too early."""
    return isinstance(error, OSError) and "truncated" in str(error) and not isinstance(error, UnidentifiedImageError)
