"""Regions of Label Studio that say different sizes of their photo."""

import json
from pathlib import Path

import pytest

from tests.data.importing.formats.small_sets import photos, plan, problems, put


def _sized(width: int, height: int, x: float) -> dict[str, object]:
    value = {"x": x, "y": 10, "width": 20, "height": 20, "rotation": 0, "rectanglelabels": ["ant"]}
    return {"type": "rectanglelabels", "original_width": width, "original_height": height, "value": value}


def test_regions_that_say_two_sizes_of_a_photo_are_a_problem(tmp_path: Path) -> None:
    """The last size scaled all boxes."""
    for place, others in enumerate(([_sized(400, 100, 50)], [_sized(400, 100, 50), _sized(200, 100, 30)])):
        result = [_sized(200, 100, 10), *others]
        tasks = json.dumps([{"data": {"image": "1.png"}, "annotations": [{"result": result}]}])
        found = plan(put(tmp_path / str(place), photos("1.png"), {"tasks.json": tasks}))
        assert not any(one.objects for one in found.candidates)
        said = [one for one in problems(found) if "two sizes of 1.png, 200 × 100 and 400 × 100 pixels" in one]
        assert len(said) == 1


def test_sizes_of_one_shape_are_one_frame(tmp_path: Path) -> None:
    result = [_sized(128, 96, 10), _sized(64, 48, 50)]
    tasks = json.dumps([{"data": {"image": "1.png"}, "annotations": [{"result": result}]}])
    found = plan(put(tmp_path, photos("1.png"), {"tasks.json": tasks}))
    assert sorted(one.box.x for one in found.candidates[0].objects) == pytest.approx([6.4, 32])
    assert not problems(found)
