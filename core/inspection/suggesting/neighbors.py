"""Photos that look alike: the nearest by cosine, and where each stands on a map of all of them."""

from typing import Literal

import numpy as np

Layout = Literal["pca", "t-sne"]
FEWEST = 4
"""Photos that a map needs."""
TSNE_MOST = 3000
"""Photos that t-SNE lays out within half a minute on two cores."""


def nearest(vectors: np.ndarray, row: int, many: int) -> tuple[np.ndarray, np.ndarray]:
    """The rows of the photos most like one, without itself, the likest first; and their cosine similarities."""
    lengths = np.maximum(np.linalg.norm(vectors, axis=1), 1e-12)
    similarity = vectors @ vectors[row] / (lengths * lengths[row])
    order = np.argsort(-similarity, kind="stable")
    order = order[order != row][:many]
    return order, similarity[order]


def map_of(places: np.ndarray, layout: Layout = "pca") -> np.ndarray:
    """Two coordinates of each photo, float64 [n, 2], from its place in the space of a probe; at least ``FEWEST`` rows.

    ``pca`` is the view along the two main directions, at once. ``t-sne`` (van der Maaten and Hinton, 2008) keeps
    neighbors together and says nothing of distances; it takes seconds to minutes.
    """
    flat = np.zeros((len(places), 2))
    flat[:, : places.shape[1]] = places[:, :2]
    if layout == "pca":
        return flat
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    perplexity = min(30.0, (len(places) - 1) / 3)
    with threadpool_limits(1):  # the other core answers the pages
        found = TSNE(perplexity=perplexity, init="pca", random_state=0, n_jobs=1).fit_transform(places[:, :50])
    return np.asarray(found, dtype=np.float64)
