"""What counts as the object: boxes land on the view's pixels, the hot region has its stated threshold."""

import numpy as np
import pytest

from core.data.pictures.box import Box
from core.data.pictures.transforms import Preprocessing
from core.inspection.background.regions import (
    CENTRE_AREA,
    HOT,
    HOT_EVERYWHERE,
    NO_BACKGROUND,
    NO_HEAT,
    OUTSIDE,
    REGIONS,
    TOO_SMALL,
    box_mask,
    centre_mask,
    hot_mask,
    useless_reason,
)


def test_boxes_cover_their_pixels_of_the_view() -> None:
    seen = Preprocessing(mode="squash", size=64, resize=64)
    mask = box_mask([Box(20, 10, 40, 20), Box(0, 90, 10, 10)], seen.view_placement(200, 100), 64)
    wanted = np.zeros((64, 64), dtype=bool)
    wanted[6:19, 6:19] = True  # 20/200 of the width, 10/100 of the height, and so on
    wanted[58:64, 0:3] = True
    assert np.array_equal(mask, wanted)


def test_a_box_outside_the_middle_crop_leaves_nothing() -> None:
    seen = Preprocessing(mode="crop", size=64, resize=64)
    placement = seen.view_placement(200, 100)  # the view is the middle square: columns 50 to 150
    mask = box_mask([Box(50, 0, 50, 100)], placement, 64)
    assert mask[:, :32].all() and not mask[:, 32:].any()
    outside = box_mask([Box(0, 0, 40, 100)], placement, 64)
    assert not outside.any() and useless_reason(outside, "boxes") == OUTSIDE


def test_the_hot_region_begins_at_its_share_of_the_peak() -> None:
    heatmap = np.full((10, 10), HOT - 0.01, dtype=np.float32)
    heatmap[2, 3], heatmap[4, 5] = 1.0, HOT
    mask = hot_mask(heatmap)
    assert mask[2, 3] and mask[4, 5] and mask.sum() == 2
    assert np.array_equal(hot_mask(heatmap * 0.01), mask)  # of its own peak
    assert useless_reason(hot_mask(np.zeros((10, 10))), "hot") == NO_HEAT
    assert useless_reason(hot_mask(np.ones((10, 10))), "hot") == HOT_EVERYWHERE


def test_the_middle_has_half_of_the_area_and_leaves_the_corners() -> None:
    mask = centre_mask(224)
    assert mask.mean() == pytest.approx(CENTRE_AREA, abs=0.02)
    assert np.array_equal(mask, mask[::-1, ::-1]) and not mask[:30, :30].any()
    assert useless_reason(mask, "centre") is None


def test_objects_that_fill_the_photo_or_are_tiny_are_no_use() -> None:
    whole, dot = np.ones((50, 50), dtype=bool), np.zeros((50, 50), dtype=bool)
    dot[3:6, 3:6] = True
    assert useless_reason(whole, "boxes") == NO_BACKGROUND
    assert useless_reason(dot, "boxes") == TOO_SMALL


def test_every_region_says_what_it_cannot_show() -> None:
    assert "cannot reveal" in REGIONS["hot"].caution
    assert all(info.caution and info.object and info.outside for info in REGIONS.values())
