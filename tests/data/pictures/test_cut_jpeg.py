"""A JPEG without its end mark is whole, and read with a remark; one that was cut in the picture is refused."""

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core.data.pictures.decoding import content_hash, decode, decode_reduced
from core.errors import ImageRefused
from tests.data.pictures.test_decoding import noise

KINDS: dict[str, dict[str, Any]] = {
    "baseline": {},
    "progressive": {"progressive": True},
    "restart marks": {"restart_marker_rows": 1},
    "4:4:4": {"subsampling": 0},
}
REMARK = "its last two bytes are missing; the picture itself is whole"


def jpeg(image: Image.Image, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=90, **options)
    return out.getvalue()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_without_its_end_mark_a_jpeg_is_read_with_a_remark(kind: str, mode: str) -> None:
    whole = jpeg(noise(163, 91).convert(mode), **KINDS[kind])
    assert whole.endswith(b"\xff\xd9")
    for cut in (whole[:-2], whole[:-1]):
        decoded = decode(cut, "a.jpg")
        assert content_hash(decoded.image) == content_hash(decode(whole, "a.jpg").image)
        assert REMARK in decoded.remarks and not decoded.verbatim


@pytest.mark.parametrize("kind", KINDS)
def test_a_jpeg_that_was_cut_in_the_picture_is_refused(kind: str) -> None:
    whole = jpeg(noise(163, 91), **KINDS[kind])
    for missing in (20, 40, 100, len(whole) // 3, len(whole) // 2):
        with pytest.raises(ImageRefused, match="cut off"):
            decode(whole[:-missing], "a.jpg")


def test_a_cut_behind_any_byte_gives_the_whole_picture_or_a_refusal() -> None:
    """A last byte FF may be the first half of a mark, or of an escaped byte of the picture."""
    image = noise(40, 24)
    whole = jpeg(image)
    expected = content_hash(decode(whole, "a.jpg").image)
    taken = 0
    for end in range(len(whole) - 400, len(whole)):
        try:
            assert content_hash(decode(whole[:end], "a.jpg").image) == expected
            taken += 1
        except ImageRefused:
            continue
    assert 2 <= taken <= 8


def test_the_reduced_copy_of_such_a_jpeg_is_read_too() -> None:
    whole = jpeg(noise(640, 480))
    reduced, right = (decode_reduced(data, "a.jpg", 100) for data in (whole[:-2], whole))
    assert not reduced.whole and np.array_equal(np.asarray(reduced.image), np.asarray(right.image))


def test_a_flat_picture_that_was_cut_is_not_taken_for_whole() -> None:
    """What the decoder fills in is grey as well, so that only the other data tells."""
    whole = jpeg(Image.new("RGB", (400, 300), (90, 140, 60)))
    for missing in (30, 100, 200):
        with pytest.raises(ImageRefused):
            decode(whole[:-missing], "a.jpg")
