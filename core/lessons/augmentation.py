"""Train the sample birds with and without data augmentation. Imports torch only when training starts."""

from pathlib import Path

import pandas as pd

from core.data.snapshot import Snapshot
from core.inspection.measuring.report import Rate
from core.lessons.result_cache import ExperimentSteps
from core.training.events import Epoch, Progress, Step
from core.training.recipe import Recipe

VERSION = 1
LEVELS = ("none", "light", "standard")

# A small network and small inputs, so that six runs take less than a minute on two cores. From random weights it needs
# more epochs to overfit.
_SIZES = {"imagenet": 96, "none": 64}
_EPOCHS = {"imagenet": 10, "none": 16}


def recipe_for(weights: str, level: str, seed: int) -> Recipe:
    """Return the recipe of one run; runs differ in augmentation level and seed only.

    Runs use the CPU: a GPU serves one run at a time, from the queue.
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


def train_level(snapshot: Snapshot, recipe: Recipe, cache: Path) -> ExperimentSteps:
    """Train one run and return a row per epoch.

    Each row has the accuracy and loss on training and validation photos, and the 95 % interval of validation accuracy.
    ``cache`` is the folder of resized photos. Raises whatever ``fit`` raises.
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
        elif isinstance(event, Progress) and not rows:  # loading; after the first step this would move the bar back
            yield Progress(event.phase, 0, None)
    return pd.DataFrame(rows)


def last_epochs(runs: pd.DataFrame) -> pd.DataFrame:
    """Average the last epoch over the seeds: a row per level, in the order of LEVELS.

    ``gap`` is training accuracy minus validation accuracy.
    """
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
