"""The Learn page opened at the lesson that a test module is about; computers without weights or shipped results."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.lessons import shipped_results
from core.models import summary
from tests.pages.conftest import OpenPage


@pytest.fixture(scope="session", autouse=True)
def networks_are_summarized_once() -> Iterator[None]:
    """What Streamlit caches is let go after every test, but the layers of a network are the same in all of them."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("summarize", "stages_of"):
            patch.setattr(summary, name, cache(getattr(summary, name)))
        yield


@pytest.fixture
def no_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A computer without downloaded weights."""
    monkeypatch.setenv("RESNET_STUDIO_WEIGHTS", str(tmp_path / "no-weights"))


@pytest.fixture(autouse=True)
def shipped(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No shipped results, so that a lesson is seen from its first button on; test_shipped_lessons.py sees them."""
    if request.path.stem != "test_shipped_lessons":
        monkeypatch.setattr(shipped_results, "RESULTS", tmp_path / "nothing-shipped")
    shipped_results.shipped_results.cache_clear()
    yield
    shipped_results.shipped_results.cache_clear()


@pytest.fixture
def lesson(open_page: OpenPage, request: pytest.FixtureRequest) -> AppTest:
    """The lesson that test_lesson_<name>.py is named after, as a fresh tab shows it."""
    return open_page("Learn", lesson=request.path.stem.removeprefix("test_lesson_"))
