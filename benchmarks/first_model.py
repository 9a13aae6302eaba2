"""How long a first model takes: from the start of the run's process to its report, training the head alone.

    python benchmarks/first_model.py --data FOLDER [--photos 500] [--views 2] [--timeline]

FOLDER holds images/ and labels.csv. Three figures, with the processor time, which other programs change less than the
wall time: the run without any kept features, the frozen pass in it, and the run when all features are kept. Then the
ratio of the first to the second. A run before them measures the engines, as the first run on a machine does; its early
model does not wait for that.

If the run makes an early model from a part of the photos, so are the seconds to it and its accuracy; and the same run
without an early model, which says what that costs.
--timeline prints when each stage of the first and of the last run began.
"""

import argparse
import csv
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from core.data.snapshot import Snapshot, snapshot_of_table
from core.runs.folder import RunFolder
from core.runs.new_run import create_run
from core.training.early.seen_photos import seen_photos
from core.training.recipe import Recipe
from core.workspace import REPOSITORY, Workspace, open_workspace

_PASS = "computing features"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="a folder with images/ and labels.csv")
    parser.add_argument("--photos", type=int, default=500)
    parser.add_argument("--views", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3, help="runs with kept features; the fastest counts")
    parser.add_argument("--timeline", action="store_true", help="print when each stage began")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        workspace = open_workspace(Path(folder) / "workspace")
        snapshot = some_photos(arguments.data, arguments.photos, Path(folder))
        recipe = Recipe.checked(train="head", views=arguments.views)
        print(f"{len(snapshot.frame):,} photos in {len(snapshot.classes)} classes, {arguments.views} views")
        engines = run(workspace, snapshot, recipe, "engines")
        early = "" if engines.early is None else f", early model after {engines.early:.1f} s"
        print(f"first use of a workspace, in which the engines are measured: {engines.words}{early}")
        _forget_features(workspace)
        first = run(workspace, snapshot, recipe, "first")
        print(f"without kept features: {first.words}, frozen pass {first.frozen_pass:.1f} s")
        print(f"run / frozen pass: {first.wall / first.frozen_pass:.2f}")
        if first.early is not None:
            _forget_features(workspace)
            plain = run(workspace, snapshot, recipe, "no-early-model", sweep="without-early-models")
            print(f"early model: {first.early:.1f} s, {first.early_figure}; final: {first.figure}")
            print(f"without an early model: {plain.words}; {plain.figure}")
            shares = first.wall / plain.wall, first.processor / plain.processor
            print(f"run with it / without: {shares[0]:.2f}, in processor time {shares[1]:.2f}")
            print(f"first model without / with it: {plain.wall / first.early:.1f}")
        kept = [run(workspace, snapshot, recipe, f"kept-{number}") for number in range(arguments.rounds)]
        wall, processor = min(one.wall for one in kept), min(one.processor for one in kept)
        print(f"with kept features: {wall:.1f} s, processor time {processor:.1f} s")
        if arguments.timeline:
            for name in ("kept-timeline", "first-timeline"):
                if name == "first-timeline":
                    _forget_features(workspace)
                which = name.partition("-")[0]
                print(f"\n{which}, stage by stage:", flush=True)
                run(workspace, snapshot, recipe, name, "benchmarks/run_stages.py")


def some_photos(data: Path, count: int, folder: Path) -> Snapshot:
    """Return a snapshot of that many photos, drawn at random."""
    with (data / "labels.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    random.Random(0).shuffle(rows)
    with (folder / "labels.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ["filename", "label"], extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows[:count])
    return snapshot_of_table(folder / "labels.csv", data / "images")[0]


def _forget_features(workspace: Workspace) -> None:
    """Delete vectors and resized photos; which engine computes them stays known."""
    for path in (workspace.cache / "vectors").rglob("*.npy"):
        path.unlink()
    shutil.rmtree(workspace.cache / "resized")


@dataclass(frozen=True)
class Measured:
    """What one run took, in seconds."""

    wall: float
    processor: float
    frozen_pass: float
    figure: str
    """Its report's accuracy."""
    early: float | None
    """Until the early model and its report were there; None without one."""
    early_figure: str

    @property
    def words(self) -> str:
        return f"{self.wall:.1f} s, processor time {self.processor:.1f} s"


def run(
    workspace: Workspace, snapshot: Snapshot, recipe: Recipe, name: str, script: str = "", sweep: str | None = None
) -> Measured:
    """Run in a process of its own. ``script`` trains the run instead of the command line.

    A run of a sweep makes no early model.
    """
    made = create_run(workspace.runs / name, snapshot, recipe, title=name, sweep=sweep)
    environment = {**os.environ, "RESNET_STUDIO_HOME": str(workspace.root)}
    before, began = _children(), time.perf_counter()
    command = (
        [script, str(made.path), str(time.monotonic())] if script else ["-m", "core", "train", "--run", str(made.path)]
    )
    process = subprocess.Popen([sys.executable, *command], cwd=REPOSITORY, env=environment)
    passes: list[float] = []
    early, figure = None, ""
    while process.poll() is None:
        if made.status().phase.startswith(_PASS):
            passes.append(time.perf_counter())
        if early is None and (seen := seen_photos(made.best)) and made.report_path("val").exists():
            early = time.perf_counter() - began
            figure = f"from {seen.photos:,} of {seen.of:,} photos, {_accuracy(made)}"
        time.sleep(0.05)
    wall = time.perf_counter() - began
    _check(made)
    frozen_pass = max(0.05, passes[-1] - passes[0]) if passes else 0.05
    return Measured(wall, _children() - before, frozen_pass, _accuracy(made), early, figure)


def _accuracy(made: RunFolder) -> str:
    report = made.report("val")
    return "" if report is None else str(report.accuracy)


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _check(made: RunFolder) -> None:
    status = made.status()
    if status.state != "finished":
        raise SystemExit(f"{status.message}\n{made.log()}")


if __name__ == "__main__":
    main()
