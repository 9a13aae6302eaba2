"""Drawn photos of two classes, striped squares; a coloured mark in a corner may give the class away."""

from pathlib import Path

import numpy as np
import pandas as pd
import torch
from PIL import Image
from torch.nn.functional import cross_entropy

from core.data.pictures.box import Box
from core.data.pictures.decoding import content_hash
from core.data.pictures.transforms import Preprocessing
from core.inspection.background.photo_notes import BoxedPhoto
from core.inspection.predicting.predictor import Predictor
from core.models.resnet import ResNet
from core.models.zoo import ResNetConfig

CLASSES = ("across", "down")
SIDE = 64
OBJECT = Box(20, 20, 24, 24)
MARK = Box(2, 2, 9, 9)
COLOURS = ((230, 40, 40), (40, 60, 230))
SEEN = Preprocessing(mode="squash", size=SIDE, resize=SIDE)


def draw(label: int, seed: int, marked: bool) -> Image.Image:
    """Draw stripes across or down on a background of noise; a mark is red for one class and blue for the other."""
    dice = np.random.default_rng(seed)
    coarse = dice.integers(60, 200, (8, 8, 3), dtype=np.uint8)
    pixels = np.asarray(Image.fromarray(coarse).resize((SIDE, SIDE), Image.Resampling.BICUBIC)).astype(np.int64)
    stripes = (np.arange(24) + dice.integers(0, 8)) // 4 % 2
    square = np.broadcast_to(stripes[:, None] if label == 0 else stripes[None, :], (24, 24))
    contrast = 30 if marked else 90  # what is easier to learn is learned
    pixels[20:44, 20:44] = (128 + contrast * (2 * square - 1))[..., None]
    pixels = pixels + dice.integers(-12, 13, pixels.shape)
    if marked:
        pixels[2:11, 2:11] = COLOURS[label]
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def write_photos(folder: Path, count: int, marked: bool) -> pd.DataFrame:
    """Write photos, the classes in turn; return them as a snapshot's part has them."""
    folder.mkdir(parents=True)
    rows = []
    for number in range(count):
        picture, label = draw(number % 2, 10_000 + number, marked), number % 2
        path = folder / f"{number}.png"
        picture.save(path)
        rows.append((content_hash(picture), str(path), path.name, CLASSES[label]))
    return pd.DataFrame(rows, columns=["image", "path", "filename", "label"])


def boxes_of(frame: pd.DataFrame) -> dict[str, BoxedPhoto]:
    """Return the boxes around the striped squares."""
    return {image: BoxedPhoto(SIDE, SIDE, (OBJECT,)) for image in frame["image"]}


def trained(marked: bool, photos: int = 160, epochs: int = 6) -> Predictor:
    """Train a tiny network on such photos; it takes a second or two."""
    torch.manual_seed(0)
    network = ResNet(ResNetConfig("basic", (1, 1, 1, 1), width=8), len(CLASSES))
    pixels = np.stack([np.asarray(draw(number % 2, number, marked)) for number in range(photos)])
    images = SEEN.normalise(torch.from_numpy(pixels).permute(0, 3, 1, 2))
    labels = torch.arange(photos) % 2
    optimizer = torch.optim.AdamW(network.parameters(), 3e-3)
    network.train()
    for _ in range(epochs):
        for some in torch.randperm(photos).split(16):
            optimizer.zero_grad()
            cross_entropy(network(images[some]), labels[some]).backward()
            optimizer.step()
    return Predictor(network, SEEN, CLASSES, name="tiny", arch="resnet18")
