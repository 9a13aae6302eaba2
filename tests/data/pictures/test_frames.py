"""Animations and files of several pages: counted cheaply, and each frame is a picture of its own."""

import io
import struct
import time
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core.data.pictures.decoding import decode
from core.data.pictures.formats import frames
from core.data.pictures.formats.frames import MAX_FRAMES, count_frames, frame_bytes, may_have_frames
from core.data.pictures.formats.tiff_pages import MAX_DIRECTORIES, tiff_pages
from core.errors import ImageRefused

COLORS = ["red", "green", "blue"]
FORMATS: dict[str, dict[str, Any]] = {
    "GIF": {},
    "PNG": {},
    "WEBP": {"lossless": True},
    "AVIF": {"quality": 100},
    "TIFF": {},
}


def animated(format: str, colors: list[str] = COLORS, size: tuple[int, int] = (20, 12)) -> bytes:
    first, *others = [Image.new("RGB", size, color) for color in colors]
    out = io.BytesIO()
    first.save(out, format, save_all=True, append_images=others, **FORMATS.get(format, {}))
    return out.getvalue()


@pytest.mark.parametrize("format", FORMATS)
def test_each_frame_is_a_picture(format: str) -> None:
    data = animated(format)
    assert count_frames(data) == 3
    assert may_have_frames(data[: 2**14])
    for number, color in enumerate(COLORS):
        decoded = decode(frame_bytes(data, "a", number), "a")
        found = np.asarray(decoded.image, np.int16)[6, 10]
        assert np.abs(found - np.asarray(Image.new("RGB", (1, 1), color), np.int16)[0, 0]).max() < 6
        assert decoded.remarks == () and decoded.image.size == (20, 12)


@pytest.mark.parametrize("format", [*FORMATS, "JPEG", "BMP"])
def test_a_single_picture_has_one_frame(format: str) -> None:
    out = io.BytesIO()
    Image.new("RGB", (20, 12), "red").save(out, format)
    assert count_frames(out.getvalue()) == 1
    if format in ("PNG", "WEBP", "AVIF", "JPEG"):
        assert not may_have_frames(out.getvalue()[: 2**14])


def test_a_small_gif_of_very_many_frames_is_counted_at_once() -> None:
    """All of them were gone through: 1.5 MB took three seconds, and the largest file that is read half an hour."""
    frame = b"\x2c" + bytes(4) + b"\1\0\1\0\0" + b"\2\2\x44\1\0"
    data = b"GIF89a\1\0\1\0\x80\0\0" + bytes(3) + b"\xff" * 3 + frame * 100_000 + b"\x3b"
    start = time.process_time()
    assert count_frames(data) == MAX_FRAMES + 1
    assert time.process_time() - start < 1


def test_an_mpo_of_a_phone_is_one_photo() -> None:
    assert count_frames(animated("MPO")) == 1


def test_a_frame_that_is_not_there_is_refused() -> None:
    for format in FORMATS:
        with pytest.raises(ImageRefused):
            frame_bytes(animated(format), "a", 7)
    assert count_frames(b"GIF89a nonsense") == 1


def test_more_frames_than_allowed_are_not_all_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "MAX_FRAMES", 2)
    assert count_frames(animated("GIF")) == 3 == count_frames(animated("TIFF"))
    assert count_frames(animated("GIF", [*COLORS, "white", "black"])) == 3
    assert MAX_FRAMES == 100


def test_smaller_copies_in_a_tiff_are_no_pages() -> None:
    """As in pyramids of microscopes and in files of Photoshop."""
    whole, small = Image.new("RGB", (64, 48), "red"), Image.new("RGB", (32, 24), "red")
    small.encoderinfo = {"tiffinfo": {254: 1}}
    out = io.BytesIO()
    whole.save(out, "TIFF", save_all=True, append_images=[small])
    assert tiff_pages(out.getvalue()) == [0]
    assert count_frames(out.getvalue()) == 1
    assert decode(out.getvalue(), "a.tif").remarks == ()


def test_a_page_behind_a_smaller_copy_is_found() -> None:
    whole, small, other = (
        Image.new("RGB", size, color) for size, color in (((64, 48), "red"), ((32, 24), "red"), ((50, 40), "blue"))
    )
    small.encoderinfo = {"tiffinfo": {254: 1}}
    out = io.BytesIO()
    whole.save(out, "TIFF", save_all=True, append_images=[small, other])
    data = out.getvalue()
    assert tiff_pages(data) == [0, 2]
    assert decode(frame_bytes(data, "a", 1), "a").image.size == (50, 40)


def test_a_tiff_whose_chain_never_ends_is_read_within_limits() -> None:
    loop = b"II*\0" + struct.pack("<IHI", 8, 0, 8)
    assert tiff_pages(loop) == [0]
    many = b"II*\0" + struct.pack("<I", 8)
    many += b"".join(struct.pack("<HI", 0, 8 + 6 * (number + 1)) for number in range(200_000))
    start = time.perf_counter()
    assert len(tiff_pages(many)) == MAX_DIRECTORIES
    assert time.perf_counter() - start < 1
    assert tiff_pages(b"MM\0+" + struct.pack(">HHQ", 8, 0, 16) + struct.pack(">QQ", 0, 0)) == [0], "BigTIFF"
    assert tiff_pages(b"II") == [0] == tiff_pages(b"GIF89a")


def test_a_page_of_too_many_pixels_is_refused() -> None:
    out = io.BytesIO()
    Image.new("1", (20, 12)).save(out, "TIFF", save_all=True, append_images=[Image.new("1", (30_000, 3_000))])
    with pytest.raises(ImageRefused, match="30000 x 3000 pixels"):
        frame_bytes(out.getvalue(), "a.tif", 1)
