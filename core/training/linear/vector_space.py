"""Coordinates for vectors in which a linear classifier is fitted: centred, scaled, with their main directions.

One scale for all numbers makes strengths of the penalty comparable between networks. Scaling each number by its
deviation, or by the root of it, was no better on hand signs and eyes, for 60 to 1,000 photos.
"""

from dataclasses import dataclass

import numpy as np

MAIN = 256
"""Directions for cross-validation; with many vectors also what preconditions the fit."""
_EXACT = 1200
"""Up to so many vectors, all directions in which they differ are computed (an eigenvalue decomposition takes n^3)."""
_SAMPLE = 2000
"""Otherwise, the number of vectors that the main directions are computed from; more make no noticeable difference."""
_MORE = 16
_ROUNDS = 2
_TINY = 1e-10
"""Directions with less than this share of the main one's mean square are rounding errors."""


@dataclass(frozen=True)
class VectorSpace:
    """The coordinates of vectors [n, C], and the way back."""

    center: np.ndarray
    """float32 [C]"""
    scale: float
    """Root mean squared length of the centred vectors."""
    rows: np.ndarray
    """float32 [n, C]: the vectors that the space was made from, centred and scaled."""
    main_rows: np.ndarray
    """float32 [n, M]: the same along the main directions, the first one first."""
    variances: np.ndarray
    """[M]: the mean square along each main direction; all directions together have 1."""
    complete: bool
    """The main directions are all in which the vectors differ, so that main_rows contain everything."""
    _main: np.ndarray
    """If complete, what each vector contributes to each main direction, float64 [n, M]; else the directions [C, M]."""

    @classmethod
    def of(cls, vectors: np.ndarray) -> "VectorSpace":
        """Make the space of float32 vectors [n, C]."""
        center = vectors.mean(axis=0, dtype=np.float64).astype(np.float32)
        rows = vectors - center
        scale = float(np.sqrt(np.einsum("nc,nc->n", rows, rows).mean(dtype=np.float64))) or 1.0
        rows /= np.float32(scale)
        n = len(rows)
        if n <= min(_EXACT, rows.shape[1]):
            exact = rows.astype(np.float64)
            squares, turns = np.linalg.eigh(exact @ exact.T)
            keep = np.flatnonzero(squares > _TINY * squares[-1])[::-1]
            lengths, turns = np.sqrt(squares[keep]), turns[:, keep]
            along = (turns * lengths).astype(np.float32)
            return cls(center, scale, rows, along, squares[keep] / n, True, turns / lengths)
        main, variances = _main_directions(rows[:: max(1, -(-n // _SAMPLE))])
        return cls(center, scale, rows, rows @ main, variances, False, main)

    @property
    def directions(self) -> np.ndarray:
        """The main directions, float32 [C, M], orthonormal."""
        return (self.rows.T @ self._main.astype(np.float32)) if self.complete else self._main

    def place(self, vectors: np.ndarray) -> np.ndarray:
        """Return other vectors [m, C] centred and scaled."""
        return (vectors - self.center) / np.float32(self.scale)

    def place_along_main(self, vectors: np.ndarray) -> np.ndarray:
        """Return the coordinates, [m, M], of other vectors [m, C] along the main directions."""
        placed = self.place(vectors)
        return (placed @ self.rows.T) @ self._main if self.complete else placed @ self._main

    def from_main(self, weight: np.ndarray) -> np.ndarray:
        """Turn weights [K, M] along the main directions into those for ``rows``, [K, C]."""
        return (weight @ self._main.T) @ self.rows if self.complete else weight @ self._main.T

    def unplace(self, weight: np.ndarray, bias: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Turn the weights [K, C] and bias [K] for ``rows`` into those for vectors as they were."""
        weight = weight / self.scale
        return weight, bias - weight @ self.center.astype(np.float64)


def _main_directions(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the main directions [C, M] of centred rows [n, C], and the mean square along each.

    Subspace iteration from random directions (Halko, Martinsson and Tropp 2011, arXiv 0909.4061, algorithm 4.4), on the
    shorter side of the rows.
    """
    n, width = rows.shape
    wide = n <= width
    products = rows @ rows.T if wide else rows.T @ rows
    count = min(MAIN + _MORE, n, width)
    basis = np.random.default_rng(0).standard_normal((len(products), count)).astype(np.float32)
    for _ in range(_ROUNDS):
        basis = np.linalg.qr(products @ basis)[0]
    directions = np.linalg.qr(rows.T @ basis)[0] if wide else basis
    along = rows @ directions
    squares, turns = np.linalg.eigh((along.T @ along).astype(np.float64))
    best = squares.argsort()[::-1][:MAIN]
    return directions @ turns[:, best].astype(np.float32), np.maximum(squares[best], 0) / n
