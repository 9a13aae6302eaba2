"""What kept features save: an epoch on them against an epoch that computes the frozen layers; boxes against seconds.

    python benchmarks/kept_maps.py --data ../shared/data             # epochs of head and layer4, flowers5
    python benchmarks/kept_maps.py --data ../shared/data --boxes     # raccoon_bbox, two seeds

Epochs of both kinds take turns in one process, and what is compared is processor time, so that other work on the
machine matters little. Training, validation and saving are counted apart. Features are computed before: their time is
printed too. Each training has caches of its own.
"""

import argparse
import hashlib
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from core.data.snapshot import BOX_COLUMNS, COLUMNS, LOCALIZATION, SIZE_COLUMNS, Snapshot
from core.features.budget import SETTING
from core.training.device import keep_freed_memory
from core.training.events import BoxEpoch, Epoch, Progress, Step
from core.training.recipe import Recipe
from core.training.trainer import fit

BOXES = [
    ("computed anew, head", {"train": "head", "views": 0}),
    ("kept, layer4, 8 views", {"train": "layer4", "views": 8}),
    ("kept, head, 8 views", {"train": "head", "views": 8}),
]


def snapshot_of(folder: Path, per_class: int, table: str = "labels.csv") -> Snapshot:
    """Return a snapshot of a folder of the photo sets; without validation photos a quarter become some."""
    frame = pd.read_csv(folder / table)
    boxed = set(BOX_COLUMNS) <= set(frame.columns)
    if "val" not in set(frame.get("split", ())):
        frame["split"] = "train"
        frame.loc[np.random.default_rng(0).permutation(len(frame))[: len(frame) // 4], "split"] = "val"
    if per_class:
        frame = frame.groupby(["label", "split"], group_keys=False).head(per_class)
    paths = [folder / "images" / name for name in frame["filename"]]
    frame["path"] = [str(path) for path in paths]
    frame["image"] = [hashlib.sha256(path.read_bytes()).hexdigest() for path in paths]
    frame["label"] = frame["label"].astype(str)
    columns = list(COLUMNS)
    if boxed:
        sizes = np.array([Image.open(path).size for path in paths])
        frame[list(SIZE_COLUMNS)] = sizes
        columns += [*BOX_COLUMNS, *SIZE_COLUMNS]
    classes = tuple(sorted(set(frame["label"])))
    return Snapshot(frame[columns].reset_index(drop=True), classes, LOCALIZATION if boxed else "classification")


class Measured:
    """A training whose epochs are measured one by one."""

    def __init__(self, snapshot: Snapshot, recipe: Recipe, home: Path, *, save: bool = True) -> None:
        self._events = fit(snapshot, recipe, home / "run" if save else None, cache=home / "cache")
        self.features = self.start = 0.0

    def epochs(self) -> Iterator[tuple[Epoch, float, float]]:
        """Yield each epoch with the processor seconds of its training and of its validation."""
        begin = trained = before = time.process_time()
        checked = 0.0
        first = True
        for event in self._events:
            now = time.process_time()
            if isinstance(event, Progress) and event.phase == "computing features":
                self.features += now - before
            elif isinstance(event, Step):
                if first:
                    self.start, first = now - begin, False
                trained = now
            elif isinstance(event, Progress) and event.phase.startswith("evaluating"):
                checked = now
            elif isinstance(event, Epoch):
                yield event, trained - begin, checked - trained
                now = begin = time.process_time()
            before = now


def measure_epochs(arguments: argparse.Namespace) -> None:
    snapshot = snapshot_of(arguments.data / "flowers5", arguments.per_class)
    counts = snapshot.counts()[["train", "val"]].sum()
    print(f"{counts['train']} training photos, {counts['val']} validation photos, {arguments.precision}")
    for train in ("head", "layer4"):
        with tempfile.TemporaryDirectory() as home:
            shared: dict[str, Any] = {"train": train, "epochs": arguments.epochs, "optimizer": "adamw", "device": "cpu"}
            runs = {}
            for name, views in (("anew", 0), ("kept", 2)):
                recipe = Recipe.checked(**shared, precision=arguments.precision, views=views)
                runs[name] = Measured(snapshot, recipe, Path(home) / name)
            print(f"\n{train}: processor seconds of an epoch's training, validation")
            figures: dict[str, list[tuple[float, float]]] = {name: [] for name in runs}
            turns = {name: run.epochs() for name, run in runs.items()}
            for number in range(1, arguments.epochs + 1):
                for name, turn in turns.items():
                    epoch, training, validation = next(turn)
                    figures[name].append((training, validation))
                    print(f"  epoch {number} {name}: {training:.2f}, {validation:.2f}; {epoch.val_accuracy:.1%}")
            print(f"  computing the features: {runs['kept'].features:.1f} s")
            for part, place in (("training", 0), ("validation", 1)):
                anew, kept = (statistics.median(row[place] for row in figures[name][1:]) for name in ("anew", "kept"))
                print(f"  {part}: {anew / kept:.1f} times faster")
            both = [statistics.median(sum(row) for row in figures[name][1:]) for name in ("anew", "kept")]
            print(f"  both: {both[0] / both[1]:.1f} times faster", flush=True)


def measure_boxes(arguments: argparse.Namespace) -> None:
    snapshot = snapshot_of(arguments.data / "raccoon_bbox", 0, "labels_single_box.csv")
    for seed in range(arguments.seeds):
        for name, changes in BOXES:
            recipe = Recipe.for_task(
                LOCALIZATION, **changes, seed=seed, optimizer="adamw", device="cpu", precision=arguments.precision
            )
            with tempfile.TemporaryDirectory() as home:
                run, began = Measured(snapshot, recipe, Path(home), save=False), time.process_time()
                curve = []
                for epoch, _, _ in run.epochs():
                    assert isinstance(epoch, BoxEpoch)
                    curve.append((time.process_time() - began, epoch.val_iou))
            best = max(curve, key=lambda point: point[1])
            print(f"seed {seed}, {name}: best mean IoU {best[1]:.3f} of {len(snapshot.part('val'))} validation photos")
            print(f"  {curve[-1][0]:.0f} processor seconds in all, {run.features:.0f} for the features")
            print("  " + "  ".join(f"{seconds:.0f} s {iou:.3f}" for seconds, iou in curve[::3]), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="the folder of the photo sets")
    parser.add_argument("--boxes", action="store_true", help="boxes instead of epochs")
    parser.add_argument("--per-class", type=int, default=40, help="photos of a class in each split; 0 takes all")
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--precision", default="auto")
    os.environ.setdefault(SETTING, "20")
    keep_freed_memory()
    chosen = parser.parse_args()
    (measure_boxes if chosen.boxes else measure_epochs)(chosen)
