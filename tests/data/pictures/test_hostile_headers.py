"""The small readers of headers take any bytes: they answer within limits, and raise nothing."""

import io
import struct
import time

from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from core.data.pictures.formats.color_profiles import matrix_profile, to_srgb
from core.data.pictures.formats.frames import count_frames, may_have_frames
from core.data.pictures.formats.heif_header import color_primaries, heif_coded_pixels, heif_size, is_heif
from core.data.pictures.formats.other_files import raw_photo, what_it_is
from core.data.pictures.formats.tiff_pages import tiff_pages
from tests.data.pictures.test_color_profiles import DISPLAY_P3
from tests.data.pictures.test_frames import animated


def box(kind: bytes, contents: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(contents), kind) + contents


def heif(width: int = 64, height: int = 48, angle: int = 1) -> bytes:
    """The boxes of a HEIC file up to its properties; there are no pixels."""
    ispe = box(b"ispe", bytes(4) + struct.pack(">II", width, height))
    colr = box(b"colr", b"nclx" + struct.pack(">HHHB", 12, 13, 6, 128))
    clap = box(b"clap", struct.pack(">8I", width - 4, 1, height, 1, 0, 1, 0, 1))
    properties = box(b"ipco", ispe + colr + clap + box(b"irot", bytes([angle])))
    properties += box(b"ipma", bytes(4) + struct.pack(">IHB4B", 1, 7, 4, 0x81, 2, 0x83, 0x84))
    meta = box(b"meta", bytes(4) + box(b"pitm", bytes(4) + struct.pack(">H", 7)) + box(b"iprp", properties))
    return box(b"ftyp", b"heic" + bytes(4) + b"mif1heic") + meta


def test_the_boxes_of_a_heic_file_are_read() -> None:
    data = heif()
    assert is_heif(data) and heif_size(data) == (48, 60), "cut by clap, then turned"
    assert heif_size(heif(angle=2)) == (60, 48)
    assert heif_coded_pixels(data) == 64 * 48 and color_primaries(data) == 12


def test_very_many_items_are_not_gone_through() -> None:
    """A file of 256 MB took three minutes, and is asked for its size several times."""
    items = box(b"ipma", bytes(4) + struct.pack(">I", 2**24) + bytes(3 * 2**24))
    properties = box(b"ipco", box(b"ispe", bytes(4) + struct.pack(">II", 8, 8))) + items
    meta = box(b"meta", bytes(4) + box(b"pitm", bytes(4) + struct.pack(">H", 7)) + box(b"iprp", properties))
    start = time.process_time()
    assert heif_size(box(b"ftyp", b"heic" + bytes(4) + b"mif1heic") + meta) is None
    assert time.process_time() - start < 2


TIFF = animated("TIFF")
SEEDS = [heif(), TIFF, TIFF.replace(b"II*\0", b"MM\0*", 1), animated("GIF"), animated("PNG"), animated("WEBP")]


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    data = bytearray(draw(st.sampled_from(SEEDS)))
    for _ in range(draw(st.integers(0, 6))):
        place = draw(st.integers(0, min(len(data), 200)) | st.integers(0, len(data)))
        data[place : place + draw(st.integers(0, 8))] = draw(st.binary(max_size=8))
    return bytes(data[: draw(st.integers(0, len(data)))] if draw(st.booleans()) else data)


@settings(max_examples=400, deadline=None)
@given(st.binary(max_size=200) | mutated())
def test_any_bytes_have_an_answer(data: bytes) -> None:
    is_heif(data)
    size = heif_size(data)
    assert size is None or len(size) == 2
    assert heif_coded_pixels(data) >= 0 <= color_primaries(data)
    assert tiff_pages(data)[0] == 0 and count_frames(data) >= 1
    raw_photo(data), may_have_frames(data)
    assert what_it_is(data)


PROFILE = matrix_profile("Display P3", DISPLAY_P3)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_any_profile_gives_a_picture(data: st.DataObject) -> None:
    profile = bytearray(PROFILE)
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, 300) | st.integers(0, len(profile) - 1))
        profile[place : place + data.draw(st.integers(0, 4))] = data.draw(st.binary(max_size=4))
    image = Image.new("RGB", (8, 8), (200, 80, 60))
    found, _ = to_srgb(image, image, bytes(profile))
    assert found.mode == "RGB" and found.size == (8, 8)
    out = io.BytesIO()
    found.save(out, "PNG")
