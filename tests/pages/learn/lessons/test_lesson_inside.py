"""The lesson on the inside of a network: its totals, its blocks with feature maps, its table, its question."""

import re

import pytest
from streamlit.testing.v1 import AppTest

from core.models.summary import stages_of, summarize
from pages.components.learn.layer_table import stage_table
from tests.pages.conftest import messages

RIGHT = "ResNet-50: the input has 64 channels, the output 256"

pytestmark = pytest.mark.usefixtures("no_weights")


def figures(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def maps(app: AppTest) -> list[str]:
    """The descriptions of the feature maps on the page."""
    html = "".join(element.proto.body for element in app.get("html"))
    return re.findall(r"alt='([^']+, channel \d+)'", html)


def inside(app: AppTest, arch: str, block: str) -> AppTest:
    app.selectbox(key="learn-arch").set_value(arch)
    app.segmented_control(key="learn-view").set_value("Inside a block").run()
    return app.selectbox(key="learn-block").set_value(block).run()


def test_the_page_shows_resnet_50_as_everybody_knows_it(lesson: AppTest) -> None:
    assert not messages(lesson)
    shown = figures(lesson)
    assert shown["Parameters"] == "25.6 million"
    assert shown["Layers with weights"] == "50"
    assert shown["Residual blocks"] == "16"
    assert shown["Multiply-adds"] == "4.09 billion"


@pytest.mark.parametrize(("arch", "weighted"), [("resnet18", "18"), ("seresnet50", "50"), ("keras-resnet50v2", "50")])
def test_other_networks_have_the_depth_of_their_names(lesson: AppTest, arch: str, weighted: str) -> None:
    lesson.selectbox(key="learn-arch").set_value(arch).run()
    assert figures(lesson)["Layers with weights"] == weighted
    assert not messages(lesson)


def test_options_build_the_network_another_way(lesson: AppTest) -> None:
    lesson.selectbox(key="learn-arch").set_value("resnet18").run()
    lesson.pills(key="learn-options").set_value(["plain", "small-stem"]).run()
    drawn = "".join(element.proto.body for element in lesson.get("html"))
    assert "2 basic blocks without skip connections" in drawn
    assert "full resolution" in drawn
    assert figures(lesson)["Residual blocks"] == "0"


def test_a_block_shows_its_equation_and_the_photo_inside_it(lesson: AppTest) -> None:
    inside(lesson, "resnet18", "layer2.1")
    assert not messages(lesson)
    assert r"y = \sigma(F(x) + x)" in lesson.latex[0].value
    first = maps(lesson)
    assert [name.split(",")[0] for name in first] == ["x"] * 8 + ["F(x)"] * 8 + ["y"] * 8
    assert any("**random**" in text.value for text in lesson.markdown)
    lesson.selectbox(key="learn-block").set_value("layer3.0").run()
    assert r"W_s" in lesson.latex[0].value
    second = maps(lesson)
    assert [name.split(",")[0] for name in second] == ["x"] * 8 + ["W_s x"] * 8 + ["F(x)"] * 8 + ["y"] * 8
    lesson.selectbox(key="inside-photo").set_value("rocket").run()
    assert maps(lesson) != second
    assert lesson.get("download_button")


@pytest.mark.parametrize(("arch", "block"), [("keras-resnet50v2", "layer1.2"), ("seresnet50", "layer1.1")])
def test_other_kinds_of_blocks_have_maps_too(lesson: AppTest, arch: str, block: str) -> None:
    lesson.number_input(key="learn-size").set_value(64)
    inside(lesson, arch, block)
    assert not messages(lesson)
    assert len(maps(lesson)) == 24


def test_a_plain_block_has_nothing_going_past_it(lesson: AppTest) -> None:
    lesson.number_input(key="learn-size").set_value(64)
    lesson.pills(key="learn-options").set_value(["plain"])
    inside(lesson, "resnet18", "layer1.0")
    assert not messages(lesson)
    assert lesson.latex[0].value.strip("$\n ") == r"y = \sigma(F(x))"
    assert len(maps(lesson)) == 24


def test_the_table_is_searched_word_by_word(lesson: AppTest) -> None:
    lesson.segmented_control(key="learn-view").set_value("Table").run()
    assert len(lesson.dataframe[0].value) == 175
    lesson.text_input(key="layer-search").set_value("LAYER4 conv2d").run()
    found = lesson.dataframe[0].value
    assert found["layer"].str.startswith("layer4").all()
    assert len(found) == 10
    assert {"multiply-adds", "receptive field", "memory in kB"} <= set(found)
    lesson.text_input(key="layer-search").set_value("no such layer").run()
    assert lesson.dataframe[0].value.empty
    assert lesson.get("download_button")
    assert not messages(lesson)


def test_the_question_is_answered_by_the_drawing(lesson: AppTest) -> None:
    question = lesson.radio(key="inside-question")
    question.set_value(question.options[0]).run()
    assert lesson.warning and not lesson.success
    lesson.radio(key="inside-question").set_value(RIGHT).run()
    assert lesson.success and not lesson.warning


def test_the_drawing_has_its_numbers_and_opens_a_block(lesson: AppTest) -> None:
    assert len([one for one in lesson.get("download_button") if "(CSV)" in one.label]) == 1
    lesson.selectbox(key="learn-open").set_value("layer3.1").run()
    assert not messages(lesson)
    assert lesson.segmented_control(key="learn-view").value == "Inside a block"
    assert lesson.selectbox(key="learn-block").value == "layer3.1"
    assert figures(lesson)["Receptive field"].endswith(" pixels")


def test_the_table_of_stages_is_that_of_the_drawing() -> None:
    table = stage_table(stages_of("resnet18", 64, 5))
    assert list(table["stage"]) == ["stem", "layer1", "layer2", "layer3", "layer4", "head"]
    assert table["parameters"].sum() == summarize("resnet18", 5, 64).total
    assert table.iloc[1].to_dict() | {"parameters": 0} == {
        "stage": "layer1", "kind": "basic", "blocks": 2, "output shape": "64 × 16 × 16", "parameters": 0,
    }  # fmt: skip


def test_a_squeezed_block_says_that_it_sees_the_whole_picture(lesson: AppTest) -> None:
    lesson.number_input(key="learn-size").set_value(64)
    inside(lesson, "seresnet50", "layer4.2")
    assert figures(lesson)["Receptive field"] == "427 pixels"
    assert any("Through squeeze-and-excitation" in caption.value for caption in lesson.caption)
