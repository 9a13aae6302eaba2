"""Seeds and compared recipes on the Train page: the form, the sweep's own page, the lists."""

import json
import os
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core.data.snapshot import snapshot_of_project
from core.data.store.store import Project, Store
from core.errors import RecipeError
from core.runs.automatic.phases import write_phases
from core.runs.folder import RunFolder, list_runs
from core.runs.process import process_fields
from core.runs.status import now
from core.runs.sweeps import sweep_jobs
from core.runs.sweeps.plan import plan_runs
from core.runs.sweeps.results import workspace_sweeps
from core.runs.table import run_rows
from core.training.recipe import Recipe
from core.workspace import open_workspace
from pages.components.shared import charts
from pages.components.train import runs_table
from pages.components.train.recipe_fields import limits
from pages.components.train.sweeps import compare_form, sweep_charts
from tests.pages.conftest import OpenPage, messages, read
from tests.pages.train.automatic.some_phases import TWO
from tests.pages.trained import color_project, queued_run, tiny


@pytest.fixture
def colors(store: Store) -> Project:
    return color_project(store)


@pytest.fixture(autouse=True)
def started(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[list[str]]]:
    """The processes that would have been started; this one takes their place."""
    commands: list[list[str]] = []

    class Started:
        pid = os.getpid()

        def wait(self) -> None: ...

    def start(arguments: list[str], **_: Any) -> Started:
        commands.append(arguments)
        return Started()

    monkeypatch.setattr(sweep_jobs, "start_python", start)
    yield commands


def texts(app: AppTest) -> str:
    found = [*app.markdown, *app.caption, *app.header, *app.info, *app.warning, *app.error, *app.success, *app.metric]
    return read("\n".join(str(element.value) for element in found))


def sweep(store: Store, project: Project, values: dict[tuple[int, int], float | None]) -> str:
    """A sweep over epochs and seeds, with these validation accuracies; None leaves a run in the queue."""
    store.assign_splits(project.id)
    base = tiny().model_dump()
    cells = [{"epochs": epochs} for epochs in dict.fromkeys(epochs for epochs, _ in values)]
    planned = plan_runs(
        lambda cell: Recipe.checked(**{**base, **cell}),
        cells if len(cells) > 1 else [{}],
        len({seed for _, seed in values}),
    )
    found = sweep_jobs.submit_sweep(
        store.workspace, snapshot_of_project(store, project.id), planned, title="My *sweep*", project_id=project.id
    )
    for run, value in zip(runs_of(found), values.values(), strict=True):
        if value is not None:
            line = {"epoch": 1, "epochs": 1, "train_loss": 1.0, "val_loss": 1 - value, "train_accuracy": value}
            run.append_metrics("epoch", {**line, "val_accuracy": value, "val_n": 100, "best": True})
            report = {"n": 100, "accuracy": {"value": value, "low": value - 0.05, "high": value + 0.05}}
            (run.path / "report-val.json").write_text(json.dumps(report))
            run.write_status(state="finished")
    return found


def runs_of(sweep_id: str) -> list[RunFolder]:
    return workspace_sweeps(open_workspace())[sweep_id][::-1]


def test_three_seeds_are_one_click_and_one_sweep(
    open_page: OpenPage, colors: Project, started: list[list[str]]
) -> None:
    app = open_page("Train", project=str(colors.id))
    app.selectbox(key="recipe-arch").set_value("resnet18").run()
    app.selectbox(key="recipe-weights").set_value("none").run()
    app.number_input(key="seeds").set_value(3).run()
    assert app.button(key="train").label == "Train 3 runs"
    assert "**3 runs** (3 seeds), one after the other. Expected time for all: " in texts(app)
    token = app.session_state["recipe-token"]
    app.button(key="train").click().run()
    assert not messages(app)
    found = app.query_params["sweep"]
    runs = runs_of(found)
    assert [run.recipe().seed for run in runs] == [0, 1, 2]
    assert {run.status().once for run in runs} == {token}
    assert started == [["-m", "core", "train", "--sweep", found]]
    assert "Results appear when the first run has finished." in texts(app)
    # The second click of a double click carries the same token.
    again = open_page("Train", project=str(colors.id))
    again.session_state["recipe-token"] = token
    again.number_input(key="seeds").set_value(3).run()
    again.button(key="train").click().run()
    assert len(list_runs(open_workspace())) == 3


def test_recipes_are_compared_in_every_combination(open_page: OpenPage, colors: Project) -> None:
    app = open_page("Train", project=str(colors.id))
    app.selectbox(key="recipe-arch").set_value("resnet18").run()
    app.toggle(key="compare-on").set_value(True).run()
    assert app.button(key="train").disabled
    app.selectbox(key="compare-setting-0").set_value("augmentation").run()
    assert app.multiselect[0].value == ["light"]  # what the form has now
    assert "Choose at least two values" in texts(app) and app.button(key="train").disabled
    app.multiselect[0].set_value(["light", "none"]).run()
    assert app.button(key="train").label == "Train 2 runs"
    app.selectbox(key="compare-setting-1").set_value("learning_rate").run()
    field = next(one for one in app.text_input if one.key == "compare-values-1-learning_rate")
    field.set_value("1e-3, 11").run()
    assert "learning_rate is '11', but must be at most 10" in messages(app)[0]
    assert app.button(key="train").disabled
    next(one for one in app.text_input if one.key == "compare-values-1-learning_rate").set_value("1e-3; 0.01").run()
    app.number_input(key="seeds").set_value(2).run()
    assert not messages(app)
    assert app.button(key="train").label == "Train 8 runs"
    assert "**8 runs** (4 recipes with 2 seeds each)" in texts(app)
    app.button(key="train").click().run()
    found = app.query_params["sweep"]
    recipes = [run.recipe() for run in runs_of(found)]
    assert [(one.augmentation, one.learning_rate, one.seed) for one in recipes] == [
        (augmentation, rate, seed) for augmentation in ("light", "none") for rate in (1e-3, 1e-2) for seed in (0, 1)
    ]


def test_settings_that_do_not_go_together_start_nothing(open_page: OpenPage, colors: Project) -> None:
    app = open_page("Train", project=str(colors.id))
    app.segmented_control(key="recipe-train").set_value("layer4").run()
    app.number_input(key="recipe-epochs").set_value(1).run()
    app.toggle(key="compare-on").set_value(True).run()
    app.selectbox(key="compare-setting-0").set_value("train").run()
    app.multiselect[0].set_value(["head", "staged"]).run()
    assert "none is left for the other layers" in messages(app)[0]
    assert not [button for button in app.button if button.key == "train"]


def test_every_comparable_setting_has_values_to_choose() -> None:
    for name in compare_form.comparable_settings("localization"):
        choices = compare_form.choices_of(name)
        assert not choices or len(choices) > 1, name
        if not choices:
            low = limits(name)[0]
            assert compare_form.numbers(name, f"{low:g}, {low:g},") == [pytest.approx(low)]
    with pytest.raises(RecipeError, match="epochs is 'many', but must be a whole number"):
        compare_form.numbers("epochs", "4, many")


def test_a_sweep_of_seeds_shows_its_mean_and_interval(open_page: OpenPage, store: Store, colors: Project) -> None:
    found = sweep(store, colors, {(2, 0): 0.9, (2, 1): 0.92, (2, 2): 0.94})
    app = open_page("Train", project=str(colors.id), sweep=found)
    assert not messages(app)
    assert app.metric[0].value == "92.0%"
    said = texts(app)
    # 0.92 ± 4.303 × 0.02 / √3
    assert "3 seeds, 95% confidence interval 87.0% to 97.0%; lowest 90.0%, highest 94.0%" in said
    assert "over seeds, not over photos" in said and "The test photos were not used." in said
    assert "My *sweep* :green-badge[finished]" in said
    assert len(app.get("plotly_chart")) == 2
    [runs] = app.dataframe
    assert runs.value["Seed"].tolist() == [0, 1, 2]
    assert not [button for button in app.button if button.label in ("Stop all", "Resume all")]


def test_a_grid_shows_its_best_recipe_and_says_that_it_is_optimistic(
    open_page: OpenPage, store: Store, colors: Project
) -> None:
    found = sweep(store, colors, {(2, 0): 0.8, (2, 1): 0.8, (4, 0): 0.9, (4, 1): 0.94, (8, 0): 0.92, (8, 1): None})
    app = open_page("Train", project=str(colors.id), sweep=found)
    assert not messages(app)
    said = texts(app)
    assert "Best on the validation photos: **Epochs: 4**, mean accuracy 92.0%" in said
    assert "1 other recipe has the same mean." in said
    assert "The test photos were not used." in said and "expect a little less on new photos" in said
    recipes, runs = app.dataframe
    assert recipes.value["Epochs"].tolist() == ["4", "8", "2"]
    assert recipes.value["Finished"].tolist() == ["2 of 2", "1 of 2", "2 of 2"]
    assert runs.value["Seed"].tolist() == [0, 1]
    assert len(app.get("plotly_chart")) == 3
    # One run still waits: everything can be stopped, and nothing waits after that.
    app.button(key=f"sweep-stop-{found}").click().run()
    assert runs_of(found)[5].status().stop_requested
    runs_of(found)[5].write_status(state="stopped", stop_requested=False)
    app.run()
    app.button(key=f"sweep-resume-{found}").click().run()
    assert runs_of(found)[5].status().state == "queued"


def test_a_sweep_is_one_row_in_the_lists_and_can_be_filtered(
    open_page: OpenPage, store: Store, colors: Project
) -> None:
    single = queued_run(open_workspace(), store, colors)
    single.write_status(state="finished")
    found = sweep(store, colors, {(2, seed): 0.9 for seed in range(8)})
    app = open_page("Train", project=str(colors.id))
    assert [one.key for one in app.button if one.label == "Open"] == [f"sweep-{found}", f"look-{single.id}"]
    assert "8 seeds · mean validation accuracy 90.0%" in texts(app)
    rows = run_rows(store.workspace)
    assert len(runs_table.of_sweep(rows, found)) == 8
    assert [row.id for row in runs_table.of_sweep(rows, runs_table.SINGLE_RUNS)] == [single.id]
    assert len(runs_table.of_sweep(rows, runs_table.ALL_RUNS)) == 9
    assert runs_table.table_of(rows, store.workspace)["Sweep"].tolist() == ["My *sweep*"] * 8 + [""]
    app.segmented_control(key="runs-view").set_value("Table").run()
    app.selectbox(key="runs-sweep").set_value(found).run()
    assert not messages(app) and len(app.dataframe[0].value) == 8
    # A run of the sweep leads back to it.
    app = open_page("Train", project=str(colors.id), run=runs_of(found)[0].id)
    app.button(key="to-sweep").click().run()
    assert app.query_params["sweep"] == found and not messages(app)


def test_an_automatic_run_of_a_sweep_shows_its_phase(open_page: OpenPage, store: Store, colors: Project) -> None:
    """Its epochs were counted through all phases there, so the bar ran back each time that a phase was added."""
    found = sweep(store, colors, {(2, 0): 0.9, (2, 1): None})
    write_phases(runs_of(found)[1].path, TWO)
    runs_of(found)[1].write_status(
        **process_fields(os.getpid()), state="running", epoch=3, epochs=9, phase="epoch 3 of 9", started=now()
    )
    for address in ({"sweep": found}, {}):
        app = open_page("Train", project=str(colors.id), **address)
        assert not messages(app)
        (bar,) = app.get("progress")
        assert bar.proto.text.endswith(": phase 2: the last stage · epoch 2 of 8")


def test_a_sweep_is_deleted_as_a_whole(open_page: OpenPage, store: Store, colors: Project) -> None:
    found = sweep(store, colors, {(2, 0): 0.9, (2, 1): 0.92})
    app = open_page("Train", project=str(colors.id), sweep=found)
    app.checkbox(key=f"sweep-sure-{found}").check().run()
    app.button(key=f"sweep-delete-{found}").click().run()
    assert list_runs(store.workspace) == [] and not messages(app)
    app = open_page("Train", project=str(colors.id), sweep=found)
    assert "There is no sweep" in texts(app) and app.button(key="train")


def test_the_recipe_of_a_run_can_be_downloaded(open_page: OpenPage, store: Store, colors: Project) -> None:
    run = queued_run(open_workspace(), store, colors)
    run.write_status(state="finished")
    app = open_page("Train", project=str(colors.id), run=run.id)
    app.segmented_control(key=f"view-{run.id}-finished").set_value("Recipe").run()
    assert [one.proto.label for one in app.get("download_button")] == ["Download recipe"]


def test_the_mean_curve_ends_with_the_first_seed() -> None:
    tables = [
        pd.DataFrame({"epoch": range(1, last + 1), "val_accuracy": value}) for last, value in ((3, 0.8), (2, 0.6))
    ]
    assert sweep_charts.mean_curve(tables, "val_accuracy").to_dict() == {1: 0.7, 2: 0.7}
    figure = sweep_charts.seed_curves({"a": tables[0], "b": tables[1]}, "val_accuracy", "x", charts.LIGHT)
    assert [len(line.x) for line in figure.data] == [3, 2, 2]


def test_parallel_coordinates_mark_the_best_and_the_selected_and_read_no_tags() -> None:
    axes = [sweep_charts.Axis("Learning rate", ("0.001", "0.01")), sweep_charts.Axis("<b>X", ("<i>a", "b", "c"))]
    lines = [
        sweep_charts.Line("one", (0, 2), 0.9, 0.85, 0.95, "90%"),
        sweep_charts.Line("<script>", (1, 1), 0.8, None, None, "80%"),
        sweep_charts.Line("three", (1, 0), 0.7, 0.6, 0.8, "70%"),
    ]
    figure = sweep_charts.parallel_coordinates(axes, lines, "accuracy", "{:.0%}".format, charts.DARK, chosen=2)
    by_name = {line.name: line for line in figure.data}
    assert by_name["best"].line.width > by_name["selected"].line.width > figure.data[0].line.width
    assert by_name["selected"].line.dash == "dash"
    assert list(by_name["best"].y)[:2] == [0, 1] and list(by_name["selected"].y)[:2] == [1, 0]
    drawn = str(figure.to_dict())
    assert "<script>" not in drawn and "<i>" not in drawn and "<b><b>" not in drawn


def test_recipes_with_equal_means_have_an_axis_of_their_own() -> None:
    """With equal means, or means one photo apart, the axis had no height, or filled the plot with that photo."""
    assert sweep_charts.mean_range([0.5, 0.9]) == (0.5, 0.9)
    for values, ends in (
        ([0.9, 0.9], (0.875, 0.925)),
        ([0.90, 0.91], (0.88, 0.93)),
        ([1.0, 1.0], (0.95, 1.0)),
        ([0.0], (0.0, 0.05)),
    ):
        assert sweep_charts.mean_range(values) == pytest.approx(ends)
    axes = [sweep_charts.Axis("Epochs", ("1", "2"))]
    lines = [sweep_charts.Line(str(place), (place,), 0.9, None, None, "90%") for place in range(2)]
    figure = sweep_charts.parallel_coordinates(axes, lines, "accuracy", "{:.1%}".format, charts.LIGHT)
    assert [line.y[-1] for line in figure.data] == pytest.approx([0.5, 0.5])
    labels = {one.text: one.y for one in figure.layout.annotations if one.x == 1 and "%" in one.text}
    assert labels == pytest.approx({"90.0%": 0.5, "87.5%": 0.0, "92.5%": 1.0})


def test_seeds_that_agree_are_said_to_agree(open_page: OpenPage, store: Store, colors: Project) -> None:
    """It said: 95% confidence interval 94.4% to 94.4%; lowest 94.4%, highest 94.4%."""
    found = sweep(store, colors, {(2, 0): 0.9, (2, 1): 0.9, (2, 2): 0.9})
    app = open_page("Train", project=str(colors.id), sweep=found)
    assert not messages(app) and app.metric[0].value == "90.0%"
    assert "All 3 seeds have the same accuracy on 100 validation photos: chance in training changes" in texts(app)
    assert "90.0% to 90.0%" not in texts(app)
