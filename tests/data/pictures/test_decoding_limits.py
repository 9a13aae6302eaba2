"""No picture may cost much more memory or time than its pixels, whatever its file claims."""

import io
import struct
import subprocess
import sys
import zlib
from typing import Any

import pytest
from PIL import Image

from core.data.importing.formats.image_size import size_of
from core.data.limited.stored_size import header_size
from core.data.pictures import decoding_limits
from core.data.pictures.decoding import decode
from core.data.pictures.decoding_limits import MAX_SCANS, count_scans
from core.errors import ImageRefused
from core.workspace import REPOSITORY


def encoded(format: str, size: tuple[int, int] = (64, 48), **options: Any) -> bytes:
    out = io.BytesIO()
    Image.linear_gradient("L").resize(size).convert("RGB").save(out, format, **options)
    return out.getvalue()


def with_scans(count: int) -> bytes:
    """A progressive JPEG whose last scan is repeated until there are ``count``."""
    data = encoded("JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    scan = data[last:-2]
    return data[:last] + scan * (count - data.count(b"\xff\xda") + 1) + data[-2:]


def test_a_progressive_jpeg_of_1500_scans_is_refused() -> None:
    with pytest.raises(ImageRefused, match="more than 100 scans, which takes too long; save it as JPEG again"):
        decode(with_scans(1500), "a.jpg")


def test_a_usual_progressive_jpeg_is_read() -> None:
    data = encoded("JPEG", progressive=True)
    assert 1 < count_scans(data, MAX_SCANS) < 20
    assert decode(data, "a.jpg").image.size == (64, 48)
    assert count_scans(with_scans(MAX_SCANS), MAX_SCANS) == MAX_SCANS


def test_scans_of_thumbnails_and_of_further_pictures_do_not_count() -> None:
    data = encoded("JPEG", progressive=True)
    scans = data.count(b"\xff\xda")
    inside = b"\xff\xda" * 2000
    with_thumbnail = data[:2] + b"\xff\xe1" + struct.pack(">H", len(inside) + 2) + inside + data[2:]
    assert count_scans(with_thumbnail, MAX_SCANS) == scans
    assert count_scans(data + with_scans(1500), MAX_SCANS) == scans
    assert decode(with_thumbnail, "a.jpg").image.size == (64, 48)


def jpeg2000_claiming(width: int, height: int) -> bytes:
    data = encoded("JPEG2000")
    sizes = struct.pack(">II", 48, 64)  # in the ihdr box
    return data.replace(sizes, struct.pack(">II", height, width), 1)


def test_a_jpeg_2000_of_89_megapixels_is_refused_by_its_header() -> None:
    with pytest.raises(ImageRefused, match=r"9459 x 9459 pixels; at most 32,000,000 are allowed for JPEG 2000"):
        decode(jpeg2000_claiming(9459, 9459), "a.jp2")


def test_a_jpeg_2000_is_decoded_by_a_process_with_limited_memory() -> None:
    # A file of 5 kB with code blocks of 4 x 4 pixels takes a hundred bytes of memory for each pixel of nothing.
    data = encoded("JPEG2000", irreversible=False, codeblock_size=(4, 4))
    assert decode(data, "a.jp2").image.tobytes() == decode(encoded("PNG"), "a.png").image.tobytes()
    code = (
        "from core.data.pictures.formats.jpeg2000_process import decode_pixels;"
        "from core.limited_process import run_limited;"
        "run_limited(decode_pixels, 40 * 2**20)"
    )
    large = encoded("JPEG2000", (1500, 1000))
    done = subprocess.run([sys.executable, "-c", code], input=large, capture_output=True, cwd=REPOSITORY)
    assert done.returncode != 0 and b"Traceback" not in done.stderr, done.stderr


@pytest.mark.parametrize("crash", ["import os; os.abort()", "import sys; sys.stderr.write('\"broken\"'); sys.exit(2)"])
def test_a_decoder_that_crashes_refuses_the_picture_only(monkeypatch: pytest.MonkeyPatch, crash: str) -> None:
    monkeypatch.setattr(decoding_limits, "DECODER", ("-c", crash))
    with pytest.raises(ImageRefused, match=r"crashed|broken"):
        decode(encoded("JPEG2000"), "a.jp2")


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA", "I;16"])
def test_every_mode_comes_back_from_the_process(mode: str) -> None:
    image = Image.linear_gradient("L").resize((20, 10))
    image = (
        image.convert("I").point(lambda value: value * 256).convert("I;16") if mode == "I;16" else image.convert(mode)
    )
    out = io.BytesIO()
    image.save(out, "JPEG2000")
    found = decode(out.getvalue(), "a.jp2").image
    assert (found.mode, found.size) == ("RGB", (20, 10))
    assert found.getpixel((0, 0)) != found.getpixel((0, 9))


def test_a_webp_has_a_limit_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    assert decoding_limits.MAX_FORMAT_PIXELS["WEBP"] * 16 < 2**30, "bytes at the peak"
    monkeypatch.setitem(decoding_limits.MAX_FORMAT_PIXELS, "WEBP", 3000)
    with pytest.raises(ImageRefused, match="64 x 48 pixels; at most 3,000 are allowed for WebP"):
        decode(encoded("WEBP"), "a.webp")


def tiled_tiff(side: int) -> bytes:
    """A grey TIFF of 64 x 48 pixels in one tile of side x side; the tile's data ends early."""
    pixels = zlib.compress(bytes(64 * 64))
    tags = {256: 64, 257: 48, 258: 8, 259: 8, 262: 1, 277: 1, 322: side, 323: side, 324: 0, 325: len(pixels)}
    tags[324] = 8 + 2 + 12 * len(tags) + 4
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4) + pixels


def test_a_tiff_of_huge_tiles_is_refused() -> None:
    assert decode(tiled_tiff(64), "a.tif").image.size == (64, 48)
    with pytest.raises(ImageRefused, match="tiles of 65536 x 65536 pixels"):
        decode(tiled_tiff(65536), "a.tif")


def slow_png(chunks: int) -> bytes:
    data = encoded("PNG")
    one = struct.pack(">I", 0) + b"abCd" + struct.pack(">I", zlib.crc32(b"abCd"))
    return data[:33] + one * chunks + data[33:]


def test_a_file_that_takes_long_to_read_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    data = slow_png(20_000)
    assert decode(data, "a.png").image.size == (64, 48)
    monkeypatch.setattr(decoding_limits, "MAX_SECONDS", 0.01)
    with pytest.raises(ImageRefused, match=r"takes more than 0.01 seconds to read; save it again"):
        decode(data, "a.png")
    assert header_size(data) is None, "which a process of its own calls"


def test_the_size_of_a_bomb_is_not_looked_for() -> None:
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + b"IHDR" + header + struct.pack(">I", zlib.crc32(b"IHDR" + header))
    assert size_of(b"\x89PNG\r\n\x1a\n" + chunk) is None
    assert size_of(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n") is None
    assert size_of(encoded("PNG")) == (64, 48)
