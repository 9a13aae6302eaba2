"""The lesson on layers: each layer, re-created and torch's, on a photo; its controls; the whole network."""

import re

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.lessons import layers
from core.lessons.layers import LAYERS, LayerComparison, LayerPair
from core.models.weights import Pretrained
from pages.components.learn.lessons.lesson_layers import rounded
from tests.pages.conftest import OpenPage, messages

RIGHT = "112 × 112: the kernel moves two pixels at a time"


@pytest.fixture(autouse=True)
def timed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """One pass is timed instead of nine."""
    compare = layers.compare_layers

    def once(pair: LayerPair, inputs: np.ndarray, passes: int = 1) -> LayerComparison:
        return compare(pair, inputs, 1)

    monkeypatch.setattr(layers, "compare_layers", once)


@pytest.fixture
def lesson(no_weights: None, lesson: AppTest) -> AppTest:
    """The lesson on a computer without weights."""
    return lesson


def pictures(app: AppTest) -> dict[str, tuple[str, str]]:
    """Each picture's title, with its source and the note below it."""
    html = "".join(element.proto.body for element in app.get("html"))
    found = re.findall(r"<img src='([^']+)' alt='([^']+)'.*?<figcaption[^>]*>([^<]*)<", html)
    return {title: (source, note) for source, title, note in found}


def test_every_layer_shows_its_code_and_both_results(lesson: AppTest) -> None:
    for layer in LAYERS:
        lesson.segmented_control(key="layers-layer").set_value(layer).run()
        assert not messages(lesson)
        assert layer in lesson.code[0].value
        labels = [metric.label for metric in lesson.metric]
        assert labels == ["Largest difference", "Re-created", "torch", "Slowdown"]
        if layer == "softmax":
            assert len(lesson.get("plotly_chart")) == 2
        else:
            assert list(pictures(lesson)) == ["Input", "Re-created", "torch", "Difference"]
        table = lesson.dataframe[-1].value
        assert tuple(table["layer"]) == LAYERS
        assert (table["largest difference"] < 1e-4).all()
    assert lesson.get("download_button")


def test_a_stride_of_two_halves_the_picture_and_another_kernel_is_another_picture(lesson: AppTest) -> None:
    before = pictures(lesson)
    assert before["Re-created"][1] == before["torch"][1] == "224 × 224"
    lesson.slider(key="layers-stride").set_value(2).run()
    after = pictures(lesson)
    assert after["Re-created"][1] == after["torch"][1] == "112 × 112"
    assert after["torch"][0] != before["torch"][0]
    assert lesson.dataframe[-1].value.iloc[0]["comes out"] == "1 × 112 × 112"
    before = after["Re-created"][0]
    lesson.selectbox(key="layers-kernel").set_value("blur").run()
    assert not messages(lesson)
    assert pictures(lesson)["Re-created"][0] != before


def test_the_meaning_says_what_the_code_below_it_does(lesson: AppTest) -> None:
    lesson.segmented_control(key="learn-level").set_value("university").run()
    assert "self.bias" in lesson.code[0].value and any("a bias" in text.value for text in lesson.markdown)
    lesson.segmented_control(key="layers-layer").set_value("BatchNorm2d").run()
    code, said = lesson.code[0].value, " ".join(text.value for text in lesson.markdown)
    assert "momentum: float = 0.1" in code and "running average" in said and "a tenth of the way" in said
    assert "running_var" in code and r"takes $\mu$ and $\sigma^2$ from the batch" in said


def test_each_control_moves_its_picture(lesson: AppTest) -> None:
    controls: dict[str, tuple[str, float]] = {
        "BatchNorm2d": ("layers-scale", 2.5),
        "ReLU": ("layers-relu", -1.0),
        "MaxPool2d": ("layers-window", 9),
        "AdaptiveAvgPool2d": ("layers-cells", 2),
    }
    for layer, (key, value) in controls.items():
        lesson.segmented_control(key="layers-layer").set_value(layer).run()
        before = pictures(lesson)["torch"]
        lesson.slider(key=key).set_value(value).run()
        assert not messages(lesson)
        assert pictures(lesson)["torch"] != before


def test_the_temperature_changes_the_loss(lesson: AppTest) -> None:
    lesson.segmented_control(key="layers-layer").set_value("softmax").run()

    def losses() -> list[str]:
        (text,) = [one.value for one in lesson.markdown if one.value.startswith("The loss is")]
        return re.findall(r"[\d.]{6,}", text)

    ours, theirs = losses()
    assert float(ours) == pytest.approx(float(theirs), abs=1e-5)
    lesson.slider(key="layers-temperature").set_value(4.0).run()
    assert losses()[0] != ours


def test_without_weights_the_whole_network_can_be_fetched(lesson: AppTest) -> None:
    lesson.segmented_control(key="layers-view").set_value("The whole network").run()
    assert not messages(lesson)
    assert "Download the pretrained network" in [button.label for button in lesson.button]


@pytest.mark.weights
def test_the_whole_network_gives_the_same_answer(open_page: OpenPage, default_weights: Pretrained) -> None:
    app = open_page("Learn", lesson="layers")
    app.segmented_control(key="layers-view").set_value("The whole network").run()
    assert not messages(app)
    answers = [text.value for text in app.markdown if text.value.startswith(("**Re-created**:", "**torch**:"))]
    assert len({answer.split(": ")[1] for answer in answers}) == 1
    assert "Egyptian cat" in answers[0]
    assert float(next(metric.value for metric in app.metric if metric.label == "Largest difference")) < 1e-3


def test_a_bad_timing_can_be_taken_again(lesson: AppTest) -> None:
    def times() -> list[str]:
        return [metric.value for metric in lesson.metric][1:]

    first = times()
    lesson.slider(key="layers-stride").set_value(2).run()
    lesson.slider(key="layers-stride").set_value(1).run()
    assert times() == first, "cached"
    for _ in range(5):
        lesson.button(key="layers-again").click().run()
        assert not messages(lesson)
        if times() != first:
            return
    pytest.fail("five identical measurements")


def test_small_numbers_keep_two_digits() -> None:
    assert [rounded(number) for number in (0.0341, 0.96, 12.4, 1234.0)] == [0.034, 0.96, 12.0, 1200.0]


def test_the_question_is_answered_by_the_picture(lesson: AppTest) -> None:
    question = lesson.radio(key="layers-question")
    question.set_value(question.options[2]).run()
    assert lesson.warning and not lesson.success
    lesson.radio(key="layers-question").set_value(RIGHT).run()
    assert lesson.success and not lesson.warning
