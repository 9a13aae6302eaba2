"""Disk space on the home page: what the caches hold, the limit, and emptying them after a question."""

import os
import time
from pathlib import Path

import pytest

from core.features import budget
from core.features.budget import limit_of
from core.workspace import open_workspace
from pages.components.home.disk_space import parts_of
from tests.pages.conftest import OpenPage, messages


@pytest.fixture
def maps(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Five megabytes of feature maps, last used an hour ago."""
    monkeypatch.delenv(budget.SETTING, raising=False)
    folder = open_workspace().cache / "maps" / "net" / "fp32" / "original" / "layer3"
    folder.mkdir(parents=True)
    path = folder / "one.npy"
    path.write_bytes(bytes(5_000_000))
    os.utime(path, (time.time() - 3600,) * 2)
    return path


def test_the_caches_are_emptied_after_a_question(open_page: OpenPage, maps: Path) -> None:
    app = open_page()
    assert not messages(app)
    assert [one.label for one in app.expander if one.label.startswith("Disk space: 5 MB of ")]
    app.button(key="empty-caches").click().run()
    assert any("Your photos, labels and runs stay." in one.value for one in app.markdown)
    assert maps.exists()
    app.button(key="empty-now").click().run()
    assert not messages(app) and not maps.exists()
    assert [one.value for one in app.toast] == ["5 MB of disk space freed."]


def test_a_lower_limit_is_kept_and_cleans_at_once(open_page: OpenPage, maps: Path) -> None:
    app = open_page()
    app.number_input(key="disk-limit").set_value(0.0).run()
    assert not messages(app) and not maps.exists()
    assert limit_of(open_workspace()).source == "setting"
    assert app.number_input(key="disk-limit").value == 0.0


def test_a_limit_of_the_environment_cannot_be_changed_here(
    open_page: OpenPage, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(budget.SETTING, "3")
    field = open_page().number_input(key="disk-limit")
    assert field.disabled and field.value == 3.0 and budget.SETTING in field.help


def test_the_largest_part_is_named_first() -> None:
    held = {"maps": 1_250_000_000, "vectors": 8_000_000, "resized": 2_000_000_000, "engines": 0, "outdated": 0}
    assert parts_of(held) == "resized photos 2 GB, feature maps 1.25 GB, feature vectors 8 MB"
