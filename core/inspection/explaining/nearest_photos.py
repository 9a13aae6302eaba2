"""The training photos that look most like a photo to a model: nearest in what its classifier gets, for each class."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.inspection.explaining.head_inputs import HeadInputs

NEAREST = 3
_ROWS = 1024


@dataclass(frozen=True)
class NearPhoto:
    """A training photo with the label that it was trained with; ``similarity`` is the cosine, 1 for the same vector."""

    image: str
    """Its content hash."""
    path: str
    filename: str
    label: str
    similarity: float


def nearest_photos(
    vector: np.ndarray,
    frame: pd.DataFrame,
    inputs: HeadInputs,
    labels: Sequence[str],
    *,
    without: str | None = None,
    many: int = NEAREST,
) -> dict[str, tuple[NearPhoto, ...]]:
    """Return the photos most similar to a vector [C], nearest first, for each of the labels.

    ``frame`` has the training photos of a snapshot; ``without`` is the hash of the photo itself. Photos without a
    vector are left out.
    """
    found = {}
    for label in dict.fromkeys(labels):
        rows = frame[(frame["label"] == label) & (frame["image"] != without)].drop_duplicates("image")
        similar = dict(_similarities(vector, inputs, list(rows["image"])))
        best = sorted(similar, key=lambda image: -similar[image])[:many]
        by_image = rows.set_index("image")
        found[label] = tuple(
            NearPhoto(
                image, str(by_image.loc[image, "path"]), str(by_image.loc[image, "filename"]), label, similar[image]
            )
            for image in best
        )
    return found


def _similarities(vector: np.ndarray, inputs: HeadInputs, hashes: Sequence[str]) -> Iterator[tuple[str, float]]:
    """Yield the cosine similarity of each photo with a vector; a part of the vectors is in memory at a time."""
    unit = vector / max(float(np.linalg.norm(vector)), 1e-12)
    for begin in range(0, len(hashes), _ROWS):
        known, vectors = inputs.known(hashes[begin : begin + _ROWS])
        if known:
            lengths = np.maximum(np.linalg.norm(vectors, axis=1), 1e-12)
            yield from zip(known, (vectors @ unit / lengths).tolist(), strict=True)
