"""The score for "none of these" of a run: from the vectors of its own photos, with its own network."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from core.data.snapshot import Snapshot
from core.errors import RunError
from core.inspection.doubt.foreign_photos import read_scores
from core.inspection.predicting.features import features_of
from core.inspection.predicting.predictor import Predictor
from core.models.bundle import load_bundle, read_info, save_bundle
from core.runs.computations import foreign_score
from core.runs.computations.reports import evaluate
from core.runs.deciding import foreign_fit
from core.runs.deciding.foreign_fit import fit_run_foreign
from core.runs.deciding.saved_decision import change_decision
from core.runs.folder import RunFolder
from core.runs.jobs import work
from core.runs.new_run import create_run
from core.runs.status import now
from core.runs.worker import _calibrate
from core.workspace import Workspace, open_workspace
from tests.runs.conftest import SMALLEST, tiny
from tests.training.conftest import two_colors


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return two_colors(tmp_path_factory.mktemp("colors") / "photos", train=8, val=10, test=2)


@pytest.fixture(scope="module")
def trained(photos: Snapshot, tmp_path_factory: pytest.TempPathFactory) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RESNET_STUDIO_HOME", str(tmp_path_factory.mktemp("home")))
        workspace = open_workspace()
        run = create_run(workspace.runs / "one", photos, tiny(arch=SMALLEST, epochs=1), title="one")
        assert work(run, workspace).state == "finished"
    return run.path


@pytest.fixture
def run(trained: Path, workspace: Workspace) -> RunFolder:
    return RunFolder(Path(shutil.copytree(trained, workspace.runs / "one")))


def test_a_run_gets_the_score_of_its_own_photos(run: RunFolder, photos: Snapshot, workspace: Workspace) -> None:
    fitted = read_info(run.best).decision
    assert fitted is not None and fitted.temperature is not None and set(fitted.conformal) == {90, 95}
    seen: list[tuple[int, int]] = []
    decision = fit_run_foreign(run, workspace.cache / "resized", lambda *one: seen.append(one), device="cpu")
    count = len(photos.part("train")) + len(photos.part("val"))
    assert seen[-1] == (count, count)
    assert decision == read_info(run.best).decision
    assert decision.model_copy(update={"foreign": None}) == fitted, "the rest of the decision stays"
    scores = read_scores(run.path)
    assert scores is not None and len(scores) == len(photos.part("val"))
    predictor = Predictor.load(run.best, "cpu")
    assert predictor.foreign_score is not None
    paths = run.predictions("val")["path"]  # type: ignore[index]
    pictures = [Image.open(path).convert("RGB") for path in paths]
    assert scores == pytest.approx(predictor.foreign_score.scores(features_of(predictor, pictures)), abs=1e-5)
    assert decision.foreign is not None
    assert decision.foreign.accepted == pytest.approx((scores <= decision.foreign.limit).mean())
    found = [one.is_foreign for one in predictor.predict(pictures)]
    assert np.mean(found) == pytest.approx(1 - decision.foreign.accepted)
    evaluate({"run": str(run.path), "split": "val", "cache": str(workspace.cache / "resized")}, lambda _: None)
    report = run.report("val")
    assert report is not None and report.decision is not None
    assert report.decision.answered.correct == len(pictures) - sum(found)


def test_a_worker_fits_it_with_another_share(run: RunFolder, workspace: Workspace) -> None:
    arguments = {"run": str(run.path), "cache": str(workspace.cache / "resized"), "accepted": 0.5}
    phases: list[str] = []
    foreign_score.fit(arguments, lambda progress: phases.append(progress.phase))
    decision = read_info(run.best).decision
    assert decision is not None and decision.foreign is not None
    assert decision.foreign.accepted == pytest.approx(0.5, abs=0.05)
    assert phases[0] == "loading the model" and phases[-1] == "comparing photos"


def test_what_is_missing_is_said(run: RunFolder, workspace: Workspace, tmp_path: Path) -> None:
    run.write_status(state="queued", created=now())
    with pytest.raises(RunError, match="still training"):
        fit_run_foreign(run, tmp_path)
    with pytest.raises(RunError, match="still training"):
        change_decision(run, lambda before: before)
    run.write_status(state="finished")
    empty = RunFolder(workspace.runs / "none")
    with pytest.raises(RunError, match="no model yet"):
        fit_run_foreign(empty, tmp_path)


def test_a_resumed_run_that_found_no_better_model_keeps_what_a_person_chose(
    run: RunFolder, workspace: Workspace
) -> None:
    change_decision(run, lambda before: before.model_copy(update={"leave_below": 0.75}))
    before = read_info(run.best)
    _calibrate(run)
    after = read_info(run.best)
    assert after.decision is not None and after.decision.leave_below == 0.75
    assert after.model_sha256 == before.model_sha256
    assert "The probabilities are calibrated: temperature" in run.log()


def test_vectors_of_a_model_that_was_replaced_meanwhile_are_not_saved(
    run: RunFolder, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    fit = foreign_fit.fit_foreign

    def resumed_meanwhile(*arguments: Any) -> Any:
        model, info = load_bundle(run.best)
        with torch.no_grad():
            model.fc.bias += 1
        save_bundle(run.best, model, info)
        return fit(*arguments)

    monkeypatch.setattr(foreign_fit, "fit_foreign", resumed_meanwhile)
    with pytest.raises(RunError, match=r"of its earlier model\. Fit it again"):
        fit_run_foreign(run, workspace.cache / "resized", device="cpu")
    decision = read_info(run.best).decision
    assert decision is not None and decision.foreign is None and read_scores(run.path) is None
    assert not (run.best / "foreign.safetensors").exists()
