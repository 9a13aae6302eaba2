"""The re-created layers beside torch's, with the same numbers: what each makes of a photo, how far apart, how fast."""

import inspect
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from PIL import Image
from torch import Tensor, nn

from core.data.pictures.transforms import IMAGENET_MEAN, IMAGENET_STD, Preprocessing
from core.inspection.predicting.predictor import Predictor
from core.models import layers
from core.models.resnet import ResNet
from core.models.zoo import config_of

SIDE = 224
"""Pixels of a photo's side."""
SMALL_SIDE = 32
"""The same where each pixel is an input of a linear layer."""
PASSES = 9

Kernel = Sequence[Sequence[float]]
KERNELS: dict[str, Kernel] = {
    "vertical edges": ((-1, 0, 1), (-2, 0, 2), (-1, 0, 1)),
    "horizontal edges": ((-1, -2, -1), (0, 0, 0), (1, 2, 1)),
    "all edges": ((0, 1, 0), (1, -4, 1), (0, 1, 0)),
    "blur": ((1 / 9,) * 3,) * 3,
    "sharpen": ((0, -1, 0), (-1, 5, -1), (0, -1, 0)),
    "nothing": ((0, 0, 0), (0, 1, 0), (0, 0, 0)),
}
"""Well-known kernels of 3 x 3; the first two are Sobel's."""

MATRICES = ("mirror", "blur", "shuffle", "nothing")
"""What a linear layer's weights can do with a picture whose pixels are its inputs."""

_CODE: dict[str, tuple[Callable[..., object], ...]] = {
    "Conv2d": (layers.Conv2d, layers.unfold, layers.framed),
    "BatchNorm2d": (layers.BatchNorm2d,),
    "ReLU": (layers.ReLU,),
    "MaxPool2d": (layers.MaxPool2d, layers.unfold, layers.framed),
    "AdaptiveAvgPool2d": (layers.AdaptiveAvgPool2d,),
    "Linear": (layers.Linear,),
    "softmax": (layers.softmax, layers.cross_entropy),
}
LAYERS = tuple(_CODE)


@dataclass(frozen=True)
class LayerPair:
    """A re-created layer and torch's, with the same numbers in them."""

    ours: Callable[[Tensor], Tensor]
    theirs: Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Compared:
    """What the two make of the same input, without the batch."""

    ours: np.ndarray
    theirs: np.ndarray
    seconds_ours: float
    """Of the fastest of some passes, which other programs disturbed least."""
    seconds_theirs: float

    @property
    def difference(self) -> float:
        """The largest absolute difference of two numbers at the same place."""
        return float(np.abs(self.ours - self.theirs).max())


def code_of(layer: str) -> str:
    """The source of a re-created layer of LAYERS, with the functions of its own that it calls."""
    return "\n\n".join(inspect.getsource(part) for part in _CODE[layer])


def compared(pair: LayerPair, inputs: np.ndarray, passes: int = PASSES) -> Compared:
    """Run both layers on one input, [C, H, W] or [K]: once to warm up, then so many times in turn."""
    x = torch.from_numpy(np.ascontiguousarray(inputs, dtype=np.float32))[None]
    spent: tuple[list[float], list[float]] = ([], [])
    with torch.inference_mode():
        # What two runs of the same layer put out is the same, so the first ones are as good as any.
        ours, theirs = pair.ours(x), pair.theirs(x)
        for _ in range(passes):
            for layer, seconds in zip((pair.ours, pair.theirs), spent, strict=True):
                begun = time.perf_counter()
                layer(x)
                seconds.append(time.perf_counter() - begun)
    return Compared(_without_batch(ours), _without_batch(theirs), *(min(each) for each in spent))


def whole_network(predictor: Predictor, photo: Image.Image, passes: int = 2) -> Compared:
    """A whole ResNet of re-created layers beside the one that predicts, with the same weights: the logits [classes]."""
    network = predictor.network
    with torch.device("meta"):
        rebuilt = ResNet(config_of(predictor.arch), len(predictor.classes), layers=layers)
    # torch's convolutions are fastest with the channels last, and the re-created ones with the channels first.
    state = {name: tensor.cpu().contiguous() for name, tensor in network.state_dict().items()}
    rebuilt.load_state_dict(state, assign=True)
    rebuilt.eval()

    def theirs(x: Tensor) -> Tensor:
        # The copy waits until an accelerator has finished.
        return network(x.to(predictor.device, memory_format=torch.channels_last)).cpu()

    with predictor.lock:
        return compared(LayerPair(rebuilt, theirs), predictor.preprocessing.tensor(photo).numpy(), passes)


def every_layer(photo: Image.Image, logits: np.ndarray, passes: int = PASSES) -> pd.DataFrame:
    """A row a layer, each with its usual arguments: see `row_of`."""
    inputs = {layer: inputs_of(layer, photo, logits) for layer in LAYERS}
    pairs = {layer: pair_of(layer, USUAL[layer]) for layer in LAYERS}
    return pd.DataFrame(
        [row_of(layer, inputs[layer], compared(pairs[layer], inputs[layer], passes)) for layer in LAYERS]
    )


def row_of(layer: str, inputs: np.ndarray, found: Compared) -> dict[str, object]:
    """A comparison as a row of a table; times in milliseconds."""
    ours, theirs = 1000 * found.seconds_ours, 1000 * found.seconds_theirs
    return {
        "layer": layer,
        "comes in": " × ".join(map(str, inputs.shape)),
        "comes out": " × ".join(map(str, found.ours.shape)),
        "largest difference": found.difference,
        "re-created ms": ours,
        "torch ms": theirs,
        "times as long": ours / theirs,
    }


def inputs_of(layer: str, photo: Image.Image, logits: np.ndarray) -> np.ndarray:
    """What a layer of LAYERS is tried on: the photo in gray or in colors, its edges for ReLU, its logits [classes]."""
    if layer == "softmax":
        return logits
    if layer == "ReLU":
        # A feature map with numbers on both sides of zero.
        edges = convolution(KERNELS["vertical edges"], stride=1, padding=1, dilation=1)
        return compared(edges, _gray(photo, SIDE), passes=1).theirs
    if layer == "Conv2d":
        return _gray(photo, SIDE)
    return _gray(photo, SMALL_SIDE) if layer == "Linear" else _colored(photo, SIDE)


def pair_of(layer: str, arguments: Mapping[str, Any]) -> LayerPair:
    """A layer of LAYERS with the arguments of the function that makes it; see USUAL."""
    return _MAKERS[layer](**arguments)


def convolution(kernel: Kernel, stride: int, padding: int, dilation: int) -> LayerPair:
    """A convolution of one channel, with this kernel as its weights."""
    weight = torch.tensor(kernel, dtype=torch.float32)[None, None]
    ours = layers.Conv2d(1, 1, len(kernel), stride, padding, dilation, bias=False)
    theirs = nn.Conv2d(1, 1, len(kernel), stride, padding, dilation, bias=False)
    return _with((ours, theirs), {"weight": weight})


def batch_norm(training: bool, scale: float, shift: float) -> LayerPair:
    """Batch normalization of a photo's three channels, with ImageNet's means and variances as the running ones.

    With no momentum, so that what is run again and again in training does not change.
    """
    state = {
        "weight": torch.full((3,), scale),
        "bias": torch.full((3,), shift),
        "running_mean": torch.tensor(IMAGENET_MEAN),
        "running_var": torch.tensor(IMAGENET_STD) ** 2,
        "num_batches_tracked": torch.tensor(0),
    }
    both = (layers.BatchNorm2d(3, momentum=0.0), nn.BatchNorm2d(3, momentum=0.0))
    for layer in both:
        layer.train(training)
    return _with(both, state)


def relu(shift: float) -> LayerPair:
    """ReLU after a shift, which is what the norm's bias before it does."""
    ours, theirs = layers.ReLU(), nn.ReLU()
    return LayerPair(lambda x: ours(x + shift), lambda x: theirs(x + shift))


def max_pool(kernel: int, stride: int, padding: int) -> LayerPair:
    """The largest value of each window."""
    return LayerPair(layers.MaxPool2d(kernel, stride, padding), nn.MaxPool2d(kernel, stride, padding))


def average_pool(cells: int) -> LayerPair:
    """The mean of each cell of a grid."""
    return LayerPair(layers.AdaptiveAvgPool2d(cells), nn.AdaptiveAvgPool2d(cells))


def linear(matrix: str, seed: int = 0) -> LayerPair:
    """A linear layer from the pixels of a picture to those of another: [1, 32, 32] -> [1, 32, 32]; see MATRICES."""
    size = SMALL_SIDE**2
    both = (layers.Linear(size, size, bias=False), nn.Linear(size, size, bias=False))
    pair = _with(both, {"weight": _matrix(matrix, seed)})

    def as_pictures(layer: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
        return lambda x: layer(x.flatten(1)).reshape(x.shape)

    return LayerPair(as_pictures(pair.ours), as_pictures(pair.theirs))


def softmax(temperature: float) -> LayerPair:
    """Probabilities of logits that are divided by a temperature first."""
    return LayerPair(lambda x: layers.softmax(x / temperature), lambda x: torch.softmax(x / temperature, dim=1))


def cross_entropy(target: int, temperature: float) -> LayerPair:
    """The loss of logits whose right class is `target`: a scalar."""
    right = torch.tensor([target])
    return LayerPair(
        lambda x: layers.cross_entropy(x / temperature, right),
        lambda x: nn.functional.cross_entropy(x / temperature, right),
    )


USUAL: dict[str, dict[str, Any]] = {
    "Conv2d": {"kernel": KERNELS["vertical edges"], "stride": 1, "padding": 1, "dilation": 1},
    "BatchNorm2d": {"training": False, "scale": 1.0, "shift": 0.0},
    "ReLU": {"shift": 0.0},
    "MaxPool2d": {"kernel": 3, "stride": 2, "padding": 1},
    "AdaptiveAvgPool2d": {"cells": 7},
    "Linear": {"matrix": "blur"},
    "softmax": {"temperature": 1.0},
}
"""The arguments of each layer that a ResNet, or somebody who begins, would give it."""

_MAKERS: dict[str, Callable[..., LayerPair]] = {
    "Conv2d": convolution,
    "BatchNorm2d": batch_norm,
    "ReLU": relu,
    "MaxPool2d": max_pool,
    "AdaptiveAvgPool2d": average_pool,
    "Linear": linear,
    "softmax": softmax,
}


def _matrix(name: str, seed: int) -> Tensor:
    """Weights [1024, 1024] of a linear layer: what each pixel of the new picture takes from each of the old one."""
    side = SMALL_SIDE
    pixels = torch.eye(side**2).reshape(side**2, 1, side, side)  # every picture with one white pixel
    if name == "mirror":
        columns = pixels.flip(3)
    elif name == "blur":
        columns = nn.functional.avg_pool2d(pixels, 3, stride=1, padding=1)
    elif name == "shuffle":
        columns = pixels[torch.randperm(side**2, generator=torch.Generator().manual_seed(seed))]
    else:
        columns = pixels
    return columns.flatten(1).T.contiguous()


def _with(both: tuple[nn.Module, nn.Module], state: Mapping[str, Tensor]) -> LayerPair:
    for layer in both:
        layer.load_state_dict(state)
    return LayerPair(*both)


def _gray(photo: Image.Image, side: int) -> np.ndarray:
    """The central square of a photo, black 0 to white 1: float32 [1, side, side]."""
    return np.asarray(_square(photo, side).convert("L"), dtype=np.float32)[None] / 255


def _colored(photo: Image.Image, side: int) -> np.ndarray:
    """The central square of a photo, red, green and blue 0 to 1: float32 [3, side, side]."""
    return np.asarray(_square(photo, side), dtype=np.float32).transpose(2, 0, 1) / 255


def _square(photo: Image.Image, side: int) -> Image.Image:
    return Preprocessing(size=side, resize=side).view(photo)


def _without_batch(out: Tensor) -> np.ndarray:
    return out.float().cpu().numpy().reshape(out.shape[1:] or (1,))
