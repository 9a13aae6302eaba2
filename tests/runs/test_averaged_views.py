"""Reports of runs with test-time views: made from those views."""

from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from core.inspection.measuring.predictions_csv import read
from core.runs.folder import RunFolder
from core.runs.jobs import work
from core.runs.models import load_predictor
from core.workspace import Workspace


def test_a_run_s_reports_average_the_views_of_its_recipe(
    make_run: Callable[..., RunFolder], workspace: Workspace
) -> None:
    run = make_run(epochs=1, test_time_views=2)
    assert work(run, workspace).state == "finished"
    predictor = load_predictor(run.path, workspace)
    assert predictor.test_time_views == 2
    single = load_predictor(run.path, workspace, test_time_views=1)
    table = read(run.path / "predictions-val.csv")
    pictures = [Image.open(path).convert("RGB") for path in table["path"]]
    averaged, plain = (one.probabilities(pictures).max(axis=1) for one in (predictor, single))
    assert table["probability"].tolist() == pytest.approx(averaged.tolist(), abs=1e-4)
    assert np.abs(averaged - plain).max() > 1e-4, "equal views would prove nothing"
