"""Read Keras's weight files of its six ResNets: ``.h5`` of any age, ``.weights.h5`` and ``.keras``.

Only h5py is needed. Only arrays are read, by the names of Keras's layers; nothing in a file can run. The networks are
keras.applications.ResNet50, 101 and 152 and ResNet50V2, 101V2 and 152V2, also with a user's own layers behind them.
"""

import io
import logging
import re
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import torch
from torch import Tensor

from core.errors import BundleError
from core.models.keras_tfjs import caffe_kernel
from core.models.resnet import ResNet
from core.models.weight_files import plain
from core.models.weights_table import KERAS_MODES, keras_mode
from core.models.zoo import ARCHITECTURES, ResNetConfig, config_of

KERAS_ARCHITECTURES = tuple(name for name in ARCHITECTURES if name.startswith("keras-"))
CLASSIFIER = "predictions"

_log = logging.getLogger(__name__)

_INSIDE = "model.weights.h5"  # in a .keras archive
_MAX_BYTES = 4 << 30  # far more than ResNet152 with Adam's state needs
_NORM = {"gamma": "weight", "beta": "bias", "moving_mean": "running_mean", "moving_variance": "running_var"}
_ORDER = {1: (0,), 2: (1, 0), 4: (3, 2, 0, 1)}  # our axes in Keras's order: [in, out], [height, width, in, out]
_WEIGHTED = {"kernel": "weight", "bias": "bias"}


@dataclass(frozen=True)
class KerasWeights:
    """The contents of a Keras weight file for an architecture."""

    state: dict[str, Tensor]
    """Without ``fc`` if the file has no classifier that fits the mean of the last feature maps."""
    left_out: tuple[str, ...]
    """The file's layers that the architecture does not have, for example a head of several layers."""


def load_keras_file(path: Path, arch: str, mode: str | None = None) -> dict[str, Tensor]:
    """Return only the state dict of `read_keras_file`."""
    return read_keras_file(path, arch, mode).state


def read_keras_file(path: Path, arch: str, mode: str | None = None) -> KerasWeights:
    """Return the state dict for `arch` in a Keras weight file, and the file's layers that are not in it.

    If the file has only one dense layer behind the network, from the features to the classes, that is the classifier,
    whatever its name. Any other layers of the user are left out together with the classifier; the log names them.

    `mode` is the preprocessing that the file's network was trained with (KERAS_MODES in core.models.weights_table);
    None is Keras's own. The state dict is for RGB pictures with that mode's mean and standard deviation.
    Raises BundleError if the file is damaged or contains another network, ModelError for an unknown mode.
    """
    config = config_of(arch)
    if arch.partition("+")[0] not in KERAS_ARCHITECTURES:
        raise BundleError(
            f"{path} is a file of Keras, but {arch} is not a network of Keras. "
            f"Choose one of: {', '.join(KERAS_ARCHITECTURES)}."
        )
    mode = keras_mode(arch, mode)
    with _opened(path) as file:
        arrays = _arrays(file, path, _NAMES | {CLASSIFIER})
        try:
            found = _state(arrays, path, arch, config, mode)
        except (OSError, RuntimeError) as error:  # damage shows only when the part is read
            raise BundleError(f"{path} is damaged ({_first_line(error)}). Copy or download it again.") from error
    if found.left_out:
        _log.warning("%s: left out layers that are not part of %s: %s.", path, arch, ", ".join(found.left_out))
    return found


def layers_of(config: ResNetConfig) -> Iterator[tuple[str, str]]:
    """Yield (Keras's layer, our module) for each layer with weights, from the input to the classes.

    Keras counts stages from 2 and blocks and convolutions from 1: ``conv3_block2_1_conv`` is ``layer2.1.conv1``. In V2
    the norm before the first convolution is ``preact_bn``, so the numbers of a block's norms shift by one.
    """
    yield "conv1_conv", "conv1"
    if not config.preactivation:
        yield "conv1_bn", "bn1"
    for stage, blocks in enumerate(config.layers):
        for block in range(blocks):
            keras, ours = f"conv{stage + 2}_block{block + 1}", f"layer{stage + 1}.{block}"
            if config.preactivation:
                yield f"{keras}_preact_bn", f"{ours}.bn1"
            if block == 0 and config.skip:
                yield f"{keras}_0_conv", f"{ours}.downsample.0"
                if not config.preactivation:
                    yield f"{keras}_0_bn", f"{ours}.downsample.1"
            for number in (1, 2, 3):
                yield f"{keras}_{number}_conv", f"{ours}.conv{number}"
                if not config.preactivation:
                    yield f"{keras}_{number}_bn", f"{ours}.bn{number}"
                elif number < 3:
                    yield f"{keras}_{number}_bn", f"{ours}.bn{number + 1}"
    if config.preactivation:
        yield "post_bn", "layer4.norm"
    yield CLASSIFIER, "fc"


_LAYERS = {
    arch: frozenset(keras for keras, _ in layers_of(config_of(arch))) - {CLASSIFIER} for arch in KERAS_ARCHITECTURES
}
_NAMES: frozenset[str] = frozenset().union(*_LAYERS.values())


@contextmanager
def _opened(path: Path) -> Iterator[h5py.File]:
    try:
        if path.suffix.lower() == ".keras":
            with zipfile.ZipFile(path) as archive:
                if archive.getinfo(_INSIDE).file_size > _MAX_BYTES:
                    raise BundleError(f"{path} unpacks to more than {_MAX_BYTES >> 30} GB and was not read.")
                source: Path | io.BytesIO = io.BytesIO(archive.read(_INSIDE))
        else:
            source = path
        file = h5py.File(source, "r")
    except FileNotFoundError:
        raise BundleError(f"The weight file {path} does not exist. Check the path.") from None
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise BundleError(f"{path} is not a complete file of Keras ({_first_line(error)}). Copy it again.") from error
    with file:
        yield file


def _arrays(file: h5py.File, path: Path, known: frozenset[str]) -> dict[str, h5py.Dataset]:
    """Return the layers' arrays as ``layer/weight``, not yet read; those of an optimizer are left out."""
    found: dict[str, h5py.Dataset] = {}

    def visit(name: str, entry: h5py.HLObject) -> None:
        if not isinstance(entry, h5py.Dataset) or name.startswith("optimizer"):
            return
        # The values of such an array would be read from another file that this one names.
        if entry.external or entry.is_virtual:
            raise BundleError(f"{path} refers to other files and was not read. Save the weights as one file.")
        *groups, last = name.split("/")
        if groups and groups[-1] == "vars":
            # Keras 3 numbers a layer's arrays and stores the layer's name as an attribute.
            layer = _text(entry.parent.attrs.get("name"))
            names = _NORM if layer.endswith("_bn") else _WEIGHTED
            weight = list(names)[int(last)] if last.isdigit() and int(last) < len(names) else last
        else:
            # .../conv1_conv/conv1_conv/kernel:0; a second network in one session is conv1_conv/conv1_conv_1/kernel:0
            layer = next((group for group in reversed(groups) if group in known), groups[-1] if groups else "")
            weight = re.sub(r":\d+$", "", last)
        if layer == "seed_generator":  # a Dropout's random numbers
            return
        place = f"{layer}/{weight}"
        # Two of the user's own layers may have the same name inside different groups.
        found[name if place in found and layer and layer not in known else place] = entry

    # Only the contents of this file are visited; links to other files are ignored.
    file.visititems(visit)
    if found and not any(name.split("/")[0] for name in found):
        raise BundleError(
            f"{path} does not record which array belongs to which layer; early versions of Keras 3 wrote such files. "
            "Save the network again with a newer Keras, or as .h5."
        )
    return found


def _state(arrays: Mapping[str, h5py.Dataset], path: Path, arch: str, config: ResNetConfig, mode: str) -> KerasWeights:
    head, others = _head(arrays, config)
    classifier = {f"{CLASSIFIER}/{weight}": array for weight, array in head.items()}
    arrays = {name: array for name, array in arrays.items() if _layer(name) in _NAMES} | classifier
    with torch.device("meta"):
        wanted = ResNet(config, head["kernel"].shape[-1] if head else 0).state_dict()
    state: dict[str, Tensor] = {}
    places = {
        f"{keras}/{weight}": f"{module}.{ours}"
        for keras, module in layers_of(config)
        for weight, ours in (_NORM if keras.endswith("_bn") else _WEIGHTED).items()
    }
    for name, target in places.items():
        if target not in wanted:  # a convolution without bias, a network without classifier
            continue
        if name not in arrays:
            raise BundleError(f"{path} does not fit {arch}: {name} is missing. {_advice(arrays, arch)}")
        # Checked before reading: the shape in the file decides how much memory is used.
        shape = tuple(arrays[name].shape)
        if tuple(shape[place] for place in _ORDER.get(len(shape), ())) != wanted[target].shape:
            raise BundleError(
                f"{path} does not fit {arch}: {name} has the shape {list(shape)}. {_advice(arrays, arch)}"
            )
        values = arrays[name][()].astype(np.float32).transpose(_ORDER[len(shape)])
        if target == "conv1.weight" and mode == "caffe":
            values = caffe_kernel(values, KERAS_MODES[mode][1])
        state[target] = torch.from_numpy(np.array(values, dtype=np.float32, order="C"))
    if unused := sorted(name for name in arrays if places.get(name) not in state):
        raise BundleError(
            f"{path} does not fit {arch}: {len(unused)} arrays have no place in it ({unused[0]} is the first). "
            + _advice(arrays, arch)
        )
    return KerasWeights(plain(state), others)


def _head(arrays: Mapping[str, h5py.Dataset], config: ResNetConfig) -> tuple[dict[str, h5py.Dataset], tuple[str, ...]]:
    """Return the classifier's kernel and bias, or nothing, and the other layers that the network does not have."""
    own: dict[str, dict[str, h5py.Dataset]] = {}
    for name, array in arrays.items():
        if _layer(name) not in _NAMES:
            own.setdefault(_layer(name), {})[name.rpartition("/")[2]] = array
    if len(own) == 1:
        [weights] = own.values()
        kernel: tuple[int, ...] = weights["kernel"].shape if set(weights) == {"kernel", "bias"} else ()
        if len(kernel) == 2 and kernel[0] == config.feature_width and weights["bias"].shape == kernel[1:]:
            return weights, ()
    return {}, tuple(sorted(own))


def _layer(name: str) -> str:
    return name.rpartition("/")[0]


def _advice(arrays: Mapping[str, h5py.Dataset], arch: str) -> str:
    """Name the network that the file contains, if its layers match one."""
    layers = {_layer(name) for name in arrays} - {CLASSIFIER}
    for held, theirs in _LAYERS.items():
        if layers == theirs:
            same = held == arch
            return (
                "The file was changed or is damaged."
                if same
                else f"Its layers are those of {held}: choose that architecture."
            )
    return f"Use a file of one of Keras's networks: {', '.join(KERAS_ARCHITECTURES)}."


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value or "")


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0].strip("'\"") or "it ends too early"
