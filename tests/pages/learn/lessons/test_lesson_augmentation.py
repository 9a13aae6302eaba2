"""The augmentation lesson: sliders change the photo; cached results are drawn, asked about and downloaded."""

from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core.lessons.result_cache import ExperimentSteps, cached_or_computed
from core.training.events import Progress
from core.workspace import open_workspace
from pages.components.learn.lessons.augmentation_curves import panel
from pages.components.learn.lessons.lesson_augmentation import LEVELS, experiment_parts
from pages.components.shared.charts import LIGHT
from tests.pages.conftest import messages

VALIDATION = {"none": 0.5, "light": 0.58, "standard": 0.66}


def run_of(level: str, seed: int) -> pd.DataFrame:
    """Three epochs as a run would report them; without augmentation the gap is widest."""
    val = VALIDATION[level] + 0.02 * seed
    rows = [
        {
            "weights": "none", "level": level, "seed": seed, "epoch": epoch, "epochs": 3, "train_n": 40, "val_n": 105,
            "train_accuracy": 0.3 * epoch, "train_loss": 1 / epoch, "val_loss": 1.5 / epoch, "seconds": 1.0,
            "val_accuracy": val, "val_low": val - 0.1, "val_high": val + 0.1,
        }
        for epoch in (1, 2, 3)
    ]  # fmt: skip
    return pd.DataFrame(rows)


@pytest.fixture
def trained(home: Path) -> None:
    """The results of six runs from random weights are cached."""
    for part in experiment_parts("none", (0, 1)):

        def computed(
            level: str = str(part.arguments["level"]), seed: int = int(part.arguments["seed"])
        ) -> ExperimentSteps:
            yield Progress("training", 1, 1)
            return run_of(level, seed)

        for _ in cached_or_computed(open_workspace(), "augmentation-none", part.arguments, computed):
            pass


def pictures(app: AppTest) -> list[str]:
    """The URLs of the pictures, which depend on their content: the photo with its crops, the augmented versions."""
    return [image.url for element in app.get("image") for image in element.proto.imgs]


def test_a_slider_changes_the_draws_and_their_windows(lesson: AppTest) -> None:
    assert not messages(lesson)
    before = pictures(lesson)
    assert len(before) == 2
    lesson.slider(key="augmentation-degrees").set_value(90).run()
    turned = pictures(lesson)
    assert turned[1] != before[1]
    assert turned[0] == before[0], "rotation does not move the crops"
    lesson.slider(key="augmentation-area").set_value((20, 40)).run()
    smaller = pictures(lesson)
    assert smaller[0] != turned[0] and smaller[1] != turned[1]
    assert not messages(lesson)


def test_draw_again_is_other_chance_of_the_same_strength(lesson: AppTest) -> None:
    before = pictures(lesson)
    lesson.button(key="augmentation-again").click().run()
    assert not messages(lesson)
    assert pictures(lesson)[1] != before[1]
    assert lesson.slider(key="augmentation-area").value == (35, 100)


def test_a_level_sets_the_sliders_and_none_leaves_no_chance(lesson: AppTest) -> None:
    lesson.segmented_control(key="augmentation-level").set_value("none").run()
    assert not messages(lesson)
    assert [lesson.slider(key=f"augmentation-{name}").value for name in ("shift", "degrees", "color")] == [0, 0, 0]
    assert lesson.slider(key="augmentation-area").value == (77, 77), "the centre crop of evaluation: 224 of 256"
    assert lesson.toggle(key="augmentation-mirror").value is False
    still = pictures(lesson)
    lesson.button(key="augmentation-again").click().run()
    assert pictures(lesson) == still
    lesson.segmented_control(key="augmentation-level").set_value("light").run()
    assert lesson.slider(key="augmentation-area").value == (64, 100)


def test_before_the_trainings_there_is_a_button_and_no_question(lesson: AppTest) -> None:
    lesson.segmented_control(key="augmentation-weights").set_value("none").run()
    assert not messages(lesson)
    assert lesson.button(key="augmentation-none-compute").label == "Train 3 networks"
    assert not lesson.get("plotly_chart") and not lesson.radio


def test_trainings_that_are_there_are_drawn_and_asked_about(trained: None, lesson: AppTest) -> None:
    lesson.segmented_control(key="augmentation-weights").set_value("none").run()
    assert not messages(lesson)
    assert any("level is trained once;" in text.value for text in lesson.caption), "half the waiting time by default"
    lesson.segmented_control(key="augmentation-runs").set_value("Two").run()
    assert any("level is trained 2 times" in text.value for text in lesson.caption)
    assert len(lesson.get("plotly_chart")) == len(LEVELS)
    said = "\n".join(element.value for element in lesson.markdown)
    assert "**none**: training 90%, validation 51%, a gap of 39 points" in said
    question = lesson.radio(key="augmentation-none-question")
    question.set_value("no augmentation").run()
    assert lesson.warning and not lesson.success
    lesson.radio(key="augmentation-none-question").set_value("standard augmentation").run()
    assert not lesson.warning
    assert "The gap there is 23 points, and 39 without augmentation" in lesson.success[0].value
    assert len([one for one in lesson.get("download_button") if "(CSV)" in one.label]) == 2, (
        "the augmented versions and the runs"
    )


def test_loss_instead_of_accuracy(trained: None, lesson: AppTest) -> None:
    lesson.segmented_control(key="augmentation-weights").set_value("none").run()
    before = [chart.proto.spec for chart in lesson.get("plotly_chart")]
    lesson.segmented_control(key="augmentation-measure").set_value("loss").run()
    assert not messages(lesson)
    after = [chart.proto.spec for chart in lesson.get("plotly_chart")]
    assert len(after) == len(before) == len(LEVELS) and not set(after) & set(before)


def test_the_shaded_gap_is_between_the_means_of_the_runs() -> None:
    figure = panel(pd.concat([run_of("none", 0), run_of("none", 1)]), "accuracy", LIGHT)
    assert figure.layout.annotations[0].text == "gap 39 points"
    shaded = figure.data[0]
    assert list(shaded.y) == pytest.approx([0.3, 0.6, 0.9, 0.51, 0.51, 0.51])
    assert [trace.name for trace in figure.data if trace.name] == ["training", "validation"]
