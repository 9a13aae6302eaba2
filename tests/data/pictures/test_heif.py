"""HEIC photos of phones: upright, in sRGB, decoded in another process; damaged and too large ones are refused."""

import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core.data.importing.formats.image_size import size_of, stored_size_of
from core.data.pictures.decoding import decode
from core.data.pictures.decoding_limits import MAX_FORMAT_PIXELS
from core.data.pictures.formats import heif_photo
from core.data.pictures.formats.color_profiles import P3, matrix_profile
from core.data.pictures.formats.heif_header import heif_size, is_heif
from core.errors import ImageRefused
from core.workspace import REPOSITORY
from tests.data.pictures.test_color_profiles import DISPLAY_P3, color_of, expected_from_p3
from tests.data.pictures.test_decoding import corner, photo

pillow_heif = pytest.importorskip("pillow_heif")


def heic(image: Image.Image, others: tuple[Image.Image, ...] = (), **options: Any) -> bytes:
    file = pillow_heif.from_pillow(image)
    for other in others:
        file.add_from_pillow(other)
    out = io.BytesIO()
    file.save(out, quality=100, chroma=444, **options)
    return out.getvalue()


def exif_of(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif.tobytes()


def test_a_heic_photo_is_read() -> None:
    decoded = decode(heic(photo()), "IMG_1.HEIC")
    assert (decoded.format, decoded.verbatim, decoded.remarks) == ("HEIF", False, ())
    difference = np.abs(np.asarray(decoded.image, np.int16) - np.asarray(photo(), np.int16))
    assert decoded.image.size == (64, 48) and np.median(difference) < 4


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_heic_photo_comes_upright_once(orientation: int) -> None:
    """The file says the turn twice, in its boxes and in EXIF; it is turned once."""
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = photo().transpose(undo[orientation]) if orientation in undo else photo()
    data = heic(stored, exif=exif_of(orientation))
    decoded = decode(data, "IMG_1.HEIC")
    assert decoded.image.size == (64, 48) == heif_size(data)
    assert corner(decoded.image) == (1, 0, 0)
    assert corner(decoded.image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)) == (0, 1, 0)
    assert "turned upright (EXIF)" not in decoded.remarks


@pytest.mark.parametrize("size", [(64, 48), (33, 17), (300, 200)])
def test_the_size_is_read_without_decoding(size: tuple[int, int]) -> None:
    data = heic(Image.new("RGB", size, "red"), exif=exif_of(6))
    stored = stored_size_of(data)
    assert stored is not None and (stored.width, stored.height, stored.orientation) == (*size[::-1], 1)
    assert size_of(data) == decode(data, "a.heic").image.size == size[::-1]


def test_display_p3_of_a_phone_becomes_srgb() -> None:
    image = Image.new("RGB", (64, 48), (200, 80, 60))
    image.info["icc_profile"] = matrix_profile("Display P3", DISPLAY_P3)
    decoded = decode(heic(image), "IMG_1.HEIC")
    assert np.abs(color_of(decoded) - expected_from_p3((200, 80, 60))).max() <= 6
    assert decoded.remarks == ("colours converted from Display P3 to sRGB",)


def test_primaries_named_in_the_file_count_where_it_has_no_profile() -> None:
    image = Image.new("RGB", (64, 48), (200, 80, 60))
    decoded = decode(heic(image, color_primaries=P3, save_nclx_profile=True), "IMG_1.HEIC")
    assert np.abs(color_of(decoded) - expected_from_p3((200, 80, 60))).max() <= 6


def test_ten_bits_become_eight() -> None:
    ramp = np.repeat(np.linspace(0, 65535, 64).astype(np.uint16)[None, :, None], 48, axis=0).repeat(3, axis=2)
    file = pillow_heif.from_bytes("RGB;16", (64, 48), ramp.tobytes())
    out = io.BytesIO()
    file.save(out, quality=100, chroma=444)
    row = np.asarray(decode(out.getvalue(), "a.heic").image, np.int16)[24, :, 0]
    assert np.abs(row - np.linspace(0, 255, 64)).max() <= 6


def test_of_several_pictures_the_primary_one_is_taken_and_it_is_said() -> None:
    white = Image.new("RGB", (64, 48), "white")
    for data in (heic(photo(), (white,), primary_index=0), heic(white, (photo(),), primary_index=1)):
        decoded = decode(data, "burst.heic")
        assert corner(decoded.image) == (1, 0, 0)
        assert decoded.remarks == ("the main one of 2 pictures",)


def test_the_content_counts_and_not_the_suffix() -> None:
    assert decode(heic(photo()), "photo.jpg").format == "HEIF"


@pytest.mark.parametrize(
    "damage", [lambda data: data[:200], lambda data: data[: len(data) // 2], lambda data: data[:12]]
)
def test_a_damaged_heic_photo_is_refused(damage: Any) -> None:
    with pytest.raises(ImageRefused, match="it is a HEIC photo that") as refusal:
        decode(damage(heic(photo())), "IMG_1.HEIC")
    assert "export it as JPEG" in str(refusal.value)


def test_a_heic_photo_of_too_many_pixels_is_refused_by_its_header() -> None:
    data = bytearray(heic(photo()))
    at = data.index(b"ispe") + 8
    data[at : at + 8] = (20_000).to_bytes(4, "big") + (10_000).to_bytes(4, "big")
    with pytest.raises(
        ImageRefused, match="HEIC photo of 64 x 48 pixels, and 200,000,000 are to be decoded; at most 70"
    ):
        decode(bytes(data), "large.heic")
    assert size_of(bytes(data)) is None
    assert MAX_FORMAT_PIXELS["HEIF"] > 63_000_000, "a panorama of an iPhone"


@pytest.mark.parametrize("crash", ["import os; os.abort()", "import sys; sys.stderr.write('\"too old\"'); sys.exit(2)"])
def test_a_decoder_that_crashes_refuses_the_photo_only(monkeypatch: pytest.MonkeyPatch, crash: str) -> None:
    monkeypatch.setattr(heif_photo, "DECODER", ("-c", crash))
    with pytest.raises(ImageRefused, match=r"HEIC photo that cannot be read \(.*(crashed|too old)"):
        decode(heic(photo()), "a.heic")


def test_without_the_package_the_sentence_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heif_photo, "LIBRARIES", ("no_such_package",))
    with pytest.raises(ImageRefused, match="package pillow-heif is not installed; install it, or export it as JPEG"):
        decode(heic(photo()), "a.heic")


def test_the_library_is_never_loaded_into_this_process() -> None:
    source = Path(heif_photo.__file__).parent
    using = [path.name for path in source.rglob("*.py") if "import_module" in path.read_text(encoding="utf-8")]
    assert using == ["heif_process.py"]
    code = "import sys; from core.data.pictures.decoding import decode; import core.data.importing.plan_import; "
    code += "decode(sys.stdin.buffer.read(), 'a'); assert not {'pillow_heif', 'pi_heif'} & {*sys.modules}"
    done = subprocess.run([sys.executable, "-c", code], input=heic(photo()), capture_output=True, cwd=REPOSITORY)
    assert done.returncode == 0, done.stderr


def test_avif_and_other_files_are_no_heif() -> None:
    out = io.BytesIO()
    photo().save(out, "AVIF")
    assert not is_heif(out.getvalue()) and is_heif(heic(photo()))
    assert not is_heif(b"") and not is_heif(b"\xff\xd8\xff") and heif_size(b"\0\0\0\x18ftypheic" + bytes(40)) is None
