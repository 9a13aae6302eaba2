"""Evaluation of a run: the report and the predictions written to its folder."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from torch.nn.functional import cross_entropy

from core.data.snapshot import Snapshot
from core.errors import ImageRefused, RunError
from core.inspection.measuring.comparison import compare
from core.inspection.measuring.evaluation import evaluate, evaluate_table
from core.inspection.measuring.report import Report
from core.inspection.predicting.predict_files import predict_files
from core.inspection.predicting.predictor import Predictor
from core.runs.folder import RunFolder
from core.runs.models import evaluate_run, load_predictor
from core.runs.new_run import create_run
from core.training.recipe import Recipe
from core.workspace import open_workspace
from tests.inspection.conftest import CLASSES, photo, write_bundle

NAMES = ["=sum(1).png", "a, b.png", "NA.png", "Ünïcode 写真.png", 'say "so".png', "six.png", "seven.png"]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunFolder:
    """A finished run: seven validation images (one class called NA), one test image, a best bundle."""
    monkeypatch.setenv("RESNET_STUDIO_HOME", str(tmp_path / "workspace"))
    rows = []
    for seed, name in enumerate([*NAMES, "test.png", "train.png"]):
        path = tmp_path / f"{seed}.png"
        photo(seed).save(path)
        split = "val" if seed < len(NAMES) else name.removesuffix(".png")
        rows.append((f"hash{seed}", str(path), name, CLASSES[seed % 3], split))
    frame = pd.DataFrame(rows, columns=["image", "path", "filename", "label", "split"])
    snapshot = Snapshot(frame, CLASSES, "classification")
    run = create_run(tmp_path / "runs" / "first", snapshot, Recipe.checked(arch="resnet18"), title="first")
    write_bundle(run.best)
    run.write_status(state="finished")
    return run


def test_the_run_keeps_the_report_and_the_predictions(run: RunFolder) -> None:
    told: list[tuple[int, int]] = []
    report = evaluate_run(run, "val", lambda done, total: told.append((done, total)), device="cpu")
    assert told == [(0, 7), (7, 7)]
    assert run.report("val") == report
    assert (report.split, report.n, report.model, report.arch) == ("val", 7, "first", "resnet18")
    assert report.digest == run.snapshot().digest and report.precision == "fp32" and report.device == "cpu"
    predictions = run.predictions("val")
    assert predictions is not None and list(predictions["filename"]) == NAMES
    assert list(predictions.columns[:6]) == ["filename", "image", "path", "label", "prediction", "probability"]
    right = predictions["label"] == predictions["prediction"]
    assert report.accuracy.correct == right.sum()
    assert not list(run.path.glob("*.part"))


def test_the_figures_are_those_of_the_network_itself(run: RunFolder) -> None:
    report = evaluate_run(run, device="cpu")
    predictor = Predictor.load(run.best, device="cpu")
    pictures = [photo(seed) for seed in range(7)]
    with torch.no_grad():
        logits = predictor.network(torch.stack([predictor.preprocessing.tensor(picture) for picture in pictures]))
    truths = torch.tensor([seed % 3 for seed in range(7)])
    assert report.loss == pytest.approx(cross_entropy(logits, truths).item(), rel=1e-4)
    assert report.accuracy.correct == (logits.argmax(1) == truths).sum().item()
    confusion = np.zeros((3, 3), int)
    np.add.at(confusion, (truths.numpy(), logits.argmax(1).numpy()), 1)
    assert report.confusion == tuple(map(tuple, confusion.tolist()))


def test_predict_and_evaluate_agree(run: RunFolder) -> None:
    evaluate_run(run, device="cpu")
    predictions = run.predictions("val")
    assert predictions is not None
    predictor = load_predictor(run.path, open_workspace(), device="cpu")
    assert predictor.name == "first"
    files = [(name, Path(path)) for name, path in zip(predictions["filename"], predictions["path"], strict=True)]
    answers = list(predict_files(predictor, files))
    assert [answer.prediction.name for answer in answers if answer.prediction] == list(predictions["prediction"])
    found = [answer.prediction.probability for answer in answers if answer.prediction]
    np.testing.assert_allclose(found, predictions["probability"], atol=2e-6)


def test_a_second_evaluation_replaces_the_first_and_agrees_with_it(run: RunFolder) -> None:
    first, before = evaluate_run(run, device="cpu"), run.predictions("val")
    second, after = evaluate_run(run, device="cpu"), run.predictions("val")
    assert before is not None and after is not None
    pd.testing.assert_frame_equal(before, after)
    assert compare(first, second, before, after).difference == 0


def test_a_run_without_a_model_or_without_that_split_is_said(run: RunFolder) -> None:
    with pytest.raises(RunError, match=r"no images in the split 'holdout'. Choose one of: test, train, val"):
        evaluate_run(run, "holdout", device="cpu")
    (run.best / "bundle.json").unlink()
    with pytest.raises(RunError, match="first has no model yet"):
        evaluate_run(run, device="cpu")
    with pytest.raises(RunError, match="first has no model yet"):
        load_predictor(run.path, open_workspace())


def test_a_photo_that_is_gone_is_named_and_no_report_is_written(run: RunFolder) -> None:
    Path(run.snapshot().part("val")["path"][2]).unlink()
    with pytest.raises(ImageRefused, match=r"NA\.png"):
        evaluate_run(run, device="cpu")
    assert run.report("val") is None and run.predictions("val") is None


def test_a_label_that_the_model_does_not_know_is_named(predictor: Predictor, run: RunFolder) -> None:
    predictor.classes = ("cat", "dog", "swan")
    with pytest.raises(RunError, match=r"does not have the class 'owl'. Its classes are: cat, dog, swan"):
        evaluate_table(predictor, run.snapshot().part("val"), split="val")


def test_reports_travel_as_json(run: RunFolder) -> None:
    report = evaluate_run(run, "val", device="cpu")
    assert Report.read(run.path / "report-val.json") == report and report.n == 7


def test_a_bundle_is_evaluated_on_a_snapshot_without_a_run(run: RunFolder, tmp_path: Path) -> None:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    report = evaluate(run.best, run.snapshot(), folder, "val", device="cpu")
    assert report.model == "best" and report == Report.read(folder / "report-val.json")
    assert (folder / "predictions-val.csv").is_file() and run.report("val") is None
