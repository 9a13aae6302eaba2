"""The lesson on skip connections: trained by the button, follows depth and epoch, asks, offers a download."""

from functools import partial
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core.lessons import skips
from core.lessons.result_cache import ExperimentSteps, cached, cached_or_computed
from core.workers.pool import Pool
from core.workers.tasks import Task
from core.workspace import open_workspace
from pages.components.computing import computation
from pages.components.learn.lessons import lesson_skips
from pages.components.learn.lessons.lesson_skips import depth_figure, gradient_figure, summary_sentence
from pages.components.shared.charts import LIGHT
from tests.lessons.experiment_steps import run_to_end
from tests.pages.conftest import OpenPage, messages
from tests.pages.waiting import until
from tests.pages.worker_here import WorkerHere


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """The real experiment with two depths, a quarter of the width and two epochs."""
    monkeypatch.setattr(skips, "DEPTHS", (8, 14))
    monkeypatch.setattr(skips, "TrainingSettings", partial(skips.TrainingSettings, size=8, width=4, epochs=2, batch=60))


def figures(app: AppTest) -> list[str]:
    return [chart.proto.spec for chart in app.get("plotly_chart")]


def test_before_the_training_there_is_a_button_and_no_picture(lesson: AppTest) -> None:
    assert not messages(lesson)
    assert [button.label for button in lesson.button if button.key == "skips-compute"] == ["Train 4 networks"]
    assert not figures(lesson) and not lesson.radio


def test_the_whole_lesson(lesson: AppTest) -> None:
    with WorkerHere.gate:
        lesson.button(key="skips-compute").click().run()
        button = lesson.button(key="skips-compute")
        assert button.disabled and button.proto.type == "secondary", "readable while it is disabled"
        lesson.slider(key="skips-epoch").set_value(1).run()
        assert lesson.button(key="skips-compute").disabled, "moving a control stops nothing"
    lesson.slider(key="skips-epoch").set_value(2)
    until(lesson, lambda app: "skips-compute" not in [button.key for button in app.button])
    assert not messages(lesson)
    assert "skips-compute" not in [button.key for button in lesson.button]
    first = figures(lesson)
    assert len(first) == 3

    # The networks trained here have projections and a ReLU after each addition: the path around a block is not free.
    lesson.segmented_control(key="learn-level").set_value("university").run()
    assert any("ReLU after each addition" in text.value and "projection" in text.value for text in lesson.markdown)

    lesson.slider(key="skips-epoch").set_value(0).run()
    start = figures(lesson)
    assert all(before != after for before, after in zip(first, start, strict=True))
    assert any("Before training, with 14 layers" in text.value for text in lesson.markdown)

    lesson.segmented_control(key="skips-depth").set_value(8).run()
    assert not messages(lesson)
    assert "8 layers" in figures(lesson)[0] and figures(lesson)[0] != start[0]

    choices = lesson.radio(key="skips-question").options
    worse = worse_kind_at_the_end()
    for choice in choices:
        lesson.radio(key="skips-question").set_value(choice).run()
        correct = choice.startswith(f"The {worse} one. It does not overfit")
        assert bool(lesson.success) == correct and bool(lesson.warning) != correct
    assert lesson.get("download_button")

    lesson.segmented_control(key="skips-starts").set_value("Three").run()
    assert not messages(lesson)
    assert any("2 of 6 parts are already computed" in caption.value for caption in lesson.caption)
    assert lesson.button(key="skips-compute").label == "Train 8 networks", "only the missing ones"


def worse_kind_at_the_end() -> str:
    """The kind of network with the higher training error after the last epoch at the largest depth."""
    depth, settings = skips.DEPTHS[-1], skips.TrainingSettings()
    table = cached(open_workspace(), "skips", lesson_skips._part(depth, 0, settings).arguments)
    assert table is not None
    errors = table[table["epoch"] == settings.epochs].set_index("kind")["error"]
    return "plain" if errors["plain"] >= errors["residual"] else "residual"


def test_what_fails_is_said_once_and_can_be_begun_again(lesson: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    failing = Pool({"lesson": Task("tests.workers.tasks:refuse", "lessons")})
    with monkeypatch.context() as patch:
        patch.setattr(computation, "shared_pool", lambda: failing)
        lesson.button(key="skips-compute").click().run()
        until(lesson, lambda app: bool(messages(app)))
    assert "There are 3 photos" in messages(lesson)[0]
    assert not lesson.button(key="skips-compute").disabled
    lesson.run()
    assert not messages(lesson) and not lesson.button(key="skips-compute").disabled


def rows_of(depth: int, plain: float, residual: float) -> pd.DataFrame:
    """One epoch as the experiment reports it; in the plain network, gradients grow tenfold from layer to layer."""
    norms = {
        "plain": {f"gradient_{layer}": 10.0 ** (depth - layer) for layer in range(1, depth + 1)},
        "residual": {f"gradient_{layer}": 2.0 for layer in range(1, depth + 1)},
    }
    errors = {"plain": plain, "residual": residual}
    return pd.DataFrame(
        [{"depth": depth, "kind": kind, "seed": 0, "epoch": 0, "error": errors[kind], **norms[kind]} for kind in norms]
    )


def test_the_sentence_says_what_the_numbers_say() -> None:
    assert summary_sentence(rows_of(4, 0.75, 0.1), 0) == (
        "Before training, with 4 layers: **plain**: training error 75%, the gradient in layer 1 is 1,000 times as "
        "large as that in layer 4; **residual**: training error 10%, the gradient in layer 1 is 1.0 times that in "
        "layer 4."
    )


def test_the_figures_hold_the_numbers() -> None:
    table = pd.concat([rows_of(4, 0.75, 0.1), rows_of(3, 0.5, 0.2)], ignore_index=True)
    by_layer = gradient_figure(rows_of(4, 0.75, 0.1), 0, LIGHT)
    assert list(by_layer.data[0].y) == [1000, 100, 10, 1] and by_layer.data[0].name == "plain"
    by_depth = depth_figure(table, 0, 4, LIGHT)
    assert list(by_depth.data[0].x) == [3, 4] and list(by_depth.data[0].y) == [0.5, 0.75]
    assert list(by_depth.data[1].y) == [0.2, 0.1]


def test_the_charts_never_show_another_depth_than_the_chosen_one(home: Path, open_page: OpenPage) -> None:
    """The charts showed 32 layers while 56 was chosen, as long as 56 was not trained yet."""
    first = lesson_skips._part(8, 0, skips.TrainingSettings())
    rows = pd.concat([rows_of(8, 0.5, 0.2).assign(epoch=epoch, seconds=1.0) for epoch in range(3)], ignore_index=True)

    def computed() -> ExperimentSteps:
        yield from ()
        return rows

    run_to_end(cached_or_computed(open_workspace(), "skips", first.arguments, computed))
    lesson = open_page("Learn", lesson="skips")
    assert not messages(lesson) and lesson.segmented_control(key="skips-depth").value == 14
    assert lesson.info[0].value == (
        "The networks with 14 layers are not trained yet. So far there are results for 8 layers."
    )
    assert ["Training error by depth" in figure for figure in figures(lesson)] == [True]
    assert not any("with 8 layers" in text.value for text in lesson.markdown)
    lesson.segmented_control(key="skips-depth").set_value(8).run()
    assert not lesson.info and len(figures(lesson)) == 3
    assert any("with 8 layers" in text.value for text in lesson.markdown)
