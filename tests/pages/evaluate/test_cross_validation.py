"""The view "Cross-validation": its result with intervals, groups against a random split, and what is kept."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.data.snapshot import BY_USER, GROUP, Snapshot, snapshot_of_project
from core.data.store.store import Store
from core.inspection.cross_validation import words
from core.inspection.cross_validation.cross_validate import cross_validate
from core.inspection.cross_validation.head_recipe import head_recipe
from core.inspection.cross_validation.kept_results import keep_result, result_key
from core.inspection.cross_validation.result import CrossValidation, Estimate, Repeat, Settings
from core.inspection.measuring.report import Rate
from core.runs.folder import RunFolder
from core.workspace import open_workspace
from pages.components.evaluate.cross_validation import cross_validation_view, fold_charts
from pages.components.shared import charts
from tests.inspection.cross_validation.planted import plant_network, plant_vectors
from tests.pages.conftest import OpenPage, messages, read
from tests.pages.evaluate.test_evaluate import texts, view
from tests.pages.trained import finished_run

VIEW = "Cross-validation"


@pytest.fixture
def run(home: Path, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return finished_run(tmp_path_factory)


def kept(
    run: RunFolder, snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch, wrong: int = 3, **settings: Any
) -> tuple[CrossValidation, pd.DataFrame]:
    """Cross-validate planted vectors, of which some look like another class, and keep the result for the page."""
    workspace = open_workspace()
    plant_network(monkeypatch)
    frame = snapshot.frame[snapshot.frame["split"] != "test"]
    truth = np.array([snapshot.classes.index(label) for label in frame["label"]])
    looks = truth.copy()
    looks[:wrong] = (looks[:wrong] + 1) % 3
    vectors = np.eye(3)[looks] + np.abs(np.random.default_rng(0).normal(0, 0.05, (len(looks), 3)))
    plant_vectors(workspace, list(frame["image"]), vectors)
    recipe = head_recipe(run.recipe())
    chosen = Settings.checked(**settings)
    steps = cross_validate(snapshot, recipe.model_copy(update={"head_features": "last"}), chosen, workspace)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            found: tuple[CrossValidation, pd.DataFrame] = end.value
            break
    keep_result(workspace, result_key(snapshot, recipe, chosen), *found)
    return found


def with_groups(snapshot: Snapshot) -> Snapshot:
    """Groups that somebody has set: two photos each, of one class."""
    place = snapshot.frame.groupby("label").cumcount() // 2
    frame = snapshot.frame.assign(**{GROUP: snapshot.frame["label"] + " " + place.astype(str)})
    return Snapshot(frame, snapshot.classes, snapshot.task, snapshot.split_seed, BY_USER)


def test_the_result_stands_with_its_interval_folds_and_mistakes(
    open_page: OpenPage, run: RunFolder, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot = snapshot_of_project(store, store.projects()[0].id)
    found, predictions = kept(run, snapshot, monkeypatch)
    app = view(open_page("Evaluate", run=run.id), VIEW)
    assert not messages(app)
    metric = next(one for one in app.metric if one.label == "Accuracy in cross-validation")
    assert metric.value == f"{found.estimate.accuracy.value:.1%}"
    said = read(texts(app))
    assert f"{found.n} training and validation photos, each predicted once" in said
    assert f"The {found.left_out} test photos were not used." in said and found.left_out > 0
    assert "95% confidence interval over photos" in said
    assert "Set groups on the Data page" in said
    assert not [one for one in app.button if one.key == "cross-validate"]
    app.segmented_control(key="cross-part").set_value("Mistakes").run()
    wrong = int((predictions["prediction"] != predictions["label"]).sum())
    assert wrong >= 3 and f"{wrong} photos predicted wrongly by models that had not seen them" in read(texts(app))
    app.segmented_control(key="cross-part").set_value("Confusion matrix").run()
    assert not messages(app) and "Rows are the labels" in texts(app)


def test_a_corrected_label_keeps_the_list_until_it_is_computed_again(
    open_page: OpenPage, run: RunFolder, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = store.projects()[0]
    _, predictions = kept(run, snapshot_of_project(store, project.id), monkeypatch)
    app = view(open_page("Evaluate", run=run.id), VIEW)
    app.segmented_control(key="cross-part").set_value("Mistakes").run()
    row = predictions[predictions["prediction"] != predictions["label"]].iloc[0]
    image = store.find_image(project.id, str(row["image"]))
    assert image is not None
    store.annotate(project.id, [image.id], str(row["prediction"]), "Ada")
    app.run()
    assert not messages(app)
    said = read(texts(app))
    assert "Labels, photos or groups have changed. The result below is of those before." in said
    assert "predicted wrongly" in said
    assert next(one for one in app.button if one.key == "cross-validate").label == "Cross-validate again"
    # The photos of the run can still be chosen, with the result that they have.
    app.segmented_control(key=f"cross-photos-{run.id}").set_value(cross_validation_view.THEN).run()
    assert "have changed. The result below" not in read(texts(app)) and "predicted wrongly" in read(texts(app))


def test_groups_show_what_a_random_split_would_have_claimed(
    open_page: OpenPage, run: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    grouped = with_groups(run.snapshot())
    monkeypatch.setattr(cross_validation_view, "_choose_photos", lambda run: (cross_validation_view.THEN, grouped))
    found, _ = kept(run, grouped, monkeypatch, compare=True, repeats=2)
    app = view(open_page("Evaluate", run=run.id), VIEW)
    app.number_input(key="cross-repeats").set_value(2).run()
    assert not messages(app)
    said = read(texts(app))
    assert found.random is not None
    assert f"A random split would have claimed an accuracy of {words.share(found.random.accuracy.value or 0)} (" in said
    assert "Photos of one group look alike: the same person, the same day, the same camera." in said
    assert "Set groups on the Data page" not in said
    assert "The 2 repeats, each with other folds, reached" in said


def test_before_a_result_the_page_says_what_will_be_done_and_what_is_missing(
    open_page: OpenPage, run: RunFolder, store: Store
) -> None:
    app = view(open_page("Evaluate", run=run.id), VIEW)
    assert not messages(app)
    said = read(texts(app))
    assert "5 folds: 5 heads to train" in said and "The test photos are never used." in said
    app.number_input(key="cross-repeats").set_value(3).run()
    assert "5 folds: 15 heads to train" in read(texts(app))
    project = store.projects()[0]
    few = [row.id for row in store.images(project.id) if row.label == "green"]
    store.annotate(project.id, few[3:], "red", "Ada")
    app.run()
    assert "folds instead of 5" in read(texts(app))
    store.annotate(project.id, [row.id for row in store.images(project.id)], "red", "Ada")
    app.run()
    assert not messages(app) and "needs two classes" in read(texts(app))
    assert not [one for one in app.button if one.key == "cross-validate"]


@pytest.mark.weights
def test_the_button_computes_it_in_a_worker_process(
    open_page: OpenPage, run: RunFolder, default_weights: object
) -> None:
    app = view(open_page("Evaluate", run=run.id), VIEW)
    app.number_input(key="cross-folds").set_value(3).run()
    app.button(key="cross-validate").click().run(timeout=200)
    assert not messages(app)
    metric = next(one for one in app.metric if one.label == "Accuracy in cross-validation")
    assert float(metric.value.rstrip("%")) > 80  # three colours
    assert "other 2 of 3 folds" in read(texts(app))


def estimate(*correct: int) -> Estimate:
    repeats = tuple(
        Repeat(seed=seed, accuracy=Rate.of(some, 50), folds=(Rate.of(some, 50),)) for seed, some in enumerate(correct)
    )
    return Estimate.of(repeats)


def test_the_picture_has_the_claim_above_what_holds() -> None:
    figure = fold_charts.comparison_strip(estimate(49), estimate(40), charts.LIGHT)
    assert [(one.x[0], one.y[0]) for one in figure.data] == [(0.98, 0), (0.8, 1)]
    assert list(figure.layout.yaxis.ticktext) == ["random split", "whole groups"]
    assert figure.layout.yaxis.range[0] > figure.layout.yaxis.range[1]  # the first on top
    bars = [(one.x0, one.x1) for one in figure.layout.shapes]
    assert bars[1] == pytest.approx((Rate.of(40, 50).low, Rate.of(40, 50).high))


def test_each_fold_has_a_line_with_its_interval_and_its_photos() -> None:
    rates = [("fold 1", Rate.of(9, 10)), ("fold 2", Rate.of(7, 11))]
    figure = fold_charts.rate_rows(rates, charts.DARK, mean=16 / 21)
    assert list(figure.data[0].x) == pytest.approx([0.9, 7 / 11])
    assert [">(10)<" in figure.layout.yaxis.ticktext[0], ">(11)<" in figure.layout.yaxis.ticktext[1]] == [True, True]
    assert len(figure.layout.shapes) == 3 and figure.layout.shapes[2].x0 == pytest.approx(16 / 21)
