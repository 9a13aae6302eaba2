"""Compare the teaching layers with torch's on a photo, with the same weights: outputs, largest difference, speed."""

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
"""Side of the input in pixels."""
SMALL_SIDE = 32
"""Side of the input of the linear layer, where every pixel is one input."""
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
"""Well-known 3 x 3 kernels; the first two are Sobel's."""

MATRICES = ("mirror", "blur", "shuffle", "nothing")
"""What the weights of the linear layer do to an image whose pixels are its inputs."""

_CODE: dict[str, tuple[Callable[..., object], ...]] = {
    "Conv2d": (layers.Conv2d, layers.unfold, layers.pad),
    "BatchNorm2d": (layers.BatchNorm2d,),
    "ReLU": (layers.ReLU,),
    "MaxPool2d": (layers.MaxPool2d, layers.unfold, layers.pad),
    "AdaptiveAvgPool2d": (layers.AdaptiveAvgPool2d,),
    "Linear": (layers.Linear,),
    "softmax": (layers.softmax, layers.cross_entropy),
}
LAYERS = tuple(_CODE)


@dataclass(frozen=True)
class LayerPair:
    """A teaching layer and torch's, with the same weights."""

    ours: Callable[[Tensor], Tensor]
    theirs: Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class LayerComparison:
    """The outputs of both layers for the same input, without the batch dimension."""

    ours: np.ndarray
    theirs: np.ndarray
    seconds_ours: float
    """Time of the fastest pass, the one that other programs disturbed least."""
    seconds_theirs: float

    @property
    def difference(self) -> float:
        """The largest absolute difference between two values at the same position."""
        return float(np.abs(self.ours - self.theirs).max())


def layer_code(layer: str) -> str:
    """Return the source code of a teaching layer of LAYERS and of the functions it calls."""
    return "\n\n".join(inspect.getsource(part) for part in _CODE[layer])


def compare_layers(pair: LayerPair, inputs: np.ndarray, passes: int = PASSES) -> LayerComparison:
    """Run both layers on one input, [C, H, W] or [K]: once to warm up, then ``passes`` times, taking turns."""
    x = torch.from_numpy(np.ascontiguousarray(inputs, dtype=np.float32))[None]
    spent: tuple[list[float], list[float]] = ([], [])
    with torch.inference_mode():
        # Every pass gives the same output, so the warm-up passes supply it.
        ours, theirs = pair.ours(x), pair.theirs(x)
        for _ in range(passes):
            for layer, seconds in zip((pair.ours, pair.theirs), spent, strict=True):
                begun = time.perf_counter()
                layer(x)
                seconds.append(time.perf_counter() - begun)
    return LayerComparison(_without_batch(ours), _without_batch(theirs), *(min(each) for each in spent))


def whole_network(predictor: Predictor, photo: Image.Image, passes: int = 2) -> LayerComparison:
    """Compare a ResNet built from teaching layers with the predictor's network, same weights: the logits [classes]."""
    network = predictor.network
    with torch.device("meta"):
        rebuilt = ResNet(config_of(predictor.arch), len(predictor.classes), layers=layers)
    # torch's convolutions are fastest in channels-last memory format, the teaching layers in channels-first.
    state = {name: tensor.cpu().contiguous() for name, tensor in network.state_dict().items()}
    rebuilt.load_state_dict(state, assign=True)
    rebuilt.eval()

    def theirs(x: Tensor) -> Tensor:
        # Copying to the CPU waits until an accelerator has finished.
        return network(x.to(predictor.device, memory_format=torch.channels_last)).cpu()

    with predictor.lock:
        return compare_layers(LayerPair(rebuilt, theirs), predictor.preprocessing.tensor(photo).numpy(), passes)


def compare_all_layers(photo: Image.Image, logits: np.ndarray, passes: int = PASSES) -> pd.DataFrame:
    """Compare every layer with its default arguments: a row per layer; see `comparison_row`."""
    inputs = {layer: layer_input(layer, photo, logits) for layer in LAYERS}
    pairs = {layer: layer_pair(layer, DEFAULT_ARGUMENTS[layer]) for layer in LAYERS}
    return pd.DataFrame(
        [comparison_row(layer, inputs[layer], compare_layers(pairs[layer], inputs[layer], passes)) for layer in LAYERS]
    )


def comparison_row(layer: str, inputs: np.ndarray, found: LayerComparison) -> dict[str, object]:
    """Return a comparison as a table row; times in milliseconds."""
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


def layer_input(layer: str, photo: Image.Image, logits: np.ndarray) -> np.ndarray:
    """Return the input of a layer: the photo in grey or colour, its edges (ReLU), or its logits [classes] (softmax)."""
    if layer == "softmax":
        return logits
    if layer == "ReLU":
        # A feature map with positive and negative values.
        edges = convolution(KERNELS["vertical edges"], stride=1, padding=1, dilation=1)
        return compare_layers(edges, _in_gray(photo, SIDE), passes=1).theirs
    if layer == "Conv2d":
        return _in_gray(photo, SIDE)
    return _in_gray(photo, SMALL_SIDE) if layer == "Linear" else _in_color(photo, SIDE)


def layer_pair(layer: str, arguments: Mapping[str, Any]) -> LayerPair:
    """Build a layer of LAYERS; the arguments are those of its builder function, as in DEFAULT_ARGUMENTS."""
    return _MAKERS[layer](**arguments)


def convolution(kernel: Kernel, stride: int, padding: int, dilation: int) -> LayerPair:
    """Build a convolution from one channel to one channel with this kernel as its weights."""
    weight = torch.tensor(kernel, dtype=torch.float32)[None, None]
    ours = layers.Conv2d(1, 1, len(kernel), stride, padding, dilation, bias=False)
    theirs = nn.Conv2d(1, 1, len(kernel), stride, padding, dilation, bias=False)
    return _load_state((ours, theirs), {"weight": weight})


def batch_norm(training: bool, scale: float, shift: float) -> LayerPair:
    """Build batch normalisation for a photo's three channels, with ImageNet's mean and variance as running statistics.

    Momentum is zero, so that repeated passes in training mode leave the running statistics unchanged.
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
    return _load_state(both, state)


def relu(shift: float) -> LayerPair:
    """Build a ReLU after a shift; in a ResNet, the bias of the BatchNorm before it shifts the values."""
    ours, theirs = layers.ReLU(), nn.ReLU()
    return LayerPair(lambda x: ours(x + shift), lambda x: theirs(x + shift))


def max_pool(kernel: int, stride: int, padding: int) -> LayerPair:
    """Build max pooling: the largest value of each window."""
    return LayerPair(layers.MaxPool2d(kernel, stride, padding), nn.MaxPool2d(kernel, stride, padding))


def average_pool(cells: int) -> LayerPair:
    """Build average pooling: the mean of each cell of a grid."""
    return LayerPair(layers.AdaptiveAvgPool2d(cells), nn.AdaptiveAvgPool2d(cells))


def linear(matrix: str, seed: int = 0) -> LayerPair:
    """Build a linear layer from image pixels to image pixels: [1, 32, 32] -> [1, 32, 32]; see MATRICES."""
    size = SMALL_SIDE**2
    both = (layers.Linear(size, size, bias=False), nn.Linear(size, size, bias=False))
    pair = _load_state(both, {"weight": _matrix(matrix, seed)})

    def as_pictures(layer: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
        return lambda x: layer(x.flatten(1)).reshape(x.shape)

    return LayerPair(as_pictures(pair.ours), as_pictures(pair.theirs))


def softmax(temperature: float) -> LayerPair:
    """Build a softmax of logits divided by a temperature."""
    return LayerPair(lambda x: layers.softmax(x / temperature), lambda x: torch.softmax(x / temperature, dim=1))


def cross_entropy(target: int, temperature: float) -> LayerPair:
    """Build the cross-entropy loss of logits whose correct class is `target`: a scalar."""
    right = torch.tensor([target])
    return LayerPair(
        lambda x: layers.cross_entropy(x / temperature, right),
        lambda x: nn.functional.cross_entropy(x / temperature, right),
    )


DEFAULT_ARGUMENTS: dict[str, dict[str, Any]] = {
    "Conv2d": {"kernel": KERNELS["vertical edges"], "stride": 1, "padding": 1, "dilation": 1},
    "BatchNorm2d": {"training": False, "scale": 1.0, "shift": 0.0},
    "ReLU": {"shift": 0.0},
    "MaxPool2d": {"kernel": 3, "stride": 2, "padding": 1},
    "AdaptiveAvgPool2d": {"cells": 7},
    "Linear": {"matrix": "blur"},
    "softmax": {"temperature": 1.0},
}
"""Typical arguments of each layer, as in a ResNet or as a first choice."""

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
    """Return weights [1024, 1024]: a row per output pixel, with its weight for every input pixel."""
    side = SMALL_SIDE
    pixels = torch.eye(side**2).reshape(side**2, 1, side, side)  # every image with exactly one white pixel
    if name == "mirror":
        columns = pixels.flip(3)
    elif name == "blur":
        columns = nn.functional.avg_pool2d(pixels, 3, stride=1, padding=1)
    elif name == "shuffle":
        columns = pixels[torch.randperm(side**2, generator=torch.Generator().manual_seed(seed))]
    else:
        columns = pixels
    return columns.flatten(1).T.contiguous()


def _load_state(both: tuple[nn.Module, nn.Module], state: Mapping[str, Tensor]) -> LayerPair:
    for layer in both:
        layer.load_state_dict(state)
    return LayerPair(*both)


def _in_gray(photo: Image.Image, side: int) -> np.ndarray:
    """Return the central square of a photo in grey, black 0 to white 1: float32 [1, side, side]."""
    return np.asarray(_square(photo, side).convert("L"), dtype=np.float32)[None] / 255


def _in_color(photo: Image.Image, side: int) -> np.ndarray:
    """Return the central square of a photo, red, green and blue 0 to 1: float32 [3, side, side]."""
    return np.asarray(_square(photo, side), dtype=np.float32).transpose(2, 0, 1) / 255


def _square(photo: Image.Image, side: int) -> Image.Image:
    return Preprocessing(size=side, resize=side).view(photo)


def _without_batch(out: Tensor) -> np.ndarray:
    return out.float().cpu().numpy().reshape(out.shape[1:] or (1,))
