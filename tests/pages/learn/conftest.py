"""The Learn page opened at the lesson that a test module is about, and a computer without pretrained weights."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.pages.conftest import OpenPage


@pytest.fixture
def no_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A computer without downloaded weights."""
    monkeypatch.setenv("RESNET_STUDIO_WEIGHTS", str(tmp_path / "no-weights"))


@pytest.fixture
def lesson(open_page: OpenPage, request: pytest.FixtureRequest) -> AppTest:
    """The lesson that test_lesson_<name>.py is named after, as a fresh tab shows it."""
    return open_page("Learn", lesson=request.path.stem.removeprefix("test_lesson_"))
