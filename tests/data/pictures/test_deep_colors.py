"""Colours of 12 bits in 16 come as bright as they are, in their colours; full 16-bit pictures change nothing."""

import struct
import zlib

import numpy as np
import pytest

from core.data.pictures.decoding import content_hash, decode
from tests.data.pictures.test_decoding import chunk


def png16(values: np.ndarray) -> bytes:
    """A PNG of 16-bit colours [H, W, 3 or 4]."""
    height, width, channels = values.shape
    header = struct.pack(">IIBBBBB", width, height, 16, 2 if channels == 3 else 6, 0, 0, 0)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def tiff16(values: np.ndarray, order: str = "<", deflated: bool = False) -> bytes:
    """A TIFF of 16-bit colours in one strip."""
    height, width, _ = values.shape
    pixels = values.astype(order + "u2").tobytes()
    pixels = zlib.compress(pixels) if deflated else pixels
    bits = struct.pack(order + "3H", 16, 16, 16)
    tags = [(256, 4, width), (257, 4, height), (258, 3, None), (259, 3, 8 if deflated else 1), (262, 3, 2)]
    tags += [(273, 4, None), (277, 3, 3), (278, 4, height), (279, 4, len(pixels))]
    start = 8 + 2 + 12 * len(tags) + 4
    body = b""
    for tag, kind, value in tags:
        count = 3 if tag == 258 else 1
        number = start if tag == 258 else start + len(bits) if tag == 273 else int(value or 0)
        packed = struct.pack(order + "HH", number, 0) if kind == 3 and count == 1 else struct.pack(order + "I", number)
        body += struct.pack(order + "HHI", tag, kind, count) + packed
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "IH", 8, len(tags))
    return head + body + bytes(4) + bits + pixels


def twelve_bits(channels: int = 3) -> np.ndarray:
    values = np.random.default_rng(0).integers(0, 4000, (20, 30, channels))
    values[0, 0] = [4095, 1000, 37, 65535][:channels]
    if channels == 4:
        values[..., 3] = 65535
    return values


FILES = {
    "png": png16(twelve_bits()),
    "png with transparency": png16(twelve_bits(4)),
    "tiff": tiff16(twelve_bits()),
    "tiff, big-endian": tiff16(twelve_bits(), ">"),
    "tiff, deflated": tiff16(twelve_bits(), "<", True),
    "tiff, big-endian, deflated": tiff16(twelve_bits(), ">", True),
}


@pytest.mark.parametrize("kind", FILES)
def test_twelve_bits_of_colour_are_scaled_by_their_own_range(kind: str) -> None:
    values = twelve_bits(4)[..., :3] if "transparency" in kind else twelve_bits()
    decoded = decode(FILES[kind], "a")
    assert np.array_equal(np.asarray(decoded.image), np.rint(values * (255 / 4095)).astype(np.uint8))
    assert decoded.remarks == ("16-bit colours scaled by their own range, 0..4095, to 8-bit",)
    assert not decoded.verbatim


@pytest.mark.parametrize("kind", FILES)
def test_the_former_pixels_are_the_higher_bytes(kind: str) -> None:
    before = decode(FILES[kind], "a", as_before=True)
    assert np.asarray(before.image).max() == 15 and before.remarks == ()
    assert decode(FILES[kind], "a", former=True).former_hash == content_hash(before.image)


def test_colours_that_use_the_upper_half_stay_as_they_are() -> None:
    values = np.random.default_rng(1).integers(0, 65536, (20, 30, 3))
    decoded = decode(png16(values), "a.png")
    assert decoded.remarks == () and decoded.verbatim
    assert np.array_equal(np.asarray(decoded.image), (values >> 8).astype(np.uint8))


def test_a_black_picture_stays_black() -> None:
    assert decode(png16(np.zeros((20, 30, 3), int)), "a.png").remarks == ()
