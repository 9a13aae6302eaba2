"""The lesson on the ResNet family: comparisons, differences in the code, speed measured in parts."""

import json
import re
from typing import Any

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core.lessons import family
from core.lessons.result_cache import cached_or_computed
from core.models.zoo import ARCHITECTURES, network_name
from core.workspace import open_workspace
from pages.components.learn.lessons import lesson_family
from pages.components.learn.lessons.family_chart import AXES, scatter
from pages.components.shared.charts import LIGHT
from tests.lessons.experiment_steps import run_to_end
from tests.pages.conftest import OpenPage, messages
from tests.pages.waiting import until

RIGHT = "Straight above: the network is the same, only the training differs"
SMALL = ("resnet18", "resnet50-v1", "resnet50", "seresnet50", "keras-resnet50v2", "keras-resnet50", "resnet34")


@pytest.fixture(autouse=True)
def few_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A part of the family, and a quick measurement."""
    monkeypatch.setattr(lesson_family, "ARCHITECTURES", {arch: ARCHITECTURES[arch] for arch in SMALL})
    monkeypatch.setattr(family, "ROUNDS", 2)


def named(app: AppTest) -> dict[str, tuple[float, float]]:
    """The labelled points of the scatter plot, with their positions."""
    (chart,) = app.get("plotly_chart")
    found: dict[str, tuple[float, float]] = {}
    for trace in json.loads(chart.proto.spec)["data"]:
        if trace["mode"] == "markers+text" and trace.get("text"):
            found |= dict(zip(trace["text"], zip(_numbers(trace["x"]), _numbers(trace["y"]), strict=True), strict=True))
    return found


def _numbers(values: Any) -> list[float]:
    assert isinstance(values, list)
    return values


def test_a_comparison_puts_its_networks_in_front_and_the_axis_moves_them(lesson: AppTest) -> None:
    assert not messages(lesson)
    deep = named(lesson)
    assert set(deep) == {"ResNet-18", "ResNet-34", "ResNet-50"}
    assert deep["ResNet-50"] == pytest.approx((4.089184256, 76.13))
    lesson.segmented_control(key="family-group").set_value("V1 or V2 weights").run()
    points = named(lesson)
    assert set(points) == {"ResNet-50", "ResNet-50 V2"}
    assert points["ResNet-50"][0] == points["ResNet-50 V2"][0]
    assert points["ResNet-50"][1] + 4 < points["ResNet-50 V2"][1]
    lesson.segmented_control(key="family-axis").set_value("parameters").run()
    assert named(lesson)["ResNet-50"] == pytest.approx((25.557032, 76.13))


def test_what_differs_is_read_from_the_code(lesson: AppTest) -> None:
    for group, fields in {
        "v1 or v1.5 strides": ["stride_in"],
        "SE": ["squeeze"],
        "Pre-activation": ["stride_in", "preactivation", "conv_bias"],
    }.items():
        lesson.segmented_control(key="family-group").set_value(group).run()
        (told,) = [text.value for text in lesson.markdown if text.value.startswith("In the code")]
        assert re.findall(r"`(\w+)`", told) == fields
        assert not messages(lesson)
    lesson.segmented_control(key="family-group").set_value("V1 or V2 weights").run()
    assert any("no setting differs" in text.value for text in lesson.markdown)


def test_every_comparison_is_of_networks_with_a_published_figure() -> None:
    known = {(one.arch, one.weights) for one in family.published()}
    for comparison in lesson_family.COMPARISONS.values():
        assert {key for chain in comparison.chains for key in chain} <= known
        assert set(comparison.code) <= set(ARCHITECTURES)


def test_the_speed_is_measured_and_fills_the_table(lesson: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    three = ("resnet18", "resnet34", "resnet50")
    monkeypatch.setattr(lesson_family, "ARCHITECTURES", {arch: ARCHITECTURES[arch] for arch in three})
    monkeypatch.setattr(family, "SIZE", 32)
    lesson.segmented_control(key="family-axis").set_value("images_per_second").run()
    assert not lesson.get("plotly_chart")
    assert lesson.info
    assert "images/s" not in lesson.dataframe[-1].value, "no empty column"
    lesson.button(key="family-speed-compute").click().run()
    until(lesson, lambda app: "family-speed-compute" not in [button.key for button in app.button])
    assert not messages(lesson)
    table = lesson.dataframe[-1].value
    assert (table["images/s"] > 0).all()
    assert "family-speed-compute" not in [button.key for button in lesson.button]
    assert named(lesson)["ResNet-50"][0] > 0
    assert lesson.get("download_button")
    lesson.button(key="family-again").click().run()
    assert not messages(lesson)
    assert "family-speed-compute" in [button.key for button in lesson.button]


def test_the_newest_measurement_is_shown_in_another_tab(open_page: OpenPage) -> None:
    for time, speed in ((1, 3.0), (2, 5.0)):
        rows = pd.DataFrame([{"arch": arch, "device": "cpu", "turn": 1, "images_per_second": speed} for arch in SMALL])

        def computed(rows: pd.DataFrame = rows):  # type: ignore[no-untyped-def]
            yield from ()
            return rows

        run_to_end(
            cached_or_computed(open_workspace(), "family-speed", lesson_family._part(time, 1).arguments, computed)
        )
    app = open_page("Learn", lesson="family")
    assert not messages(app)
    assert set(app.dataframe[-1].value["images/s"]) == {5.0}


def test_no_source_is_cut_off(lesson: AppTest) -> None:
    table = lesson.dataframe[-1].value
    assert table["source"].str.len().max() <= len("none known") + 1
    said = next(caption.value for caption in lesson.caption if caption.value.startswith("Sources."))
    assert all(one.source in said for one in family.published() if one.arch in SMALL)


def test_networks_without_a_published_figure_are_in_the_table_only() -> None:
    facts = pd.DataFrame({"arch": ["resnet18", "new"], "depth": 1, "parameters": 10**7, "multiply_adds": 10**9})
    figure = scatter(family.table_of(facts), "multiply_adds", [], LIGHT)
    assert sum(len(trace.x) for trace in figure.data) == 1
    assert set(AXES) <= set(family.table_of(facts))


def test_names_are_those_that_people_write() -> None:
    written = {
        "resnet50-v1": "ResNet-50 v1",
        "keras-resnet101v2": "Keras ResNet101V2",
        "wide-resnet50-2": "Wide ResNet-50-2",
        "resnext50-32x4d": "ResNeXt-50 32x4d",
        "seresnet50": "SE-ResNet-50",
    }
    assert {arch: network_name(arch) for arch in written} == written


def test_the_question_is_answered_by_the_picture(lesson: AppTest) -> None:
    question = lesson.radio(key="family-question")
    question.set_value(question.options[0]).run()
    assert lesson.warning and not lesson.success
    lesson.radio(key="family-question").set_value(RIGHT).run()
    assert lesson.success and not lesson.warning
