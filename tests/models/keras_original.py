"""Keras's networks on its torch backend with random weights, and the pictures for both sides of a comparison."""

from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor

NAMES = ("ResNet50", "ResNet101", "ResNet152", "ResNet50V2", "ResNet101V2", "ResNet152V2")
SHAPE = (64, 96, 3)
CLASSES = 10

# RGB of 0..255. Bright at the edges, so that padding matters; the channels differ, so that their order matters.
PICTURES = np.random.default_rng(5).integers(60, 256, (2, *SHAPE)).astype(np.float32) * np.array(
    [1.0, 0.8, 0.5], np.float32
)


def original(keras: ModuleType, name: str, **arguments: Any) -> Any:
    """Return a network of Keras with random weights, biases and BatchNorm statistics."""
    model = getattr(keras.applications, name)(weights=None, classes=CLASSES, input_shape=SHAPE, **arguments)
    draw = np.random.default_rng(1)
    for layer in model.layers:
        arrays = layer.get_weights()
        if layer.name.endswith("_bn"):
            bounds = ((0.3, 0.8), (-0.2, 0.2), (-0.3, 0.3), (0.7, 2.0))  # gamma, beta, mean, variance
            layer.set_weights([draw.uniform(low, high, arrays[0].shape) for low, high in bounds])
        elif arrays:
            # The networks before V2 take pictures of -128..128; a smaller kernel gives activations of the same size.
            kernel = arrays[0] / (64 if layer.name == "conv1_conv" and "v2" not in model.name else 1)
            layer.set_weights([kernel, *(draw.uniform(-0.2, 0.2, bias.shape) for bias in arrays[1:])])
    return model


def answer(keras: ModuleType, model: Any, name: str) -> np.ndarray:
    """Return a Keras network's outputs for the pictures, preprocessed by Keras's own function."""
    package = keras.applications.resnet_v2 if name.endswith("V2") else keras.applications.resnet
    with torch.no_grad():
        return model(package.preprocess_input(PICTURES.copy())).detach().numpy()


def normalized(preprocessing: dict[str, Any]) -> Tensor:
    """Return the same pictures as our networks take them: [N, 3, H, W]."""
    mean, std = (torch.tensor(preprocessing[name]).reshape(3, 1, 1) for name in ("mean", "std"))
    return (torch.from_numpy(PICTURES).permute(0, 3, 1, 2) / 255 - mean) / std
