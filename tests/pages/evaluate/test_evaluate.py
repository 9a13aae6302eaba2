"""The Evaluate page: figures with their n, the selected cell of the matrix, corrections, comparisons."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.data.snapshot import Snapshot
from core.data.store.store import Store
from core.inspection.measuring.predictions_csv import write
from core.inspection.measuring.report import Rate, Report, count
from core.runs.folder import RunFolder
from core.runs.models import evaluate_run
from pages.components.evaluate import compare_runs, confusion_matrix, predicted_photos, report_charts, run_report
from pages.components.shared import charts
from tests.pages.conftest import OpenPage, messages
from tests.pages.trained import color_project, finished_run, queued_run


@pytest.fixture
def run(home: Path, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return finished_run(tmp_path_factory)


@pytest.fixture
def report(run: RunFolder) -> Report:
    found = run.report("val")
    assert found is not None
    return found


def texts(app: AppTest) -> str:
    found = [*app.markdown, *app.caption, *app.header, *app.info, *app.warning, *app.success]
    return "\n".join(element.value for element in found)


def view(app: AppTest, name: str) -> AppTest:
    return app.segmented_control(key="evaluate-view").set_value(name).run()


def choose_photo(app: AppTest, key: str, image: str) -> AppTest:
    app.session_state[f"{key}-wall-1"] = {"chosen": [image]}
    return app.run()


def test_without_a_run_the_page_says_what_to_do(open_page: OpenPage, store: Store) -> None:
    color_project(store)
    app = open_page("Evaluate")
    assert "Nothing to evaluate yet" in [one.value for one in app.header]
    assert [button.label for button in app.button] == ["Train a model"]
    assert not messages(app)


def test_a_report_from_kept_features_says_so(open_page: OpenPage, run: RunFolder, report: Report) -> None:
    assert "Computed by the run itself" not in texts(open_page("Evaluate", run=run.id))
    report.model_copy(update={"computed": "kept features, bf16"}).write(run.report_path("val"))
    assert "Computed by the run itself, from its kept features, bf16." in texts(open_page("Evaluate", run=run.id))


def test_accuracy_stands_with_its_n_and_interval_on_the_validation_photos(
    open_page: OpenPage, run: RunFolder, report: Report
) -> None:
    app = open_page("Evaluate", run=run.id)
    assert not messages(app)
    split = app.segmented_control(key=f"split-{run.id}")
    assert split.value == "val"
    assert [one.split(" (")[0] for one in split.options] == ["Validation", "Training", "Final exam"]
    assert app.metric[0].value == f"{report.accuracy.value:.1%}"
    assert f"{report.accuracy.correct} of {report.n} photos correct; 95% confidence interval" in texts(app)


def test_a_run_of_the_command_line_stands_after_those_of_the_project(open_page: OpenPage, run: RunFolder) -> None:
    trained = run.path.with_name("by-command")
    shutil.copytree(run.path, trained)
    status = json.loads((trained / "status.json").read_text(encoding="utf-8"))
    status |= {"project_id": None, "project": None, "title": "A table"}
    (trained / "status.json").write_text(json.dumps(status), encoding="utf-8")
    app = open_page("Evaluate")
    (runs,) = [one for one in app.selectbox if one.label == "Run"]
    assert [name.split(" · ")[0] for name in runs.options] == ["First colors", "A table"]
    runs.set_value(trained.name).run()
    assert not messages(app) and "photos correct" in texts(app)


def test_the_training_photos_can_be_looked_at(open_page: OpenPage, run: RunFolder) -> None:
    training = evaluate_run(run, "train", device="cpu")
    app = open_page("Evaluate", run=run.id)
    app.segmented_control(key=f"split-{run.id}").set_value("train").run()
    assert f"of {training.n} photos correct" in texts(app)


def test_a_missing_report_is_made_on_demand(open_page: OpenPage, run: RunFolder) -> None:
    app = open_page("Evaluate", run=run.id)
    app.segmented_control(key=f"split-{run.id}").set_value("train").run()
    assert run.report("train") is None
    app.button(key="evaluate-now").click().run()
    assert not messages(app)
    made = run.report("train")
    assert made is not None
    assert f"of {made.n} photos correct" in texts(app)


def test_a_run_at_work_is_not_evaluated_yet(open_page: OpenPage, run: RunFolder, store: Store) -> None:
    project = store.projects()[0]
    live = queued_run(store.workspace, store, project, "20270101-live", title="Live")
    shutil.copytree(run.best, live.best)
    app = open_page("Evaluate", run=live.id)
    assert not messages(app)
    assert "This run is waiting in the queue. The report on these photos is created when it ends." in texts(app)
    live.write_status(state="running")
    app = open_page("Evaluate", run=live.id)
    assert not messages(app)
    said = texts(app)
    assert "This run is still training. The report on these photos is created when it ends." in said
    assert "best model so far" not in said and "Choose Validation" not in said
    assert [link.proto.label for link in app.get("page_link")].count("Watch the run") == 1


def test_the_fields_choose_a_cell_and_its_photos_are_counted(
    open_page: OpenPage, run: RunFolder, report: Report
) -> None:
    app = open_page("Evaluate", run=run.id)
    app.selectbox(key="cell-true").set_value(1).run()
    app.selectbox(key="cell-answer").set_value(1).run()
    photos = report.confusion[1][1]
    counted = f"{photos} photo{'' if photos == 1 else 's'}"
    assert f"**{counted} labelled {report.classes[1]}, predicted correctly**" in texts(app)
    assert not messages(app)


def test_a_correction_changes_the_store_and_not_the_run(open_page: OpenPage, run: RunFolder, store: Store) -> None:
    project = store.projects()[0]
    before = (run.path / "report-val.json").read_bytes()
    predictions = run.predictions("val")
    assert predictions is not None
    row = predictions.iloc[0]
    true = list(run.snapshot().classes).index(row["label"])
    answer = list(run.snapshot().classes).index(row["prediction"])
    app = open_page("Evaluate", run=run.id)
    app.selectbox(key="cell-true").set_value(true).run()
    app.selectbox(key="cell-answer").set_value(answer).run()
    key = f"cell-{run.id}-val-{true}-{answer}"
    choose_photo(app, key, row["image"])
    image = store.find_image(project.id, row["image"])
    assert image is not None
    assert app.button(key=f"{key}-correct").disabled
    other = next(name for name in run.snapshot().classes if name != row["label"])
    app.selectbox(key=f"{key}-label-{image.id}").set_value(other).run()
    app.text_input(key="frame_name").set_value("Ada").run()
    app.button(key=f"{key}-correct").click().run()
    assert not messages(app)
    corrected = store.image(project.id, image.id)
    assert (corrected.label, corrected.annotated_by) == (other, "Ada")
    assert (run.path / "report-val.json").read_bytes() == before
    assert "does not change this run" in texts(app)


def test_a_photo_outside_the_project_can_be_seen_and_not_corrected(
    open_page: OpenPage, run: RunFolder, store: Store
) -> None:
    predictions = run.predictions("val")
    assert predictions is not None
    row = predictions.iloc[0]
    run.write_status(project_id=None)
    other = color_like(store)
    run.write_status(project_id=other)
    store.delete_project(store.projects()[0].id)
    app = open_page("Evaluate", run=run.id)
    assert not messages(app)
    true = list(run.snapshot().classes).index(row["label"])
    answer = list(run.snapshot().classes).index(row["prediction"])
    app.selectbox(key="cell-true").set_value(true).run()
    app.selectbox(key="cell-answer").set_value(answer).run()
    choose_photo(app, f"cell-{run.id}-val-{true}-{answer}", row["image"])
    assert "its label cannot be corrected here" in texts(app)
    assert not messages(app)


def color_like(store: Store) -> int:
    """A second, empty project."""
    return store.create_project("Empty", classes=["red"]).id


def test_the_most_confident_mistakes_come_first(open_page: OpenPage, run: RunFolder) -> None:
    predictions = run.predictions("val")
    assert predictions is not None
    predictions.loc[:2, "prediction"] = "nothing"
    predictions.loc[:2, "probability"] = [0.5, 0.9, 0.7]
    wrong = predicted_photos.mistakes(predictions)
    assert wrong["probability"].tolist()[:1] == [max(wrong["probability"])]
    assert set(predictions.index[:3]) <= set(wrong.index)
    app = view(open_page("Evaluate", run=run.id), "Mistakes")
    assert not messages(app)


def test_every_class_has_its_figures_with_interval(open_page: OpenPage, run: RunFolder, report: Report) -> None:
    app = view(open_page("Evaluate", run=run.id), "Per class")
    assert not messages(app)
    table = app.dataframe[0].value
    assert table["class"].tolist() == list(report.classes)
    assert table["photos"].sum() == report.n
    for measure, sentence in report_charts.MEANING.items():
        app.segmented_control(key="measure").set_value(measure).run()
        assert sentence in texts(app)


def test_a_precision_says_how_many_answers_it_rests_on() -> None:
    # Of four owls one is called a duck, of two ducks one an owl.
    truths, answers = [0, 0, 0, 0, 1, 1], [0, 0, 0, 1, 1, 0]
    report = count(["owl", "duck"], truths, np.eye(2)[answers], split="test")
    table = run_report.class_table(report).set_index("class")
    assert table.loc["owl", "photos"] == 4 and table.loc["owl", "Precision"].startswith("75% of 4 (")
    assert table.loc["duck", "photos"] == 2 and table.loc["duck", "Precision"].startswith("50% of 2 (")
    answers = [0, 0, 0, 0, 1, 0]
    report = count(["owl", "duck"], truths, np.eye(2)[answers], split="test")
    assert run_report.class_table(report)["Precision"].tolist()[0].startswith("80% of 5 (")
    colors = charts.palette(False)
    names = {
        measure: report_charts.class_dots(report.per_class, measure, colors).layout.yaxis.ticktext
        for measure in ("precision", "recall")
    }
    assert any("owl" in name and ">5<" in name for name in names["precision"])
    assert any("owl" in name and ">4<" in name for name in names["recall"])


def test_two_runs_are_compared_photo_by_photo(open_page: OpenPage, run: RunFolder) -> None:
    app = view(open_page("Evaluate", run=run.id), "Compare runs")
    assert "No other run" in texts(app)
    copy = RunFolder(shutil.copytree(run.path, run.path.with_name("20250101-copy")))
    copy.write_status(title="The same again")
    app = view(open_page("Evaluate", run=run.id), "Compare runs")
    assert not messages(app)
    assert "There is no difference in accuracy." in texts(app)
    table = app.dataframe[0].value
    assert table.iloc[0].tolist() == ["Name", "First colors", "The same again"]
    assert "trained on different data" not in texts(app)


def test_a_comparison_says_that_labels_changed_and_whose_prediction_is_shown(
    open_page: OpenPage, run: RunFolder
) -> None:
    copy = RunFolder(shutil.copytree(run.path, run.path.with_name("20250101-copy")))
    copy.write_status(title="Relabelled")
    snapshot, predictions = run.snapshot(), run.predictions("val")
    assert predictions is not None
    first, second = predictions["image"][:2]
    changed = snapshot.frame.copy()
    others = {name: next(one for one in snapshot.classes if one != name) for name in snapshot.classes}
    is_first = changed["image"] == first
    changed.loc[is_first, "label"] = changed.loc[is_first, "label"].map(others)
    Snapshot(changed, snapshot.classes, snapshot.task).write(copy.path / "snapshot.csv")
    theirs, mine = predictions.copy(), predictions.copy()
    theirs.loc[theirs["image"] == first, "label"] = theirs["label"].map(others)
    mine["prediction"] = mine["label"]
    theirs.loc[theirs["image"] == second, "prediction"] = "nothing"
    write(mine, run.path / "predictions-val.csv")
    write(theirs, copy.path / "predictions-val.csv")
    app = view(open_page("Evaluate", run=run.id), "Compare runs")
    assert not messages(app)
    said = texts(app)
    assert "The two runs were trained on different data. From A to B: 1 label was changed" in said
    assert "Left out: 1 photo with a changed label." in said
    assert "**Only A is correct: 1 photo.** Each card shows what B predicted instead." in said


def test_the_verdict_stands_below_the_figures(open_page: OpenPage, run: RunFolder) -> None:
    app = open_page("Evaluate", run=run.id)
    (verdict,) = [*app.success, *app.warning]
    assert "guessing" in verdict.value and "always predicting" in verdict.value
    assert "**Next:**" in texts(app)


def test_a_cell_without_photos_is_not_kept_for_another_split(open_page: OpenPage, run: RunFolder) -> None:
    report = evaluate_run(run, "train", device="cpu")
    app = open_page("Evaluate", run=run.id)
    row, column = next((row, column) for row in range(3) for column in range(3) if not report.confusion[row][column])
    app.session_state[confusion_matrix.LABEL], app.session_state[confusion_matrix.PREDICTED] = row, column
    app.run()
    assert (app.session_state[confusion_matrix.LABEL], app.session_state[confusion_matrix.PREDICTED]) == (row, column)
    app.segmented_control(key=f"split-{run.id}").set_value("train").run()
    chosen = app.session_state[confusion_matrix.LABEL], app.session_state[confusion_matrix.PREDICTED]
    assert not messages(app) and chosen == confusion_matrix.most_confused(report)


def test_only_right_names_what_one_run_has_right_and_the_other_wrong(run: RunFolder) -> None:
    mine = run.predictions("val")
    assert mine is not None
    mine["prediction"] = mine["label"]
    theirs = mine.copy()
    theirs.loc[[0, 2], "prediction"] = "nothing"
    assert compare_runs.only_right(mine, theirs).index.tolist() == [0, 2]
    assert compare_runs.only_right(theirs, mine).empty


def small_report() -> Report:
    import numpy as np

    probabilities = np.eye(3)[[0, 0, 1, 1, 2, 0]]
    return count(["a", "b", "c"], [0, 0, 1, 1, 2, 2], probabilities, split="test")


def test_every_cell_of_the_matrix_can_be_clicked() -> None:
    figure = report_charts.confusion_matrix(small_report(), charts.LIGHT, chosen=(2, 0))
    heat, marks = figure.data
    assert [tuple(cell) for cell in marks.customdata] == [(row, column) for row in range(3) for column in range(3)]
    assert list(marks.text) == ["2", "", "", "", "2", "", "1", "", "1"]
    assert all((cell[1], cell[0]) == (x, y) for cell, x, y in zip(marks.customdata, marks.x, marks.y, strict=True))
    assert heat.z[2][0] == 0.5
    assert figure.layout.clickmode == "event+select"
    assert (figure.layout.shapes[0].x0, figure.layout.shapes[0].y0) == (-0.5, 1.5)


def test_a_big_matrix_carries_no_numbers_and_few_markers() -> None:
    import numpy as np

    names = [f"class {number}" for number in range(60)]
    report = count(names, list(range(60)), np.eye(60), split="test")
    figure = report_charts.confusion_matrix(report, charts.DARK)
    assert figure.data[1].mode == "markers"
    assert len(figure.data[1].x) == 60
    assert figure.layout.height < 900


def test_the_page_begins_with_the_most_frequent_confusion() -> None:
    assert confusion_matrix.most_confused(small_report()) == (2, 0)


def test_dots_are_sorted_and_carry_their_intervals() -> None:
    report = small_report()
    figure = report_charts.class_dots(report.per_class, "recall", charts.LIGHT)
    assert list(figure.data[0].x) == [0.5, 1.0, 1.0]
    assert figure.layout.shapes[0].x0 == pytest.approx(Rate.of(1, 2).low)
    assert figure.layout.yaxis.ticktext[0].startswith("c ")


def test_the_strip_shows_the_interval_and_guessing() -> None:
    figure = report_charts.accuracy_strip(Rate.of(9, 10), 0.25, charts.LIGHT)
    assert list(figure.data[0].x) == pytest.approx([0.5958, 0.9821], abs=1e-3)
    assert figure.layout.shapes[1].x0 == 0.25
