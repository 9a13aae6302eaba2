"""Photos of 200 megapixels are read at reduced scale, where the decoder can, and so are their boxes."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core.data.importing.box_frames import BoxedPhoto, settle_boxes
from core.data.importing.formats.image_size import size_of, stored_size_of
from core.data.limited.stored_size import header_size
from core.data.pictures import decoding, decoding_limits, opened_picture
from core.data.pictures.box import Box
from core.data.pictures.decoding import decode, decode_reduced
from core.data.tables.label_rows import PIXELS, BoxFrame, LabelledBox
from core.data.tables.questions import Asking
from core.errors import ImageRefused
from tests.data.pictures.network_input.test_reduced_decoding import SMALL, difference, scene

SIZE = (635, 517)
READ = (318, 259)
"""Half of it, with the last pixels that lie partly beyond."""


@pytest.fixture
def small_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if 100,000 pixels were the most that are decoded at full scale."""
    from core.data.limited import stored_size

    for module in (decoding, decoding_limits, opened_picture, stored_size):
        monkeypatch.setattr(module, "MAX_PIXELS", 100_000)


def jpeg(orientation: int = 1, size: tuple[int, int] = SIZE, **options: Any) -> bytes:
    out, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = orientation
    scene(*size).save(out, "JPEG", quality=92, exif=exif, **options)
    return out.getvalue()


@pytest.mark.usefixtures("small_limit")
def test_a_very_large_jpeg_is_read_at_half_its_scale_with_both_sizes() -> None:
    waited: list[int] = []
    decoded = decode(jpeg(), "large.jpg", waited.append)
    assert decoded.image.size == READ and decoded.full_size == SIZE == decoded.size_in_file
    assert decoded.remarks == ("read at reduced scale, 318 x 259 of its 635 x 517 pixels",)
    assert not decoded.verbatim and waited == [READ[0] * READ[1]]
    half = scene(*SIZE).resize(READ, Image.Resampling.BOX)
    assert difference(decoded.image, half)[1] < 4


@pytest.mark.usefixtures("small_limit")
@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_it_comes_upright_and_its_size_is_told(orientation: int) -> None:
    raw = jpeg(orientation)
    sideways = orientation > 4
    decoded = decode(raw, "large.jpg")
    assert decoded.image.size == size_of(raw) == (READ[::-1] if sideways else READ)
    assert decoded.full_size == (SIZE[::-1] if sideways else SIZE)
    stored = stored_size_of(raw)
    assert stored is not None and (stored.width, stored.height, stored.scale) == (*SIZE, 2)


@pytest.mark.usefixtures("small_limit")
def test_the_training_copy_lies_where_the_picture_does() -> None:
    raw = jpeg()
    reduced = decode_reduced(raw, "large.jpg", SMALL.reduced_side // 2)
    assert reduced.size == READ, "boxes are in pixels of the picture as it is read"
    copy = SMALL.training_copy(decode(raw, "large.jpg").image)
    assert difference(SMALL.reduced_copy(reduced), copy)[0] <= 24


@pytest.mark.usefixtures("small_limit")
def test_what_cannot_be_reduced_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ImageRefused, match="635 x 517 pixels, and a progressive JPEG of more than 100,000"):
        decode(jpeg(progressive=True), "large.jpg")
    out = io.BytesIO()
    scene(*SIZE).save(out, "PNG")
    with pytest.raises(ImageRefused, match="at most 100,000 pixels"):
        decode(out.getvalue(), "large.png")
    monkeypatch.setattr(decoding_limits, "MAX_REDUCED_PIXELS", 200_000)
    with pytest.raises(ImageRefused, match="at most 200,000 are allowed for JPEG"):
        decode(jpeg(), "large.jpg")
    assert stored_size_of(jpeg(progressive=True)) is None is header_size(out.getvalue())


@pytest.mark.usefixtures("small_limit")
def test_without_its_end_mark_it_is_read_too() -> None:
    raw = jpeg()
    decoded = decode(raw[:-2], "large.jpg")
    assert np.array_equal(np.asarray(decoded.image), np.asarray(decode(raw, "large.jpg").image))


def settled(raw: bytes, box: Box, frame: BoxFrame = PIXELS) -> tuple[Box, list[str]]:
    asking = Asking()
    photo = BoxedPhoto("large.jpg", (LabelledBox("owl", box),), frame, lambda: raw)
    found, remarks = settle_boxes([photo], asking)
    assert not asking.open
    return found["large.jpg"][0].box, [one.text for one in remarks]


@pytest.mark.usefixtures("small_limit")
@pytest.mark.parametrize("frame", [BoxFrame(), BoxFrame(size=SIZE)])
def test_boxes_in_pixels_of_the_file_are_reduced_with_the_photo(frame: BoxFrame) -> None:
    """At full scale the box would lie elsewhere, or beyond the photo's edge."""
    box, remarks = settled(jpeg(), Box(300, 200, 200, 150), frame)
    assert (box.x, box.y, box.width, box.height) == pytest.approx((150, 100, 100, 75), abs=0.5)
    assert remarks == [
        "The boxes of 1 photo are reduced with the photo, which is too large to be read at its full scale: large.jpg"
    ]


@pytest.mark.usefixtures("small_limit")
def test_boxes_in_fractions_lie_where_they_lay() -> None:
    fractions = BoxFrame(relative=True, fractions=True)
    box, _ = settled(jpeg(), Box(0.25, 0.5, 0.5, 0.25), fractions)
    expected = (READ[0] / 4, READ[1] / 2, READ[0] / 2, READ[1] / 4)
    assert (box.x, box.y, box.width, box.height) == pytest.approx(expected, abs=0.01)
    by_reader = Box(*expected)
    assert settled(jpeg(), by_reader, BoxFrame(relative=True))[0].x == pytest.approx(expected[0], abs=0.01)


def test_a_photo_of_200_megapixels_is_read(tmp_path: Path) -> None:
    """Image.open refuses it as a decompression bomb."""
    path = tmp_path / "P200.jpg"
    tile = scene(500, 400)
    image = Image.new("L", (16_320, 12_240), 120)
    image.paste(tile.convert("L"), (16_320 - 500, 12_240 - 400))
    image.save(path, "JPEG", quality=80)
    decoded = decode(path, path.name)
    assert decoded.image.size == (8160, 6120) and decoded.full_size == (16_320, 12_240)
    part = decoded.image.crop((8160 - 250, 6120 - 200, 8160, 6120))
    assert difference(part, tile.convert("L").convert("RGB").resize((250, 200), Image.Resampling.BOX))[1] < 6
    assert Image.MAX_IMAGE_PIXELS == 89_478_485, "Pillow's own limit belongs to the whole process"
