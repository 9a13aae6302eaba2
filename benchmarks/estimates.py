"""Measures how good the expected times on the Train page are: predicted against actual, for small trainings.

    python benchmarks/estimates.py --data DIR [--photos 60 200] [--only head layer4] [--at-most 1.5]

DIR holds ``images/`` and a ``labels.csv`` with filename and label. In a workspace of its own, the machine is measured
as the page does it. Then one training after another runs in its own process, as if started by the page: the head solved
on vectors (computed, then there already), the head by gradient descent, layer4 on kept maps and anew, and all layers.
The time is predicted at the press of the button, with the load of that moment, and taken until the reports are written.
Printed is the larger of predicted to actual and actual to predicted, and the worst of all. In brackets stands, for
machines whose load changes meanwhile, what was expected without load, and the processor time by all processors.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pandas as pd

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from core.data.snapshot import Snapshot, snapshot_of_table  # noqa: E402
from core.processors import available_processors, present_slowdown  # noqa: E402
from core.runs import jobs  # noqa: E402
from core.runs.estimates.machine_speed import remembered  # noqa: E402
from core.runs.estimates.waiting import expected_time  # noqa: E402
from core.runs.folder import list_runs  # noqa: E402
from core.training.recipe import Recipe  # noqa: E402
from core.workspace import Workspace, open_workspace  # noqa: E402

EPOCHS = 2
# name -> the recipe, and the share of its features that is there already
KINDS: dict[str, tuple[dict[str, Any], float]] = {
    "head, solved, vectors computed": ({"train": "head", "optimizer": "logistic", "views": 2}, 0.0),
    "head, solved, vectors there": ({"train": "head", "optimizer": "logistic", "views": 2}, 1.0),
    "head, gradient descent": ({"train": "head", "optimizer": "adamw", "views": 0}, 0.0),
    "layer4, maps kept": ({"train": "layer4", "optimizer": "adamw", "views": 2}, 0.0),
    "layer4, anew": ({"train": "layer4", "optimizer": "adamw", "views": 0}, 0.0),
    "all": ({"train": "all", "optimizer": "adamw", "views": 0}, 0.0),
}


def main() -> None:
    """Print a line for each training; exit with 1 if a factor is above ``--at-most``."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="a folder with images/ and labels.csv")
    parser.add_argument("--photos", type=int, nargs="+", default=[60, 200], help="how many photos, for each round")
    parser.add_argument("--only", nargs="+", default=[""], help="parts of the names of the trainings to run")
    parser.add_argument("--at-most", type=float, help="the factor that is expected of all")
    options = parser.parse_args()
    factors = []
    with tempfile.TemporaryDirectory() as home:
        os.environ["RESNET_STUDIO_HOME"] = home
        workspace = open_workspace()
        subprocess.run(
            [sys.executable, "-m", "core.runs.estimates.measurement", home], cwd=ROOT, check=True, stdout=sys.stderr
        )
        speed = remembered(workspace)
        print(f"this machine: {speed}")
        for count in options.photos:
            snapshot = some_photos(options.data, count, Path(home))
            for name, (values, ready) in KINDS.items():
                if any(part in name for part in options.only):
                    factors.append(compare(workspace, snapshot, f"{name}, {count} photos", values, ready))
    print(f"worst factor: {max(factors):.2f}")
    if options.at_most and max(factors) > options.at_most:
        sys.exit(f"{max(factors):.2f} is more than {options.at_most:g}.")


def some_photos(data: Path, count: int, folder: Path) -> Snapshot:
    """Return the snapshot of so many photos, evenly from the whole table."""
    table = pd.read_csv(data / "labels.csv", dtype=str)[["filename", "label"]]
    labels = folder / f"labels-{count}.csv"
    table.iloc[[place * len(table) // count for place in range(min(count, len(table)))]].to_csv(labels, index=False)
    return snapshot_of_table(labels, data / "images")[0]


def processor_seconds() -> float:
    """Return the processor time of this process's children that have ended, where the system counts it."""
    time.sleep(5)  # a run's process ends shortly after its status says so
    times = os.times()
    return times.children_user + times.children_system


def compare(workspace: Workspace, snapshot: Snapshot, name: str, values: dict[str, Any], ready: float) -> float:
    """Run one training; print the predicted and the actual seconds and return the factor between them."""
    recipe = Recipe.checked(epochs=EPOCHS, **values)
    expected = expected_time(workspace, recipe, snapshot, list_runs(workspace), ready=ready)
    spent = processor_seconds()
    load, began = present_slowdown(), time.monotonic()
    run = jobs.submit(workspace, snapshot, recipe, title=name)
    while (status := run.status()).live:
        time.sleep(0.1)
    actual = time.monotonic() - began
    computed = (processor_seconds() - spent) / available_processors()
    if status.state != "finished":
        sys.exit(f"{name}: {status.state}: {status.message}")
    factor = max(expected.seconds / actual, actual / expected.seconds)
    print(
        f"{name:45} expected {expected.seconds:7.1f} s  actual {actual:7.1f} s  factor {factor:.2f}  "
        f"(alone: {expected.seconds / load:.1f} s, computed: {computed:.1f} s)  "
        f"load {load:.1f} to {present_slowdown():.1f}  {expected.speed.source}",
        flush=True,
    )
    return factor


if __name__ == "__main__":
    main()
