"""Recognise HEIF files (HEIC photos of phones), and read a photo's size without decoding it.

Only boxes are read, by a few lines that cannot run out of the file: the library that decodes the pixels is written in
C++, has had holes, and never runs inside this process (`heif_process`).
"""

import struct
from collections.abc import Iterator

LIBRARIES = ("pillow_heif", "pi_heif")
"""Packages that decode HEIC, with the same functions; the second has no encoder."""

BRANDS = (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"hevm", b"hevs")
"""Brands of files whose pictures are coded with HEVC (ISO/IEC 23008-12, annex B)."""

_CONTAINERS = (b"mif1", b"mif2", b"msf1")  # brands of HEIF with any coding
_AVIF = (b"avif", b"avis")
_MAX_BOXES = 4096
_MOST_BRANDS = 64
_MOST_ITEMS = 2**16  # with properties, before the primary picture: a phone's photo has some hundred tiles

Box = tuple[bytes, int, int]
"""A box's kind, and where its contents begin and end."""


def is_heif(data: bytes) -> bool:
    """Return whether a file is HEIF with a coding that Pillow does not read itself; AVIF is not meant."""
    if data[4:8] != b"ftyp":
        return False
    brand, size = data[8:12], int.from_bytes(data[:4], "big")
    if brand in BRANDS:
        return True
    end = min(size, len(data), 16 + 4 * _MOST_BRANDS)
    others = {data[at : at + 4] for at in range(16, end - 3, 4)}
    return brand in _CONTAINERS and not others.intersection(_AVIF)


def heif_size(data: bytes) -> tuple[int, int] | None:
    """Return width and height of the primary picture as it is shown; None where the file does not say.

    The turn (irot) and the visible part (clap) are part of the picture (ISO/IEC 23008-12, 6.5); EXIF's orientation
    repeats the turn and must not be applied again.
    """
    size: tuple[int, int] | None = None
    try:
        for kind, at, _ in _primary_properties(data):
            if kind == b"ispe":
                width, height = struct.unpack_from(">II", data, at + 4)
                size = (width, height)
            elif kind == b"clap" and size is not None:
                across, across_parts, down, down_parts = struct.unpack_from(">4I", data, at)
                size = (round(across / across_parts), round(down / down_parts))
            elif kind == b"irot" and size is not None and data[at] & 1:
                size = size[::-1]
    except (struct.error, IndexError, ZeroDivisionError):
        return None
    return size


def heif_coded_pixels(data: bytes) -> int:
    """Return how many pixels of the primary picture are decoded, before a part of them is cut out (clap)."""
    try:
        sizes = [
            struct.unpack_from(">II", data, at + 4) for kind, at, _ in _primary_properties(data) if kind == b"ispe"
        ]
    except (struct.error, IndexError):
        return 0
    return max((width * height for width, height in sizes), default=0)


def color_primaries(data: bytes) -> int:
    """Return the number of the primary picture's colour primaries in ITU-T H.273; 0 where the file names none.

    HEIF and AVIF files name them (colour information of the type nclx, ISO/IEC 14496-12, 12.1.5) or hold a profile.
    """
    try:
        for kind, at, _ in _primary_properties(data):
            if kind == b"colr" and data[at : at + 4] == b"nclx":
                return int(struct.unpack_from(">H", data, at + 4)[0])
    except (struct.error, IndexError):
        pass
    return 0


def _primary_properties(data: bytes) -> list[Box]:
    """Return the boxes of the primary picture's properties, in the order in which they are applied."""
    meta = _find(data, 0, len(data), b"meta")
    if meta is None:
        return []
    start, end = meta[0] + 4, meta[1]  # behind version and flags
    pitm, iprp = _find(data, start, end, b"pitm"), _find(data, start, end, b"iprp")
    if pitm is None or iprp is None:
        return []
    ipco, ipma = _find(data, *iprp, b"ipco"), _find(data, *iprp, b"ipma")
    if ipco is None or ipma is None:
        return []
    form = ">H" if data[pitm[0]] == 0 else ">I"
    primary = int(struct.unpack_from(form, data, pitm[0] + 4)[0])
    properties = list(_boxes(data, *ipco))
    return [properties[place - 1] for place in _associated(data, ipma, primary) if 1 <= place <= len(properties)]


def _associated(data: bytes, ipma: tuple[int, int], wanted: int) -> list[int]:
    """Return the numbers of the properties of one item."""
    at, end = ipma
    version, width = data[at], 2 if data[at + 3] & 1 else 1
    entries = struct.unpack_from(">I", data, at + 4)[0]
    at += 8
    for _ in range(min(entries, _MOST_ITEMS)):
        if at >= end:
            break
        item = int.from_bytes(data[at : at + (2 if version < 1 else 4)], "big")
        at += 2 if version < 1 else 4
        count, at = data[at], at + 1
        if item == wanted:
            mask = 0x7FFF if width == 2 else 0x7F
            places = range(at, at + count * width, width)
            return [int.from_bytes(data[one : one + width], "big") & mask for one in places]
        at += count * width
    return []


def _find(data: bytes, start: int, end: int, kind: bytes) -> tuple[int, int] | None:
    return next(((at, until) for found, at, until in _boxes(data, start, end) if found == kind), None)


def _boxes(data: bytes, start: int, end: int) -> Iterator[Box]:
    """Yield the boxes between two places (ISO/IEC 14496-12, 4.2), as long as they lie inside."""
    for _ in range(_MAX_BOXES):
        if start + 8 > end:
            return
        size, kind = struct.unpack_from(">I4s", data, start)
        head = 8
        if size == 1:
            if start + 16 > end:
                return
            size, head = struct.unpack_from(">Q", data, start + 8)[0], 16
        elif size == 0:
            size = end - start
        if size < head or start + size > end:
            return
        yield kind, start + head, start + size
        start += size
