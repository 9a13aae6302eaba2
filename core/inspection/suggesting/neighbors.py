"""Similar photos: nearest neighbours by cosine similarity, and a two-dimensional map of all photos."""

from typing import Literal

import numpy as np

Layout = Literal["pca", "t-sne"]
FEWEST = 4
"""The smallest number of photos for a map."""
TSNE_MOST = 3000
"""The number of photos that t-SNE arranges within half a minute on two cores."""


def nearest(vectors: np.ndarray, row: int, many: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows of the photos most similar to ``row``, without itself, and their cosine similarities."""
    lengths = np.maximum(np.linalg.norm(vectors, axis=1), 1e-12)
    similarity = vectors @ vectors[row] / (lengths * lengths[row])
    order = np.argsort(-similarity, kind="stable")
    order = order[order != row][:many]
    return order, similarity[order]


def map_of(places: np.ndarray, layout: Layout = "pca") -> np.ndarray:
    """Return coordinates [n, 2] of photos, float64, from their places in a probe's space; at least ``FEWEST`` rows.

    ``pca`` takes the two main components, immediately. ``t-sne`` (van der Maaten and Hinton, 2008) keeps neighbours
    together, but its distances mean nothing; it takes seconds to minutes.
    """
    flat = np.zeros((len(places), 2))
    flat[:, : places.shape[1]] = places[:, :2]
    if layout == "pca":
        return flat
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    perplexity = min(30.0, (len(places) - 1) / 3)
    with threadpool_limits(1):  # the other core serves the pages
        found = TSNE(perplexity=perplexity, init="pca", random_state=0, n_jobs=1).fit_transform(places[:, :50])
    return np.asarray(found, dtype=np.float64)
