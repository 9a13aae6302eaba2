"""Of a group of near-duplicates the best copy is kept, in the split where the group belongs."""

import io
from dataclasses import replace

import pytest
from PIL import Image, ImageEnhance, ImageFilter

from core.data.pictures.image_quality import measure_quality
from core.inspection.suggesting.duplicates import best_copy_first, common_split, duplicate_groups, group_name
from core.workspace import SAMPLE_IMAGES
from tests.data.pictures.test_image_quality import row


def test_images_are_grouped_as_the_store_says_and_single_ones_left_out() -> None:
    rows = [row(number) for number in range(5)]
    first, second = rows[0].hash, rows[1].hash
    groups = {rows[0].hash: first, rows[1].hash: second, rows[2].hash: second, rows[3].hash: first}
    assert duplicate_groups(rows, groups) == [[rows[0], rows[3]], [rows[1], rows[2]]]


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
    assert group_name(rows) == group_name(rows[::-1]) != group_name(rows[1:])


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
