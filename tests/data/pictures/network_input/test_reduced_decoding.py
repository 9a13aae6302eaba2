"""Large JPEGs are decoded at reduced scale for training copies: nearly the same pixels, the same refusals."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.data.pictures import resized_cache
from core.data.pictures.decoding import decode, decode_reduced
from core.data.pictures.network_input.preprocessing import Preprocessing
from core.data.pictures.network_input.reduced_image import turned
from core.data.pictures.resized_cache import ResizedCache
from core.data.pictures.source import Source
from core.errors import ImageRefused

SMALL = Preprocessing(size=56, resize=64)
"""Decodes at reduced scale what has at least 256 pixels a side."""
ORIENTATION = 0x0112


def scene(width: int = 635, height: int = 517, seed: int = 0) -> Image.Image:
    """Soft shapes with a little noise, no side a multiple of eight, another colour at each edge."""
    random = np.random.default_rng(seed)
    coarse = random.integers(0, 256, (9, 11, 3), dtype=np.uint8)
    pixels = np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC), np.int16)
    return Image.fromarray(np.clip(pixels + random.integers(-6, 7, pixels.shape), 0, 255).astype(np.uint8))


def jpeg(image: Image.Image, orientation: int = 1, **options: object) -> bytes:
    out = io.BytesIO()
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    image.save(out, "JPEG", quality=92, exif=exif, **options)
    return out.getvalue()


def difference(one: Image.Image, other: Image.Image) -> tuple[int, float]:
    apart = np.abs(np.asarray(one, np.int16) - np.asarray(other, np.int16))
    return int(apart.max()), float(apart.mean())


@pytest.mark.parametrize("mode", ["crop", "squash", "letterbox"])
@pytest.mark.parametrize("size", [(635, 517), (517, 1301), (2111, 300), (1027, 1031)])
def test_the_copy_is_nearly_that_of_the_whole_picture(mode: str, size: tuple[int, int]) -> None:
    """Without regard to the JPEG's last block, pixels at the right edge were off by 116 of 255."""
    seen = SMALL.model_copy(update={"mode": mode})
    raw = jpeg(scene(*size))
    reduced = decode_reduced(raw, "large.jpg", seen.reduced_side)
    assert not reduced.whole and reduced.size == size and min(reduced.image.size) >= seen.reduced_side
    copy = seen.reduced_copy(reduced)
    exact = seen.training_copy(decode(raw, "large.jpg").image)
    assert copy.size == exact.size == seen.copy_size(*size)
    largest, mean = difference(copy, exact)
    assert largest <= 6 and mean < 0.6


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_reduced_picture_comes_upright(orientation: int) -> None:
    raw = jpeg(scene(), orientation)
    whole = decode(raw, "turned.jpg").image
    reduced = decode_reduced(raw, "turned.jpg", SMALL.reduced_side)
    assert reduced.size == whole.size and not reduced.whole
    largest, mean = difference(SMALL.reduced_copy(reduced), SMALL.training_copy(whole))
    assert largest <= 6 and mean < 0.6


def test_a_turned_part_lies_where_the_turned_pixels_are() -> None:
    pixels = np.zeros((5, 7), np.uint8)
    pixels[1:3, 2:6] = 255
    image = Image.fromarray(pixels)
    for turn in Image.Transpose:
        left, top, right, bottom = image.transpose(turn).getbbox() or (0, 0, 0, 0)
        assert turned((2, 1, 6, 3), image.size, turn) == (left, top, right, bottom)


@pytest.mark.parametrize("format", ["JPEG", "PNG"])
def test_what_is_not_large_or_no_jpeg_is_decoded_whole(format: str) -> None:
    image = scene(250, 300) if format == "JPEG" else scene()
    out = io.BytesIO()
    image.save(out, format)
    reduced = decode_reduced(out.getvalue(), "photo", SMALL.reduced_side)
    whole = decode(out.getvalue(), "photo").image
    assert reduced.whole and reduced.image.tobytes() == whole.tobytes()
    assert SMALL.reduced_copy(reduced).tobytes() == SMALL.training_copy(whole).tobytes()


@pytest.mark.parametrize("kind", ["progressive", "CMYK", "grey", "4:4:4"])
def test_other_kinds_of_jpeg_are_reduced_too(kind: str) -> None:
    options: dict[str, object] = {"progressive": {"progressive": True}, "4:4:4": {"subsampling": 0}}.get(kind, {})
    image = scene().convert({"CMYK": "CMYK", "grey": "L"}.get(kind, "RGB"))
    raw = jpeg(image, **options)
    reduced = decode_reduced(raw, "photo.jpg", SMALL.reduced_side)
    assert not reduced.whole and reduced.image.mode == "RGB"
    assert difference(SMALL.reduced_copy(reduced), SMALL.training_copy(decode(raw, "photo.jpg").image))[0] <= 6


@pytest.mark.parametrize("damage", [lambda raw: raw[: len(raw) // 2], lambda raw: raw[:200], lambda raw: b""])
def test_a_damaged_file_is_refused_for_the_same_reason(damage) -> None:  # type: ignore[no-untyped-def]
    raw = damage(jpeg(scene()))
    with pytest.raises(ImageRefused) as whole:
        decode(raw, "cut.jpg")
    with pytest.raises(ImageRefused) as reduced:
        decode_reduced(raw, "cut.jpg", SMALL.reduced_side)
    assert str(reduced.value) == str(whole.value)


def test_the_view_of_a_large_jpeg_stays_exact_and_its_copy_is_decoded_reduced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "large.jpg"
    path.write_bytes(jpeg(scene()))
    source, cache = Source("ab" * 32, path, "large.jpg"), ResizedCache(tmp_path / "cache", SMALL)
    assert np.array_equal(cache.view(source), np.asarray(SMALL.view(decode(path, "large.jpg").image)))
    monkeypatch.delattr(resized_cache, "decode")
    assert cache.copy(source).shape == (*SMALL.copy_size(635, 517)[::-1], 3)
