"""Small generated photos with a labels.csv: coloured squares that a network can learn to distinguish."""

from pathlib import Path

import h5py
import numpy as np
from PIL import Image

COLORS = {"red": (220, 40, 40), "green": (40, 200, 60), "blue": (40, 60, 220)}
PER_CLASS = 8


def write_photos(folder: Path, classes: int = 2, split: bool = True) -> Path:
    """Write ``folder/images`` and ``folder/labels.csv``; returns the latter. Per class 4 train, 2 val, 2 test."""
    (folder / "images").mkdir(parents=True)
    noise = np.random.default_rng(0)
    lines = ["filename,label,split" if split else "filename,label"]
    for name, color in list(COLORS.items())[:classes]:
        for number in range(PER_CLASS):
            pixels = np.clip(np.array(color) + noise.integers(-30, 30, (40, 40, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / "images" / f"{name}_{number}.png")
            part = ("train", "val", "test", "train")[number % 4]
            lines.append(f"{name}_{number}.png,{name},{part}" if split else f"{name}_{number}.png,{name}")
    labels = folder / "labels.csv"
    labels.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return labels


def write_packed(path: Path, train: int, test: int = 0) -> Path:
    """Write such squares, red and green alternating, in the layout of the hand-sign course's files."""
    noise = np.random.default_rng(1)
    with h5py.File(path, "w") as file:
        for part, count in (("train", train), ("test", test)):
            if count:
                colors = np.array([COLORS[("red", "green")[number % 2]] for number in range(count)])
                pixels = colors[:, None, None] + noise.integers(-30, 30, (count, 40, 40, 3))
                file[f"{part}_set_x"] = np.clip(pixels, 0, 255).astype(np.uint8)
                file[f"{part}_set_y"] = np.arange(count)[None] % 2
        file["list_classes"] = np.array([b"red", b"green"])
    return path
