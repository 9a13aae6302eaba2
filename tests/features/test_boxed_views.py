"""The box of an object in each fixed view is where the object is in that view's pixels."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.data.pictures.box import Box
from core.data.pictures.resized_cache import ResizedCache
from core.data.pictures.source import Source
from core.data.pictures.transforms import Preprocessing
from core.features.boxed_views import box_in_view, boxes_in_views
from core.features.views import view_names, view_pixels

SIZES = [(400, 240), (240, 400), (90, 70), (700, 120)]


@pytest.mark.parametrize("mode", ["letterbox", "squash", "crop"])
@pytest.mark.parametrize("level", ["light", "standard"])
def test_the_box_is_around_the_object_in_every_view(mode: str, level: str, tmp_path: Path) -> None:
    seen = Preprocessing(mode=mode, size=128, resize=146)
    cache, lost, checked = ResizedCache(None, seen), 0, 0
    for number, (width, height) in enumerate(SIZES):
        box = Box(0.4 * width, 0.3 * height, 0.2 * width, 0.4 * height)
        pixels = np.zeros((height, width, 3), np.uint8)
        # An ellipse: a rotated box is made around the round object in it.
        y, x = np.mgrid[:height, :width] + 0.5
        inside = ((x - box.x - box.width / 2) / box.width) ** 2 + ((y - box.y - box.height / 2) / box.height) ** 2
        pixels[inside <= 0.25] = 255
        path = tmp_path / f"{number}.png"
        Image.fromarray(pixels).save(path)
        source = Source(f"{number + 7:064x}", path, path.name)
        for view in view_names(8, level):
            corners = box_in_view(source, box, (width, height), view, seen)
            if corners is None:
                lost += 1
                continue
            bright = view_pixels(cache, source, view).min(2) > 150
            rows, columns = np.flatnonzero(bright.any(1)), np.flatnonzero(bright.any(0))
            found = np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]) / seen.size
            np.testing.assert_allclose(np.clip(corners, 0, 1), found, atol=0.03, err_msg=f"{path.name} {view}")
            checked += 1
    assert checked > 3 * lost and lost + checked == 8 * len(SIZES)


def test_a_crop_that_cuts_off_the_object_is_left_out_and_the_photo_itself_never() -> None:
    seen = Preprocessing(mode="letterbox", size=128, resize=146)
    sources = [Source(f"{number:064x}", Path(), "") for number in range(30)]
    corner = [Box(20, 20, 100, 100)] * 30
    boxes, kept = boxes_in_views(sources, corner, [(400, 400)] * 30, view_names(6, "standard"), seen)
    assert boxes.shape == (30, 6, 4) and kept[:, :2].all()
    assert 0.2 < kept[:, 2:].mean() < 0.8
    assert (boxes[kept] >= 0).all() and (boxes[kept] <= 1).all() and (boxes[~kept] == 0).all()
    np.testing.assert_allclose(boxes[:, 0], [[0.05, 0.05, 0.3, 0.3]] * 30, atol=1e-6)
    np.testing.assert_allclose(boxes[:, 1], [[0.7, 0.05, 0.95, 0.3]] * 30, atol=1e-6)
