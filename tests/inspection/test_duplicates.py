"""Copies of a picture are found in another size, format or brightness, or by vectors; different pictures are not."""

import io
import time

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageFilter

from core.data.looks import look_at
from core.inspection.duplicates import alike, best_of, common_split, name_of
from tests.data.test_looks import row, scene


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
    assert alike([look_at(one).phash for one in pictures]) == [[1, 2, 3, 4, 5]]


def test_vectors_find_what_hashes_do_not_and_missing_ones_do_no_harm() -> None:
    dice = np.random.default_rng(0)
    vectors = (5 + dice.normal(size=(300, 2048))).astype(np.float32)
    vectors[7] = vectors[200] + 0.2 * dice.normal(size=2048)
    vectors[9] = np.nan
    vectors[30] = vectors[40] = np.nan
    hashes = [int(one) for one in dice.integers(0, 2**63, 300)]
    assert alike(hashes) == []
    assert alike(hashes, vectors) == [[7, 200]]
    hashes[7] = hashes[100] ^ 0b1011
    assert alike(hashes, vectors) == [[7, 100, 200]]
    assert alike([], np.empty((0, 0))) == []


def test_ten_thousand_pictures_are_compared_in_seconds() -> None:
    dice = np.random.default_rng(1)
    vectors = dice.normal(size=(10_000, 2048)).astype(np.float32)
    vectors[9_000] = vectors[12]
    started = time.monotonic()
    found = alike([int(one) for one in dice.integers(0, 2**63, 10_000)], vectors)
    assert found == [[12, 9_000]]
    assert time.monotonic() - started < 30  # alone on one core it takes four


@pytest.mark.parametrize(
    ("splits", "expected"),
    [(["train", "test", "val"], "test"), (["train", None, "val"], "val"), ([None, "train"], "train"), ([None], None)],
)
def test_a_group_belongs_where_it_was_tested(splits: list[str | None], expected: str | None) -> None:
    assert common_split(splits) == expected


def test_the_labelled_and_largest_picture_is_kept() -> None:
    rows = [row(1, 900, 900), row(2, 300, 200, "owl"), row(3, 640, 480, "owl"), row(4, 640, 480, "owl")]
    assert best_of(rows).id == 3
    assert name_of(rows) == name_of(rows[::-1]) != name_of(rows[1:])
