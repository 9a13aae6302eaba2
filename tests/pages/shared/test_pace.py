"""Pages of a class look less often whether something has changed."""

import pytest

from pages.components.shared.errors import pace


def test_thirty_pages_look_a_third_as_often_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RESNET_STUDIO_PEOPLE", "alone")
    assert (pace(1.0), pace(30.0)) == (1.0, 30.0)
    monkeypatch.setenv("RESNET_STUDIO_PEOPLE", "class")
    assert pace(1.0) == 3.0
    assert pace(30.0) == 30.0, "reservations are renewed in time"
    monkeypatch.setenv("RESNET_STUDIO_PEOPLE", "klass")
    assert pace(1.0) == 1.0, "a wrong setting breaks no import: the door says so"
