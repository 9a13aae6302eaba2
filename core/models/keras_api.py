"""Keras's six ResNets for PyTorch, with the arguments of ``keras.applications``.

    import numpy as np
    import torch
    from PIL import Image
    from core.models.keras_api import ResNet50, decode_predictions

    model = ResNet50(weights="imagenet").eval()
    photo = Image.open("photo.jpg").convert("RGB").resize((224, 224))
    with torch.inference_mode():
        predictions = model(model.preprocess_input(np.asarray(photo)[None]))
    print(decode_predictions(predictions, top=3)[0])

The layers, the parameters and their counts are Keras's, and with the same weights the outputs agree. These things
differ:

- A model is a ``torch.nn.Module``. A new one is in training mode: call ``eval()`` before you predict. Use
  ``requires_grad_(False)`` instead of ``trainable = False``, and core.training or your own loop instead of ``fit``.
- Tensors are channels first: [N, 3, H, W]. ``input_shape`` and ``preprocess_input`` are channels last, as in Keras.
- ``preprocess_input`` is a method, because each model knows its own preprocessing. It returns RGB for every model; the
  loader of the weights reverses the first kernel where Keras's network takes BGR.
- ``input_tensor`` must be None: PyTorch has no symbolic tensors. Call the model with a tensor instead.
- ``classifier_activation`` is "softmax" or None.
- ``weights`` also takes ``.safetensors`` and ``.pth`` files. A Keras file with your own layers behind the network loads
  too: one dense layer becomes the top, whatever its name; other layers need ``include_top=False``, and ``left_out``
  names them. ``mode`` says which preprocessing such a file was trained with, if not Keras's own.
- Wrong arguments raise ModelError instead of ValueError.
"""

import operator
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
import torch
from torch import Tensor, nn

from core.errors import ModelError
from core.models.bundle import mismatch
from core.models.keras_files import read_keras_file
from core.models.resnet import ResNet
from core.models.weight_files import KERAS_SUFFIXES, load_file
from core.models.weights import fetch, imagenet_classes
from core.models.weights_table import keras_preprocessing
from core.models.zoo import config_of
from core.progress import PhaseCallback

__all__ = ["ResNet50", "ResNet50V2", "ResNet101", "ResNet101V2", "ResNet152", "ResNet152V2", "decode_predictions"]

InputShape = tuple[int | None, int | None, int]
IMAGENET_CLASSES = 1000
IMAGENET_SHAPE = (224, 224, 3)
SMALLEST_SIDE = 32


class KerasResNet(nn.Module):
    """What the six networks have in common: their arguments, their preprocessing and their outputs."""

    arch: ClassVar[str]
    """The network's name in core.models.zoo."""

    def __init__(
        self,
        include_top: bool = True,
        weights: str | Path | None = "imagenet",
        input_tensor: None = None,
        input_shape: InputShape | None = None,
        pooling: Literal["avg", "max"] | None = None,
        classes: int = IMAGENET_CLASSES,
        classifier_activation: Literal["softmax"] | None = "softmax",
        name: str | None = None,
        *,
        mode: str | None = None,
        progress: PhaseCallback | None = None,
    ) -> None:
        """Build the network and load its weights.

        Args:
            include_top: Whether the model has its classifier.
            weights: None for random weights, "imagenet", or the path of a weight file.
            input_tensor: Must be None.
            input_shape: (height, width, 3) with sides of 32 pixels or more. The default is 224 x 224 with a top, and
                any size without one.
            pooling: Without a top, the output is the last feature maps [N, 2048, h, w] (None), or their mean ("avg")
                or maximum ("max") [N, 2048].
            classes: The number of classes of the top; 1000 with ImageNet's weights.
            classifier_activation: With a top, the output is probabilities ("softmax") or logits (None), [N, classes].
            name: Stored as ``name``; by default the name in Keras.
            mode: The preprocessing that a weight file of your own was trained with, if not Keras's own: a key of
                KERAS_MODES in core.models.weights_table.
            progress: Called while ImageNet's weights are downloaded.

        Raises ModelError if arguments do not go together, and WeightsUnavailable or BundleError for weights.
        """
        super().__init__()
        classes = _checked_classes(classes, include_top, weights)
        if input_tensor is not None:
            raise ModelError("input_tensor must be None: PyTorch has no symbolic tensors. Call the model instead.")
        if pooling not in (None, "avg", "max"):
            raise ModelError(f"pooling is {pooling!r}; allowed are None, 'avg' and 'max'.")
        if classifier_activation not in (None, "softmax"):
            raise ModelError(f"classifier_activation is {classifier_activation!r}; allowed are None and 'softmax'.")
        if weights == "imagenet" and mode is not None:
            raise ModelError("mode is for weight files of your own; ImageNet's weights have their own.")
        self.preprocessing = keras_preprocessing(self.arch, mode)
        self.input_shape = _checked_shape(input_shape, include_top, imagenet=weights == "imagenet")
        self.include_top, self.pooling, self.activation = include_top, pooling, classifier_activation
        self.name = name or self.arch.removeprefix("keras-")
        # No random numbers are drawn for weights that are replaced anyway.
        with torch.device("cpu" if weights is None else "meta"):
            self.network = ResNet(config_of(self.arch), classes if include_top else 0)
        self.left_out = () if weights is None else _load(self.network, self.arch, weights, mode, progress)

    def forward(self, x: Tensor) -> Tensor:
        """Preprocessed pictures [N, 3, H, W] -> the outputs; raises ModelError if their size is not `input_shape`."""
        height, width, channels = self.input_shape
        expected = (channels, height, width)
        if x.ndim != 4 or any(side not in (None, found) for side, found in zip(expected, x.shape[1:], strict=True)):
            sides = " x ".join("any" if side is None else str(side) for side in expected)
            raise ModelError(
                f"The model takes pictures of shape [N, {sides}], not {list(x.shape)}. "
                "Resize the pictures, or choose another input_shape."
            )
        features = self.network.forward_features(x)
        if self.include_top:
            logits = self.network.forward_head(features)
            return torch.softmax(logits, 1) if self.activation == "softmax" else logits
        if self.pooling is None:
            return features
        return features.mean((2, 3)) if self.pooling == "avg" else features.amax((2, 3))

    def preprocess_input(self, x: np.ndarray | Tensor) -> Tensor:
        """RGB pictures [N, H, W, 3] in 0..255 -> [N, 3, H, W], as the model takes them."""
        pictures = x if isinstance(x, Tensor) else torch.tensor(x)
        if pictures.ndim != 4 or pictures.shape[3] != 3:
            raise ModelError(f"preprocess_input takes pictures of shape [N, H, W, 3], not {list(pictures.shape)}.")
        mean, std = (
            torch.tensor(self.preprocessing[key], device=pictures.device).reshape(3, 1, 1) for key in ("mean", "std")
        )
        return (pictures.permute(0, 3, 1, 2) / 255 - mean) / std


class ResNet50(KerasResNet):
    """``keras.applications.ResNet50``: strides in the first 1x1 convolution, and biases in all convolutions."""

    arch = "keras-resnet50"


class ResNet101(KerasResNet):
    """``keras.applications.ResNet101``."""

    arch = "keras-resnet101"


class ResNet152(KerasResNet):
    """``keras.applications.ResNet152``."""

    arch = "keras-resnet152"


class ResNet50V2(KerasResNet):
    """``keras.applications.ResNet50V2``: BatchNorm and ReLU before each convolution."""

    arch = "keras-resnet50v2"


class ResNet101V2(KerasResNet):
    """``keras.applications.ResNet101V2``."""

    arch = "keras-resnet101v2"


class ResNet152V2(KerasResNet):
    """``keras.applications.ResNet152V2``."""

    arch = "keras-resnet152v2"


def decode_predictions(predictions: Tensor, top: int = 5) -> list[list[tuple[str, float]]]:
    """Predictions [N, 1000] -> for each picture the `top` ImageNet classes with their confidence, highest first.

    Keras's function also returns WordNet's ids. Raises ModelError for predictions of another shape.
    """
    if predictions.ndim != 2 or predictions.shape[1] != IMAGENET_CLASSES:
        raise ModelError(f"decode_predictions takes [N, {IMAGENET_CLASSES}], not {list(predictions.shape)}.")
    names = imagenet_classes()
    best = predictions.topk(min(top, IMAGENET_CLASSES), dim=1)
    return [
        [(names[place], value) for place, value in zip(places, values, strict=True)]
        for places, values in zip(best.indices.tolist(), best.values.tolist(), strict=True)
    ]


def _checked_classes(classes: int, include_top: bool, weights: str | Path | None) -> int:
    try:
        classes = operator.index(classes)
    except TypeError:
        raise ModelError(f"classes is {classes!r}; it must be a whole number, such as {IMAGENET_CLASSES}.") from None
    if include_top and classes < 1:
        raise ModelError(f"classes is {classes}; a model with a top needs at least 1.")
    if weights == "imagenet" and include_top and classes != IMAGENET_CLASSES:
        raise ModelError(
            f"ImageNet's weights with their top are for {IMAGENET_CLASSES} classes, and classes is {classes}. "
            "Leave out the top (include_top=False) or start from random weights (weights=None)."
        )
    return classes


def _checked_shape(shape: InputShape | None, include_top: bool, imagenet: bool) -> InputShape:
    if shape is None:
        return IMAGENET_SHAPE if include_top else (None, None, 3)
    if len(shape) != 3 or shape[2] != 3:
        raise ModelError(f"input_shape is {shape}; it must be (height, width, 3), with the three channels last.")
    if imagenet and include_top and tuple(shape) != IMAGENET_SHAPE:
        raise ModelError(
            f"ImageNet's weights with their top are for an input_shape of {IMAGENET_SHAPE}, not {shape}. "
            "Leave out the top (include_top=False) for other sizes."
        )
    sides = shape[:2]
    if any(side is not None and side < SMALLEST_SIDE for side in sides):
        raise ModelError(f"input_shape is {shape}; its sides must be at least {SMALLEST_SIDE} pixels.")
    if include_top and None in sides:
        raise ModelError(f"input_shape is {shape}; with a top, give both sides.")
    return sides[0], sides[1], 3


def _load(
    network: ResNet, arch: str, weights: str | Path, mode: str | None, progress: PhaseCallback | None
) -> tuple[str, ...]:
    """Load the weights into a network on the meta device; return the layers of a Keras file that it does not have."""
    path = Path(weights)
    left_out: tuple[str, ...] = ()
    if weights == "imagenet":
        state = fetch(arch, progress=progress).state
    elif not path.exists():
        raise ModelError(f"weights is {str(weights)!r}; allowed are None, 'imagenet' and the path of a weight file.")
    elif path.suffix.lower() in KERAS_SUFFIXES:
        found = read_keras_file(path, arch, mode)
        state, left_out = found.state, found.left_out
    else:
        state = load_file(path)
    if isinstance(network.fc, nn.Identity):
        state = {name: tensor for name, tensor in state.items() if not name.startswith("fc.")}
    elif left_out:
        raise ModelError(
            f"{path} has layers of its own behind {arch} ({', '.join(left_out)}); the top here is one dense layer on "
            "the mean of the feature maps. Load the file without a top (include_top=False) and train a new one."
        )
    problem = mismatch(network, state)
    if problem:
        raise ModelError(f"{weights} does not fit {arch} with these arguments: {problem}.")
    network.load_state_dict(state, assign=True)
    return left_out
