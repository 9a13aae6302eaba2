"""Train from scratch, frozen and fine-tuned, on many and few of the same photos. Imports torch only to train."""

import math
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd

from core.data.snapshot import Snapshot
from core.inspection.measuring.comparison import Comparison, compare_predictions
from core.inspection.measuring.report import Rate
from core.lessons.result_cache import ExperimentSteps
from core.training.events import Epoch, Progress, Step
from core.training.recipe import Recipe

VERSION = 3
ARMS = ("scratch", "frozen", "fine-tuned")
"""All layers from random weights; only a new head on frozen ImageNet layers; all layers from ImageNet weights."""
SIZES = (5, 10, 20, 50)
"""Training photos per class."""
MAX_PHOTOS = 600
"""Training photos over all classes: with more, one run takes minutes on two cores."""
MAX_HELD_OUT = 240
"""Validation photos."""

SIDE = 96
"""Input size in pixels: a fifth of the work of 224, and the sample photos have 120."""
_EPOCHS = 8
# With 5 photos per class the three arms then end at 27, 67 and 63 %; with 40 steps at 33, 67 and 62 %.
_MIN_STEPS = 24
_BATCH = 16

_RIGHT, _WRONG = "r", "w"


@dataclass(frozen=True)
class ArmComparison:
    """Two arms on the same held-out photos; a difference is the second's accuracy minus the first's."""

    first: str
    second: str
    compared: Comparison

    @property
    def clear(self) -> bool:
        """Whether the 95 % interval excludes zero."""
        return self.compared.low > 0 or self.compared.high < 0


def training_sizes(snapshot: Snapshot) -> list[int]:
    """Return how many training photos per class to compare: those of SIZES that every class has, then all, up to 50.

    Empty if nothing can be compared: one class, no validation photos, too few photos of a class or too many classes.
    """
    counts = snapshot.counts()["train"]
    if len(counts) < 2 or snapshot.part("val").empty:
        return []
    sizes = [size for size in SIZES if size <= counts.min()]
    most = min(int(counts.max()), SIZES[-1])
    if sizes and most > sizes[-1]:
        sizes.append(most)
    return [size for size in sizes if counts.clip(upper=size).sum() <= MAX_PHOTOS]


def size_label(snapshot: Snapshot, size: int) -> str:
    """Return the number as text; where a class has fewer photos: "all (16 to 18)", "up to 50"."""
    counts = snapshot.counts()["train"]
    if counts.min() >= size:
        return f"{size}"
    return f"all ({counts.min()} to {counts.max()})" if counts.max() <= size else f"up to {size}"


def subsample(snapshot: Snapshot, size: int, seed: int) -> Snapshot:
    """Return the snapshot with at most ``size`` random training photos per class; smaller samples are nested in larger.

    The held-out photos are the validation set, at most MAX_HELD_OUT, the same for every size. The test set is left
    out.
    """
    frame = snapshot.frame.iloc[np.random.default_rng(seed).permutation(len(snapshot.frame))]
    train = frame[frame["split"] == "train"].groupby("label").head(size)
    val = frame[frame["split"] == "val"].head(MAX_HELD_OUT)
    return Snapshot(pd.concat([train, val]).sort_index(), snapshot.classes, snapshot.task)


def recipe_for(arm: str, arch: str, photos: int, seed: int) -> Recipe:
    """Return the recipe of an arm; arms differ in initial weights and trainable layers only.

    Learning rates are the defaults of the Train page. Fewer than 24 steps in 8 epochs mean more epochs. Runs use the
    CPU: a GPU serves one run at a time, from the queue.
    """
    steps = math.ceil(photos / _BATCH)
    return Recipe(
        arch=arch,
        weights="none" if arm == "scratch" else "imagenet",
        train="head" if arm == "frozen" else "all",
        epochs=max(_EPOCHS, math.ceil(_MIN_STEPS / steps)),
        size=SIDE,
        batch_size=_BATCH,
        views=0,  # all arms see the same random views
        seed=seed,
        device="cpu",
    )


def train_arm(snapshot: Snapshot, arm: str, arch: str, size: int, seed: int, cache: Path) -> ExperimentSteps:
    """Train one arm: a row per epoch.

    ``seconds`` is the training time since the start, without evaluation. ``answers``, in the last row, has a letter per
    held-out photo: predicted correctly (r) or wrong (w) after the last epoch. No epoch is selected by the held-out
    photos. ``cache`` is the folder of resized photos. Raises whatever ``fit`` raises.
    """
    yield Progress("loading", 0, None)
    with _half_of_threads():
        return (yield from _train_arm(snapshot, arm, arch, size, seed, cache))


def last_epochs(runs: pd.DataFrame) -> pd.DataFrame:
    """Return the last epoch of each run, with the 95 % interval of its held-out accuracy (``low``, ``high``)."""
    last = runs[runs["epoch"] == runs["epochs"]].copy()
    rates = [Rate.of(answers.count(_RIGHT), len(answers)) for answers in last["answers"]]
    last["low"], last["high"] = [rate.low for rate in rates], [rate.high for rate in rates]
    last["correct"] = [rate.correct for rate in rates]
    last["arm"] = pd.Categorical(last["arm"], ARMS)
    return last.sort_values(["size", "arm"], ignore_index=True)


def compare_arms(runs: pd.DataFrame) -> list[ArmComparison]:
    """Compare every pair of arms on the same held-out photos, by their predictions after the last epoch."""
    last = runs[runs["epoch"] == runs["epochs"]].set_index("arm")["answers"]
    right = {arm: [letter == _RIGHT for letter in last[arm]] for arm in ARMS if arm in last.index}
    return [
        ArmComparison(first, second, compare_predictions("val", right[first], right[second]))
        for first, second in combinations(right, 2)
    ]


@contextmanager
def _half_of_threads() -> Iterator[None]:
    """Use half of torch's threads, leave the other cores to the page and to others, then restore the number.

    The threads of one step wait for each other, so a thread that shares its core delays all: next to one other busy
    process, two threads on two cores were three times slower than one.
    """
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(max(1, threads // 2))
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _train_arm(snapshot: Snapshot, arm: str, arch: str, size: int, seed: int, cache: Path) -> ExperimentSteps:
    from core.training.trainer import fit

    few = subsample(snapshot, size, seed)
    count = len(few.part("train"))
    recipe = recipe_for(arm, arch, count, seed)
    rows: list[dict[str, str | int | float]] = []
    epoch_seconds = seconds = 0.0
    with tempfile.TemporaryDirectory(prefix="lesson-") as folder:
        for event in fit(few, recipe, Path(folder) / "run", cache=cache):
            if isinstance(event, Step):
                epoch_seconds = event.seconds
                done = event.epoch - 1 + event.batch / event.batches
                phase = f"{arm}, {count} photos: epoch {event.epoch} of {recipe.epochs}"
                yield Progress(phase, round(100 * done), 100 * recipe.epochs)
            elif isinstance(event, Epoch):
                seconds += epoch_seconds
                rows.append({"arm": arm, "size": size, "photos": count, "seed": seed, **_figures(event, seconds)})
            elif isinstance(event, Progress) and not rows:  # loading; after the first step this would move the bar back
                yield Progress(event.phase, 0, None)
        right, trained, total = _evaluate_held_out(Path(folder) / "run" / "last", few, recipe, cache)
    # Evaluated in fp32, as the app predicts; the epochs before may have been validated in bf16.
    rows[-1]["val_accuracy"] = right.mean()
    table = pd.DataFrame(rows).assign(arch=arch, trained=trained, parameters=total)
    table["answers"] = ["" for _ in rows[1:]] + ["".join(np.where(right, _RIGHT, _WRONG))]
    return table


def _figures(event: Epoch, seconds: float) -> dict[str, str | int | float]:
    names = ("epoch", "epochs", "train_loss", "train_accuracy", "val_loss", "val_accuracy", "val_n")
    return {**{name: getattr(event, name) for name in names}, "seconds": seconds}


def _evaluate_held_out(bundle: Path, few: Snapshot, recipe: Recipe, cache: Path) -> tuple[np.ndarray, int, int]:
    """Return whether each held-out photo is predicted correctly, bool [N], and the trained and the total parameters."""
    from core.inspection.measuring.evaluation import evaluate_table
    from core.inspection.predicting.predictor import Predictor
    from core.training.network import modules_of, phases

    predictor = Predictor.load(bundle, "cpu")
    _, predictions = evaluate_table(predictor, few.part("val"), split="val", cache=cache)
    network = predictor.network
    trainable = (module for part in phases(recipe)[-1].rates for module in modules_of(network, part))
    trained = sum(parameter.numel() for module in trainable for parameter in module.parameters())
    right = (predictions["prediction"] == predictions["label"]).to_numpy(dtype=bool)
    return right, trained, sum(parameter.numel() for parameter in network.parameters())
