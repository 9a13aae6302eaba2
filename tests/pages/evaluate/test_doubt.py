"""The views Doubt and Thresholds: their figures, and what they save with the model."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import streamlit as st
from sklearn.metrics import average_precision_score, roc_auc_score
from streamlit.testing.v1 import AppTest

from core.data.snapshot import GROUP, Snapshot
from core.inspection.deciding.decide import decided, softmax
from core.inspection.doubt.costs import best_threshold, errors_of
from core.inspection.doubt.foreign_photos import read_scores
from core.inspection.doubt.reliability import reliability
from core.inspection.doubt.run_logits import RunLogits, logits_of
from core.inspection.doubt.selective import answered
from core.inspection.measuring.predictions_csv import write
from core.inspection.measuring.report import count
from core.models.bundle import save_decision
from core.models.decision import Decision
from core.runs.folder import RunFolder
from core.runs.process import process_fields
from pages.components.evaluate.doubt import saving, thresholds_view
from tests.pages.conftest import OpenPage, messages, read
from tests.pages.evaluate.doubtful_run import VALIDATION, doubtful, saved
from tests.pages.trained import finished_run

WORKER_SECONDS = 300
"""Patience with a worker process that loads torch on a busy machine."""


@pytest.fixture
def run(home: Path, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return doubtful(finished_run(tmp_path_factory))


@pytest.fixture
def known(run: RunFolder) -> RunLogits:
    return logits_of(run.path)


def texts(app: AppTest) -> str:
    found = [*app.markdown, *app.caption, *app.header, *app.info, *app.warning, *app.success]
    return read("\n".join(element.value for element in found))


def view(open_page: OpenPage, run: RunFolder, name: str, part: str | None = None) -> AppTest:
    app = open_page("Evaluate", run=run.id)
    app.segmented_control(key="evaluate-view").set_value(name).run()
    if part is not None:
        app.segmented_control(key="doubt-part").set_value(part).run()
    assert not messages(app)
    return app


def metrics(app: AppTest) -> dict[str, str]:
    return {one.label: one.value for one in app.metric}


def limit_slider(app: AppTest) -> object:
    (slider,) = [one for one in app.select_slider if one.label == "Leave to a person below"]
    return slider


def test_where_people_named_groups_the_views_say_that_photos_count_as_independent(
    open_page: OpenPage, run: RunFolder
) -> None:
    made = run.snapshot()
    frame = made.frame.assign(**{GROUP: [f"day {place % 4}" for place in range(len(made.frame))]})
    said = "These photos are of 4 groups, but the figures here treat each photo as independent."
    assert said not in texts(view(open_page, run, "Thresholds"))
    st.cache_data.clear()
    Snapshot(frame, made.classes, made.task, grouped_by="user").write(run.path / "snapshot.csv")
    assert said in texts(view(open_page, run, "Thresholds"))
    assert said in texts(view(open_page, run, "Doubt"))


def test_the_calibration_error_stands_before_and_after_with_interval_and_chance(
    open_page: OpenPage, run: RunFolder, known: RunLogits
) -> None:
    app = view(open_page, run, "Doubt")
    probabilities = softmax(known.logits)
    before = reliability(probabilities.max(axis=1), probabilities.argmax(axis=1) == known.labels)
    shown = metrics(app)
    assert shown["Before calibration"] == f"{before.error:.1%}"
    assert float(shown["After calibration"].rstrip("%")) < 100 * before.error
    said = texts(app)
    assert "95% confidence interval" in said and "by chance alone" in said and "are honest" in said
    assert f"Temperature {saved(run).temperature:.2f}: confidences become lower." in said
    app.segmented_control(key="doubt-binning").set_value("equal count").run()
    assert not messages(app)
    equal = reliability(probabilities.max(axis=1), probabilities.argmax(axis=1) == known.labels, binning="equal count")
    assert metrics(app)["Before calibration"] == f"{equal.error:.1%}"


def test_with_few_photos_the_calibrated_error_says_that_it_is_too_good(
    open_page: OpenPage, home: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    few = doubtful(finished_run(tmp_path_factory), validation=21)
    assert saved(few).temperature is not None
    app = view(open_page, few, "Doubt")
    assert "After calibration" in metrics(app) and "are slightly too good" in texts(app)


def test_the_switch_of_the_temperature_is_saved_with_the_model(open_page: OpenPage, run: RunFolder) -> None:
    app = view(open_page, run, "Doubt")
    assert app.toggle(key="doubt-calibrated").value is True and saved(run).use_temperature
    app.toggle(key="doubt-calibrated").set_value(False).run()
    assert not messages(app) and not saved(run).use_temperature
    assert app.toggle(key="doubt-calibrated").value is False
    assert "Error before calibration" in texts(app)
    app.toggle(key="doubt-calibrated").set_value(True).run()
    assert saved(run).use_temperature and "Error after calibration" in texts(app)


def test_a_model_without_a_decision_is_calibrated_by_a_button(open_page: OpenPage, run: RunFolder) -> None:
    save_decision(run.best, None)
    app = view(open_page, run, "Doubt")
    assert "This model has not been calibrated yet." in texts(app)
    app.button(key="doubt-fit").click().run()
    assert not messages(app) and saved(run).temperature is not None
    assert app.toggle(key="doubt-calibrated").value is True


def test_too_few_photos_say_how_many_are_needed(
    open_page: OpenPage, home: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    few = finished_run(tmp_path_factory)
    report = few.report("val")
    assert report is not None and report.n < 9
    app = view(open_page, few, "Doubt")
    assert f"Calibration needs at least 20 validation photos; this run has {report.n}." in texts(app)
    app.segmented_control(key="doubt-part").set_value("Likely classes").run()
    assert f"Sets need at least 9 validation photos; this run has {report.n}." in texts(app)
    app.segmented_control(key="doubt-part").set_value("None of these").run()
    assert "This needs at least 10 training photos and 10 validation photos" in texts(app)
    assert not messages(app)


def test_the_limit_says_what_it_leaves_and_is_saved_and_removed(
    open_page: OpenPage, run: RunFolder, known: RunLogits
) -> None:
    app = view(open_page, run, "Doubt", "Leave to a person")
    found = decided(known.logits, saved(run), tuple(run.snapshot().classes))
    confidence, correct = found.probabilities.max(axis=1), found.chosen == known.labels
    assert metrics(app)["Answered"] == "100%" and app.button(key="doubt-limit-save").disabled
    limit_slider(app).set_value(75.0).run()
    expected = answered(confidence, correct, 0.75)
    assert 0 < expected.answered < VALIDATION
    assert metrics(app)["Answered"] == f"{expected.share:.0%}"
    assert metrics(app)["Accuracy of the answered"] == f"{expected.correct / expected.answered:.1%}"
    assert f"{expected.left} photos would be left to a person." in texts(app)
    app.button(key="doubt-limit-save").click().run()
    assert not messages(app) and saved(run).leave_below == 0.75
    assert metrics(app)["Answered"] == f"{expected.share:.0%}", "the slider starts at what is saved"
    assert "Saved limit: 75%" in texts(app).replace("**", "")
    app.button(key="doubt-limit-clear").click().run()
    assert not messages(app) and saved(run).leave_below is None and metrics(app)["Answered"] == "100%"


def test_a_limit_of_the_command_line_stands_on_the_slider(open_page: OpenPage, run: RunFolder) -> None:
    save_decision(run.best, saved(run).model_copy(update={"leave_below": 0.7312}))
    app = view(open_page, run, "Doubt", "Leave to a person")
    assert limit_slider(app).value == 73.12
    assert app.button(key="doubt-limit-save").disabled


def test_sets_cover_the_true_class_and_their_level_is_saved(
    open_page: OpenPage, run: RunFolder, known: RunLogits
) -> None:
    app = view(open_page, run, "Doubt", "Likely classes")
    shown = metrics(app)
    assert float(shown["True class in the set"].rstrip("%")) >= 85
    assert shown["More than one class"] != "0 photos"
    said = texts(app)
    assert "99% needs 99 validation photos. This run has 27." in said
    assert "Photos with more than one class" in said
    table = app.dataframe[-1].value
    assert table["Photos"].sum() == VALIDATION and list(table["Class"]) == list(run.snapshot().classes)
    app.segmented_control(key=f"doubt-level-{run.id}").set_value(95).run()
    app.button(key="doubt-level-save").click().run()
    assert not messages(app) and saved(run).set_level == 95


def test_while_the_run_is_training_nothing_can_be_saved(open_page: OpenPage, run: RunFolder) -> None:
    """The run would replace its model, and with it what was saved."""
    app = view(open_page, run, "Doubt", "Leave to a person")
    limit_slider(app).set_value(75.0).run()
    run.write_status(state="running", **process_fields(os.getpid()))
    app.button(key="doubt-limit-save").click().run()
    assert saved(run).leave_below is None
    assert saving.LOCKED in texts(app) and app.button(key="doubt-limit-save").disabled


def test_without_logits_the_page_offers_to_evaluate_and_then_shows_them(open_page: OpenPage, run: RunFolder) -> None:
    (run.path / "logits-val.npy").unlink()
    app = view(open_page, run, "Doubt")
    assert "earlier versions did not keep" in texts(app)
    app.button(key="doubt-evaluate-now").click().run(timeout=WORKER_SECONDS)
    assert not messages(app)
    assert (run.path / "logits-val.npy").is_file()
    assert "Before calibration" in metrics(app)


def test_the_areas_are_those_of_scikit_learn(open_page: OpenPage, run: RunFolder, known: RunLogits) -> None:
    app = view(open_page, run, "Thresholds")
    (name,) = [one for one in app.selectbox if one.label == "Class"]
    index = list(run.snapshot().classes).index(name.value)
    probabilities = decided(known.logits, saved(run)).probabilities[:, index]
    said = texts(app)
    assert f"Area under the curve: {roc_auc_score(known.labels == index, probabilities):.3f} (95%" in said
    assert f"Average precision: {average_precision_score(known.labels == index, probabilities):.3f} (95%" in said


def test_a_cost_finds_a_threshold_that_is_saved_and_undone(
    open_page: OpenPage, run: RunFolder, known: RunLogits
) -> None:
    app = view(open_page, run, "Thresholds")
    classes = list(run.snapshot().classes)
    app.selectbox(key=f"threshold-class-{run.id}").set_value("blue").run()
    app.number_input(key=f"threshold-cost-{run.id}-blue").set_value(5.0).run()
    index = classes.index("blue")
    plain = decided(known.logits, saved(run), classes)
    best = best_threshold(plain.probabilities[:, index], known.labels == index, 5)
    assert best is not None
    now = errors_of(plain.chosen == index, known.labels == index)
    assert best.cost < now.cost(5)
    table = app.dataframe[0].value
    assert table["Most likely class"].tolist()[2] == f"{now.cost(5):g}"
    assert table[f"From {best.at:.1%}"].tolist()[2] == f"{best.cost:g}"
    assert "On unseen photos" in table
    app.button(key="threshold-save").click().run()
    assert not messages(app)
    kept = saved(run).threshold
    assert kept is not None
    assert (kept.class_name, kept.miss_cost, kept.false_alarm_cost) == ("blue", 5, 1)
    assert kept.at == pytest.approx(best.at)
    again = view(open_page, run, "Thresholds")
    assert again.selectbox(key=f"threshold-class-{run.id}").value == "blue"
    assert again.number_input(key=f"threshold-cost-{run.id}-blue").value == 5
    assert again.button(key="threshold-save").disabled and "This threshold is saved." in texts(again)
    after = decided(known.logits, saved(run), classes)
    missed = errors_of(after.chosen == index, known.labels == index)
    assert (missed.missed, missed.false_alarms) == (best.errors.missed, best.errors.false_alarms)
    again.button(key="threshold-clear").click().run()
    assert not messages(again) and saved(run).threshold is None


def test_a_class_without_validation_photos_has_no_curve(open_page: OpenPage, run: RunFolder) -> None:
    table = run.predictions("val")
    assert table is not None
    table["label"] = table["label"].where(table["label"] != "green", "red")
    write(table, run.path / "predictions-val.csv")
    app = view(open_page, run, "Thresholds")
    app.selectbox(key=f"threshold-class-{run.id}").set_value("green").run()
    assert not messages(app)
    assert "None of the 27 validation photos has the label green" in texts(app)


def test_on_other_splits_the_views_say_that_they_use_the_validation_photos(open_page: OpenPage, run: RunFolder) -> None:
    shutil.copy(run.path / "predictions-val.csv", run.path / "predictions-train.csv")
    changed = json.loads((run.path / "report-val.json").read_text(encoding="utf-8")) | {"split": "train"}
    (run.path / "report-train.json").write_text(json.dumps(changed), encoding="utf-8")
    app = open_page("Evaluate", run=run.id)
    app.segmented_control(key=f"split-{run.id}").set_value("train").run()
    app.segmented_control(key="evaluate-view").set_value("Doubt").run()
    assert not messages(app) and "This view always uses the validation photos" in texts(app)


def test_distances_are_measured_saved_and_tried_on_foreign_photos(
    open_page: OpenPage, home: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    run = doubtful(finished_run(tmp_path_factory), validation=15)
    app = view(open_page, run, "Doubt", "None of these")
    assert "Distances have not been measured for this run yet." in texts(app)
    app.button(key="doubt-distances-start").click().run(timeout=WORKER_SECONDS)
    fitted = saved(run).foreign
    assert not messages(app) and fitted is not None
    scores = read_scores(run.path)
    assert scores is not None and len(scores) == 15
    assert metrics(app)["Own photos accepted"] == f"{fitted.accepted:.0%}"
    (slider,) = [one for one in app.select_slider if one.label.startswith("Accept")]
    slider.set_value("80%").run()
    assert metrics(app)["Own photos accepted"] == "80%"
    assert "3 validation photos beyond the limit" in texts(app)
    app.button(key="doubt-foreign-save").click().run()
    kept = saved(run).foreign
    assert not messages(app) and kept is not None
    assert kept.accepted == 0.8 and kept.limit == sorted(scores)[11] and kept.sha256 == fitted.sha256
    app.button(key="doubt-foreign-start").click().run(timeout=WORKER_SECONDS)
    shown = metrics(app)
    assert not messages(app) and "Foreign photos found" in shown and 0 <= float(shown["Area under the ROC curve"]) <= 1
    assert "7 foreign photos" in texts(app)
    app.button(key="doubt-foreign-clear").click().run()
    assert not messages(app) and saved(run).foreign is None
    assert not (run.best / "foreign.safetensors").exists()


def test_two_classes_are_one_against_all_others() -> None:
    truths, chosen = [0, 0, 0, 1, 1, 2, 2, 2], [0, 0, 1, 1, 0, 2, 1, 0]
    report = count(["a", "b", "c"], truths, np.eye(3)[chosen], split="val")
    small = thresholds_view.two_classes(report, 0)
    assert small.confusion == ((2, 1), (2, 3))
    assert small.n == report.n and small.classes == ("a", "all other classes")


def test_a_decision_is_empty_where_nothing_is_saved(run: RunFolder) -> None:
    save_decision(run.best, None)
    assert saved(run) == Decision()
