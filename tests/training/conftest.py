"""Small images of two colours, and a snapshot of them."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from core.data.snapshot import Snapshot
from core.models.zoo import ARCHITECTURES, ResNetConfig

COLORS = {"green": (60, 160, 60), "red": (160, 60, 60)}


@pytest.fixture(autouse=True)
def small_and_single(monkeypatch: pytest.MonkeyPatch) -> None:
    """Use one thread, and a network that saves quickly: half the depth and an eighth of the width."""
    torch.set_num_threads(1)
    monkeypatch.setitem(ARCHITECTURES, "tiny", ResNetConfig("basic", (1, 1, 1, 1), width=8))


@pytest.fixture
def make_snapshot(tmp_path: Path) -> Callable[..., Snapshot]:
    """Make a snapshot of noisy one-coloured images, with a number per class for train, val and test."""

    def make(train: int = 10, val: int = 4, test: int = 1, size: int = 48, extra_train: int = 0) -> Snapshot:
        return two_colors(tmp_path / "images", train, val, test, size, extra_train)

    return make


def two_colors(
    folder: Path, train: int = 10, val: int = 4, test: int = 1, size: int = 48, extra_train: int = 0
) -> Snapshot:
    """Write the images of ``make_snapshot`` into a folder and return their snapshot."""
    folder.mkdir(exist_ok=True)
    random = np.random.default_rng(1)
    rows = []
    for label, color in COLORS.items():
        more = extra_train if label == "red" else 0
        for number, split in enumerate(["train"] * (train + more) + ["val"] * val + ["test"] * test):
            pixels = np.clip(np.array(color) + random.normal(0, 40, (size, size + 16, 3)), 0, 255).astype(np.uint8)
            name = f"{label}-{number}.png"
            Image.fromarray(pixels).save(folder / name)
            rows.append((f"{label}{number:03d}", str(folder / name), name, label, split))
    frame = pd.DataFrame(rows, columns=["image", "path", "filename", "label", "split"])
    return Snapshot(frame, tuple(COLORS), "classification")
