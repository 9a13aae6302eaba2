"""Which photos an early first model is made from: a few of each class, so few that the others hardly wait for them."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import numpy as np

LEAST_VIEWS = 200
"""An early model is for passes over more views than this. A laptop's processor computes 15 to 35 views of ResNet-50 a
second, so fewer take no longer than the start of the run, and the final model is there soon enough. For longer passes
the speed of the engine is measured: see `core.features.engines.measuring.FEW_VIEWS`."""
LEAST_SECONDS = 4.0
"""And only for passes that take longer, where the engine's speed is known: a GPU computes thousands of views a second.
Solving the early head and writing its bundle takes 0.3 s, of ResNet-50 on two cores."""
SHARE = 0.2
"""Of all views that are to be computed, as many are computed first, at most."""
FIRST_SECONDS = 5.0
"""And not for longer than this, where the machine is slow."""
FIRST_VIEWS = 60
_VIEWS_OF_A_CLASS = 9
"""As many in any case, and of each class: with fewer an early model says little."""
OF_A_CLASS = 20
"""Training photos of a class, at most. A head on ResNet-50 reached 79 % with 12 a class, and 90 % with 120 (flowers;
other photos in `core.training.linear.several_stages`)."""
LEAST_OF_A_CLASS = 2
"""Where each class cannot have so many of its photos, there is no early model: it would say little."""
VALIDATION = 100
"""Validation photos, at most. With 100, the 95% interval is at most 20 points wide."""
_VALIDATION_SHARE = 1 / 3
"""Of the views that are computed first."""


@dataclass(frozen=True)
class EarlyPhotos:
    """Photos as rows of the snapshot's part, in order."""

    train: np.ndarray
    val: np.ndarray


@dataclass(frozen=True)
class Candidates:
    """The photos of one part of a snapshot."""

    labels: np.ndarray
    """Class numbers [n]."""
    hashes: Sequence[str]
    """Content hashes [n]."""


def is_worthwhile(views: int, views_per_second: float | None) -> bool:
    """Return whether a pass over so many missing views is long enough for an early model."""
    return views > LEAST_VIEWS and (views_per_second is None or views > LEAST_SECONDS * views_per_second)


def at_once(classes: int, views_per_second: float | None) -> int:
    """Return how many views may be computed before an early model; few while the engine's speed is not known."""
    return max(FIRST_VIEWS, _VIEWS_OF_A_CLASS * classes, int(FIRST_SECONDS * (views_per_second or 0.0)))


def views_first(views: int, most: int | None = None) -> tuple[int, int]:
    """Return how many training and validation photos may be computed before the others, of so many missing views.

    They are at most ``most`` together.
    """
    budget = int(SHARE * views) if most is None else min(most, int(SHARE * views))
    val = min(VALIDATION, int(_VALIDATION_SHARE * budget))
    return budget - val, val


def expected_photos(counts: Sequence[int], validation: int, views: int, views_per_second: float | None = None) -> int:
    """Return how many photos an early model is expected to take if none is known yet; 0 if it would have too few.

    ``counts`` has the number of training photos of each class. Without a speed the machine is taken for a fast one.
    """
    some = [count for count in counts if count]
    most = None if views_per_second is None else at_once(len(some), views_per_second)
    most_train, most_val = views_first(views, most)
    if len(some) < 2 or not validation or most_train < sum(min(LEAST_OF_A_CLASS, count) for count in some):
        return 0
    return min(most_train, sum(min(OF_A_CLASS, count) for count in some)) + min(max(1, most_val), validation)


def early_photos(
    train: Candidates, val: Candidates, views: int, missing: AbstractSet[str], most: int | None = None
) -> EarlyPhotos | None:
    """Return the photos of an early model; None where they cannot be enough of each class.

    ``views`` is the number of views that are to be computed in all, ``missing`` has the hashes of the photos whose
    original view is. Photos that are known already cost nothing, so they are taken first. The training photos are taken
    class by class in turn, in the order in which a test of 8 bits draws them (`core.features.engines.choice`): what
    computes them in full precision for one saves it for the other. Each class has the same share of the validation
    photos as in the snapshot. With ``most``, at most so many are computed; all of them are among those without it.
    """
    most_train, most_val = views_first(views, most)
    of_train, of_val = (_by_class(part, missing) for part in (train, val))
    if len(of_train) < 2 or not of_val:
        return None
    chosen: list[int] = []
    counts = dict.fromkeys(of_train, 0)
    for place in range(OF_A_CLASS):
        for label, rows in of_train.items():
            if place >= len(rows):
                continue
            if train.hashes[rows[place]] in missing:
                if not most_train:
                    break
                most_train -= 1
            chosen.append(rows[place])
            counts[label] += 1
        else:
            continue
        break  # a class that is known already would get ahead of the others
    if any(counts[label] < min(LEAST_OF_A_CLASS, len(rows)) for label, rows in of_train.items()):
        return None
    found = [row for label, count in _shares(val.labels, max(1, most_val)).items() for row in of_val[label][:count]]
    return EarlyPhotos(np.sort(chosen), np.sort(found))


def _by_class(part: Candidates, missing: AbstractSet[str]) -> dict[int, list[int]]:
    """Return the rows of each class in random order, those that are known already first."""
    rows: dict[int, list[int]] = {int(label): [] for label in np.unique(part.labels)}
    for row in np.random.default_rng(0).permutation(len(part.labels)).tolist():
        rows[int(part.labels[row])].append(row)
    return {label: sorted(some, key=lambda row: part.hashes[row] in missing) for label, some in rows.items()}


def _shares(labels: np.ndarray, count: int) -> dict[int, int]:
    """Return how many photos of each class there are among ``count`` that are drawn evenly from the sorted classes."""
    count = min(count, len(labels))
    places = ((np.arange(count) + 0.5) * len(labels) / count).astype(int)
    classes, counts = np.unique(np.sort(labels)[places], return_counts=True)
    return dict(zip(classes.tolist(), counts.tolist(), strict=True))
