"""Reads the weight files that Keras writes of its six ResNets: ``.h5`` of any age, ``.weights.h5`` and ``.keras``.

h5py is enough for it. Of a file only arrays are read, by the names of Keras's layers; nothing in it can run. The
networks are keras.applications.ResNet50, 101 and 152 and ResNet50V2, 101V2 and 152V2.
"""

import io
import re
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
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

_INSIDE = "model.weights.h5"  # in a .keras archive
_MOST_BYTES = 4 << 30  # far more than ResNet152 with Adam's state needs
_NORM = {"gamma": "weight", "beta": "bias", "moving_mean": "running_mean", "moving_variance": "running_var"}
_ORDER = {1: (0,), 2: (1, 0), 4: (3, 2, 0, 1)}  # how our axes lie in Keras's: [in, out], [height, width, in, out]
_WEIGHTED = {"kernel": "weight", "bias": "bias"}


def load_keras_file(path: Path, arch: str, mode: str | None = None) -> dict[str, Tensor]:
    """The state dict for `arch` in a Keras weight file; without ``fc`` where the file has no classifier.

    `mode` names what the file's network takes as its input (KERAS_MODES in core.models.weights_table): None is what
    Keras gives to this architecture. The state dict is for pictures in that mode's mean and deviation, RGB.
    Raises BundleError where the file is broken or holds another network, ModelError for an unknown mode.
    """
    config = config_of(arch)
    if arch.partition("+")[0] not in KERAS_ARCHITECTURES:
        raise BundleError(
            f"{path} is a file of Keras, and {arch} is not a network of Keras. "
            f"Choose one of: {', '.join(KERAS_ARCHITECTURES)}."
        )
    mode = keras_mode(arch, mode)
    with _opened(path) as file:
        arrays = _arrays(file, path, {keras for keras, _ in layers_of(config)})
        try:
            return _state(arrays, path, arch, config, mode)
        except (OSError, RuntimeError) as error:  # a damaged part is found only when it is read
            raise BundleError(f"{path} is broken ({_first_line(error)}). Copy or download it again.") from error


def layers_of(config: ResNetConfig) -> Iterator[tuple[str, str]]:
    """(Keras's layer, our module) for each layer with weights, from the picture to the classes.

    Keras counts stages from 2 and blocks and convolutions from 1: ``conv3_block2_1_conv`` is ``layer2.1.conv1``. In V2
    the norm before the first convolution is ``preact_bn``, so that the norms of a block move on by one.
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


@contextmanager
def _opened(path: Path) -> Iterator[h5py.File]:
    try:
        if path.suffix == ".keras":
            with zipfile.ZipFile(path) as archive:
                if archive.getinfo(_INSIDE).file_size > _MOST_BYTES:
                    raise BundleError(f"{path} unpacks to more than {_MOST_BYTES >> 30} GB and is not read.")
                source: Path | io.BytesIO = io.BytesIO(archive.read(_INSIDE))
        else:
            source = path
        file = h5py.File(source, "r")
    except FileNotFoundError:
        raise BundleError(f"The weight file {path} does not exist. Check the path.") from None
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise BundleError(f"{path} is no whole file of Keras ({_first_line(error)}). Copy it again.") from error
    with file:
        yield file


def _arrays(file: h5py.File, path: Path, known: set[str]) -> dict[str, h5py.Dataset]:
    """The arrays of the layers as ``layer/weight``, still unread; those of an optimizer are left out."""
    found: dict[str, h5py.Dataset] = {}

    def visit(name: str, entry: h5py.HLObject) -> None:
        if not isinstance(entry, h5py.Dataset) or name.startswith("optimizer"):
            return
        # Such an array's numbers would be read from another file, whose path this one names.
        if entry.external or entry.is_virtual:
            raise BundleError(f"{path} refers to other files, and is not read. Save the weights as one file.")
        *groups, last = name.split("/")
        if groups and groups[-1] == "vars":
            # Keras 3 numbers a layer's arrays, and keeps the layer's name beside them.
            layer = _text(entry.parent.attrs.get("name"))
            names = _NORM if layer.endswith("_bn") else _WEIGHTED
            weight = list(names)[int(last)] if last.isdigit() and int(last) < len(names) else last
        else:
            # .../conv1_conv/conv1_conv/kernel:0; a second network in one session is conv1_conv/conv1_conv_1/kernel:0
            layer = next((group for group in reversed(groups) if group in known), groups[-1] if groups else "")
            weight = re.sub(r":\d+$", "", last)
        found[f"{layer}/{weight}"] = entry

    # Only what lies in this file is visited: links to other files are passed over.
    file.visititems(visit)
    if found and not any(name.split("/")[0] for name in found):
        raise BundleError(
            f"{path} does not say which array belongs to which layer; early versions of Keras 3 wrote such files. "
            "Save the network again with a newer Keras, or as .h5."
        )
    return found


def _state(
    arrays: Mapping[str, h5py.Dataset], path: Path, arch: str, config: ResNetConfig, mode: str
) -> dict[str, Tensor]:
    head = arrays.get(f"{CLASSIFIER}/kernel")
    with torch.device("meta"):
        wanted = ResNet(config, 0 if head is None else head.shape[-1]).state_dict()
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
            raise BundleError(f"{path} does not fit {arch}: {name} is missing. {_advice(arrays)}")
        # Before it is read: the shape is the file's own word for how much memory it takes.
        shape = tuple(arrays[name].shape)
        if tuple(shape[place] for place in _ORDER.get(len(shape), ())) != wanted[target].shape:
            raise BundleError(f"{path} does not fit {arch}: {name} has the shape {list(shape)}. {_advice(arrays)}")
        values = arrays[name][()].astype(np.float32).transpose(_ORDER[len(shape)])
        if target == "conv1.weight" and mode == "caffe":
            values = caffe_kernel(values, KERAS_MODES[mode][1])
        state[target] = torch.from_numpy(np.array(values, dtype=np.float32, order="C"))
    if unused := sorted(name for name in arrays if places.get(name) not in state):
        raise BundleError(
            f"{path} does not fit {arch}: {len(unused)} arrays have no place in it ({unused[0]} is the first). "
            + _advice(arrays)
        )
    return plain(state)


def _advice(arrays: Mapping[str, h5py.Dataset]) -> str:
    """Which of the networks the file holds, as far as its layers say."""
    layers = {name.split("/")[0] for name in arrays} - {CLASSIFIER}
    for arch in KERAS_ARCHITECTURES:
        if layers == {layer for layer, _ in layers_of(config_of(arch))} - {CLASSIFIER}:
            return f"By its layers it is {arch}: choose that."
    return f"Give a file of one of these networks as Keras has them: {', '.join(KERAS_ARCHITECTURES)}."


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value or "")


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0].strip("'\"") or "it ends too early"
