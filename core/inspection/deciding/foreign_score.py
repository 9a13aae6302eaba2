"""The score for "none of these": how far a photo's vector is from the vectors of the training photos."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.errors import BundleError
from core.models.bundle import BundleInfo, complete_folder, foreign_contents
from core.models.decision import FOREIGN_FILE
from core.models.zoo import config_of

MOST_BYTES = 64 * 2**20
"""The largest foreign.safetensors that is read; one with 2,000 vectors of ResNet-50 takes 8 MB."""

_NAMES = {"vectors"}
_REMEDY = "Copy the whole bundle again. For a run, python -m core decide RUN --foreign off removes it."


@dataclass(frozen=True)
class ForeignScore:
    """Scores vectors by their distance to the ``neighbours``-th nearest training photo.

    The distance is 1 - the cosine of the angle between two vectors: 0 for the same direction, 1 for a right angle
    (Sun et al. 2022, arXiv 2204.06507, with the same order as their Euclidean distance of vectors of length 1).
    """

    vectors: np.ndarray
    """Of the training photos, scaled to length 1: float32 [M, D]."""
    neighbours: int

    def scores(self, vectors: np.ndarray) -> np.ndarray:
        """Return the scores [N] of pooled vectors of the last stage [N, D]; larger is more foreign."""
        found = []
        place = len(self.vectors) - min(self.neighbours, len(self.vectors))
        for at in range(0, len(vectors), 256):
            cosines = directions(vectors[at : at + 256]) @ self.vectors.T
            found.append(1 - np.partition(cosines, place, axis=1)[:, place])
        return np.concatenate(found) if found else np.empty(0, np.float32)


def directions(vectors: np.ndarray) -> np.ndarray:
    """Return vectors [N, D] scaled to length 1, as float32; one without a length stays."""
    wide = vectors.astype(np.float32)
    lengths = np.linalg.norm(wide, axis=1, keepdims=True)
    return wide / np.maximum(lengths, np.finfo(np.float32).tiny)


def score_bytes(score: ForeignScore) -> bytes:
    """Return the content of foreign.safetensors."""
    from safetensors.numpy import save

    return save({"vectors": score.vectors.astype(np.float16)})


def read_score(bundle: Path, info: BundleInfo) -> ForeignScore | None:
    """Return the score of a bundle; None if its decision has none. Raises BundleError if its file is not right."""
    return score_in(checked_vectors(bundle, info), bundle, info)


def score_in(vectors: bytes | None, bundle: Path, info: BundleInfo) -> ForeignScore | None:
    """Return the score of what ``checked_vectors`` returned; raises BundleError if it is not for this network."""
    wanted = info.decision.foreign if info.decision else None
    if wanted is None or vectors is None:
        return None
    path = complete_folder(bundle) / FOREIGN_FILE
    score = score_of(vectors, wanted.neighbours, path)
    if score.vectors.shape[1] != config_of(info.arch).feature_width:
        raise BundleError(f"{path} is not for a {info.arch}. {_REMEDY}")
    return score


def checked_vectors(bundle: Path, info: BundleInfo) -> bytes | None:
    """Return the content of foreign.safetensors that bundle.json names; None if its decision has no score.

    Raises BundleError if there is none with its SHA-256.
    """
    wanted = info.decision.foreign if info.decision else None
    if wanted is None:
        return None
    path, exists = complete_folder(bundle) / FOREIGN_FILE, False
    try:
        for data in foreign_contents(bundle, wanted.sha256, MOST_BYTES):
            exists = True
            if len(data) <= MOST_BYTES and hashlib.sha256(data).hexdigest() == wanted.sha256:
                return data
    except OSError as error:
        raise BundleError(f"{path} cannot be read ({error.strerror}). Check the path and its permissions.") from error
    if not exists:
        raise BundleError(f"{bundle} has no {FOREIGN_FILE}. {_REMEDY}")
    raise BundleError(f"{path} does not fit bundle.json. {_REMEDY}")


def score_of(data: bytes, neighbours: int, path: Path) -> ForeignScore:
    """Return the score in the content of a file; raises BundleError if it is not one."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        found = load(data)
    except (SafetensorError, ValueError, KeyError, TypeError) as error:
        raise BundleError(f"{path} is damaged. {_REMEDY}") from error
    vectors = found.get("vectors")
    if (
        set(found) != _NAMES
        or vectors is None
        or vectors.dtype != np.float16
        or vectors.ndim != 2
        or not len(vectors)
        or not np.isfinite(vectors).all()
    ):
        raise BundleError(f"{path} does not hold the vectors of training photos. {_REMEDY}")
    return ForeignScore(vectors.astype(np.float32), neighbours)
