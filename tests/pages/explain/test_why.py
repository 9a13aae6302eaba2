"""Beside and below a heatmap: the nearest training photos, checks of the map, and two models on one photo."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.data.pictures.decoding import decode
from core.data.store.store import ImageFilter, ImageRow, Store
from core.inspection.explaining import randomised_weights
from core.inspection.explaining.explanation import Explanation
from core.inspection.explaining.explanation_json import explanation_as_json
from core.inspection.explaining.head_inputs import vector_of
from core.inspection.explaining.map_checks import MapChecks, read_checks
from core.inspection.explaining.method_figures import MethodComparison, MethodFigures
from core.inspection.explaining.nearest_photos import nearest_photos
from core.inspection.measuring.report import Mean
from core.runs.computations import map_checks
from core.runs.computations.training_photos import compute_vectors, training_photos
from core.runs.folder import RunFolder
from core.runs.models import load_predictor
from core.workers.pool import Request
from core.workers.tasks import TASKS
from core.workspace import open_workspace
from pages.components.computing.computation import Computation
from pages.components.explain import explain_charts, explanation_view, method_comparison_view, nearest_view
from pages.components.explain.asked_explanation import Asked
from pages.components.shared.charts import DARK, LIGHT
from tests.pages.conftest import OpenPage, messages
from tests.pages.explain.test_explain import texts
from tests.pages.trained import finished_run


@pytest.fixture
def run(home: Path, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return finished_run(tmp_path_factory)


def explained_photo(store: Store) -> ImageRow:
    """The photo that the page shows first."""
    return store.images(store.projects()[0].id, ImageFilter(split="val"))[0]


def test_the_nearest_training_photos_stand_beside_the_heatmap(
    open_page: OpenPage, run: RunFolder, store: Store
) -> None:
    app = open_page("Explain")
    assert not messages(app)
    assert "Nearest training photos" in texts(app)
    assert nearest_view.WHAT in texts(app)
    assert f"({nearest_view.PREDICTED})" in texts(app) and f"({nearest_view.SECOND})" in texts(app)
    assert f"({nearest_view.ASKED})" not in texts(app)
    frame, inputs = training_photos(run, open_workspace())
    assert not inputs.missing(list(frame["image"])), "they were computed in a worker and kept"


def test_the_class_of_the_heatmap_has_its_own_photos(open_page: OpenPage, run: RunFolder, store: Store) -> None:
    app = open_page("Explain")
    predictor = load_predictor(run.id, open_workspace(), "cpu")
    row = explained_photo(store)
    ranked = predictor.predict([decode(store.image_path(row.hash), row.filename).image])[0].ranked
    app.selectbox(key=f"explain-target-{run.id}").set_value(ranked[2][0]).run()
    assert not messages(app)
    assert f"Labelled **{ranked[2][0]}** ({nearest_view.ASKED})" in texts(app)


def test_a_wrong_label_of_a_nearest_photo_is_corrected_in_place_and_undone(
    open_page: OpenPage, run: RunFolder, store: Store
) -> None:
    workspace = open_workspace()
    compute_vectors(about(run), lambda progress: None)
    predictor = load_predictor(run.id, workspace, "cpu")
    shown = explained_photo(store)
    image = decode(store.image_path(shown.hash), shown.filename).image
    label = predictor.predict([image])[0].name
    frame, inputs = training_photos(run, workspace)
    nearest = nearest_photos(vector_of(predictor, image), frame, inputs, [label])[label]
    assert len(nearest) == 3
    project = store.projects()[0]
    row = store.find_image(project.id, nearest[1].image)
    assert row is not None and row.label == label
    other = next(one.name for one in store.classes(project.id) if one.name != label)

    app = open_page("Explain")
    app.session_state["near-0-wall"] = {"chosen": [row.hash]}
    app.run()
    app.selectbox(key=f"near-0-label-{row.id}").set_value(other).run()
    app.button(key="near-0-correct").click().run()
    assert not messages(app)
    assert store.image(project.id, row.id).label == other
    app.button(key="undo-line-now").click().run()
    assert not messages(app)
    assert store.image(project.id, row.id).label == label


def test_many_training_photos_are_looked_at_only_if_somebody_asks(
    open_page: OpenPage, run: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nearest_view, "AT_ONCE", 3)
    app = open_page("Explain")
    assert "This model has to look at" in texts(app)
    assert nearest_view.WHAT not in texts(app)
    app.button(key="near-vectors-start").click().run()
    assert not messages(app)
    assert nearest_view.WHAT in texts(app)


def test_an_unreadable_training_photo_is_named_and_the_others_are_shown(
    open_page: OpenPage, run: RunFolder, store: Store
) -> None:
    first = run.snapshot().part("train").iloc[0]
    Path(first["path"]).write_bytes(b"no picture")
    shutil.rmtree(open_workspace().cache / "resized", ignore_errors=True)
    app = open_page("Explain")
    assert not messages(app)
    assert f"1 training photo could not be read, for example {first['filename']}." in texts(app)
    assert nearest_view.WHAT in texts(app)


def closer(app: AppTest, name: str) -> AppTest:
    return app.segmented_control(key="explain-closer").set_value(name).run()


def test_a_heatmap_is_checked_against_random_weights_and_the_centre(
    open_page: OpenPage, run: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def checked(asked: Asked, explanation: Explanation) -> MapChecks:
        """What the worker computes, with one draw of random weights."""
        monkeypatch.setattr(randomised_weights, "DRAWS", 1)
        arguments = {**about(run), "explanation": explanation_as_json(explanation)}
        return read_checks(map_checks.check(arguments, lambda progress: None))

    monkeypatch.setattr(Asked, "checks", checked)
    app = closer(open_page("Explain"), explanation_view.CHECK)
    assert not messages(app)
    assert "Does this map depend on what the model learned?" in texts(app)
    assert "Lower is better." in texts(app) and "Higher is better." in texts(app)
    assert len(app.get("plotly_chart")) == 3


def about(run: RunFolder) -> dict[str, str]:
    """The arguments that name a run's model in a request to a worker."""
    return {"workspace": str(open_workspace().root), "model": run.id}


def test_where_the_map_is_exact_or_not_is_said(open_page: OpenPage, run: RunFolder) -> None:
    app = open_page("Explain")  # the model input has 64 pixels, so an earlier stage is used
    assert "This map is an approximation. The layers after layer3 mix the places." in texts(app)


def test_all_methods_are_compared_on_validation_photos(
    open_page: OpenPage, run: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def result(computation: Computation, begin: Callable[[], Request], unit: str = "") -> Any:
        """What the worker computes, in this process and of two photos."""
        request = begin()
        assert TASKS[request.task].target.endswith(":compare_methods")
        asked = map_checks.compare_methods({**request.arguments, "photos": 2}, lambda progress: None)
        computation.stop()
        return asked

    app = closer(open_page("Explain"), explanation_view.METHODS_COMPARED)
    assert not messages(app) and not app.dataframe
    monkeypatch.setattr(Computation, "result", result)
    app.button(key="methods-start").click().run()
    assert not messages(app)
    table = app.dataframe[0].value
    assert {"Grad-CAM", "LayerCAM", "A blob in the centre", "Random places"} <= set(table["Method"])
    assert all(" to " in cell for cell in table["Deletion area"])
    assert "2 validation photos" in texts(app)
    assert app.button(key="methods-start").disabled


def second_run(run: RunFolder) -> RunFolder:
    other = run.path.with_name("20260102-120000-again")
    shutil.copytree(run.path, other)
    status = json.loads((other / "status.json").read_text())
    (other / "status.json").write_text(json.dumps({**status, "title": "Second colors"}))
    return RunFolder(other)


def test_two_runs_stand_side_by_side(open_page: OpenPage, run: RunFolder) -> None:
    other = second_run(run)
    app = open_page("Explain", model=run.id)
    app.segmented_control(key="explain-view").set_value("Compare two runs").run()
    assert not messages(app)
    assert app.selectbox(key="other-model").value == other.id
    assert run.id not in app.selectbox(key="other-model").options
    assert "The two maps are much alike: their rank correlation is 1.00" in texts(app)
    assert "Second colors" in texts(app) and "First colors" in texts(app)
    assert texts(app).count(nearest_view.WHAT) == 2
    assert len(app.get("plotly_chart")) == 2
    app.selectbox(key=f"two-target-{run.id}-{other.id}").set_value("green").run()
    assert not messages(app)
    assert texts(app).count("stronger evidence for green") == 2 or "finds no evidence for green" in texts(app)


def test_over_the_epochs_needs_a_run_of_ones_own(open_page: OpenPage, run: RunFolder) -> None:
    app = open_page("Explain", model="imagenet")
    app.segmented_control(key="explain-view").set_value("Over the epochs").run()
    assert not messages(app)
    assert "it has no epochs to look at" in texts(app)


def figures(name: str, gain: float, same_as: str | None = None) -> MethodFigures:
    mean = Mean(value=gain, n=9, low=gain - 0.1, high=gain + 0.1)
    return MethodFigures(name=name, same_as=same_as, deletion=mean, insertion=mean, gain=mean, over_centre=mean)


def test_the_table_and_the_chart_leave_out_methods_with_equal_maps() -> None:
    equal = figures("hirescam", 0.2, "gradcam")
    some = (figures("gradcam", 0.2), equal, figures("layercam", 0.3), figures("centre", 0.1))
    comparison = MethodComparison(stage="layer4", photos=9, figures=some)
    table = method_comparison_view.table(comparison)
    assert table["Method"].tolist() == ["LayerCAM", "Grad-CAM", "A blob in the centre"]
    assert table["Better than the centre by"].tolist() == ["0.30 (0.20 to 0.40)", "0.20 (0.10 to 0.30)", "–"]
    for colors in (LIGHT, DARK):
        chart = explain_charts.method_dots(comparison, colors)
        assert list(chart.layout.yaxis.ticktext) == ["A blob in the centre", "Grad-CAM", "LayerCAM"]
        assert list(chart.data[0].x) == [0.1, 0.2, 0.3]
        assert len(chart.layout.shapes) == 3
