"""Which photo to label next: the most uncertain, the most unlike those that are labelled, any, or a class's likeliest.

Each function answers with the rows of a table of photos, the one to label first in front.
"""

import numpy as np

BLOCK = 256  # labelled photos compared at once


def most_uncertain(probabilities: np.ndarray) -> np.ndarray:
    """Photos between two classes first: the smaller the lead of the likeliest over the next, the earlier.

    ``probabilities`` [n, K], K at least 2. Margin sampling (Scheffer and others, 2001).
    """
    two = np.partition(probabilities, -2, axis=1)[:, -2:]
    return np.argsort(two[:, 1] - two[:, 0], kind="stable")


def likeliest(probabilities: np.ndarray, number: int) -> np.ndarray:
    """Photos by the probability of one class, the highest first."""
    return np.argsort(-probabilities[:, number], kind="stable")


def at_random(count: int, seed: int) -> np.ndarray:
    """All photos in an order that is the same for the same seed."""
    return np.random.default_rng(seed).permutation(count)


def most_unlike(places: np.ndarray, labelled: np.ndarray, many: int) -> np.ndarray:
    """So many photos, each as far as can be from all labelled ones and from those before it.

    ``places`` [n, D] of all photos, ``labelled`` [n] true for those that have a label; only others are answered with.
    Greedy k-center (Gonzalez 1985; Sener and Savarese, 2018). Where none is labelled the most ordinary is the first.
    """
    squares = np.einsum("nd,nd->n", places, places)
    nearest = np.full(len(places), np.inf)  # squared distances

    def take(rows: np.ndarray) -> None:
        distances = squares[:, None] - 2 * (places @ places[rows].T) + squares[rows]
        np.minimum(nearest, distances.min(axis=1), out=nearest)

    known = np.flatnonzero(labelled)
    for start in range(0, len(known), BLOCK):
        take(known[start : start + BLOCK])
    chosen: list[np.ndarray] = []
    open_rows = ~np.asarray(labelled, dtype=bool)
    for _ in range(min(many, int(open_rows.sum()))):
        if np.isinf(nearest).all():
            ahead = -(squares - 2 * (places @ places.mean(axis=0)))
        else:
            ahead = nearest
        row = np.argmax(np.where(open_rows, ahead, -np.inf), keepdims=True)
        chosen.append(row)
        open_rows[row] = False
        take(row)
    return np.concatenate(chosen) if chosen else np.empty(0, np.int64)
