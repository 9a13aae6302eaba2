"""Count the frames of animations and the pages of TIFFs, and take single ones out as pictures of their own."""

import io

from PIL import Image

from core.data.pictures.decoding import BROKEN, decode_frame
from core.data.pictures.formats.tiff_pages import tiff_pages
from core.data.pictures.opened_picture import open_picture

MAX_FRAMES = 100
"""How many frames of one file can become photos. A frame of an animation needs all frames before it."""

_ANIMATED_WEBP = 0x02  # of the flags in the VP8X chunk (WebP container specification, Extended File Format)


def may_have_frames(head: bytes) -> bool:
    """Return whether a PNG, WebP or AVIF that begins so is animated; True for other formats, which do not tell."""
    if head.startswith(b"\x89PNG"):
        until = head.find(b"IDAT")  # APNG: acTL stands before the first IDAT (PNG specification, third edition)
        return b"acTL" in head[: until if until >= 0 else len(head)]
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return head[12:16] == b"VP8X" and len(head) > 20 and bool(head[20] & _ANIMATED_WEBP)
    if head[4:8] == b"ftyp":
        return b"avis" in head[8 : min(int.from_bytes(head[:4], "big"), len(head))]
    return not head.startswith(b"\xff\xd8\xff")


def count_frames(data: bytes) -> int:
    """Return the number of frames or pages, at most MAX_FRAMES + 1; 1 for a single picture and for damaged files."""
    try:
        with open_picture(data) as file:
            if file.format == "TIFF":
                return min(len(tiff_pages(data)), MAX_FRAMES + 1)
            if file.format not in ("GIF", "PNG", "WEBP", "AVIF") or not getattr(file, "is_animated", False):
                return 1
            return (
                _count_in_gif(file) if file.format == "GIF" else min(int(getattr(file, "n_frames", 1)), MAX_FRAMES + 1)
            )
    except BROKEN:  # whoever decodes the file reports it
        return 1


def _count_in_gif(file: Image.Image) -> int:
    """Return the number of frames, at most MAX_FRAMES + 1: a GIF does not say it, and a small one may hold millions."""
    for number in range(1, MAX_FRAMES + 1):
        try:
            file.seek(number)
        except EOFError:
            return number
    return MAX_FRAMES + 1


def frame_bytes(data: bytes, name: str, number: int) -> bytes:
    """Return one frame, from 0, as a PNG. Raises ImageRefused where it cannot be decoded."""
    pages = tiff_pages(data)  # [0] for other formats
    place = pages[number] if number < len(pages) else number
    out = io.BytesIO()
    decode_frame(data, name, place).image.save(out, "PNG", compress_level=3)
    return out.getvalue()
