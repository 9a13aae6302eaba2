"""Runs ``python -m core train`` as a user would, in a workspace of its own, and follows its run folder."""

import csv
import json
import os
import random
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from measured import Follower, Measured, Point, measure

from core.data.snapshot import BOX_COLUMNS, Snapshot
from core.models.bundle import has_bundle
from core.runs.automatic.phases import read_phases
from core.training.early.seen_photos import seen_photos

ROOT = Path(__file__).resolve().parent.parent.parent
WEIGHTS = ROOT / "weights" / "resnet50-imagenet-npm.safetensors"
SAME_WEIGHTS = ["--weights", "imagenet", "--source", "npm"]


def train_ours(
    options: Sequence[str],
    *,
    labels: Path,
    images: Path,
    place: Path,
    run: str = "run",
    workspace: Path | None = None,
    limit: float | None = None,
    show: Callable[[Point], None] = lambda point: None,
) -> Measured:
    """Train with these options into ``place/run``; a point is an epoch of the run once a bundle was saved.

    Only the best so far is a model that exists, so a solver's iterations before the last are not.
    """
    home = workspace or place / "workspace"
    env = {"RESNET_STUDIO_HOME": str(home.resolve())}
    if "RESNET_STUDIO_WEIGHTS" not in os.environ:
        env["RESNET_STUDIO_WEIGHTS"] = str(WEIGHTS.parent)
    out = place / run
    with labels.open(encoding="utf-8") as lines:
        photos = sum(row["split"] == "train" for row in csv.DictReader(lines))

    def to_point(line: dict[str, Any], seconds: float) -> Point | None:
        accuracy = line.get("val_iou", line.get("val_accuracy"))
        if line["kind"] != "epoch" or accuracy is None:
            return None
        speed = line.get("images_per_second")
        took = photos / speed if speed else line.get("seconds")
        return Point(seconds, accuracy, _trained_part(out, line), took, photos, kept=bool(line.get("best")))

    command = [sys.executable, "-m", "core", "train", str(labels.resolve()), "--images", str(images.resolve())]
    return measure(
        [*command, "--out", str(out), "--json", *options],
        log=place / f"{run}.txt",
        cwd=ROOT,
        limit=limit,
        follower=_WithEarlyModel(out, photos, to_point),
        show=show,
        env=env,
    )


class _WithEarlyModel(Follower):
    """The points of a run: first its early model, as soon as that has a report, then its epochs."""

    def __init__(self, run: Path, photos: int, to_point: Callable[[dict[str, Any], float], Point | None]) -> None:
        super().__init__(run / "metrics.jsonl", to_point, lambda: has_bundle(run / "best"))
        self._run, self._photos, self._early = run, photos, False

    def new(self, seconds: float) -> Iterator[Point]:
        """Yield new points."""
        report = self._run / "report-val.json"
        if not self._early and seen_photos(self._run / "best") is not None and report.exists():
            self._early = True
            accuracy = json.loads(report.read_text(encoding="utf-8"))["accuracy"]["value"]
            yield Point(seconds, accuracy, "head", None, self._photos, sampled=True)
        yield from super().new(seconds)


def write_labels(path: Path, snapshot: Snapshot, photos: int | None, validation_photos: int | None, seed: int) -> None:
    """Write the training and validation photos, or some of them, each class with its share; never the test photos.

    Without ``validation_photos``, as large a share of them as of the training photos.
    """
    more = list(BOX_COLUMNS) if snapshot.task == "localization" else []
    rows, share = [], 1.0
    for split, wanted in (("train", photos), ("val", validation_photos)):
        part = snapshot.part(split)
        count = round(share * len(part)) if wanted is None else min(wanted, len(part))
        share = count / len(part)
        cells = [part[column].tolist() for column in ("label", "filename", *more)]
        for label, filename, *box in drawn(list(zip(*cells, strict=True)), count, seed):
            rows.append((filename, label, split, *box))
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([("filename", "label", "split", *more), *rows])


def drawn(rows: list[tuple[Any, ...]], count: int, seed: int) -> list[tuple[Any, ...]]:
    """Draw rows so that each class, the first cell, keeps its share."""
    of_class = defaultdict(list)
    for row in sorted(rows):
        of_class[row[0]].append(row)
    places = []
    for label, members in sorted(of_class.items()):
        random.Random(f"{seed} {label}").shuffle(members)
        places += [((place + 0.5) / len(members), row) for place, row in enumerate(members)]
    return [row for _, row in sorted(places)[:count]]


def _trained_part(run: Path, line: dict[str, Any]) -> str:
    """Return what an epoch trained: head, layer4, layer3 or all."""
    recipe = json.loads((run / "recipe.json").read_text())
    if recipe["train"] == "automatic":
        phases = read_phases(run)
        return str((phases and phases.trains(line["epoch"])) or "head")
    if recipe["train"] != "staged":
        return str(recipe["train"])
    head = recipe.get("head_epochs") or max(1, recipe["epochs"] // 4)
    return "head" if line["epoch"] <= head else "all"
