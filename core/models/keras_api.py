"""Keras's six ResNets with the arguments that Keras's users know (keras.applications, `ResNet50` and its like)."""

import operator
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn

from core.errors import ModelError
from core.models.bundle import mismatch
from core.models.keras_files import KERAS_ARCHITECTURES, read_keras_file
from core.models.resnet import ResNet
from core.models.weight_files import KERAS_SUFFIXES, load_file
from core.models.weights import fetch
from core.models.weights_table import keras_preprocessing
from core.models.zoo import config_of
from core.progress import PhaseCallback

InputShape = tuple[int | None, int | None, int]
IMAGENET_CLASSES = 1000
IMAGENET_SHAPE = (224, 224, 3)
SMALLEST_SIDE = 32


class KerasResNet(nn.Module):
    """One of Keras's networks: pictures [N, 3, H, W] in its `preprocessing` to what its arguments ask for.

    That is probabilities or logits [N, classes] with a top; without one the last feature maps [N, 2048, h, w], or
    [N, 2048] where they are pooled. Pictures are channels first, as everywhere in torch; `input_shape` is Keras's.
    """

    def __init__(
        self,
        network: ResNet,
        arch: str,
        input_shape: InputShape,
        preprocessing: dict[str, Any],
        pooling: str | None,
        activation: str | None,
        left_out: tuple[str, ...] = (),
    ) -> None:
        super().__init__()
        self.network = network
        self.arch = arch
        self.input_shape = input_shape
        self.preprocessing = preprocessing
        self.include_top = not isinstance(network.fc, nn.Identity)
        self.pooling = pooling
        self.activation = activation
        self.left_out = left_out

    def forward(self, x: Tensor) -> Tensor:
        """Raises ModelError where the pictures are not of the network's input shape."""
        height, width, channels = self.input_shape
        wanted = (channels, height, width)
        if x.ndim != 4 or any(side not in (None, found) for side, found in zip(wanted, x.shape[1:], strict=True)):
            said = " x ".join("any" if side is None else str(side) for side in wanted)
            raise ModelError(
                f"The network takes pictures of [N, {said}] and was given {list(x.shape)}. "
                "Resize the pictures, or build it with another input_shape."
            )
        features = self.network.forward_features(x)
        if self.include_top:
            logits = self.network.forward_head(features)
            return torch.softmax(logits, 1) if self.activation == "softmax" else logits
        if self.pooling is None:
            return features
        return features.mean((2, 3)) if self.pooling == "avg" else features.amax((2, 3))


def keras_resnet(
    name: str,
    include_top: bool = True,
    weights: str | Path | None = "imagenet",
    input_shape: InputShape | None = None,
    pooling: Literal["avg", "max"] | None = None,
    classes: int = IMAGENET_CLASSES,
    classifier_activation: Literal["softmax"] | None = "softmax",
    *,
    mode: str | None = None,
    progress: PhaseCallback | None = None,
) -> KerasResNet:
    """One of Keras's six ResNets by its name there (``ResNet50``, ``ResNet101V2``) or here (``keras-resnet50``).

    The arguments and the rules for which go together are Keras's: `weights` is None, "imagenet" or a weight file;
    `input_shape` is (height, width, 3) with sides of 32 or more, and None stands for 224 x 224 with a top and for any
    size without; `pooling` counts without a top only, `classes` and `classifier_activation` with one only. ImageNet's
    weights with their top are for 1000 classes and 224 x 224. A file of a network with a head of one's own fits: one
    dense layer is the top, whatever its name, and other layers are left out where no top is wanted (`left_out` of the
    network names them). Beyond Keras, `mode` says what the network of a weight
    file took as its input where that is not Keras's own preprocess_input (KERAS_MODES in core.models.weights_table).

    Raises ModelError for arguments that do not go together, UnknownArchitecture, WeightsUnavailable and BundleError.
    """
    arch = _architecture(name)
    if pooling not in (None, "avg", "max"):
        raise ModelError(f"pooling is {pooling!r}; allowed are None, 'avg' and 'max'.")
    if classifier_activation not in (None, "softmax"):
        raise ModelError(f"classifier_activation is {classifier_activation!r}; allowed are None and 'softmax'.")
    try:
        classes = operator.index(classes)
    except TypeError:
        raise ModelError(f"classes is {classes!r}; it must be a whole number, such as {IMAGENET_CLASSES}.") from None
    if include_top and classes < 1:
        raise ModelError(f"A network with {classes} classes has no answer to give. Give 1 or more.")
    if weights == "imagenet" and include_top and classes != IMAGENET_CLASSES:
        raise ModelError(
            f"ImageNet's weights with their top are for {IMAGENET_CLASSES} classes, and classes is {classes}. "
            "Leave the top out (include_top=False) or start without weights (weights=None)."
        )
    if weights == "imagenet" and mode is not None:
        raise ModelError("mode is for weight files of your own; ImageNet's weights have their own.")
    preprocessing = keras_preprocessing(arch, mode)
    shape = _input_shape(input_shape, include_top, imagenet=weights == "imagenet")
    # No random numbers are drawn for weights that are about to be replaced.
    with torch.device("cpu" if weights is None else "meta"):
        network = ResNet(config_of(arch), classes if include_top else 0)
    left_out = () if weights is None else _load(network, arch, weights, mode, progress)
    return KerasResNet(network, arch, shape, preprocessing, pooling, classifier_activation, left_out)


def _architecture(name: str) -> str:
    arch = f"keras-{name.lower().removeprefix('keras-')}"
    if arch not in KERAS_ARCHITECTURES:
        raise ModelError(f"Keras has no network {name!r} here. Choose one of: {', '.join(KERAS_ARCHITECTURES)}.")
    return arch


def _input_shape(shape: InputShape | None, include_top: bool, imagenet: bool) -> InputShape:
    if shape is None:
        return IMAGENET_SHAPE if include_top else (None, None, 3)
    if len(shape) != 3 or shape[2] != 3:
        raise ModelError(f"input_shape is {shape}; it must be (height, width, 3): three channels, and they come last.")
    if imagenet and include_top and tuple(shape) != IMAGENET_SHAPE:
        raise ModelError(
            f"ImageNet's weights with their top are for an input_shape of {IMAGENET_SHAPE}, not {shape}. "
            "Leave the top out (include_top=False) for other sizes."
        )
    sides = shape[:2]
    if any(side is not None and side < SMALLEST_SIDE for side in sides):
        raise ModelError(f"input_shape is {shape}; the sides must be of {SMALLEST_SIDE} pixels at least.")
    if include_top and None in sides:
        raise ModelError(f"input_shape is {shape}; with a top both sides must be given.")
    return sides[0], sides[1], 3


def _load(
    network: ResNet, arch: str, weights: str | Path, mode: str | None, progress: PhaseCallback | None
) -> tuple[str, ...]:
    """Put the weights in; the layers of a file of Keras that are behind the network and not in it."""
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
            f"{path} has layers of its own behind {arch} ({', '.join(left_out)}), and its top here is one dense layer "
            "on the mean of the feature maps. Load it without a top (include_top=False) and learn a new one."
        )
    problem = mismatch(network, state)
    if problem:
        raise ModelError(f"{weights} does not fit {arch} with these arguments: {problem}.")
    network.load_state_dict(state, assign=True)
    return left_out
