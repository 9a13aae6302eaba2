"""A run's logits on a split as a NumPy file, with a row for each row of ``predictions-<split>.csv``."""

from pathlib import Path

import numpy as np

from core.errors import LogitsMissing
from core.inspection.measuring.number_files import read_numbers, write_numbers


def logits_path(folder: Path, split: str) -> Path:
    """Return where the logits of a split are, once there are any."""
    return folder / f"logits-{split}.npy"


def write_logits(logits: np.ndarray, folder: Path, split: str) -> None:
    """Write logits [N, classes] as float32, whole or not at all."""
    write_numbers(logits, logits_path(folder, split))


def read_logits(folder: Path, split: str) -> np.ndarray:
    """Return the logits [N, classes]; raises LogitsMissing if there are none, or the file is damaged."""
    path = logits_path(folder, split)
    found = read_numbers(path)
    if found is None or found.ndim != 2:
        what = f"{path} is damaged" if path.exists() else f"{folder.name} has no logits of the split {split!r}"
        raise LogitsMissing(f"{what}. Evaluate it on this split again.")
    return found
