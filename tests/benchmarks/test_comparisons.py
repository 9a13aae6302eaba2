"""The measurements and tables of benchmarks/peers.py and benchmarks/recipes.py."""

import json
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import psutil
import pytest
from PIL import Image

from core.data.snapshot import snapshot_of_table
from core.workspace import REPOSITORY


@pytest.fixture
def peers(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(REPOSITORY / "benchmarks" / "peers")
    monkeypatch.syspath_prepend(REPOSITORY / "benchmarks")
    import peers

    return peers


@pytest.fixture
def recipes(peers: ModuleType) -> ModuleType:
    import recipes

    return recipes


def run_of(*points: tuple[float, float], part: str = "head", memory: float = 100, epoch: float = 10) -> Any:
    from measured import Measured, Point

    found = [Point(seconds, accuracy, part, epoch, 50) for seconds, accuracy in points]
    return Measured([], 0, 60, 60, memory, 0.0, found)


def test_figures_of_a_run(peers: ModuleType) -> None:
    slow = run_of((20, 0.50000003), (40, 0.8), (70, 0.7), (90, 0.9))
    slow.points[0].train_seconds = 100  # the first epoch does not count
    found = peers.Comparison({"ours: a": run_of((5, 0.95)), "pytorch-fixed": slow}, chance=0.5, marks=[1, 3])
    assert found.best == 0.95
    assert found.first_usable("pytorch-fixed") == 40  # 0.5 is chance, in float32 too
    assert found.reached("pytorch-fixed", 0.95 * 0.95) is None
    assert found.accuracy_at("pytorch-fixed", 60) == 0.8
    assert found.accuracy_at("pytorch-fixed", 80) == 0.8  # the best so far is the one that is kept
    assert found.accuracy_at("pytorch-fixed", 10) is None
    assert found.epoch("pytorch-fixed", "head") == 10
    assert found.epoch("ours: a", "head") is None  # it has only a first one
    assert found.images_per_second("ours: a") == 5


def test_iterations_before_a_model_was_saved_have_no_accuracy(peers: ModuleType) -> None:
    solved = run_of((3, 0.9), (3, 0.8), (3, 0.7))
    for point in solved.points[:-1]:
        point.kept = False
    found = peers.Comparison({"ours: a": solved}, chance=0.3, marks=[1])
    assert (found.best, found.accuracy_at("ours: a", 60), found.epoch("ours: a", "head")) == (0.7, 0.7, 10)


def test_table_of_peers_has_ratios_to_the_best_of_ours(peers: ModuleType) -> None:
    runs = {"keras": run_of((40, 0.8), (90, 0.9)), "ours: a": run_of((5, 0.7)), "ours: b": run_of((8, 0.9), (12, 0.9))}
    lines = peers.Comparison(runs, chance=0.3, marks=[1]).table().splitlines()
    cells = {line.split("|")[1].strip(): [cell.strip() for cell in line.split("|")[2:-1]] for line in lines}
    assert list(cells)[2:] == ["ours: a", "ours: b", "keras"]
    assert cells["keras"] == ["40.0 (8.0×)", "90.0 (11.2×)", "90.0 (11.2×)", "80.0%", "90.0%", "5.0", "100"]
    assert cells["ours: a"][:3] == ["5.0 (1.0×)", "–", "–"]


def test_goals_name_a_peer_that_is_ahead_at_equal_time(peers: ModuleType) -> None:
    ahead = {"ours: a": run_of((5, 0.7), (50, 0.9), memory=80), "fastai": run_of((30, 0.8))}
    goals = peers.Comparison(ahead, chance=0.3, marks=[1]).goals()
    assert "a peer more accurate at equal time: fastai is ahead by 10.0% at 30 s (goal never)" in goals
    assert "first usable model, fastai: 6.0 times as long as ours (goal 5)" in goals
    assert "peak memory, ours: a: 0.80 of the smallest peer's, fastai (goal below 1)" in goals
    behind = {"ours: a": run_of((5, 0.9)), "fastai": run_of((30, 0.8))}
    assert any("never; closest is fastai" in line for line in peers.Comparison(behind, 0.3, [1]).goals())


def test_ours_with_features_from_before_is_shown_and_not_compared(peers: ModuleType) -> None:
    runs = {"ours: a": run_of((10, 0.7)), "ours: a+kept": run_of((2, 0.7)), "fastai": run_of((50, 0.6), (60, 0.75))}
    found = peers.Comparison(runs, chance=0.3, marks=[1])
    goals = found.goals()
    assert "first usable model, fastai: 5.0 times as long as ours (goal 5)" in goals
    assert "a peer more accurate at equal time: fastai is ahead by 5.0% at 60 s (goal never)" in goals
    kept = next(line for line in found.table().splitlines() if "a+kept" in line)
    assert "2.0 (0.2×)" in kept


def test_runs_beside_which_the_machine_was_slow_are_named(peers: ModuleType) -> None:
    from measured import machine_speed

    usual = machine_speed()
    assert usual > 0
    speeds = {"fastai": [100.0, 98.0], "keras": [101.0, 99.0], "ours: a": [95.0, 60.0]}
    (line,) = peers.slow_moments(speeds)
    assert "ours: a (61%)" in line and "keras" not in line
    del speeds["ours: a"]
    assert "slower" not in peers.slow_moments(speeds)[0] and not peers.slow_moments({})


def test_results_survive_json(peers: ModuleType) -> None:
    from measured import Measured

    run = run_of((5, 0.7))
    assert Measured.from_json(json.loads(json.dumps(run.as_json()))) == run


def test_points_wait_for_whole_lines_and_for_a_model(peers: ModuleType, tmp_path: Path) -> None:
    from measured import Follower, Point

    log, ready = tmp_path / "log", []
    follower = Follower(log, lambda line, at: Point(at, line["a"], "head", None, 1), lambda: bool(ready))
    assert not list(follower.new(1))
    log.write_text('{"a": 0.5}\n{"a":')
    assert not list(follower.new(2))
    ready.append(True)
    assert [(point.seconds, point.val_accuracy) for point in follower.new(3)] == [(3, 0.5)]
    log.write_text('{"a": 0.5}\n{"a": 0.6}\n')
    assert [point.val_accuracy for point in follower.new(4)] == [0.6]


@pytest.mark.skipif(not hasattr(__import__("os"), "wait4"), reason="this system has no wait4")
def test_program_past_its_limit_is_ended_with_its_children(peers: ModuleType, tmp_path: Path) -> None:
    from measured import measure

    child = "import time; time.sleep(60)"
    code = (
        "import subprocess, sys, time; "
        f"p = subprocess.Popen([sys.executable, '-c', {child!r}], start_new_session=True); "
        "print(p.pid, flush=True); time.sleep(60)"
    )
    log = tmp_path / "log.txt"
    found = measure([sys.executable, "-c", code], log=log, cwd=tmp_path, limit=2)
    assert found.exit is None and 2 <= found.seconds < 40
    pid = int(log.read_text())
    deadline = time.monotonic() + 20
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_drawn_photos_keep_the_share_of_each_class_and_no_test_photo(peers: ModuleType, tmp_path: Path) -> None:
    from our_training import write_labels

    (tmp_path / "images").mkdir()
    rows = []
    for number in range(60):
        pixels = np.random.default_rng(number).integers(0, 256, (40, 40, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / "images" / f"{number}.png")
        rows.append((f"{number}.png", "ab"[number % 3 == 0], ("train", "train", "val", "test")[number // 15]))
    pd.DataFrame(rows, columns=["filename", "label", "split"]).to_csv(tmp_path / "labels.csv", index=False)
    snapshot, _ = snapshot_of_table(tmp_path / "labels.csv", tmp_path / "images")
    written = []
    for seed in (1, 1, 2):
        write_labels(tmp_path / "few.csv", snapshot, 12, None, seed)
        written.append(pd.read_csv(tmp_path / "few.csv"))
    first, again, other = written
    assert first.groupby(["split", "label"]).size().to_dict() == {
        ("train", "a"): 8,
        ("train", "b"): 4,
        ("val", "a"): 4,
        ("val", "b"): 2,
    }
    assert first.equals(again) and not first.equals(other)


def test_recipes_are_compared_pair_by_pair(recipes: ModuleType, tmp_path: Path) -> None:
    cells = []
    for seed, values in enumerate([(0.80, 0.85), (0.90, 0.94), (0.70, 0.76)]):
        for name, value in zip("ab", values, strict=True):
            cells.append(
                {
                    "set": "s",
                    "recipe": name,
                    "seed": seed,
                    "photos": None,
                    "kept": False,
                    "measure": "accuracy",
                    "n": 50,
                }
                | {"value": value, "seconds": 10.0, "cpu_seconds": 20.0, "first_seconds": None}
            )
    out = tmp_path / "cells.jsonl"
    out.write_text("".join(json.dumps(cell) + "\n" for cell in cells) + '{"set": "cut off')
    known = recipes.read_cells(out)
    assert known == cells
    row = next(line for line in recipes.tables(known).splitlines() if line.startswith("| b"))
    mean, interval, difference = [cell.strip() for cell in row.split("|")[3:6]]
    assert mean == "85.0%" and interval == "62.6% to 100.0%"
    assert difference == "+5.0%, +2.5% to +7.5%"  # narrow: the seeds' common ups and downs cancel
