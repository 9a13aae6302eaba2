"""Which photo to label next: the least certain, the most unlike labelled ones, a random one, or a class's likeliest.

Each function returns rows of a table of photos, in the order to label them.
"""

import numpy as np

BLOCK = 256  # labelled photos compared at once


def most_uncertain(probabilities: np.ndarray) -> np.ndarray:
    """Order photos by the margin between the two likeliest classes, the smallest first.

    ``probabilities`` [n, K], K at least 2. Margin sampling (Scheffer and others, 2001).
    """
    two = np.partition(probabilities, -2, axis=1)[:, -2:]
    return np.argsort(two[:, 1] - two[:, 0], kind="stable")


def likeliest(probabilities: np.ndarray, number: int) -> np.ndarray:
    """Order photos by the probability of one class, the highest first."""
    return np.argsort(-probabilities[:, number], kind="stable")


def at_random(count: int, seed: int) -> np.ndarray:
    """Order photos randomly; the same seed gives the same order."""
    return np.random.default_rng(seed).permutation(count)


def most_unlike(places: np.ndarray, labelled: np.ndarray, many: int) -> np.ndarray:
    """Choose ``many`` unlabelled photos, each as far as possible from all labelled ones and from those chosen before.

    ``places`` [n, D] of all photos; ``labelled`` [n] is true for those with a label. Greedy k-center (Gonzalez 1985;
    Sener and Savarese, 2018). If none is labelled, the photo closest to the average comes first.
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
