"""Cover it yourself: the patch, its answer before and after, the occlusion map, and a guess before the heatmap."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.inspection.covering.answers import Answer
from core.runs.folder import RunFolder
from pages.components.explain.covering import by_hand, guess_first, region_canvas
from pages.components.shared.charts import LIGHT
from tests.pages.conftest import messages, read
from tests.pages.trained import COLORS, finished_run, picture


@pytest.fixture
def run(home: Path, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return finished_run(tmp_path_factory)


def page(run_id: str, path: str) -> None:
    from PIL import Image

    from pages.components.explain import loaded_model
    from pages.components.explain.covering import cover_view
    from pages.components.explain.photo_source import ChosenPhoto
    from pages.components.shared.errors import plain_errors

    with plain_errors():
        predictor = loaded_model.predictor_for(run_id)
        assert predictor is not None
        cover_view.show(predictor, ChosenPhoto(Image.open(path).convert("RGB"), "red.png", "red"), run_id)


@pytest.fixture
def app(run: RunFolder, tmp_path: Path) -> AppTest:
    picture(COLORS["red"], 1).save(tmp_path / "red.png")
    opened = AppTest.from_function(page, args=(run.id, str(tmp_path / "red.png")), default_timeout=180)
    return opened.run()


def texts(app: AppTest) -> str:
    return read("\n".join(one.value for one in (*app.markdown, *app.caption, *app.info)))


def part(app: AppTest, name: str) -> AppTest:
    return app.segmented_control(key="cover-part").set_value(name).run()


def test_the_answer_is_shown_without_and_with_the_patch(app: AppTest) -> None:
    assert not messages(app)
    assert len(app.get("plotly_chart")) == 1
    assert "with the patch" in texts(app).lower() or "still predicts" in texts(app)
    assert "One forward pass of the model" in texts(app)
    for key, value in (("cover-size", 60), ("cover-across", 0), ("cover-down", 100)):
        app.slider(key=key).set_value(value).run()
    app.segmented_control(key="cover-fill").set_value("blur").run()
    assert not messages(app)


def test_the_occlusion_map_stands_beside_grad_cam(app: AppTest, computed_here: list[str]) -> None:
    part(app, "Occlusion map")
    assert not computed_here, "it takes some seconds, so it waits for the button"
    app.selectbox(key="occlusion-steps").set_value(7).run()
    app.button(key="occlusion-go").click().run()
    assert not messages(app)
    assert computed_here == ["occlude"]
    captions = [image.captions for image in app.get("imgs")] if app.get("imgs") else []
    shown = " ".join(map(str, captions)) + texts(app)
    assert "At the brightest place" in shown or "No single patch" in shown
    app.selectbox(key="occlusion-side").set_value(0.35).run()
    assert app.button(key="occlusion-go"), "another patch gives another map"


def test_a_guess_comes_before_the_heatmap(app: AppTest) -> None:
    part(app, "Guess first")
    assert "strongest fifth" not in texts(app)
    app.slider(key="guess-left").set_value(10).run()
    app.slider(key="guess-width").set_value(50).run()
    app.button(key="guess-show").click().run()
    assert not messages(app)
    assert "Your mark covers 20% of the photo" in texts(app) or "nothing to compare" in texts(app)
    app.run()
    assert "Your mark covers 20% of the photo" in texts(app) or "nothing to compare" in texts(app)
    app.button(key="guess-again").click().run()
    assert (app.slider(key="guess-left").value, app.slider(key="guess-width").value) == (10, 50)


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    state: dict[str, Any] = {}
    monkeypatch.setattr(st, "session_state", state)
    return state


def report(number: int, region: tuple[float, ...], photo: str = "this") -> dict[str, Any]:
    return {"report": {"number": number, "photo": photo, "region": list(region)}}


def test_a_dragged_patch_moves_the_sliders_once(session: dict[str, Any]) -> None:
    session.update({by_hand.SIZE: 40, by_hand.CANVAS: report(3, (0.6, 0.15, 0.4, 0.4))})
    by_hand.take_report("this")
    assert (session[by_hand.ACROSS], session[by_hand.DOWN]) == (100, 25)
    session[by_hand.ACROSS] = 7  # a slider was moved since
    by_hand.take_report("this")
    assert session[by_hand.ACROSS] == 7
    patch = by_hand.chosen_patch()
    assert patch.corners == pytest.approx((0.042, 0.15, 0.442, 0.55))


@pytest.mark.parametrize(
    "raw",
    [
        None,
        {"report": None},
        {"report": "text"},
        {"report": {"number": 1, "photo": "this", "region": [0, 0, 2, 1]}},
        {"report": {"number": 1, "photo": "this", "region": [float("nan"), 0, 1, 1]}},
        {"report": {"number": 0, "photo": "this", "region": [0, 0, 1, 1]}},
    ],
)
def test_what_is_no_report_changes_nothing(session: dict[str, Any], raw: Any) -> None:
    session[by_hand.CANVAS] = raw
    assert region_canvas.new_report(by_hand.CANVAS, "this") is None
    by_hand.take_report("this")
    assert by_hand.ACROSS not in session


def test_a_report_about_another_photo_is_dropped(session: dict[str, Any]) -> None:
    session[by_hand.CANVAS] = report(1, (0, 0, 0.2, 0.2), photo="earlier")
    by_hand.take_report("this")
    assert by_hand.ACROSS not in session and session[f"{by_hand.CANVAS}-taken"] == 1


def test_a_drawn_mark_sets_its_sliders_and_stays_in_the_photo(session: dict[str, Any]) -> None:
    session[guess_first.CANVAS] = report(1, (0.25, 0.5, 0.001, 0.3))
    guess_first.take_report("this")
    assert [session[key] for key in guess_first.USUAL] == [25, 50, guess_first.LEAST, 30]
    session.update({guess_first.LEFT: 100, guess_first.WIDTH: 100})
    left, top, right, bottom = guess_first.mark().corners
    assert 0 <= left < right <= 1 and (top, bottom) == (0.5, 0.8)


def answer(*shares: float) -> Answer:
    return Answer(np.array(shares), int(np.argmax(shares)))


def test_a_changed_answer_is_said_first() -> None:
    names = ["owl", "duck", "cat"]
    before, after = answer(0.7, 0.2, 0.1), answer(0.3, 0.6, 0.1)
    assert by_hand.answer_sentence(names, before, after) == (
        "With the patch, the model predicts duck (60%) instead of owl: 70% without the patch, 30% with it."
    )
    assert (
        by_hand.answer_sentence(names, before, before)
        == "The model still predicts owl: 70% without the patch, 70% with it."
    )


def test_the_bars_show_the_likeliest_classes_of_both_answers() -> None:
    before, after = answer(0.5, 0.3, 0.1, 0.06, 0.04, 0.0), answer(0.0, 0.0, 0.1, 0.2, 0.3, 0.4)
    places = by_hand.compared_classes(before, after)
    assert places == [0, 1, 2, 3, 4, 5]
    rows = [(f"<b>class {place}</b>", 0.5, 0.25) for place in places]
    figure = by_hand.before_after_bars(rows, LIGHT)
    assert [bar.name for bar in figure.data] == ["with the patch", "without"]
    assert "<b>" not in str(figure.layout.yaxis.ticktext)
