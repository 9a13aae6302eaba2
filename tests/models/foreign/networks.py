"""Small networks with random weights, and their state dicts under the names of other programs."""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from core.models.resnet import ResNet
from core.models.zoo import ResNetConfig
from tests.models.test_resnet import randomize

SMALL = {
    "tiny": ResNetConfig("basic", (1, 1, 1, 1), width=8),
    "tiny50": ResNetConfig("bottleneck", (1, 2, 1, 1), width=8),
    "tiny50-v1": ResNetConfig("bottleneck", (1, 2, 1, 1), width=8, stride_in="1x1"),
}
WIDTH = SMALL["tiny"].feature_width
State = dict[str, Tensor]


def state_of(classes: int = 3, arch: str = "tiny", seed: int = 0) -> State:
    """Return the state dict of a small network; without a classifier for 0 classes."""
    torch.manual_seed(seed)
    network = ResNet(SMALL[arch], classes)
    randomize(network, seed)
    return {name: tensor.clone() for name, tensor in network.state_dict().items()}


def trunk_of(state: Mapping[str, Tensor]) -> State:
    return {name: tensor for name, tensor in state.items() if not name.startswith("fc.")}


def prefixed(prefix: str, state: Mapping[str, Tensor]) -> State:
    return {prefix + name: tensor for name, tensor in state.items()}


def saved(content: object, folder: Path, name: str = "w.pth") -> Path:
    torch.save(content, folder / name)
    return folder / name


def check_same(found: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> None:
    assert found.keys() == expected.keys()
    for name, tensor in expected.items():
        assert torch.equal(found[name], tensor), name


def as_children(state: Mapping[str, Tensor], prefix: str = "") -> State:
    """Return a trunk under the names of ``nn.Sequential(*network.children())``."""
    numbers = {"conv1": 0, "bn1": 1, "layer1": 4, "layer2": 5, "layer3": 6, "layer4": 7}
    renamed = {}
    for name, tensor in trunk_of(state).items():
        first, rest = name.split(".", 1)
        renamed[f"{prefix}{numbers[first]}.{rest}"] = tensor
    return renamed


def as_transformers(state: Mapping[str, Tensor]) -> State:
    """Return a state dict under the names of ``ResNetForImageClassification`` in Hugging Face transformers.

    Its modules: https://huggingface.co/docs/transformers/model_doc/resnet.
    """
    renamed = {}
    for name, tensor in state.items():
        words = name.split(".")
        if words[0] == "fc":
            renamed[f"classifier.1.{words[1]}"] = tensor
        elif words[0] in ("conv1", "bn1"):
            kind = "convolution" if words[0] == "conv1" else "normalization"
            renamed[f"resnet.embedder.embedder.{kind}.{words[1]}"] = tensor
        else:
            block = f"resnet.encoder.stages.{int(words[0][-1]) - 1}.layers.{words[1]}"
            if words[2] == "downsample":
                kind = "convolution" if words[3] == "0" else "normalization"
                renamed[f"{block}.shortcut.{kind}.{words[4]}"] = tensor
            else:
                kind = "convolution" if words[2].startswith("conv") else "normalization"
                renamed[f"{block}.layer.{int(words[2][-1]) - 1}.{kind}.{words[3]}"] = tensor
    return renamed
