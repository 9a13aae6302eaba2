"""An automatic run whose head takes several stages: later phases start from the head on the last one."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.inspection.predicting.predictor import Predictor
from core.models.bundle import read_info
from core.runs.automatic.next_phase import Situation
from core.runs.jobs import work
from core.training.saving.last_stage_head import FILE
from core.workspace import Workspace
from tests.runs.automatic.conftest import Make, better


@pytest.mark.parametrize(("deeper_gains", "arch"), [(False, "tiny+stages"), (True, "tiny")])
def test_deeper_layers_begin_where_the_head_on_the_last_stage_is(
    make: Make,
    workspace: Workspace,
    plan: list[Situation],
    monkeypatch: pytest.MonkeyPatch,
    deeper_gains: bool,
    arch: str,
) -> None:
    better(monkeypatch, deeper_gains)
    run = make(head_features="stages")
    assert work(run, workspace).state == "finished", run.log()
    assert "so training goes on with one on the last stage, which was solved with it." in run.log()
    info, report, predictions = read_info(run.best), run.report("val"), run.predictions("val")
    assert info.arch == arch and (run.best / FILE).exists() == (not deeper_gains)
    assert info.recipe is not None and info.recipe["head_features"] == "stages"
    assert report is not None and predictions is not None and report.arch == arch
    pictures = [Image.open(Path(path)).convert("RGB") for path in predictions["path"]]
    probabilities = Predictor.load(run.best, "cpu").probabilities(pictures).max(axis=1)
    np.testing.assert_allclose(predictions["probability"], probabilities, atol=1e-4)
