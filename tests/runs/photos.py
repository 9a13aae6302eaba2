"""Small generated photos with a labels.csv: colored squares that a network can learn to tell apart."""

from pathlib import Path

import numpy as np
from PIL import Image

COLORS = {"red": (220, 40, 40), "green": (40, 200, 60), "blue": (40, 60, 220)}
PER_CLASS = 8


def write_photos(folder: Path, classes: int = 2, split: bool = True) -> Path:
    """Writes ``folder/images`` and ``folder/labels.csv``, which is the answer: 4 train, 2 val, 2 test a class."""
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
