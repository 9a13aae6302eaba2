"""The same training of the sample birds with and without augmentation. Free of torch until it trains."""

from pathlib import Path

import pandas as pd

from core.data.snapshot import Snapshot
from core.inspection.measuring.report import Rate
from core.lessons.result_cache import Computing
from core.training.events import Epoch, Progress, Step
from core.training.recipe import Recipe

VERSION = 1
LEVELS = ("none", "light", "standard")

# A small network at a small size, so that six trainings take less than a minute on two cores. From random numbers it
# needs more epochs to learn the photos by heart.
_SIZES = {"imagenet": 96, "none": 64}
_EPOCHS = {"imagenet": 10, "none": 16}


def recipe_of(weights: str, level: str, seed: int) -> Recipe:
    """All that the runs share, and the level and the seed in which they differ.

    On the CPU, as a GPU has one training at a time, which its queue gives out.
    """
    return Recipe(
        arch="resnet18",
        weights=weights,
        train="all",
        epochs=_EPOCHS[weights],
        size=_SIZES[weights],
        batch_size=16,
        augmentation=level,  # type: ignore[arg-type]
        seed=seed,
        device="cpu",
    )


def training(snapshot: Snapshot, recipe: Recipe, cache: Path) -> Computing:
    """One run: a row for each epoch, with the accuracies and losses of both parts and the validation's 95 % interval.

    ``cache`` is the folder of resized photos. Raises what ``fit`` raises.
    """
    from core.training.trainer import fit

    rows = []
    name = f"{recipe.augmentation}, seed {recipe.seed}"
    for event in fit(snapshot, recipe, cache=cache):
        if isinstance(event, Step):
            done = event.epoch - 1 + event.batch / event.batches
            yield Progress(f"{name}: epoch {event.epoch} of {recipe.epochs}", round(100 * done), 100 * recipe.epochs)
        elif isinstance(event, Epoch):
            rows.append(_row(recipe, event, len(snapshot.part("train"))))
        elif not rows:  # what goes before the first step: weights, photos; later it would throw the bar back
            yield Progress(event.phase, 0, None)
    return pd.DataFrame(rows)


def at_the_end(runs: pd.DataFrame) -> pd.DataFrame:
    """A row a level, in the order of LEVELS: means of the last epoch over the seeds, and training less validation."""
    last = runs[runs["epoch"] == runs["epochs"]]
    figures = ["train_accuracy", "val_accuracy", "train_loss", "val_loss", "val_low", "val_high"]
    means = last.groupby("level")[figures].mean()
    means["gap"] = means["train_accuracy"] - means["val_accuracy"]
    means["runs"] = last.groupby("level").size()
    return means.reindex([level for level in LEVELS if level in means.index])


def _row(recipe: Recipe, event: Epoch, train_n: int) -> dict[str, str | int | float]:
    rate = Rate.of(round(event.val_accuracy * event.val_n), event.val_n)
    return {
        "weights": recipe.weights,
        "level": recipe.augmentation,
        "seed": recipe.seed,
        "epoch": event.epoch,
        "epochs": event.epochs,
        "train_n": train_n,
        "train_loss": event.train_loss,
        "train_accuracy": event.train_accuracy,
        "val_n": event.val_n,
        "val_loss": event.val_loss,
        "val_accuracy": event.val_accuracy,
        "val_low": rate.low or 0.0,
        "val_high": rate.high or 0.0,
        "seconds": event.seconds,
    }
