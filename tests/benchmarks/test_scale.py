"""The calculation of docs/scale.md: its queue is fair, and its page shows what the script prints."""

import json

import pytest

from benchmarks import scale
from benchmarks.scale import COSTS, ROOT, class_of, lab, photos_on_gpus, waits


def test_more_machines_and_fewer_pupils_wait_less() -> None:
    found = [sum(waits(machines, 30, 60.0, 1800.0)) for machines in (1, 2, 4)]
    assert found[0] > found[1] > found[2]
    assert len(waits(1, 30, 60.0, 1800.0)) == 60, "everyone is served twice"
    assert waits(60, 30, 60.0, 1800.0) == [0.0] * 60


def test_a_lesson_takes_as_long_as_its_trainings() -> None:
    """One machine, everybody at once: the last of 20 trainings of a minute waits for 19 others."""
    assert max(waits(1, 10, 60.0, 0.0)) == pytest.approx(19 * 60.0)


def test_the_page_shows_the_first_part_that_breaks(capsys: pytest.CaptureFixture[str]) -> None:
    costs = json.loads(COSTS.read_text())
    page = (ROOT / "docs" / "scale.md").read_text()
    for needs in (photos_on_gpus(costs), class_of(300, costs), lab(1_000_000, costs)):
        first = max(needs, key=lambda need: need.share)
        assert f"First: *{first.part}*" in page
    scale.print_table(class_of(300, costs))
    for line in capsys.readouterr().out.strip().splitlines():
        assert line in page
