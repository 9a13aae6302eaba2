"""From scratch, frozen, fine-tuned: the same photos, seed and budget, with many and few photos. Loads torch late."""

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
from core.inspection.measuring.comparison import Comparison, compare_answers
from core.inspection.measuring.report import Rate
from core.lessons.result_cache import Computing
from core.training.events import Epoch, Progress, Step
from core.training.recipe import Recipe

VERSION = 2
ARMS = ("scratch", "frozen", "fine-tuned")
"""All layers from random numbers; only a new head on ImageNet's layers; all layers from ImageNet's."""
SIZES = (5, 10, 20, 50)
"""Photos of each class to learn from."""
MOST_PHOTOS = 600
"""To learn from, in all classes together: with more, one run takes minutes on two cores."""
MOST_HELD_OUT = 240

SIDE = 96
"""Pixels: a fifth of the work of 224, and the sample photos have 120."""
_EPOCHS = 8
# With 5 photos a class the three ways then end at 27, 67 and 63 %; with 40 steps at 33, 67 and 62 %.
_FEWEST_STEPS = 24
_BATCH = 16

_RIGHT, _WRONG = "r", "w"


@dataclass(frozen=True)
class TrainedPair:
    """Two arms on the same held-out photos; differences are the second's accuracy less the first's."""

    first: str
    second: str
    compared: Comparison

    @property
    def clear(self) -> bool:
        """Whether the whole 95% interval lies on one side of zero."""
        return self.compared.low > 0 or self.compared.high < 0


def sizes_of(snapshot: Snapshot) -> list[int]:
    """How many photos of each class can be learned from: those of SIZES that every class has, and then all, up to 50.

    Empty where nothing can be compared: one class, nothing to check on, too few photos of a class or too many classes.
    """
    counts = snapshot.counts()["train"]
    if len(counts) < 2 or snapshot.part("val").empty:
        return []
    sizes = [size for size in SIZES if size <= counts.min()]
    most = min(int(counts.max()), SIZES[-1])
    if sizes and most > sizes[-1]:
        sizes.append(most)
    return [size for size in sizes if counts.clip(upper=size).sum() <= MOST_PHOTOS]


def size_name(snapshot: Snapshot, size: int) -> str:
    """The number as a person says it, where not every class has so many: "all (16 to 18)", "up to 50"."""
    counts = snapshot.counts()["train"]
    if counts.min() >= size:
        return f"{size}"
    return f"all ({counts.min()} to {counts.max()})" if counts.max() <= size else f"up to {size}"


def with_few(snapshot: Snapshot, size: int, seed: int) -> Snapshot:
    """The snapshot with at most ``size`` training photos of each class, drawn by the seed; fewer are among the more.

    The held-out photos are the validation part, at most MOST_HELD_OUT of them; they are the same for every size. The
    test part is left out.
    """
    frame = snapshot.frame.iloc[np.random.default_rng(seed).permutation(len(snapshot.frame))]
    train = frame[frame["split"] == "train"].groupby("label").head(size)
    val = frame[frame["split"] == "val"].head(MOST_HELD_OUT)
    return Snapshot(pd.concat([train, val]).sort_index(), snapshot.classes, snapshot.task)


def recipe_of(arm: str, arch: str, photos: int, seed: int) -> Recipe:
    """What the arms share, and the start and the part in which they differ; rates are those of the Train page.

    Where so few photos make less than 24 steps in 8 epochs, there are more epochs. On the CPU, as a GPU has one
    training at a time, which its queue gives out.
    """
    steps = math.ceil(photos / _BATCH)
    return Recipe(
        arch=arch,
        weights="none" if arm == "scratch" else "imagenet",
        train="head" if arm == "frozen" else "all",
        epochs=max(_EPOCHS, math.ceil(_FEWEST_STEPS / steps)),
        size=SIDE,
        batch_size=_BATCH,
        seed=seed,
        device="cpu",
    )


def training(snapshot: Snapshot, arm: str, arch: str, size: int, seed: int, cache: Path) -> Computing:
    """One arm: a row for each epoch.

    ``seconds`` is the time of learning alone since the start; ``answers``, in the last row, says of each held-out photo
    whether the network was right (r) or wrong (w) in the end. No epoch is chosen by the held-out photos: the last one
    counts. ``cache`` is the folder of resized photos. Raises what ``fit`` raises.
    """
    yield Progress("loading", 0, None)
    with _half_of_the_threads():
        return (yield from _training(snapshot, arm, arch, size, seed, cache))


def at_the_end(runs: pd.DataFrame) -> pd.DataFrame:
    """A row a run, its last epoch, with the 95% interval of its held-out accuracy (``low``, ``high``)."""
    last = runs[runs["epoch"] == runs["epochs"]].copy()
    rates = [Rate.of(answers.count(_RIGHT), len(answers)) for answers in last["answers"]]
    last["low"], last["high"] = [rate.low for rate in rates], [rate.high for rate in rates]
    last["correct"] = [rate.correct for rate in rates]
    last["arm"] = pd.Categorical(last["arm"], ARMS)
    return last.sort_values(["size", "arm"], ignore_index=True)


def pairs(runs: pd.DataFrame) -> list[TrainedPair]:
    """Each two arms of runs with the same photos, by their answers at the end."""
    last = runs[runs["epoch"] == runs["epochs"]].set_index("arm")["answers"]
    right = {arm: [letter == _RIGHT for letter in last[arm]] for arm in ARMS if arm in last.index}
    return [
        TrainedPair(first, second, compare_answers("val", right[first], right[second]))
        for first, second in combinations(right, 2)
    ]


@contextmanager
def _half_of_the_threads() -> Iterator[None]:
    """Leaves half of the cores to the page and to others, and restores torch's number of threads.

    Threads of one step wait for each other, so one that has to share its core holds up all: beside one other busy
    process, two threads on two cores were three times slower here than one.
    """
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(max(1, threads // 2))
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _training(snapshot: Snapshot, arm: str, arch: str, size: int, seed: int, cache: Path) -> Computing:
    from core.training.trainer import fit

    few = with_few(snapshot, size, seed)
    count = len(few.part("train"))
    recipe = recipe_of(arm, arch, count, seed)
    rows: list[dict[str, str | int | float]] = []
    learning = before = 0.0
    with tempfile.TemporaryDirectory(prefix="lesson-") as folder:
        for event in fit(few, recipe, Path(folder) / "run", cache=cache):
            if isinstance(event, Step):
                learning = event.seconds
                done = event.epoch - 1 + event.batch / event.batches
                said = f"{arm}, {count} photos: epoch {event.epoch} of {recipe.epochs}"
                yield Progress(said, round(100 * done), 100 * recipe.epochs)
            elif isinstance(event, Epoch):
                before += learning
                rows.append({"arm": arm, "size": size, "photos": count, "seed": seed, **_figures(event, before)})
            elif not rows:  # what goes before the first step: weights, photos; later it would throw the bar back
                yield Progress(event.phase, 0, None)
        right, trained, total = _asked(Path(folder) / "run" / "last", few, recipe, cache)
    # Counted as the app predicts, in fp32, while the epochs before may have been checked in bf16.
    rows[-1]["val_accuracy"] = right.mean()
    table = pd.DataFrame(rows).assign(trained=trained, parameters=total)
    table["answers"] = ["" for _ in rows[1:]] + ["".join(np.where(right, _RIGHT, _WRONG))]
    return table


def _figures(event: Epoch, seconds: float) -> dict[str, str | int | float]:
    names = ("epoch", "epochs", "train_loss", "train_accuracy", "val_loss", "val_accuracy", "val_n")
    return {**{name: getattr(event, name) for name in names}, "seconds": seconds}


def _asked(bundle: Path, few: Snapshot, recipe: Recipe, cache: Path) -> tuple[np.ndarray, int, int]:
    """Whether the answer to each held-out photo is right, bool [N]; the parameters that learned, and all of them."""
    from core.inspection.measuring.evaluation import evaluate_table
    from core.inspection.predicting.predictor import Predictor
    from core.training.network import modules_of, phases

    predictor = Predictor.load(bundle, "cpu")
    _, answers = evaluate_table(predictor, few.part("val"), split="val", cache=cache)
    network = predictor.network
    learned = (module for part in phases(recipe)[-1].rates for module in modules_of(network, part))
    trained = sum(parameter.numel() for module in learned for parameter in module.parameters())
    right = (answers["prediction"] == answers["label"]).to_numpy(dtype=bool)
    return right, trained, sum(parameter.numel() for parameter in network.parameters())
