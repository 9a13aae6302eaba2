"""Runs that solve the head: their record, their reports from kept vectors, and what interrupts them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core.data.pictures.transforms import Preprocessing
from core.data.snapshot import Snapshot
from core.inspection.doubt.run_logits import logits_of
from core.inspection.measuring.evaluation import evaluate_table
from core.inspection.predicting.predictor import Predictor
from core.models.bundle import read_info
from core.models.zoo import ARCHITECTURES, ResNetConfig
from core.runs.folder import RunFolder
from core.runs.jobs import work
from core.runs.models import load_predictor
from core.runs.new_run import create_run
from core.runs.worker import train
from core.training.events import Progress, SolverIteration
from core.training.recipe import Recipe
from core.workspace import Workspace
from tests.inspection.conftest import write_bundle
from tests.runs.conftest import StopNow
from tests.training.conftest import two_colors

MakeRun = Callable[..., RunFolder]


@pytest.fixture(autouse=True)
def tiny_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ARCHITECTURES, "tiny", ResNetConfig("basic", (1, 1, 1, 1), width=8))


@pytest.fixture
def photos(tmp_path: Path) -> Snapshot:
    return two_colors(tmp_path / "photos", train=10, val=4, test=3)


@pytest.fixture
def solving(workspace: Workspace, photos: Snapshot, tmp_path: Path) -> MakeRun:
    """Create queued runs that solve the head on a tiny pretrained network."""
    pretrained = write_bundle(tmp_path / "pretrained", "tiny", Preprocessing(size=64, resize=73))

    def make(name: str = "one", sweep: str | None = None, **changes: Any) -> RunFolder:
        values = {"arch": "tiny", "weights": str(pretrained), "size": 64, "device": "cpu"}
        values |= {"train": "head", "precision": "fp32"}
        recipe = Recipe.checked(**{**values, **changes})
        return create_run(workspace.runs / name, photos, recipe, title=name, sweep=sweep)

    return make


def test_a_head_is_solved_and_leaves_the_files_of_any_run(solving: MakeRun, workspace: Workspace) -> None:
    run = solving()
    status = work(run, workspace)
    assert (status.state, status.precision, status.device) == ("finished", "fp32", "cpu"), status.message
    assert status.message == "The head was solved exactly: 8 of 8 validation photos correct."
    epochs = run.epochs()
    assert len(epochs) == len(epochs["epoch"].unique()) > 1
    assert list(epochs["best"]) == [False] * (len(epochs) - 1) + [True]
    assert status.epoch == status.epochs == epochs["epoch"].iloc[-1]
    assert run.finished and run.begun and not len(run.steps())
    log = run.log()
    assert "chosen in cross-validation" in log and "validation photos: accuracy" in log
    assert log.count("iteration ") == 1
    logits, labels, _ = logits_of(run.path)
    assert (logits.argmax(axis=1) == labels).sum() == 8
    decision = read_info(run.best).decision
    assert decision is not None and decision.temperature is None and "8 validation photos" in decision.remarks[0]


def test_reports_of_a_solved_head_average_the_views_of_its_recipe(solving: MakeRun, workspace: Workspace) -> None:
    run = solving(test_time_views=2)
    assert work(run, workspace).state == "finished"
    report, predictions = run.report("val"), run.predictions("val")
    assert report is not None and predictions is not None
    assert report.computed == "", "the kept logits are those of one view"
    pictures = [Image.open(path).convert("RGB") for path in predictions["path"]]
    averaged, plain = (
        load_predictor(run.path, workspace, test_time_views=views).probabilities(pictures).max(axis=1)
        for views in (2, 1)
    )
    assert predictions["probability"].tolist() == pytest.approx(averaged.tolist(), abs=2e-6)
    assert np.abs(averaged - plain).max() > 1e-5, "equal views would prove nothing"


def test_reports_from_kept_vectors_are_those_of_the_whole_network(
    solving: MakeRun, workspace: Workspace, photos: Snapshot
) -> None:
    run = solving()
    work(run, workspace)
    predictor = Predictor.load(run.best, "cpu")
    report, predictions = run.report("val"), run.predictions("val")
    assert report is not None and predictions is not None
    assert report.computed == "kept features, fp32" and report.n == 8 and report.model == run.id
    whole, table = evaluate_table(predictor, photos.part("val"), split="val", digest=photos.digest)
    assert report.confusion == whole.confusion and report.digest == whole.digest
    assert report.loss == pytest.approx(whole.loss, abs=1e-4)
    assert list(predictions.columns) == list(table.columns)
    assert list(predictions["prediction"]) == list(table["prediction"])
    np.testing.assert_allclose(predictions["probability"], table["probability"], atol=1e-4)


def test_a_training_does_not_even_compute_features_of_the_test_photos(
    solving: MakeRun, workspace: Workspace, photos: Snapshot
) -> None:
    """Every run evaluated itself on them, and people chose their models by that figure."""
    run = solving()
    for path in photos.part("test")["path"]:
        Path(path).unlink()
    assert work(run, workspace).state == "finished", run.log()
    assert run.report("val") is not None and run.report("test") is None
    assert "6 test photos (kept back for the final exam)" in run.log()


def test_an_interrupted_run_starts_over_with_one_line_for_each_iteration(
    solving: MakeRun, workspace: Workspace
) -> None:
    run = solving()
    events = train(run, workspace)
    while not isinstance(event := next(events), SolverIteration) or event.epoch < 2:
        continue
    events.close()
    assert run.status().state == "interrupted" and not run.finished
    status = work(run, workspace)
    epochs = run.epochs()
    lines = [json.loads(line) for line in run.metrics_path.read_text().splitlines()]
    assert status.state == "finished" and len(lines) == len(epochs)
    assert epochs["best"].sum() == 1


def test_a_run_that_is_stopped_while_features_are_computed_has_no_model(
    solving: MakeRun, workspace: Workspace, stop_now: StopNow
) -> None:
    run = solving()
    events = train(run, workspace)
    while not (isinstance(event := next(events), Progress) and event.phase == "computing features"):
        continue
    stop_now(run)
    status = None
    while status is None:
        try:
            next(events)
        except StopIteration as end:
            status = end.value
    assert status.state == "stopped" and "no model" in status.message and not run.finished


def test_a_chosen_optimizer_trains_step_by_step(solving: MakeRun, workspace: Workspace) -> None:
    run = solving(optimizer="adamw", epochs=1, views=0)
    status = work(run, workspace)
    assert status.state == "finished" and status.message.startswith("The best epoch was 1"), status.message
    report = run.report("val")
    assert report is not None and report.computed == ""


def test_a_recipe_of_an_earlier_version_keeps_its_optimizer_and_its_random_views() -> None:
    """Their recipes do not say how many views are kept, since none were."""
    values = Recipe(train="head", optimizer="adamw", views=0).model_dump()
    del values["views"]
    recipe = Recipe.from_json(json.dumps(values))
    assert recipe.views == 0 and not recipe.solves_head()
    head = Recipe(train="head")
    assert head.solves_head() and head.views == 2
    assert not Recipe(weights="none").solves_head() and not Recipe(train="layer4").solves_head()
    assert not head.solves_head("localization")
