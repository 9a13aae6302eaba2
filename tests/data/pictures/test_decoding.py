"""Decoding: every kind of picture becomes upright RGB, and hostile bytes are refused with a reason."""

import io
import struct
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFile, ImageOps

from core.data.pictures.decoding import IMAGE_SUFFIXES, MAX_PIXELS, content_hash, decode, make_thumbnail
from core.errors import ImageRefused

# Pillow warns of what it repairs; the subject here is what decode makes of it.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::PIL.Image.DecompressionBombWarning")


def encoded(image: Image.Image, format: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, format, **options)
    return out.getvalue()


def photo(width: int = 64, height: int = 48) -> Image.Image:
    """A picture whose corners all differ: red top left, green top right, blue bottom left, white bottom right."""
    pixels = np.zeros((height, width, 3), np.uint8)
    top, left = slice(0, height // 2), slice(0, width // 2)
    bottom, right = slice(height // 2, None), slice(width // 2, None)
    pixels[top, left], pixels[top, right], pixels[bottom, left], pixels[bottom, right] = (
        (255, 0, 0),
        (0, 255, 0),
        (0, 0, 255),
        (255, 255, 255),
    )
    return Image.fromarray(pixels)


def noise(width: int = 64, height: int = 48, seed: int = 0) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8))


def corner(image: Image.Image) -> tuple[int, ...]:
    color = image.getpixel((2, 2))
    assert isinstance(color, tuple)
    return tuple(round(part / 255) for part in color)


LOSSLESS: dict[str, dict[str, Any]] = {
    "PNG": {},
    "WEBP": {"lossless": True},
    "BMP": {},
    "TIFF": {"compression": "tiff_lzw"},
    "PPM": {},
    "QOI": {},
    "SGI": {},
    "PCX": {},
    "TGA": {},
    "JPEG2000": {"irreversible": False},
}
LOSSY = {"JPEG": {"quality": 95}, "AVIF": {"quality": 95}}


@pytest.mark.parametrize("format", LOSSLESS)
def test_a_lossless_file_gives_the_same_pixels_and_hash(format: str) -> None:
    decoded = decode(encoded(photo(), format, **LOSSLESS[format]), "a")
    assert decoded.format == format
    assert decoded.image.mode == "RGB"
    assert decoded.remarks == ()
    assert np.array_equal(np.asarray(decoded.image), np.asarray(photo()))
    assert content_hash(decoded.image) == content_hash(photo())
    assert decoded.verbatim == (format in ("PNG", "WEBP"))


@pytest.mark.parametrize("format", LOSSY)
def test_a_lossy_file_gives_nearly_the_same_pixels(format: str) -> None:
    decoded = decode(encoded(photo(), format, **LOSSY[format]), "a")
    difference = np.abs(np.asarray(decoded.image, np.int16) - np.asarray(photo(), np.int16))
    assert np.median(difference) < 4
    assert decoded.verbatim == (format == "JPEG")


def test_the_hash_depends_on_size_and_pixels() -> None:
    row, column = Image.new("RGB", (6, 1)), Image.new("RGB", (1, 6))
    other = row.copy()
    other.putpixel((0, 0), (0, 0, 1))
    assert len({content_hash(row), content_hash(column), content_hash(other)}) == 3
    assert content_hash(Image.new("L", (6, 1))) == content_hash(row)


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_exif_orientation_comes_upright(format: str, orientation: int) -> None:
    # As a camera stores it: the upright picture turned the other way, with the note how to turn it back.
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
    exif = Image.Exif()
    exif[0x0112] = orientation
    decoded = decode(encoded(stored, format, exif=exif), "a")
    assert decoded.image.size == (64, 48)
    assert corner(decoded.image) == (1, 0, 0)
    assert corner(decoded.image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)) == (0, 1, 0)
    assert ("turned upright (EXIF)" in decoded.remarks) == (orientation != 1)
    if orientation != 1:
        assert not decoded.verbatim


def test_a_jpeg_is_decoded_without_a_copy_of_its_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy of 12 megapixels took a third as long as decoding them."""
    upright, turned = Image.Exif(), Image.Exif()
    turned[0x0112] = 6
    files = [encoded(noise(), "JPEG", exif=exif) for exif in (upright, turned)]
    right = [ImageOps.exif_transpose(Image.open(io.BytesIO(file))) for file in files]
    monkeypatch.setattr(Image.Image, "copy", lambda *_: pytest.fail("copied"))
    monkeypatch.setattr(Image.Image, "convert", lambda *_: pytest.fail("copied"))
    for file, expected in zip(files, right, strict=True):
        found = decode(file, "photo.jpg").image
        assert type(found) is Image.Image, "nothing of the file is left in it"
        assert found.size == expected.size and found.tobytes() == expected.tobytes()


def test_broken_exif_does_not_cost_the_picture() -> None:
    nonsense = b"XX*\0\x08\0\0\0nonsense"
    decoded = decode(encoded(photo(), "PNG", exif=nonsense), "a")
    assert decoded.image.size == (64, 48)
    assert decoded.remarks == ("its EXIF data is broken, so it was not turned",)
    assert decode(encoded(photo(), "JPEG", exif=b"Exif\0\0" + nonsense), "a").image.size == (64, 48)


def test_transparent_parts_come_on_white() -> None:
    clear = photo().convert("RGBA")
    clear.putalpha(Image.new("L", clear.size, 0))
    half = Image.new("LA", (10, 10), (0, 128))
    palette = photo().quantize(4)
    red = palette.getpixel((0, 0))
    for image, options, color in (
        (clear, {}, (255, 255, 255)),
        (half, {}, (127, 127, 127)),
        (palette, {"transparency": red}, (255, 255, 255)),
        (photo(), {"transparency": (255, 0, 0)}, (255, 255, 255)),
    ):
        decoded = decode(encoded(image, "PNG", **options), "a")
        assert decoded.image.getpixel((0, 0)) == color
        assert decoded.remarks == ("transparent parts made white",)
        assert not decoded.verbatim
        assert "transparency" not in decoded.image.info, "a picture saved again would become transparent"


def test_an_alpha_channel_that_hides_nothing_changes_nothing() -> None:
    decoded = decode(encoded(photo().convert("RGBA"), "PNG"), "a")
    assert decoded.remarks == ()
    assert decoded.verbatim
    assert content_hash(decoded.image) == content_hash(photo())


@pytest.mark.parametrize("mode", ["1", "L", "P"])
def test_grey_one_bit_and_palette_pictures_need_no_remark(mode: str) -> None:
    decoded = decode(encoded(photo().convert(mode), "PNG"), "a")
    assert decoded.image.mode == "RGB"
    assert decoded.remarks == ()
    assert decoded.verbatim
    assert np.array_equal(np.asarray(decoded.image), np.asarray(photo().convert(mode).convert("RGB")))


@pytest.mark.parametrize("format", ["JPEG", "TIFF"])
def test_cmyk_becomes_rgb(format: str) -> None:
    decoded = decode(encoded(photo().convert("CMYK"), format), "a")
    assert corner(decoded.image) == (1, 0, 0)
    assert decoded.remarks == ("CMYK converted to RGB",)
    assert not decoded.verbatim


@pytest.mark.parametrize("format", ["PNG", "TIFF"])
def test_16_bit_grey_is_scaled_and_not_clipped(format: str) -> None:
    ramp = np.linspace(0, 65535, 64 * 64).astype(np.uint16).reshape(64, 64)
    decoded = decode(encoded(Image.fromarray(ramp), format), "a")
    grey = np.asarray(decoded.image)[:, :, 0]
    assert np.array_equal(grey, np.rint(ramp / 257).astype(np.uint8))
    assert "16-bit scaled to 8-bit" in decoded.remarks


@pytest.mark.parametrize("format", ["PNG", "TIFF"])
@pytest.mark.parametrize(("lowest", "highest"), [(0, 4095), (120, 3000), (30_000, 40_000), (1, 65_535)])
def test_16_bit_grey_is_scaled_by_its_own_range(format: str, lowest: int, highest: int) -> None:
    """Cameras and microscopes write 12 bits into 16: their images were nearly black."""
    ramp = np.linspace(lowest, highest, 64 * 64).round().astype(np.uint16).reshape(64, 64)
    decoded = decode(encoded(Image.fromarray(ramp), format), "a")
    grey = np.asarray(decoded.image)[:, :, 0]
    assert np.array_equal(grey, np.rint((ramp.astype(float) - lowest) * 255 / (highest - lowest)).astype(np.uint8))
    assert decoded.remarks == (f"values scaled by their own range, {lowest}..{highest}, to 8-bit",)
    before = decode(encoded(Image.fromarray(ramp), format), "a", as_before=True).image
    assert np.array_equal(np.asarray(before)[:, :, 0], np.rint(ramp / 257).astype(np.uint8))


def test_an_even_16_bit_picture_has_no_range_and_says_that_it_is_dark() -> None:
    decoded = decode(encoded(Image.fromarray(np.full((9, 9), 4095, np.uint16)), "PNG"), "a")
    assert decoded.remarks == ("16-bit scaled to 8-bit, very dark: its brightest value is 4095 of 65535",)


@pytest.mark.parametrize(
    ("values", "grey"),
    [
        (np.array([[0.0, 0.5, 1.0]], np.float32), [0, 128, 255]),
        (np.array([[0.0, 100.0, 200.0]], np.float32), [0, 100, 200]),
        (np.array([[-1.0, 0.0, 1.0]], np.float32), [0, 128, 255]),
        (np.array([[7e8, 8e8, 9e8]], np.float32), [0, 128, 255]),
        (np.array([[-1000, 0, 1000]], np.int32), [0, 128, 255]),
        (np.array([[0, 32768, 65535]], np.int32), [0, 128, 255]),
        (np.array([[5, 5, 5]], np.float32), [5, 5, 5]),
        (np.array([[0.0, 0.01, 0.02]], np.float32), [0, 128, 255]),
        (np.array([[0, 2000, 4000]], np.int32), [0, 128, 255]),
    ],
)
def test_float_and_integer_pictures_keep_their_range(values: np.ndarray, grey: list[int]) -> None:
    tall = np.repeat(values, 12, axis=0)
    decoded = decode(encoded(Image.fromarray(tall), "TIFF"), "a")
    assert np.asarray(decoded.image)[0, :, 0].tolist() == grey
    assert any("8-bit" in remark for remark in decoded.remarks)


def test_values_that_are_not_numbers_are_refused() -> None:
    with pytest.raises(ImageRefused, match="not numbers"):
        decode(encoded(Image.fromarray(np.full((9, 9), np.nan, np.float32)), "TIFF"), "a.tif")


@pytest.mark.parametrize("format", ["GIF", "PNG", "WEBP", "AVIF"])
def test_the_first_frame_of_an_animation_is_taken(format: str) -> None:
    frames = [noise(seed=number) for number in range(3)]
    decoded = decode(encoded(photo(), format, save_all=True, append_images=frames), "a")
    assert corner(decoded.image) == (1, 0, 0)
    assert "first of 4 frames" in decoded.remarks
    assert not decoded.verbatim


def test_the_first_page_of_a_tiff_is_taken() -> None:
    decoded = decode(encoded(photo(), "TIFF", save_all=True, append_images=[noise()]), "a")
    assert corner(decoded.image) == (1, 0, 0)
    assert decoded.remarks == ("first of 2 pages",)


def test_an_mpo_of_a_phone_is_a_photo_without_remark() -> None:
    decoded = decode(encoded(photo(), "MPO", save_all=True, append_images=[noise()]), "a")
    assert (decoded.format, decoded.remarks, decoded.verbatim) == ("MPO", (), True)
    assert corner(decoded.image) == (1, 0, 0)


def test_verbatim_means_that_the_bytes_give_the_same_pixels() -> None:
    for image, format, options in (
        (photo(), "JPEG", {}),
        (photo().convert("L"), "JPEG", {}),
        (photo().quantize(4), "PNG", {}),
        (photo().convert("RGBA"), "WEBP", {"lossless": True}),
    ):
        raw = encoded(image, format, **options)
        decoded = decode(raw, "a")
        assert decoded.verbatim
        again = Image.open(io.BytesIO(raw)).convert("RGB")
        assert np.array_equal(np.asarray(again), np.asarray(decoded.image))


def test_tiny_and_very_long_pictures_are_taken_with_a_remark() -> None:
    assert decode(encoded(Image.new("RGB", (1, 1)), "PNG"), "a").remarks == ("tiny: 1 x 1 pixels",)
    assert decode(encoded(Image.new("RGB", (400, 20)), "PNG"), "a").remarks == (
        "very long and narrow: 400 x 20 pixels",
    )


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"filename,label\na.jpg,owl\n", "text file"),
        ("Grüße\n".encode("latin-1"), "text file"),
        (b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"></svg>', "SVG"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n", "PostScript"),
        (b"%PDF-1.7\n", "PDF"),
        (b"PK\x03\x04rest", "zip"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC"),
        (b"\0\0\0\x18ftypmp42\0\0\0\0", "video"),
        (b"\xff\xd8\xff", "damaged or cut off"),
        (b"\x89PNG\r\n\x1a\n", "damaged or cut off"),
        (bytes(range(256)), "not an image"),
    ],
)
def test_what_is_no_picture_is_refused_with_its_kind(data: bytes, reason: str) -> None:
    with pytest.raises(ImageRefused, match=reason) as refusal:
        decode(data, "my file.jpg")
    assert refusal.value.name == "my file.jpg"
    assert str(refusal.value).startswith("my file.jpg: ")


def test_an_eps_is_never_given_to_ghostscript() -> None:
    with pytest.raises(ImageRefused, match="PostScript"):
        decode(encoded(photo(), "EPS"), "drawing.jpg")


@pytest.mark.parametrize("format", ["JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "AVIF", "JPEG2000", "PPM"])
def test_a_cut_file_is_refused_or_gives_the_whole_picture(format: str) -> None:
    whole = encoded(noise(), format)
    expected = content_hash(decode(whole, "a").image)
    refused = 0
    for length in (1, 10, len(whole) // 4, len(whole) // 2, len(whole) * 3 // 4, len(whole) - 40, len(whole) - 1):
        try:
            assert content_hash(decode(whole[:length], "a").image) == expected
        except ImageRefused:
            refused += 1
    assert refused >= 6, "only bytes after the last pixel may be missing"
    assert ImageFile.LOAD_TRUNCATED_IMAGES is False


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


@pytest.mark.parametrize("extra", [chunk(b"gAMA", b"\0"), chunk(b"cHRM", b"\0\0"), chunk(b"tRNS", b"")])
def test_a_png_with_a_short_chunk_behind_its_pixels_is_refused(extra: bytes) -> None:
    sound = encoded(photo(), "PNG")
    with pytest.raises(ImageRefused, match="damaged"):
        decode(sound[:-12] + extra + sound[-12:], "a.png")


def test_a_text_bomb_in_a_png_is_refused() -> None:
    sound = encoded(photo(), "PNG")
    bomb = chunk(b"zTXt", b"comment\0\0" + zlib.compress(bytes(50_000_000)))
    with pytest.raises(ImageRefused, match="too large"):
        decode(sound[:-12] + bomb + sound[-12:], "a.png")


def png_header(width: int, height: int) -> bytes:
    """A PNG whose header promises width x height black pixels, with far too few bytes behind it."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes(2**20)))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("size", [(20_000, 5_000), (60_000, 60_000), (2**30, 2**30)])
def test_a_decompression_bomb_is_refused_by_its_header(size: tuple[int, int]) -> None:
    start = time.perf_counter()
    with pytest.raises(ImageRefused, match="pixels"):
        decode(png_header(*size), "bomb.png")
    assert time.perf_counter() - start < 1
    assert size[0] * size[1] > MAX_PIXELS
    assert Image.MAX_IMAGE_PIXELS == 89_478_485, "Pillow's own limit belongs to the whole process"


def test_a_sound_file_with_too_many_pixels_costs_no_time() -> None:
    bomb = encoded(Image.new("1", (30_000, 3_000)), "PNG")
    assert len(bomb) < 20_000
    start = time.perf_counter()
    with pytest.raises(ImageRefused, match="make it smaller"):
        decode(bomb, "bomb.png")
    assert time.perf_counter() - start < 1


def test_files_on_disk_are_read_and_refused_alike(tmp_path: Path) -> None:
    path = tmp_path / "größe 1.png"
    path.write_bytes(encoded(photo(), "PNG"))
    assert content_hash(decode(path, path.name).image) == content_hash(photo())
    with pytest.raises(ImageRefused, match="does not exist"):
        decode(tmp_path / "missing.png", "missing.png")
    with pytest.raises(ImageRefused, match="not a regular file"):
        decode(tmp_path, "folder")


def test_a_thumbnail_is_a_small_jpeg_of_the_same_shape() -> None:
    thumbnail = Image.open(io.BytesIO(make_thumbnail(photo(1000, 500))))
    assert (thumbnail.format, thumbnail.size) == ("JPEG", (256, 128))
    assert corner(thumbnail.convert("RGB")) == (1, 0, 0)
    assert Image.open(io.BytesIO(make_thumbnail(photo(30, 20)))).size == (30, 20)
    assert Image.open(io.BytesIO(make_thumbnail(Image.new("RGB", (5000, 2)), side=64))).size == (64, 1)


def test_the_thumbnail_of_a_12_megapixel_photo_takes_less_than_its_decoding() -> None:
    raw = encoded(noise(4000, 3000), "JPEG")
    image = decode(raw, "a").image

    def fastest_of_three(action: Callable[[], object]) -> float:
        seconds = []
        for _ in range(3):
            start = time.perf_counter()
            action()
            seconds.append(time.perf_counter() - start)
        return min(seconds)

    assert fastest_of_three(lambda: make_thumbnail(image)) < fastest_of_three(lambda: decode(raw, "a"))


def test_suffixes_cover_what_cameras_and_browsers_write() -> None:
    assert {".jpg", ".jpeg", ".png", ".gif", ".webp", ".bmp", ".tif", ".tiff", ".avif"} <= IMAGE_SUFFIXES
    assert not {".svg", ".eps", ".pdf", ".csv", ".zip", ".ico"} & IMAGE_SUFFIXES


def _valid_files() -> list[bytes]:
    small, exif = noise(24, 18), Image.Exif()
    exif[0x0112] = 6
    other = noise(24, 18, seed=1)
    return [
        encoded(small, "JPEG", exif=exif),
        encoded(small, "JPEG", progressive=True),
        encoded(small.convert("CMYK"), "JPEG"),
        encoded(small, "MPO", save_all=True, append_images=[other]),
        encoded(small, "PNG", exif=exif),
        encoded(small.quantize(8), "PNG", transparency=0),
        encoded(small, "PNG", save_all=True, append_images=[other]),
        encoded(small.quantize(8), "GIF", save_all=True, append_images=[other.quantize(8)]),
        encoded(small, "WEBP", exif=exif),
        encoded(small, "WEBP", save_all=True, append_images=[other]),
        encoded(small, "BMP"),
        encoded(small.quantize(8), "BMP"),
        encoded(small, "TIFF", exif=exif),
        encoded(Image.new("I;16", (9, 9), 500), "TIFF"),
        encoded(Image.new("F", (9, 9), 0.5), "TIFF"),
        encoded(small, "AVIF", exif=exif),
        encoded(small, "JPEG2000"),
        encoded(small, "PPM"),
        encoded(small, "QOI"),
        encoded(small, "SGI"),
        encoded(small, "PCX"),
        encoded(small, "TGA", compression="tga_rle"),
    ]


VALID_FILES = _valid_files()


@st.composite
def mutated_files(draw: st.DrawFn) -> bytes:
    data = bytearray(draw(st.sampled_from(VALID_FILES)))
    if draw(st.booleans()):
        del data[draw(st.integers(0, len(data))) :]
    for _ in range(draw(st.integers(1, 6))):
        # Most of what can go wrong is decided in the header.
        place = draw(st.integers(0, min(len(data), 160)) | st.integers(0, len(data)))
        data[place : place + draw(st.integers(0, 8))] = draw(st.binary(max_size=8))
    return bytes(data)


@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=300) | mutated_files())
def test_hostile_bytes_give_a_picture_or_a_refusal_and_nothing_else(data: bytes) -> None:
    try:
        decoded = decode(data, "x")
    except ImageRefused as refusal:
        assert refusal.reason
    else:
        assert decoded.image.mode == "RGB"
        assert decoded.image.width * decoded.image.height <= MAX_PIXELS


@pytest.mark.parametrize("kind", ["TIFF", "PNG", "JPEG"])
def test_a_file_of_another_suffix_is_decoded_by_its_content(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "photo.webp"
    path.write_bytes(encoded(photo(), kind))
    assert decode(path, path.name).format == kind


def test_inverted_cmyk_of_adobe_comes_in_its_colours() -> None:
    """JPEGs of Adobe hold the opposite of each ink; Pillow writes and reads them so."""
    data = encoded(photo().convert("CMYK"), "JPEG")
    assert b"Adobe" in data
    assert corner(decode(data, "a.jpg").image) == (1, 0, 0)
