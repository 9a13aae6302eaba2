"""Cross-validation of a snapshot's training and validation photos; torch only computes missing vectors."""

import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.cache_use import in_use
from core.data.snapshot import Snapshot
from core.errors import DataError
from core.inspection.cross_validation.folds import never_seen, possible_folds, random_folds, stratified_folds
from core.inspection.cross_validation.head_recipe import network_remarks
from core.inspection.cross_validation.held_out import held_out_logits
from core.inspection.cross_validation.photos import Photos
from core.inspection.cross_validation.result import SPLIT, CrossValidation, Estimate, Repeat, Settings
from core.inspection.measuring.group_interval import group_difference, group_interval
from core.inspection.measuring.logit_report import report_of_logits
from core.inspection.measuring.report import GroupDifference, Rate
from core.progress import Progress
from core.training.linear.fitted_head import FittedHead, fit_head
from core.training.linear.frozen_start import fetched_start
from core.training.linear.kept_vectors import KeptVectors, WantedVectors, kept_vectors
from core.training.recipe import Recipe
from core.workspace import Workspace

FOLD, WRONG = "fold", "wrong"
"""Columns of the predictions: the fold in which a photo was held out, and in how many repeats it was wrong."""
PHASE = "training on the other folds"


@dataclass(frozen=True)
class _Division:
    """One repeat: the folds, and each photo's logits from the head that has not seen its fold."""

    seed: int
    fold_of: np.ndarray
    logits: np.ndarray
    right: np.ndarray
    """[n], whether the most probable class is the label."""

    def counted(self) -> Repeat:
        folds = [self.right[self.fold_of == fold] for fold in np.unique(self.fold_of)]
        return Repeat(
            seed=self.seed,
            accuracy=Rate.of(int(self.right.sum()), len(self.right)),
            folds=tuple(Rate.of(int(some.sum()), len(some)) for some in folds),
        )


def cross_validate(
    snapshot: Snapshot,
    recipe: Recipe,
    settings: Settings,
    workspace: Workspace,
    *,
    run: Recipe | None = None,
    log: Callable[[str], None] = lambda sentence: None,
) -> Generator[Progress, None, tuple[CrossValidation, pd.DataFrame]]:
    """Yield progress and return the figures, and the prediction for each photo in the first repeat.

    ``recipe`` is from `head_recipe`, ``run`` the recipe that it was made from. Photos of a group stay together. The
    test photos are never used. With ``settings.compare``, random folds of the same sizes are computed too.

    Raises TooLittleData, DataError for a localization, ImageRefused, and the errors of weights.
    """
    began = time.monotonic()
    photos = Photos.of(snapshot)
    if settings.compare and photos.grouped_by != "user":
        raise DataError(
            "No groups are set, so there is nothing to compare with a random split. Set groups on the Data page, or "
            "add a column group to the table."
        )
    possible = possible_folds(photos.labels, snapshot.classes, photos.groups, settings.folds, photos.unit)
    start = yield from fetched_start(recipe)
    with in_use([workspace.cache / "vectors"]):
        vectors = yield from kept_vectors(WantedVectors(workspace, start.network, photos.snapshot, recipe), (), log)
    grouped = [
        stratified_folds(photos.labels, photos.groups, possible.folds, settings.seed + number)
        for number in range(settings.repeats)
    ]
    total = sum(len(np.unique(one)) for one in grouped) * (2 if settings.compare else 1)
    found = yield from _divisions(vectors, photos, recipe, settings, grouped, photos.groups, 0, total)
    by_chance = None
    if settings.compare:
        drawn = [random_folds(photos.labels, one, settings.seed + number) for number, one in enumerate(grouped)]
        # As somebody would do it who knows of no groups: they are not kept together within the training part either.
        by_chance = yield from _divisions(vectors, photos, recipe, settings, drawn, None, total // 2, total)
    report, predictions = report_of_logits(
        snapshot.classes,
        photos.snapshot.frame,
        found[0].logits,
        split=SPLIT,
        model="cross-validation",
        arch=start.network.arch,
        digest=snapshot.digest,
        computed=f"kept features, {vectors.engine}",
        seconds=time.monotonic() - began,
    )
    wrong = np.sum([~one.right for one in found], axis=0)
    result = CrossValidation(
        settings=settings,
        n=len(photos.labels),
        left_out=photos.left_out,
        folds=len(np.unique(found[0].fold_of)),
        grouped_by=photos.grouped_by,
        groups=photos.group_count,
        estimate=_estimate(found, photos),
        random=None if by_chance is None else Estimate.of(tuple(one.counted() for one in by_chance)),
        difference=None if by_chance is None else _difference(by_chance, found, photos),
        report=report,
        remarks=(
            *([possible.remark] if possible.remark else ()),
            *_unseen(photos, found[0].fold_of, snapshot.classes),
            *network_remarks(recipe, run),
        ),
        network=f"{start.network.arch} with weights {recipe.weights}",
        engine=vectors.engine,
        seconds=time.monotonic() - began,
    )
    return result, predictions.assign(**{FOLD: found[0].fold_of + 1, WRONG: wrong})


def _divisions(
    vectors: KeptVectors,
    photos: Photos,
    recipe: Recipe,
    settings: Settings,
    folds: Sequence[np.ndarray],
    groups: Sequence[object] | None,
    done: int,
    total: int,
) -> Generator[Progress, None, list[_Division]]:
    """Yield progress, of which ``done`` folds are behind, and return a division for each of these ``folds``."""
    classes = len(photos.snapshot.classes)

    def fit(part: KeptVectors, labels: np.ndarray, known: Sequence[object] | None) -> FittedHead:
        return fit_head(recipe, part, labels, classes, known)

    found = []
    for number, fold_of in enumerate(folds):
        yield Progress(PHASE, done, total)
        predicting = held_out_logits(vectors, photos.labels, classes, groups, fold_of, fit)
        while True:
            try:
                next(predicting)
            except StopIteration as end:
                logits: np.ndarray = end.value
                break
            done += 1
            yield Progress(PHASE, done, total)
        found.append(_Division(settings.seed + number, fold_of, logits, logits.argmax(axis=1) == photos.labels))
    return found


def _estimate(found: Sequence[_Division], photos: Photos) -> Estimate:
    """Average the repeats; the interval over groups is of the share of repeats in which each photo is right."""
    over_groups = None
    if photos.grouped_by == "user" and photos.groups is not None:
        over_groups = group_interval(_share_right(found), np.array(photos.groups))
    return Estimate.of(tuple(one.counted() for one in found), over_groups)


def _difference(by_chance: Sequence[_Division], found: Sequence[_Division], photos: Photos) -> GroupDifference:
    """Return how much a random split claimed too much; a comparison is only made where there are groups."""
    assert photos.groups is not None
    return group_difference(_share_right(by_chance), _share_right(found), np.array(photos.groups))


def _share_right(found: Sequence[_Division]) -> np.ndarray:
    """Return the share of repeats in which each photo is right [n]."""
    share: np.ndarray = np.mean([one.right for one in found], axis=0)
    return share


def _unseen(photos: Photos, fold_of: np.ndarray, classes: Sequence[str]) -> list[str]:
    """Return a sentence about the classes whose photos are predicted by a head that has not seen the class."""
    alone = [f'"{classes[number]}"' for number in never_seen(photos.labels, fold_of)]
    if not alone:
        return []
    names = ", ".join(alone[:5]) + (f" and {len(alone) - 5} more" if len(alone) > 5 else "")
    start = f"Class {names} has" if len(alone) == 1 else f"Classes {names} each have"
    where = "a single photo" if photos.groups is None else "photos in a single group"
    return [f"{start} {where}. No model that predicts these photos has seen their class, so they count as mistakes."]
