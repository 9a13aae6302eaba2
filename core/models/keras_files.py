"""Read Keras's weight files of its six ResNets: ``.h5`` of any age, ``.weights.h5`` and ``.keras``.

Only h5py is needed. Only arrays are read, by the names of Keras's layers; nothing in a file can run. The networks are
keras.applications.ResNet50, 101 and 152 and ResNet50V2, 101V2 and 152V2, also with a user's own layers behind them.
"""

import json
import logging
import math
import tempfile
import zipfile
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch
from torch import Tensor

from core.errors import BundleError
from core.limited_process import FileRefused, FileUnreadable, read_limited
from core.models.keras_tfjs import caffe_kernel
from core.models.resnet import ResNet
from core.models.untrusted.keras_layers import CLASSIFIER, KERAS_ARCHITECTURES, LAYERS, NAMES, NORM, WEIGHTED, layers_of
from core.models.untrusted.zip_members import ZIP_DAMAGE, open_zip
from core.models.weight_files import plain
from core.models.weights_table import KERAS_MODES, keras_mode
from core.models.zoo import ResNetConfig, config_of

_log = logging.getLogger(__name__)

_COPY = ("-m", "core.models.untrusted.keras_copy")
_HDF5_START = b"\x89HDF\r\n\x1a\n"
_INSIDE = "model.weights.h5"  # in a .keras archive
_MAX_BYTES = 2 << 30  # more than ResNet152 with Adam's state needs
_RATIO, _RATIO_FREE_BYTES = 200, 10 * 2**20  # weights hardly compress
_PIECE_BYTES = 2**20
_MAX_CLASSES = 1_000_000
_ORDER = {1: (0,), 2: (1, 0), 4: (3, 2, 0, 1)}  # our axes in Keras's order: [in, out], [height, width, in, out]


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
    with ExitStack() as stack, tempfile.TemporaryFile() as copy:
        _copy_arrays(_opened(path, stack), copy, path)
        found = _state(_listed(copy), path, arch, config, mode)
    if found.left_out:
        _log.warning("%s: left out layers that are not part of %s: %s.", path, arch, ", ".join(found.left_out))
    return found


@dataclass(frozen=True)
class _Array:
    """An array of the file, of which the numbers lie in the copy."""

    shape: tuple[int, ...]
    trouble: str | None
    """Why the numbers were not copied, if that is not only because no network needs them."""
    copy: BinaryIO
    at: int

    def values(self) -> np.ndarray:
        self.copy.seek(self.at)
        values = np.frombuffer(self.copy.read(4 * math.prod(self.shape)), dtype="<f4")
        return values.reshape(self.shape)


def _opened(path: Path, stack: ExitStack) -> BinaryIO:
    """Return the HDF5 file, out of an archive if necessary; it stays open as long as the stack."""
    if path.exists() and not path.is_file():
        raise BundleError(f"{path} is not a file. Choose a weight file.")
    try:
        file: BinaryIO = stack.enter_context(path.open("rb"))
        if path.suffix.lower() == ".keras":
            unpacked = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115
            _unpack(file, unpacked, path)
            file = unpacked
        if file.read(len(_HDF5_START)) != _HDF5_START:
            raise ValueError("it does not begin as an HDF5 file")
        file.seek(0)
    except FileNotFoundError:
        raise BundleError(f"The weight file {path} does not exist. Check the path.") from None
    except (OSError, *ZIP_DAMAGE) as error:
        raise BundleError(f"{path} is not a complete file of Keras ({_first_line(error)}). Copy it again.") from error
    return file


def _unpack(file: BinaryIO, target: BinaryIO, path: Path) -> None:
    """Write the weights in a .keras archive to a file, in pieces and within limits."""
    with open_zip(file) as archive:
        member = archive.getinfo(_INSIDE)
        if member.flag_bits & 1:
            raise BundleError(f"{path} is protected with a password. Save the network without one.")
        size = member.file_size
        if size > _MAX_BYTES or (size > _RATIO_FREE_BYTES and size > _RATIO * max(1, member.compress_size)):
            raise BundleError(
                f"{path} unpacks to {size >> 20:,} MB and was not read; at most {_MAX_BYTES >> 30} GB and "
                f"{_RATIO} times its size are allowed. Save the network again."
            )
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            # zipfile cannot unpack bzip2 and lzma in pieces of limited size.
            raise BundleError(f"{path} is compressed in an unusual way. Save the network again.")
        with archive.open(member) as packed:
            while piece := packed.read(_PIECE_BYTES):
                target.write(piece)
    target.seek(0)


def _copy_arrays(file: BinaryIO, copy: BinaryIO, path: Path) -> None:
    try:
        read_limited([*_COPY, str(path)], file, copy)
    except FileRefused as refused:
        raise BundleError(str(refused)) from refused
    except FileUnreadable as error:
        raise BundleError(f"{path} is damaged ({error}). Copy or download it again.") from error


def _listed(copy: BinaryIO) -> dict[str, _Array]:
    length = int.from_bytes(copy.read(8), "little")
    table = json.loads(copy.read(length))
    return {
        place: _Array(tuple(one["shape"]), one["trouble"], copy, 8 + length + one["at"]) for place, one in table.items()
    }


def _state(arrays: Mapping[str, _Array], path: Path, arch: str, config: ResNetConfig, mode: str) -> KerasWeights:
    head, others = _head(arrays, config)
    classifier = {f"{CLASSIFIER}/{weight}": array for weight, array in head.items()}
    arrays = {name: array for name, array in arrays.items() if _layer(name) in NAMES} | classifier
    with torch.device("meta"):
        wanted = ResNet(config, head["kernel"].shape[-1] if head else 0).state_dict()
    state: dict[str, Tensor] = {}
    places = {
        f"{keras}/{weight}": f"{module}.{ours}"
        for keras, module in layers_of(config)
        for weight, ours in (NORM if keras.endswith("_bn") else WEIGHTED).items()
    }
    for name, target in places.items():
        if target not in wanted:  # a convolution without bias, a network without classifier
            continue
        if name not in arrays:
            raise BundleError(f"{path} does not fit {arch}: {name} is missing. {_advice(arrays, arch)}")
        # Checked before reading: the shape in the file decides how much memory is used.
        shape = arrays[name].shape
        if tuple(shape[place] for place in _ORDER.get(len(shape), ())) != wanted[target].shape:
            raise BundleError(
                f"{path} does not fit {arch}: {name} has the shape {list(shape)}. {_advice(arrays, arch)}"
            )
        if arrays[name].trouble:
            raise BundleError(f"{path} cannot be used: {name} {arrays[name].trouble}. Save the weights again.")
        values = arrays[name].values().transpose(_ORDER[len(shape)])
        if target == "conv1.weight" and mode == "caffe":
            values = caffe_kernel(values, KERAS_MODES[mode][1])
        state[target] = torch.from_numpy(np.array(values, dtype=np.float32, order="C"))
    if unused := sorted(name for name in arrays if places.get(name) not in state):
        raise BundleError(
            f"{path} does not fit {arch}: {len(unused)} arrays have no place in it ({unused[0]} is the first). "
            + _advice(arrays, arch)
        )
    return KerasWeights(plain(state), others)


def _head(arrays: Mapping[str, _Array], config: ResNetConfig) -> tuple[dict[str, _Array], tuple[str, ...]]:
    """Return the classifier's kernel and bias, or nothing, and the other layers that the network does not have."""
    own: dict[str, dict[str, _Array]] = {}
    for name, array in arrays.items():
        if _layer(name) not in NAMES:
            own.setdefault(_layer(name), {})[name.rpartition("/")[2]] = array
    if len(own) == 1:
        [weights] = own.values()
        kernel: tuple[int, ...] = weights["kernel"].shape if set(weights) == {"kernel", "bias"} else ()
        fits = len(kernel) == 2 and kernel[0] == config.feature_width and kernel[1] <= _MAX_CLASSES
        if fits and weights["bias"].shape == kernel[1:]:
            return weights, ()
    return {}, tuple(sorted(own))


def _layer(name: str) -> str:
    return name.rpartition("/")[0]


def _advice(arrays: Mapping[str, _Array], arch: str) -> str:
    """Name the network that the file contains, if its layers match one."""
    layers = {_layer(name) for name in arrays} - {CLASSIFIER}
    for held, theirs in LAYERS.items():
        if layers == theirs:
            same = held == arch
            return (
                "The file was changed or is damaged."
                if same
                else f"Its layers are those of {held}: choose that architecture."
            )
    return f"Use a file of one of Keras's networks: {', '.join(KERAS_ARCHITECTURES)}."


def _first_line(error: Exception) -> str:
    line = str(error).partition("\n")[0].strip("'\"")[:200]
    return (line if line.isprintable() else "it is not readable") or "it ends too early"
