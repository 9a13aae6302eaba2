"""Copies of a picture are found in another size, format or brightness, or by vectors; different pictures are not."""

import io
import time
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageFilter

from core.data.pictures.image_quality import measure_quality
from core.inspection.suggesting.duplicates import best_copy_first, common_split, duplicate_groups, name_of
from core.workspace import SAMPLE_IMAGES
from tests.data.pictures.test_image_quality import row, scene


def test_copies_in_other_sizes_formats_and_brightness_are_one_group_and_different_pictures_none() -> None:
    first = scene(0)
    squeezed = io.BytesIO()
    first.save(squeezed, "JPEG", quality=35)
    copies = [
        first,
        first.resize((100, 75)),
        Image.open(squeezed),
        ImageEnhance.Brightness(first).enhance(1.15),
        first.filter(ImageFilter.GaussianBlur(1)),
    ]
    pictures = [scene(1), *copies, *(scene(number) for number in range(2, 30))]
    assert duplicate_groups([measure_quality(one).phash for one in pictures]) == [[1, 2, 3, 4, 5]]


def test_vectors_find_what_hashes_do_not_and_missing_ones_do_no_harm() -> None:
    dice = np.random.default_rng(0)
    vectors = (5 + dice.normal(size=(300, 2048))).astype(np.float32)
    vectors[7] = vectors[200] + 0.2 * dice.normal(size=2048)
    vectors[9] = np.nan
    vectors[30] = vectors[40] = np.nan
    hashes = [int(one) for one in dice.integers(0, 2**63, 300)]
    assert duplicate_groups(hashes) == []
    assert duplicate_groups(hashes, vectors) == [[7, 200]]
    hashes[7] = hashes[100] ^ 0b1011
    assert duplicate_groups(hashes, vectors) == [[7, 100, 200]]
    assert duplicate_groups([], np.empty((0, 0))) == []


def test_ten_thousand_pictures_are_compared_in_seconds() -> None:
    dice = np.random.default_rng(1)
    vectors = dice.normal(size=(10_000, 2048)).astype(np.float32)
    vectors[9_000] = vectors[12]
    started = time.monotonic()
    found = duplicate_groups([int(one) for one in dice.integers(0, 2**63, 10_000)], vectors)
    assert found == [[12, 9_000]]
    assert time.monotonic() - started < 30  # alone on one core it takes four


@pytest.mark.parametrize(
    ("splits", "expected"),
    [(["train", "test", "val"], "test"), (["train", None, "val"], "val"), ([None, "train"], "train"), ([None], None)],
)
def test_a_group_belongs_where_it_was_tested(splits: list[str | None], expected: str | None) -> None:
    assert common_split(splits) == expected


def test_the_largest_picture_is_kept_then_a_labelled_one() -> None:
    rows = [row(1, 300, 200, "owl"), row(2, 640, 480), row(3, 640, 480, "owl"), row(4, 640, 480, "owl")]
    assert [one.id for one in best_copy_first(rows, {})] == [3, 4, 2, 1]
    rows[1] = row(2, 900, 900)
    assert best_copy_first(rows, {})[0].id == 2
    assert best_copy_first(rows, {}, boxed=True)[0].id == 3  # a box fits no other picture than its own
    assert name_of(rows) == name_of(rows[::-1]) != name_of(rows[1:])


@pytest.fixture
def owl() -> Image.Image:
    """A real photo: on drawn shapes blur and compression do other things."""
    return Image.open(SAMPLE_IMAGES / "birds" / "images" / "bird_0001.jpg").convert("RGB")


def test_the_sharp_photo_is_kept_and_not_its_blurred_or_darkened_copy_in_a_larger_file(owl: Image.Image) -> None:
    """Of two pictures of one size the larger file was kept, and that was the PNG of the worse one."""
    blurred, darkened = owl.filter(ImageFilter.GaussianBlur(2)), ImageEnhance.Brightness(owl).enhance(0.6)
    pictures = [blurred, darkened, owl.reduce(2), owl]
    rows = [replace(row(number, *one.size), bytes=90_000) for number, one in enumerate(pictures)]
    rows[3] = replace(rows[3], bytes=9_000)
    looks = {one.hash: measure_quality(picture) for one, picture in zip(rows, pictures, strict=True)}
    assert [one.id for one in best_copy_first(rows, looks)] == [3, 0, 1, 2]
    del looks[rows[1].hash]  # where one was not looked at, the file decides
    assert best_copy_first(rows, looks)[0].id == 0


def test_a_photo_is_kept_before_the_same_one_compressed_anew(owl: Image.Image) -> None:
    """Compressing draws edges of its own: a copy may measure sharper than what it was made of."""
    squeezed = io.BytesIO()
    owl.save(squeezed, "JPEG", quality=70)
    rows = [replace(row(1), bytes=9_000), replace(row(2), bytes=90_000)]
    looks = {rows[0].hash: measure_quality(Image.open(squeezed)), rows[1].hash: measure_quality(owl)}
    assert looks[rows[0].hash].sharpness > looks[rows[1].hash].sharpness
    assert best_copy_first(rows, looks)[0].id == 2
