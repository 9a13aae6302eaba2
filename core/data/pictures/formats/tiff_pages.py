"""Find the pages of a TIFF that are pictures of their own, without decoding any."""

import struct

MAX_DIRECTORIES = 1000
"""How many directories of a TIFF are looked at."""

_SUBFILE, _OLD_SUBFILE = 254, 255
_REDUCED_OR_MASK, _OLD_REDUCED = 0b101, 2
_SHORT = 3


def tiff_pages(data: bytes) -> list[int]:
    """Return the places in the file's chain of directories of its pages, the first always among them.

    Smaller copies of another page, as in pyramids and for previews, and masks do not count (TIFF 6.0, section 8,
    NewSubfileType and SubfileType). BigTIFF has 8 bytes where TIFF has 4.
    """
    order = {b"II": "<", b"MM": ">"}.get(data[:2])
    if order is None:
        return [0]
    pages, seen = [0], set()
    try:
        big = struct.unpack_from(order + "H", data, 2)[0] == 43
        offset, count, entry, head = ("Q", "Q", 20, 8) if big else ("I", "H", 12, 4)
        at = int(struct.unpack_from(order + offset, data, head)[0])
        for place in range(MAX_DIRECTORIES):
            if not at or at in seen:
                break
            seen.add(at)
            entries = int(struct.unpack_from(order + count, data, at)[0])
            first = at + struct.calcsize(count)
            if place and not _is_copy(data, order, first, min(entries, 4), entry):
                pages.append(place)
            at = int(struct.unpack_from(order + offset, data, first + entry * entries)[0])
    except (struct.error, OverflowError):  # the chain leads out of the file: the pages so far count
        pass
    return pages


def _is_copy(data: bytes, order: str, first: int, entries: int, entry: int) -> bool:
    """Return whether a directory is a smaller copy or a mask. Its tags are sorted, and these are the smallest."""
    for place in range(entries):
        at = first + entry * place
        tag, kind = struct.unpack_from(order + "HH", data, at)
        value = struct.unpack_from(
            order + ("H" if kind == _SHORT else "I"), data, at + entry - (8 if entry == 20 else 4)
        )[0]
        if tag == _SUBFILE and value & _REDUCED_OR_MASK:
            return True
        if tag == _OLD_SUBFILE and value == _OLD_REDUCED:
            return True
    return False
