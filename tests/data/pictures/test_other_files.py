"""Files that are no readable photos are named by their content or their suffix, with what to do."""

import io
import struct

import pytest
from PIL import Image

from core.data.pictures.decoding import decode
from core.data.pictures.formats.other_files import RAW, RAW_SUFFIXES, VIDEO, kind_by_suffix, raw_photo
from core.errors import ImageRefused


def tiff(*tags: tuple[int, int, int], order: str = "<") -> bytes:
    """A TIFF that Pillow opens: 8 x 6 grey pixels, with more tags (number, type, value) in its directory."""
    own = [(256, 4, 8), (257, 4, 6), (258, 3, 8), (259, 3, 1), (262, 3, 1), (273, 4, 0), (277, 3, 1), (278, 4, 6)]
    entries = sorted({tag: (tag, kind, value) for tag, kind, value in [*own, (279, 4, 48), *tags]}.values())
    start = 8 + 2 + 12 * len(entries) + 4
    body = b""
    for tag, kind, value in entries:
        packed = struct.pack(order + ("HH" if kind == 3 else "I"), *((value, 0) if kind == 3 else (value,)))
        body += struct.pack(order + "HHI", tag, kind, 1) + (struct.pack(order + "I", start) if tag == 273 else packed)
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "IH", 8, len(entries))
    return head + body + bytes(4) + bytes(range(48))


def test_a_plain_tiff_is_no_raw_photo() -> None:
    assert decode(tiff(), "a.tif").image.size == (8, 6)
    assert decode(tiff(order=">"), "a.tif").image.size == (8, 6)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    "tags",
    [
        ((50706, 1, 0x0401),),  # DNG
        ((254, 4, 1), (330, 4, 8)),  # a preview beside the values of the sensor: NEF, ARW and others
        ((262, 3, 32803),),  # a colour filter array
        ((262, 3, 34892),),  # linear raw
    ],
)
@pytest.mark.parametrize("name", ["DSC_1.NEF", "photo.jpg", "scan.tif"])
def test_a_raw_photo_is_refused_and_its_preview_not_taken(
    name: str, tags: tuple[tuple[int, int, int], ...], order: str
) -> None:
    data = tiff(*tags, order=order)
    assert raw_photo(data)
    with pytest.raises(ImageRefused) as refusal:
        decode(data, name)
    assert refusal.value.reason == RAW


def test_a_preview_without_other_pictures_beside_it_is_a_tiff() -> None:
    assert not raw_photo(tiff((254, 4, 1)))
    assert not raw_photo(b"II*\0" + bytes(2)) and not raw_photo(b"II*\0\xff\xff\xff\xff")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"II*\0\x10\0\0\0CR\x02\0" + bytes(50), "raw photo"),
        (b"\0\0\0\x18ftypcrx \0\0\0\1crx isom", "raw photo"),
        (b"FUJIFILMCCD-RAW 0201", "raw photo"),
        (b"IIRO\x08\0\0\0", "raw photo"),
        (b"IIU\0\x18\0\0\0", "raw photo"),
        (b"FOVb\0\0\3\0", "raw photo"),
        (b"\0\0\0\x14ftypqt  \0\0\0\0qt  ", "video"),
        (b"\0\0\0\x18ftypisom\0\0\2\0", "video"),
        (b"\x1aE\xdf\xa3\x93B\x82\x88matroska", "video"),
        (b"RIFF\0\0\0\0AVI LIST", "video"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
        (b"\xff\x0a\xfa\x1f", "JPEG XL"),
        (bytes(128) + b"DICM" + bytes(20), "DICOM"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "Git LFS pointer"),
        (b"<!DOCTYPE html>\n<html><body>404</body></html>", "web page"),
        (b"\0\x05\x16\x07\0\2\0\0Mac OS X", "another file of the same name"),
        (b"gimp xcf v011\0", "image editor"),
        (b"8BPS\0\1", "damaged or cut off"),
    ],
)
def test_other_kinds_are_named_by_their_content(data: bytes, reason: str) -> None:
    with pytest.raises(ImageRefused, match=reason):
        decode(data, "photo.jpg")


@pytest.mark.parametrize(
    ("suffix", "reason"),
    [(".nef", RAW), (".dng", RAW), (".mov", VIDEO), (".mp4", VIDEO), (".pdf", "PDF"), (".jxl", "JPEG XL")],
)
def test_other_kinds_are_named_by_their_suffix(suffix: str, reason: str) -> None:
    assert reason in (kind_by_suffix(suffix) or "")
    assert kind_by_suffix(".xyz") is None


def test_a_raw_photo_of_unknown_bytes_is_named_by_its_suffix() -> None:
    assert {".dng", ".cr2", ".cr3", ".nef", ".arw", ".orf", ".rw2", ".raf"} <= RAW_SUFFIXES
    with pytest.raises(ImageRefused, match="raw photo"):
        decode(b"\x9a\x01\x02\x00" * 20, "IMG_1.CRW")


def test_a_jpeg_with_the_wrong_suffix_is_read() -> None:
    out = io.BytesIO()
    Image.new("RGB", (20, 20), "red").save(out, "JPEG")
    assert decode(out.getvalue(), "DSC_1.NEF").format == "JPEG"
