"""Class-balanced sampling: an epoch's order of photos in which every class comes equally often."""

from collections.abc import Sequence

import numpy as np


def balanced_order(labels: Sequence[int], seed: int, epoch: int) -> list[int]:
    """Return as many indices as there are labels, set by seed and epoch; the classes differ by at most one photo.

    Within a class every photo comes equally often, give or take one: those of a rare class repeat, and of a frequent
    class each epoch uses other ones.
    """
    random = np.random.default_rng([seed, epoch])
    found = np.asarray(labels)
    classes = random.permutation(np.unique(found))  # the first ones get a photo more
    chosen = []
    for place, label in enumerate(classes):
        photos = np.flatnonzero(found == label)
        wanted = len(found) // len(classes) + (place < len(found) % len(classes))
        rounds = [random.permutation(photos) for _ in range(-(-wanted // len(photos)))]
        chosen.append(np.concatenate([np.empty(0, int), *rounds])[:wanted])
    return [int(index) for index in random.permutation(np.concatenate(chosen))]


def earlier_draws(order: Sequence[int]) -> list[int]:
    """Return for each place how often its photo came before, so that it can be augmented in another way each time."""
    counts: dict[int, int] = {}
    found = []
    for index in order:
        found.append(counts.get(index, 0))
        counts[index] = found[-1] + 1
    return found
