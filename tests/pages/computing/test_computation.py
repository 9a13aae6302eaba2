"""A computation on a page: it starts by itself or by a button, can be stopped, and its result is kept for all tabs."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.progress import Progress
from core.workers.pool import Pool, Running
from pages.components.computing import computation
from pages.components.computing.computation import progress_text, share_done
from tests.pages.waiting import until
from tests.workers.test_pool import OURS


@pytest.fixture(autouse=True)
def computed_in_this_process() -> None:
    """No: these tests have real processes."""


@pytest.fixture
def pool(monkeypatch: pytest.MonkeyPatch) -> Pool:
    """A pool with tasks for tests."""
    made = Pool(OURS)
    monkeypatch.setattr(computation, "shared_pool", lambda: made)
    return made


def page(begun: str, steps: int = 3, task: str = "step") -> None:
    """A page that shows a result as soon as it is there."""
    import streamlit as st

    from core.workers.pool import Request
    from pages.components.computing.computation import Computation
    from pages.components.shared import frame

    shown = Computation("here", f"count {steps}")
    with frame.plain_errors():
        found = shown.kept(lambda: Request(task, {"steps": steps, "begun": begun}), "Count")
        st.text("nothing" if found is None else f"counted {found}")


def runs(begun: Path) -> int:
    return len(begun.read_text(encoding="ascii").split()) if begun.exists() else 0


def opened(begun: Path, **arguments: str) -> AppTest:
    return AppTest.from_function(page, default_timeout=180, kwargs={"begun": str(begun), **arguments})


def test_the_result_is_computed_once_for_all_tabs(pool: Pool, tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    for _ in range(2):
        app = opened(begun).run()
        assert not app.error and [text.value for text in app.text] == ["counted 3"]
        assert not app.button, "Stop is gone"
    assert runs(begun) == 1


def test_what_was_stopped_does_not_start_again_by_itself(pool: Pool, tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    app = opened(begun)
    app.session_state["here-stopped"] = "count 3"
    app.run()
    assert [text.value for text in app.text] == ["nothing"] and runs(begun) == 0
    app.button(key="here-start").click().run()
    until(app, lambda app: [text.value for text in app.text] == ["counted 3"])
    assert runs(begun) == 1


def test_a_crash_is_told_once_and_offers_to_start_again(pool: Pool, tmp_path: Path) -> None:
    app = opened(tmp_path / "begun", task="crash").run()
    assert "stopped unexpectedly" in app.error[0].value and not app.text
    app.run()
    assert not app.error and [text.value for text in app.text] == ["nothing"]
    assert [button.key for button in app.button] == ["here-start"]


@pytest.mark.parametrize(
    ("progress", "left", "unit", "said"),
    [
        (Progress("loading the model", 0, None), None, "photo", "Loading the model"),
        (Progress("evaluating", 12, 1300), 61.0, "photo", "12 of 1,300 photos, about a minute left"),
        (Progress("stage a_b", 1, 2), 22.0, "", r"Stage a\_b, about 20 seconds left"),
    ],
)
def test_the_progress_says_what_is_done_and_how_long_it_takes(
    progress: Progress, left: float | None, unit: str, said: str
) -> None:
    assert progress_text(Running(progress, left, None), unit) == said
    assert 0 <= share_done(Running(progress, left, None)) <= 1
