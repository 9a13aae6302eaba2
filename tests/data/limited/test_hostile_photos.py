"""What strangers upload is decoded in another process: whatever the file, this process keeps its memory and goes on."""

import io
import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psutil
import pytest
from PIL import Image

from core.data.limited.camera_frames import MOST_PIXELS
from core.data.limited.photos import decoded_photo, drawn_boxes, frame_of, frames_in, photo_hashes, size_in_header
from core.data.limited.processes import PROCESSES
from core.data.limited.stored_size import header_size
from core.data.pictures.box import Box
from core.data.pictures.box_drawing import draw_boxes
from core.data.pictures.decoding import content_hash, decode
from core.data.pictures.formats.frames import count_frames, frame_bytes
from core.errors import ImageRefused

MEBIBYTE = 2**20


def picture(format: str = "JPEG", size: tuple[int, int] = (60, 40), **options: object) -> bytes:
    out = io.BytesIO()
    Image.linear_gradient("L").resize(size).convert("RGB").save(out, format, **options)
    return out.getvalue()


def bomb(side: int, format: str = "PNG") -> bytes:
    """A tiny file of very many equal pixels."""
    out = io.BytesIO()
    Image.new("1", (side, side)).save(out, format)
    return out.getvalue()


def animation(frames: int) -> bytes:
    out = io.BytesIO()
    first, *others = (Image.new("RGB", (30, 20), (60 * number, 0, 0)) for number in range(frames))
    first.save(out, "GIF", save_all=True, append_images=others)
    return out.getvalue()


def claims(width: int, height: int) -> bytes:
    """A PNG whose header claims this size, with one row of pixels."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(100))) + chunk(b"IEND", b"")


@contextmanager
def own_memory(most: int) -> Iterator[None]:
    """Fail if this process needs more memory than that at its end; in mebibytes."""
    before = psutil.Process().memory_info().rss
    yield
    grown = (psutil.Process().memory_info().rss - before) / MEBIBYTE
    assert grown < most, f"{grown:.0f} MiB"


HOSTILE = {
    "a bomb of 400 million pixels": bomb(20_000),
    "a header that claims 4 gigapixels": claims(65_500, 65_500),
    "cut off": picture(size=(800, 600))[:2_000],
    "cut off PNG": picture("PNG", (800, 600))[:900],
    "no picture": b"GIF89a" + bytes(1_000),
    "nothing": b"",
}


@pytest.mark.parametrize("raw", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("frame", [False, True], ids=["upload", "camera"])
def test_hostile_files_are_refused_with_a_sentence(raw: bytes, frame: bool) -> None:
    with own_memory(60), pytest.raises(ImageRefused) as refused:
        decoded_photo(raw, "mine.png", frame=frame)
    assert refused.value.name == "mine.png" and refused.value.reason


@pytest.mark.parametrize("ask", [photo_hashes, lambda raw, name: drawn_boxes(raw, name, ())])
def test_a_bomb_is_refused_wherever_an_import_looks_at_it(ask: Callable[[bytes, str], object]) -> None:
    with own_memory(60), pytest.raises(ImageRefused, match="pixels"):
        ask(HOSTILE["a bomb of 400 million pixels"], "a.png")


def test_planning_an_import_reads_no_bomb_here() -> None:
    tiff = bomb(4_000, "TIFF")
    with own_memory(60):
        assert size_in_header(HOSTILE["a header that claims 4 gigapixels"]) is None
        assert size_in_header(HOSTILE["cut off PNG"]) in (None, header_size(HOSTILE["cut off PNG"]))
        assert frames_in(tiff, "a.tif") == 1
        assert frames_in(b"no picture", "a.gif") == 1


def test_a_frame_of_more_pixels_than_a_camera_has_is_refused() -> None:
    side = int(MOST_PIXELS**0.5) + 10
    with pytest.raises(ImageRefused, match="million of a camera's frame"):
        decoded_photo(bomb(side), "frame", frame=True)
    with pytest.raises(ImageRefused, match="no JPEG, PNG or WebP"):
        decoded_photo(picture("BMP"), "frame", frame=True)


def test_answers_are_those_of_the_same_work_here() -> None:
    turned = Image.Exif()
    turned[274] = 6
    for raw in (picture(), picture("PNG"), picture("WEBP"), picture("JPEG", exif=turned)):
        here, there = decode(raw, "a"), decoded_photo(raw, "a")
        assert there.image.tobytes() == here.image.tobytes() and there.image.size == here.image.size
        assert (there.remarks, there.orientation, there.full_size) == (here.remarks, here.orientation, here.full_size)
        assert photo_hashes(raw, "a").hash == content_hash(here.image)
        assert size_in_header(raw) == header_size(raw)
        boxes = [("owl", Box(2, 3, 20, 10))]
        assert drawn_boxes(raw, "a", boxes) == draw_boxes(raw, "a", boxes)
    gif = animation(3)
    assert frames_in(gif, "a.gif") == count_frames(gif) == 3
    assert frame_of(gif, "a.gif", 2) == frame_bytes(gif, "a.gif", 2)


def test_hostile_files_end_no_process_that_others_wait_for() -> None:
    decoded_photo(picture(), "good")
    before = PROCESSES.pids()
    for raw in HOSTILE.values():
        with pytest.raises(ImageRefused):
            decoded_photo(raw, "bad")
    assert decoded_photo(picture(), "good").image.size == (60, 40)
    assert PROCESSES.pids() == before
