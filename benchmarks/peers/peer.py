"""What the scripts of all peers share: their arguments, the photos of labels.csv, and the log of their figures."""

import argparse
import csv
import json
import os
import time
from pathlib import Path
from typing import Any

# Nothing is downloaded or reported while the clock runs.
os.environ.update(HF_HUB_OFFLINE="1", HF_HUB_DISABLE_TELEMETRY="1", TOKENIZERS_PARALLELISM="false")

SIZE = 224
STD = [0.229, 0.224, 0.225]
V1_STRIDES = ("layer2", "layer3", "layer4")


class Peer:
    """The arguments of a peer's script, its photos and its log."""

    def __init__(self, **more: Any) -> None:
        """Parse the command line; ``more`` are further options with their defaults."""
        parser = argparse.ArgumentParser()
        for name in ("labels", "images", "weights", "work", "log"):
            parser.add_argument(f"--{name}", type=Path, required=True)
        parser.add_argument("--seed", type=int, default=0)
        for name, default in more.items():
            parser.add_argument(f"--{name}", type=type(default), default=default)
        self.options = parser.parse_args()
        self.seed: int = self.options.seed
        self.work: Path = self.options.work
        with self.options.labels.open(newline="", encoding="utf-8") as lines:
            self._rows = list(csv.DictReader(lines))
        self.classes = sorted({row["label"] for row in self._rows})
        self.mean = json.loads((self.weights / "weights.json").read_text())["mean"]
        """The weights' own mean, red first; they were trained with it, so every peer uses it."""

    @property
    def weights(self) -> Path:
        """The folder that prepare_weights.py wrote: the same tensors in every peer's form."""
        return self.options.weights

    def photos(self, split: str) -> tuple[list[str], list[int]]:
        """Return the paths and the class numbers of one split."""
        rows = [row for row in self._rows if row["split"] == split]
        return (
            [str(self.options.images / row["filename"]) for row in rows],
            [self.classes.index(row["label"]) for row in rows],
        )

    def record(self, accuracy: float, *, part: str, train_seconds: float | None, photos: int | None = None) -> None:
        """Log that a model exists which can predict, and its validation accuracy; ``part`` is what was trained.

        ``train_seconds`` are those of the last epoch without validation, for ``photos`` (all of train if None).
        """
        count = len(self.photos("train")[0]) if photos is None else photos
        line = {
            "time": time.time(),
            "val_accuracy": float(accuracy),
            "part": part,
            "train_seconds": train_seconds,
            "photos": count,
        }
        with self.options.log.open("a", encoding="utf-8") as log:
            log.write(json.dumps(line) + "\n")


def resnet50_v1(weights: Path) -> Any:
    """Return torchvision's ResNet-50 with our weights; the stride moves to where these weights have it."""
    from safetensors.torch import load_file
    from torchvision.models import resnet50

    model = resnet50()
    model.load_state_dict(load_file(weights / "resnet50.safetensors"))
    return with_v1_strides(model)


def with_v1_strides(model: Any) -> Any:
    """Move the stride from the 3x3 convolution (v1.5) to the first 1x1 (v1): other outputs, 6 percent less work."""
    for stage in V1_STRIDES:
        block = getattr(model, stage)[0]
        block.conv1.stride, block.conv2.stride = (2, 2), (1, 1)
    return model
