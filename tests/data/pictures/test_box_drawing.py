"""Boxes that are drawn on a photo: those beyond it are seen whole, together with the photo, or counted."""

import io
from collections.abc import Sequence

import numpy as np
import pytest
from PIL import Image

from core.data.pictures.box import Box
from core.data.pictures.box_drawing import INK, MARGIN_COLOR, DrawnBoxes, draw_boxes

PHOTO = (20, 60, 200)  # unlike the ink and the margin


def drawn(*boxes: Box, size: tuple[int, int] = (100, 80), pixels: int = 480) -> tuple[DrawnBoxes, Image.Image]:
    raw = io.BytesIO()
    Image.new("RGB", size, PHOTO).save(raw, "PNG")
    found = draw_boxes(raw.getvalue(), "a.png", [("", box) for box in boxes], pixels=pixels)
    return found, Image.open(io.BytesIO(found.jpeg))


def extent(image: Image.Image, color: Sequence[int]) -> tuple[int, int, int, int]:
    """Return the left, upper, right and lower end of what has about this colour."""
    near = np.abs(np.asarray(image.convert("RGB")).astype(int) - color).sum(axis=2) < 90
    rows, columns = np.where(near)
    return int(columns.min()), int(rows.min()), int(columns.max()), int(rows.max())


@pytest.mark.parametrize(
    "box", [Box(200, 150, 60, 40), Box(-170, -120, 60, 40), Box(-90, 20, 300, 40), Box(0, 160, 40, 60)]
)
def test_a_box_far_outside_is_seen_whole_beside_the_photo(box: Box) -> None:
    found, image = drawn(box)
    left, upper, right, lower = extent(image, INK)
    assert found.cut_off == 0
    assert right - left == pytest.approx(box.width, abs=3) and lower - upper == pytest.approx(box.height, abs=3)
    across, down, *_ = extent(image, PHOTO)
    assert left - across == pytest.approx(box.x, abs=4) and upper - down == pytest.approx(box.y, abs=4)
    assert max(image.size) <= 3.1 * 100


@pytest.mark.parametrize("far", [301.0, 1e9, 1e300, 1.7e308])
def test_a_box_that_is_too_far_away_is_counted(far: float) -> None:
    found, image = drawn(Box(far, 10, 20, 20), Box(10, 10, 20, 20), Box(-20, -10, 20, 20))
    assert found.cut_off == 1 and max(image.size) <= 3.1 * 100
    assert extent(image, PHOTO)[2] > 80, "the photo is not made tiny for the sake of a box that is not seen"


def test_boxes_on_both_sides_do_not_make_the_photo_smaller_than_a_third() -> None:
    found, image = drawn(Box(230, 10, 20, 20), Box(-180, 10, 20, 20))
    assert found.cut_off == 2 and max(image.size) <= 3.1 * 100


def test_the_picture_has_no_more_pixels_than_asked_and_no_margin_without_need() -> None:
    assert drawn(Box(2000, 10, 700, 20), size=(1000, 800), pixels=300)[1].size[0] == 300
    found, image = drawn(Box(0, 0, 100, 80))
    assert image.size == (100, 80) and found.cut_off == 0
    assert not (np.asarray(image) == MARGIN_COLOR).all(axis=2).any()
