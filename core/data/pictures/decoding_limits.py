"""Limits on what one picture may cost to decode, in memory and in processor time, whatever its file claims.

Measured with Pillow 12.3, in bytes of memory at the peak per pixel of the picture: PNG, JPEG, TIFF and most others 8 to
13, WebP 16, JPEG 2000 19 to 24. A small file may make a decoder do far more work than its pixels need: a progressive
JPEG takes a nanosecond per pixel for each scan and may have thousands; JPEG 2000 takes memory for each of its code
blocks, which may be 4 x 4 pixels; and Pillow reads chunks, comments and several formats with loops in Python.
"""

import io
import os
import re
import tempfile
import time
from collections.abc import Sequence
from typing import Any

from PIL import Image

from core.data.pictures.formats.pixel_stream import read_pixels
from core.limited_process import FileRefused, FileUnreadable, read_limited

MAX_PIXELS = 89_478_485
"""Width times height of the largest picture: a quarter of a gigabyte as RGB, Pillow's default for its warning.

It is checked against the size in the header, before any pixel is decoded. A larger JPEG is decoded at reduced scale.
"""

MAX_SIDE = 65_535
"""Width or height of the largest picture, as in JPEG: Pillow's time grows with the square of a row's length."""

MAX_FILE_BYTES = 256 * 2**20
"""The largest file that is read into memory for decoding."""

MAX_FORMAT_PIXELS = {"JPEG2000": 32_000_000, "WEBP": 60_000_000, "HEIF": 70_000_000}
"""The largest pictures of the formats that take more memory than others: about a gigabyte."""

MAX_REDUCED_PIXELS = 400_000_000
"""The largest JPEG that is decoded at reduced scale; the largest sensors of phones have 200 megapixels."""

MAX_SCANS = 100
"""The most scans of a JPEG: cameras and editors write at most about 20."""

MAX_TILE_PIXELS = 2**24
"""The largest tile of a TIFF, which is decoded whole even where the picture is smaller."""

MAX_SECONDS = 20.0
"""How much processor time the reading of one file may take; checked whenever the decoder asks for more bytes."""

PATIENCE_SECONDS = 60.0
"""How long the decoding of a JPEG 2000 may take; the largest allowed takes five seconds of processor time."""

DECODER = ("-m", "core.data.pictures.formats.jpeg2000_process")
_NAMES = {"JPEG2000": "JPEG 2000", "WEBP": "WebP", "HEIF": "HEIC"}
_TILE_WIDTH, _TILE_LENGTH = 322, 323
_READS_PER_CHECK = 16
# A marker other than the fill bytes, escaped bytes (FF 00) and restart marks inside a scan.
_NEXT_MARKER = re.compile(rb"\xff+([^\x00\xff\xd0-\xd7])")
_START_OF_SCAN, _END_OF_IMAGE, _STANDALONE = 0xDA, 0xD9, (0x01, 0xD8)


class TooCostly(ValueError):
    """Decoding would take too much memory or time; the message is half a sentence."""


class TimedBytes(io.BytesIO):
    """The bytes of a file, which stop being read when a decoder has taken too much processor time.

    The time of this thread counts, so that a busy machine refuses nothing.
    """

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self._reads = 0
        self._until = time.thread_time() + MAX_SECONDS

    def read(self, size: int | None = -1, /) -> bytes:
        self._reads += 1
        if self._reads % _READS_PER_CHECK == 0 and time.thread_time() > self._until:
            raise TooCostly(f"it takes more than {MAX_SECONDS:g} seconds to read; save it again as JPEG or PNG")
        return super().read(size)


def check_cost(file: Image.Image, data: bytes) -> None:
    """Raise TooCostly where decoding an opened, not yet loaded picture would cost too much."""
    stored_format = file.format or ""
    pixels = file.width * file.height
    allowed = MAX_FORMAT_PIXELS.get(stored_format, pixels)
    if pixels > allowed:
        raise TooCostly(
            f"it has {file.width} x {file.height} pixels; at most {allowed:,} are allowed for {_NAMES[stored_format]}; "
            "make it smaller, or save it as JPEG or PNG"
        )
    if stored_format in ("JPEG", "MPO") and count_scans(data, MAX_SCANS) > MAX_SCANS:
        raise TooCostly(
            f"it is a progressive JPEG of more than {MAX_SCANS} scans, which takes too long; save it as JPEG again"
        )
    if stored_format == "TIFF":
        _check_tiles(file)


def count_scans(data: bytes, enough: int) -> int:
    """Return the number of scans of a JPEG's first picture, without decoding it; counting stops above ``enough``."""
    # Thumbnails inside EXIF have scans too, so this is at least the number; nearly every file ends here.
    marks = data.count(b"\xff\xda")
    if marks <= enough:
        return marks
    scans, at = 0, 2
    while scans <= enough and (found := _NEXT_MARKER.search(data, at)):
        marker, at = found.group(1)[0], found.end()
        if marker == _END_OF_IMAGE:
            break
        if marker in _STANDALONE:
            continue
        scans += marker == _START_OF_SCAN
        at += max(2, int.from_bytes(data[at : at + 2], "big"))
    return scans


def _check_tiles(file: Image.Image) -> None:
    tags: Any = getattr(file, "tag_v2", {})
    width, length = tags.get(_TILE_WIDTH), tags.get(_TILE_LENGTH)
    if isinstance(width, int) and isinstance(length, int) and width * length > MAX_TILE_PIXELS:
        raise TooCostly(f"it is stored in tiles of {width} x {length} pixels; save it in strips or smaller tiles")


def reduction(file: Image.Image, data: bytes, most_pixels: int) -> int:
    """Return by how much a JPEG of more than ``most_pixels`` is reduced while it is decoded: 2, 4 or 8; else 1.

    Only a JPEG in one scan can be decoded so without holding all of it in memory. Raises TooCostly for other ones.
    """
    pixels = file.width * file.height
    if pixels <= most_pixels or file.format not in ("JPEG", "MPO"):
        return 1
    large = f"it has {file.width} x {file.height} pixels"
    if pixels > MAX_REDUCED_PIXELS:
        raise TooCostly(f"{large}; at most {MAX_REDUCED_PIXELS:,} are allowed for JPEG; make it smaller")
    if file.info.get("progressive") or count_scans(data, 1) > 1:
        raise TooCostly(
            f"{large}, and a progressive JPEG of more than {most_pixels:,} takes too much memory; make it smaller, or "
            "save it as a JPEG that is not progressive"
        )
    return next((scale for scale in (2, 4, 8) if _reduced_pixels(file.size, scale) <= most_pixels), 8)


def _reduced_pixels(size: tuple[int, int], scale: int) -> int:
    return -(-size[0] // scale) * -(-size[1] // scale)


def load(file: Image.Image, data: bytes) -> Image.Image:
    """Decode an opened picture and return its pixels; JPEG 2000 is decoded in a process with limited memory."""
    if file.format != "JPEG2000":
        file.load()
        return file
    return decoded_apart(DECODER, data)[0]


def decoded_apart(decoder: Sequence[str], data: bytes) -> tuple[Image.Image, dict[str, Any]]:
    """Decode a file in a process of its own; return the picture and what else the process found out.

    Raises ValueError where the process refuses the file or does not come back.
    """
    with tempfile.TemporaryFile() as source, tempfile.TemporaryFile() as target:
        source.write(data)
        source.flush()
        os.lseek(source.fileno(), 0, os.SEEK_SET)
        try:
            read_limited(decoder, source, target, PATIENCE_SECONDS)
        except (FileRefused, FileUnreadable) as error:
            raise ValueError(str(error)) from error
        return read_pixels(target)
