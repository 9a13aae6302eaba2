"""A small model and small images, shared by the tests of inspection and export."""

from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from core.data.pictures.transforms import Preprocessing
from core.inspection.predicting.predictor import Predictor
from core.models.bundle import BundleInfo, save_bundle
from core.models.resnet import ResNet, build
from core.models.zoo import ResNetConfig

SMALL = Preprocessing(size=64, resize=72)
CLASSES = ("cat", "dog", "owl")


def lively(network: ResNet, seed: int = 0) -> ResNet:
    """Set random weights, BatchNorm statistics and a strong classifier, so that predictions differ between images."""
    generator = torch.Generator().manual_seed(seed)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d) and module.running_mean is not None and module.running_var is not None:
            module.running_mean.normal_(0, 0.2, generator=generator)
            module.running_var.uniform_(0.5, 1.5, generator=generator)
        elif isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", generator=generator)
    network.eval()
    pixels = np.stack([np.asarray(photo(100 + seed, 64, 64)) for seed in range(4)])
    with torch.no_grad():
        features = network.forward_features(SMALL.normalise(torch.from_numpy(pixels).permute(0, 3, 1, 2)))
        features = network.avgpool(features).flatten(1)  # [4, C]
        nn.init.normal_(network.fc.weight, 0, 1, generator=generator)
        network.fc.weight /= (features @ network.fc.weight.T).std(dim=0).mean()
        network.fc.bias.copy_(-(features @ network.fc.weight.T).mean(dim=0))
    return network


def photo(seed: int, width: int = 96, height: int = 80) -> Image.Image:
    """Return an image of random coloured patches; the same seed gives the same image."""
    patches = np.random.default_rng(seed).integers(0, 256, (5, 6, 3), dtype=np.uint8)
    return Image.fromarray(patches).resize((width, height), Image.Resampling.BICUBIC)


@pytest.fixture
def predictor() -> Predictor:
    network = lively(ResNet(ResNetConfig("basic", (1, 1, 1, 1), width=8), len(CLASSES)))
    return Predictor(network, SMALL, CLASSES, name="small", arch="resnet18")


def write_bundle(folder: Path, arch: str = "resnet18", preprocessing: Preprocessing = SMALL, seed: int = 0) -> Path:
    """Write a bundle of a real architecture; bundles cannot hold smaller ones."""
    for name, content in _files_of_bundle(arch, preprocessing, seed).items():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


@lru_cache(maxsize=4)
def _files_of_bundle(arch: str, preprocessing: Preprocessing, seed: int) -> dict[str, bytes]:
    """The files of a bundle, which take most of a second of processor time to make."""
    info = BundleInfo(
        arch=arch,
        classes=CLASSES,
        preprocessing=preprocessing.as_dict(),
        weights={"source": "random"},
        created="2026-01-02T03:04:05+00:00",
    )
    with TemporaryDirectory() as made:
        save_bundle(Path(made) / "bundle", lively(build(arch, len(CLASSES)), seed), info)
        return {path.name: path.read_bytes() for path in (Path(made) / "bundle").iterdir()}


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return write_bundle(tmp_path / "bundle")
