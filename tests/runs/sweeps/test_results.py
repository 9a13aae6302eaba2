"""The results of a sweep: means over seeds with Student's interval, recipes ranked on validation photos."""

import json
from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

from core.runs.folder import RunFolder
from core.runs.sweeps.results import sweep_of, workspace_sweep
from core.workspace import Workspace

MakeRun = Callable[..., RunFolder]


def finished(run: RunFolder, value: float, **status: object) -> RunFolder:
    """A run with a report of 200 validation photos."""
    report = {"n": 200, "accuracy": {"value": value, "low": value - 0.1, "high": min(1.0, value + 0.1)}}
    (run.path / "report-val.json").write_text(json.dumps(report))
    run.write_status(**{"state": "finished", "sweep": "s1", "sweep_title": "Mine", **status})
    return run


def test_the_mean_over_seeds_has_students_interval(workspace: Workspace, make_run: MakeRun) -> None:
    values = [0.90, 0.92, 0.95, 0.91, 0.93]
    for seed, value in enumerate(values):
        finished(make_run(f"r{seed}", seed=seed), value)
    result = workspace_sweep("s1", workspace)
    assert (result.title, result.varied, result.finished, result.photos) == ("Mine", (), 5, 200)
    [cell] = result.cells
    low, high = stats.t.interval(0.95, 4, loc=np.mean(values), scale=stats.sem(values))
    assert cell.mean is not None
    assert (cell.mean.value, cell.mean.low, cell.mean.high) == pytest.approx((np.mean(values), low, high))
    assert (cell.mean.n, cell.mean.over_photos, cell.mean.lowest, cell.mean.highest) == (5, False, 0.90, 0.95)


def test_one_seed_has_the_interval_of_its_report(make_run: MakeRun) -> None:
    result = sweep_of("s1", [finished(make_run(), 0.9), make_run("two", seed=1)])
    assert result.best is not None and result.best.mean is not None
    mean = result.best.mean
    assert (mean.value, mean.low, mean.high, mean.n, mean.over_photos) == (0.9, pytest.approx(0.8), 1.0, 1, True)


def test_only_finished_runs_count_and_the_best_mean_is_first(make_run: MakeRun) -> None:
    runs = []
    for epochs, values in ((1, (0.80, 0.99)), (2, (0.91, 0.91)), (3, (0.5, 0.5))):
        for seed, value in enumerate(values):
            runs.append(finished(make_run(f"r{epochs}{seed}", epochs=epochs, seed=seed), value))
    runs[1].write_status(state="stopped")  # the lucky seed of the first recipe was not trained to its end
    runs[5].write_status(state="failed")
    result = sweep_of("s1", runs)
    assert result.varied == ("epochs",)
    assert [cell.settings["epochs"] for cell in result.cells] == [1, 2, 3]
    assert [(cell.settings["epochs"], cell.mean.n if cell.mean else 0) for cell in result.ranked] == [
        *((2, 2), (1, 1), (3, 1))
    ]
    assert (result.finished, result.live, result.resumable) == (4, False, True)


def test_equal_seeds_have_an_interval_of_no_width_and_none_leaves_the_scale(make_run: MakeRun) -> None:
    same = sweep_of("s1", [finished(make_run(f"r{seed}", seed=seed), 1.0) for seed in range(3)])
    assert same.best is not None and same.best.mean is not None
    assert (same.best.mean.low, same.best.mean.high) == (1.0, 1.0)
    wide = sweep_of("s2", [finished(make_run(f"w{seed}", seed=seed), value) for seed, value in enumerate((1.0, 0.5))])
    assert wide.best is not None and wide.best.mean is not None
    assert (wide.best.mean.low, wide.best.mean.high) == (0.0, 1.0)


def test_a_damaged_run_hides_no_other(make_run: MakeRun) -> None:
    good, bad = finished(make_run("good"), 0.9), finished(make_run("bad", seed=1), 0.8)
    (bad.path / "recipe.json").write_text("{")
    result = sweep_of("s1", [good, bad])
    assert len(result.runs) == 2 and [len(cell.runs) for cell in result.cells] == [1]
    nothing = sweep_of("s1", [bad])
    assert nothing.best is None and nothing.cells == () and nothing.figure == "accuracy"
