"""The preprocessing lesson: three views, cached accuracies, the quiz with five inputs, one question."""

from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core.data.store.store import Project, Store
from core.inspection.measuring.report import Rate
from core.lessons.preprocessing import FOLDS, MISTAKES, MODES
from core.lessons.result_cache import ExperimentSteps, cached_or_computed
from core.models.weights import Pretrained
from core.training.events import Progress
from core.workspace import open_workspace
from pages.components.learn.lessons.lesson_preprocessing import SHAPES, _results_table, experiment_parts
from pages.components.learn.lessons.preprocessing_photos import available_network, labelled_birds, project_photos
from pages.components.learn.lessons.preprocessing_quiz import LETTERS, NAMES
from pages.components.learn.texts.preprocessing import SIGNS
from tests.pages.conftest import OpenPage, add_photo, messages


def row(correct: int, **names: str | float) -> dict[str, object]:
    rate = Rate.of(correct, 145)
    figures = {"correct": correct, "n": 145, "accuracy": rate.value, "low": rate.low, "high": rate.high}
    return {**names, **figures, "arch": "resnet18"}


def modes(shape: float) -> pd.DataFrame:
    correct = {"crop": 120 - int(20 * shape), "squash": 120 - int(5 * shape), "letterbox": 120 - int(10 * shape)}
    lost = {"crop": 0, "squash": 3, "letterbox": 9}
    paired = [{"gained": correct[m] - correct["crop"] + lost[m], "lost": lost[m]} for m in MODES]
    p_values = [1.0, 0.0004 if shape == 3 else 0.2, 0.03]
    rows = [row(correct[mode], shape=shape, mode=mode) for mode in MODES]
    return pd.DataFrame([{**a, **b, "p_value": p} for a, b, p in zip(rows, paired, p_values, strict=True)])


def pictures(app: AppTest) -> list[str]:
    return [image.url for element in app.get("image") for image in element.proto.imgs]


def texts(app: AppTest) -> str:
    return "\n".join(element.value for element in [*app.markdown, *app.caption, *app.info])


def test_without_weights_the_views_are_there_and_the_rest_says_what_it_needs(
    no_weights: None, open_page: OpenPage
) -> None:
    app = open_page("Learn", lesson="preprocessing")
    assert not messages(app)
    before = pictures(app)
    assert len(before) == 4
    app.segmented_control(key="preprocessing-shape").set_value("3:1").run()
    assert not messages(app)
    after = pictures(app)
    assert all(one != other for one, other in zip(before, after, strict=True))
    said = texts(app)
    assert "451 × 150 pixels" in "\n".join(
        image.caption for element in app.get("image") for image in element.proto.imgs
    )
    assert "needs the pretrained network" in said
    assert not app.get("plotly_chart")


def test_the_question(no_weights: None, open_page: OpenPage) -> None:
    app = open_page("Learn", lesson="preprocessing")
    app.radio(key="preprocessing-question").set_value("Squash").run()
    assert app.warning and not app.success
    app.radio(key="preprocessing-question").set_value("Centre crop").run()
    assert app.success and not app.warning


@pytest.mark.weights
def test_accuracies_that_are_there_are_drawn_and_told(
    default_weights: Pretrained, home: Path, open_page: OpenPage
) -> None:
    network = available_network()
    assert network is not None
    shapes = [shape for shape in SHAPES.values() if shape is not None]
    for part, shape in zip(experiment_parts(labelled_birds(), network, shapes), shapes, strict=True):

        def computed(shape: float = shape) -> ExperimentSteps:
            yield Progress("asking", 1, 1)
            return modes(shape)

        for _ in cached_or_computed(open_workspace(), "preprocessing-modes", part.arguments, computed):
            pass
    app = open_page("Learn", lesson="preprocessing")
    assert not messages(app)
    said = texts(app)
    assert "145 photos of five classes of birds" in said
    assert "| 3:1 | 41% | 72% (+48 −3, p < 0.001) | 62% (+39 −9, p = 0.03) |" in said
    assert "Unlikely to be chance (p < 0.01): squash at 3:1 (better)." in said
    assert len([one for one in app.get("download_button") if "(CSV)" in one.label]) == 2


@pytest.mark.weights
def test_the_mysteries_are_found_one_by_one(default_weights: Pretrained, open_page: OpenPage) -> None:
    app = open_page("Learn", lesson="preprocessing")
    app.session_state["mystery-seed"] = 5
    app.run()
    import random

    order = random.Random(5).sample(MISTAKES, len(MISTAKES))
    seen = set()
    for letter, mistake in zip(LETTERS, order, strict=True):
        app.segmented_control(key="mystery-letter").set_value(letter).run()
        assert not messages(app)
        seen.add(pictures(app)[-1])
        guess = app.radio(key=f"mystery-guess-0-{letter}")
        guess.set_value(next(name for name in NAMES if name != mistake)).run()
        assert app.warning and not app.success
        app.radio(key=f"mystery-guess-0-{letter}").set_value(mistake).run()
        assert SIGNS[mistake] in app.success[0].value
    assert len(seen) == 5, "each input looks different"
    assert "You have found all five." in texts(app)
    app.button(key="mystery-shuffle").click().run()
    assert not messages(app)
    assert "You have found all five." not in texts(app) and app.radio(key="mystery-guess-1-A").value is None


def test_every_mistake_has_its_words() -> None:
    assert set(NAMES) == set(SIGNS) == set(MISTAKES)


def test_a_projects_photos_leave_out_its_test_part_and_small_classes(store: Store, birds: Project) -> None:
    # Outside a page, frame.store() opens the same workspace.
    assert project_photos(birds) is None, "four of each are too few"
    for number in range(4, 16):
        add_photo(store, birds, f"owl {number}.png", "owl")
        add_photo(store, birds, f"duck {number}.png", "duck")
    store.assign_splits(birds.id)  # as the Train button does
    photos = project_photos(birds)
    assert photos is not None
    tested = {image.hash for image in store.images(birds.id) if image.split == "test"}
    assert tested and not tested & {path.stem for path in photos.paths}
    assert all(photos.labels.count(name) >= FOLDS for name in ("owl", "duck"))


def test_a_project_is_told_as_it_is() -> None:
    table = modes(1.0).assign(shape=float("nan"))
    assert "| original | 69% | 79% (+18 −3, p = 0.2)" in _results_table(table)
    assert "None of these differences" in _results_table(table)
