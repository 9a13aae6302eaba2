"""Reports: counts first, rates with n and an interval, and the JSON that the command line promises."""

import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score, precision_score, recall_score

from core.errors import RunError
from core.inspection.measuring.report import Rate, Report, count, with_boxes
from core.workspace import REPOSITORY


def probabilities_for(answers: list[int], classes: int) -> np.ndarray:
    """Give the predicted class 0.6; the others share the rest."""
    table = np.full((len(answers), classes), 0.4 / (classes - 1))
    table[np.arange(len(answers)), answers] = 0.6
    return table


def test_the_interval_is_wilson_s() -> None:
    # Newcombe 1998 (Statistics in Medicine 17, 857), table I, method 3
    for correct, n, low, high in [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611)]:
        rate = Rate.of(correct, n)
        assert rate.low is not None and rate.high is not None
        assert (round(rate.low, 4), round(rate.high, 4)) == (low, high)


@given(st.integers(0, 300), st.integers(1, 300))
def test_the_interval_is_scipy_s_without_its_second_of_import(correct: int, n: int) -> None:
    from scipy.stats import binomtest

    correct = min(correct, n)
    rate, oracle = Rate.of(correct, n), binomtest(correct, n).proportion_ci(0.95, method="wilson")
    assert rate.low == pytest.approx(oracle.low, abs=1e-12) and rate.high == pytest.approx(oracle.high, abs=1e-12)


def test_a_rate_of_nothing_is_none_and_not_zero() -> None:
    rate = Rate.of(0, 0)
    assert (rate.value, rate.low, rate.high, rate.n) == (None, None, None, 0)
    assert str(rate) == "no photos"


def test_a_rate_says_its_counts_and_interval() -> None:
    assert str(Rate.of(233, 240)) == "97.1% (233 of 240; 95% confidence interval 94.1% to 98.6%)"


@pytest.mark.parametrize(("correct", "n"), [(3, 2), (-1, 4)])
def test_more_hits_than_images_is_a_bug(correct: int, n: int) -> None:
    with pytest.raises(ValueError, match="is not a proportion"):
        Rate.of(correct, n)


@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 50))
def test_f1_lies_in_its_interval(hits: int, false_alarms: int, misses: int) -> None:
    rate = Rate.f1(hits, false_alarms, misses)
    if hits + false_alarms + misses == 0:
        assert rate.value is None
        return
    assert rate.value == pytest.approx(2 * hits / (2 * hits + false_alarms + misses))
    assert rate.low is not None and rate.high is not None and rate.value is not None
    assert 0 <= rate.low <= rate.value + 1e-12 and rate.value - 1e-12 <= rate.high <= 1


def test_the_f1_interval_covers_the_truth_as_often_as_it_says() -> None:
    generator = np.random.default_rng(1)
    share = np.array([0.3, 0.1, 0.15, 0.45])  # TP, FP, FN, TN in the world
    truth = 2 * share[0] / (2 * share[0] + share[1] + share[2])
    rates = [Rate.f1(*map(int, row[:3])) for row in generator.multinomial(120, share, size=600)]
    covered = np.mean([(rate.low or 0) <= truth <= (rate.high or 1) for rate in rates])
    assert 0.925 <= covered <= 0.975


def test_a_report_counts_and_divides_once() -> None:
    truths = [0, 0, 0, 1, 1, 2, 2, 2, 2, 2]
    answers = [0, 0, 1, 1, 2, 2, 2, 2, 0, 2]
    report = count(["cat", "dog", "owl"], truths, probabilities_for(answers, 3), split="test")
    assert report.confusion == ((2, 1, 0), (0, 1, 1), (1, 0, 4))
    assert (report.accuracy.correct, report.accuracy.n, report.accuracy.value) == (7, 10, 0.7)
    assert [entry.n for entry in report.per_class] == [3, 2, 5]
    for measure, name in ((precision_score, "precision"), (recall_score, "recall"), (f1_score, "f1")):
        expected = measure(truths, answers, average=None)
        found = [getattr(entry, name).value for entry in report.per_class]
        np.testing.assert_allclose(found, expected)
    assert report.macro_f1 == pytest.approx(f1_score(truths, answers, average="macro"))
    assert report.top5 is None  # of three classes it would say nothing


def test_a_class_that_never_occurs_has_no_rates_and_no_part_in_the_mean() -> None:
    report = count(["cat", "dog", "owl"], [0, 1], probabilities_for([0, 1], 3), split="val")
    owl = report.per_class[2]
    assert owl.n == 0 and owl.precision.value is None and owl.recall.value is None and owl.f1.value is None
    assert report.macro_f1 == 1.0


def test_more_than_five_classes_have_a_top_5() -> None:
    probabilities = np.array([[0.3, 0.2, 0.2, 0.1, 0.1, 0.06, 0.04]] * 3)
    report = count([f"c{i}" for i in range(7)], [0, 4, 5], probabilities, split="test")
    assert report.top5 is not None and (report.top5.correct, report.top5.n) == (2, 3)
    assert report.accuracy.correct == 1


def test_a_report_of_no_images_is_still_a_report() -> None:
    report = count(["a", "b"], [], np.empty((0, 2)), split="test")
    assert report.n == 0 and report.accuracy.value is None and report.macro_f1 is None


def test_the_json_is_the_contract_s(tmp_path: Path) -> None:
    report = count(["a", "b"], [0, 1, 1], probabilities_for([0, 1, 0], 2), split="test", loss=0.5)
    report.write(tmp_path / "report-test.json")
    raw = json.loads((tmp_path / "report-test.json").read_text())
    assert raw["split"] == "test" and raw["n"] == 3 and raw["classes"] == ["a", "b"]
    assert set(raw["accuracy"]) == {"value", "correct", "n", "low", "high"}
    assert raw["confusion"] == [[1, 0], [1, 1]]
    assert raw["per_class"][1]["recall"]["n"] == 2 and math.isclose(raw["loss"], 0.5)
    assert Report.read(tmp_path / "report-test.json") == report
    assert [path.name for path in tmp_path.iterdir()] == ["report-test.json"]


def test_a_class_called_mean_iou_does_not_make_a_report_of_boxes(tmp_path: Path) -> None:
    """The kind was guessed from the text, so this report could not be read."""
    report = count(["mean_iou", "b"], [0, 1], probabilities_for([0, 1], 2), split="val")
    report.write(tmp_path / "report-val.json")
    assert type(Report.read(tmp_path / "report-val.json")) is Report
    assert Report.read(tmp_path / "report-val.json") == report
    boxed = with_boxes(report, np.array([0.5, 0.7]), np.array([3.0, 4.0]))
    boxed.write(tmp_path / "report-test.json")
    assert boxed.task == "localization" and Report.read(tmp_path / "report-test.json") == boxed


def test_reports_of_0_1_0_without_a_task_are_read(tmp_path: Path) -> None:
    path = tmp_path / "report-val.json"
    report = count(["a", "b"], [0, 1], probabilities_for([0, 1], 2), split="val")
    for one in (report, with_boxes(report, np.array([0.5, 0.7]), np.array([3.0, 4.0]))):
        path.write_text(json.dumps({k: v for k, v in one.model_dump(mode="json").items() if k != "task"}))
        assert Report.read(path) == one


def changed(**fields: object) -> str:
    return json.dumps(count(["a", "b"], [0, 1], probabilities_for([0, 1], 2), split="val").model_dump() | fields)


BEYOND_BOUNDS = {
    "negative n": changed(n=-1),
    "n without end": changed(n=1e400),
    "NaN": changed(loss=math.nan),
    "a rate above 1": changed(macro_f1=1.5),
    "rows of other lengths": changed(confusion=[[1], [1, 2]]),
    "no row per class": changed(per_class=[]),
    "an unknown task": changed(task="segmentation"),
    "a list": "[]",
    "deep nesting": "[" * 100_000,
    "not UTF-8": b"\xff\xfe",
}


@pytest.mark.parametrize("content", [None, "", "{}", "[1, 2", *BEYOND_BOUNDS.values()], ids=[*"0123", *BEYOND_BOUNDS])
def test_a_report_that_cannot_be_read_says_what_to_do(tmp_path: Path, content: str | bytes | None) -> None:
    path = tmp_path / "report-val.json"
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(RunError, match=r"report-val\.json is not a readable report. Evaluate the run again"):
        Report.read(path)


def test_the_light_modules_import_neither_torch_nor_scipy() -> None:
    modules = ["measuring.report", "measuring.comparison", "predicting.predictions", "explaining.methods"]
    modules.append("explaining.explanation")
    code = (
        "import sys, importlib\n"
        f"for name in {modules!r}: importlib.import_module('core.inspection.' + name)\n"
        "print(sorted({'torch', 'torchvision', 'scipy', 'pytorch_grad_cam', 'accelerate'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
