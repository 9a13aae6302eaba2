"""Drawn vectors that look like pooled features: positive, some numbers much larger than others."""

import numpy as np


def drawn(
    count: int, width: int, classes: int = 3, *, seed: int = 0, apart: float = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """Return float32 [count, width] around one centre for each class, and the classes [count]."""
    sizes = 1 / np.sqrt(1 + np.arange(width))
    centers = np.random.default_rng(99).normal(0, apart, (classes, width))
    dice = np.random.default_rng(seed)
    labels = np.arange(count) % classes
    vectors = (centers[labels] + dice.normal(0, 1, (count, width))) * sizes
    return np.abs(vectors + sizes).astype(np.float32), labels
