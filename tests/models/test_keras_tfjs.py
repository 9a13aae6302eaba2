"""The converted network computes what Keras computes, shown on random weights with a forward pass in Keras's terms."""

import io
import json
import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from core.models.downloads import SourceFailed
from core.models.keras_tfjs import KERAS_EPSILON, convert, read_tarball
from core.models.resnet import ResNet
from core.models.weights_table import IMAGENET_STD, KERAS_MEAN
from core.models.zoo import ResNetConfig

CONFIG = ResNetConfig("bottleneck", (2, 1, 1, 1), stride_in="1x1", width=4)
STRIDES = {"2": 1, "3": 2, "4": 2, "5": 2}


def keras_arrays(seed: int = 0) -> dict[str, np.ndarray]:
    """Random arrays under the names and in the shapes of Keras's ResNet, narrow and short."""
    draw = np.random.default_rng(seed)
    arrays: dict[str, np.ndarray] = {}

    def conv(name: str, norm: str, size: int, inputs: int, outputs: int, scale: float = 1.0) -> None:
        deviation = scale * (2 / (size * size * inputs)) ** 0.5
        arrays[f"{name}/kernel"] = draw.normal(0, deviation, (size, size, inputs, outputs))
        arrays[f"{name}/bias"] = draw.normal(0, 1, outputs)
        arrays[f"{norm}/gamma"] = draw.uniform(0.5, 1.5, outputs)
        arrays[f"{norm}/beta"] = draw.normal(0, 0.3, outputs)
        arrays[f"{norm}/moving_mean"] = draw.normal(0, 1, outputs)
        arrays[f"{norm}/moving_variance"] = draw.uniform(0.01, 1, outputs)

    conv("conv1", "bn_conv1", 7, 3, 4, scale=0.01)
    inputs = 4
    for stage, blocks in zip("2345", CONFIG.layers, strict=True):
        width = 4 * 2 ** (int(stage) - 2)
        for block in "abcdef"[:blocks]:
            if block == "a":
                conv(f"res{stage}a_branch1", f"bn{stage}a_branch1", 1, inputs, 4 * width)
            conv(f"res{stage}{block}_branch2a", f"bn{stage}{block}_branch2a", 1, inputs, width)
            conv(f"res{stage}{block}_branch2b", f"bn{stage}{block}_branch2b", 3, width, width)
            conv(f"res{stage}{block}_branch2c", f"bn{stage}{block}_branch2c", 1, width, 4 * width)
            inputs = 4 * width
    arrays["fc1000/kernel"] = draw.normal(0, 0.1, (inputs, 10))
    arrays["fc1000/bias"] = draw.normal(0, 0.1, 10)
    return {name: array.astype(np.float32) for name, array in arrays.items()}


def keras_forward(arrays: dict[str, np.ndarray], rgb: Tensor, epsilon: float) -> Tensor:
    """Keras's ResNet in its own terms: [N, 3, H, W] RGB in 0..255 -> logits; float64, biases and epsilon not folded."""
    tensors = {name: torch.from_numpy(array).double() for name, array in arrays.items()}

    def conv_norm(x: Tensor, conv: str, norm: str, stride: int = 1, padding: int = 0) -> Tensor:
        kernel = tensors[f"{conv}/kernel"].permute(3, 2, 0, 1)
        x = F.conv2d(F.pad(x, [padding] * 4), kernel, tensors[f"{conv}/bias"], stride)
        statistics = tensors[f"{norm}/moving_mean"], tensors[f"{norm}/moving_variance"]
        return F.batch_norm(x, *statistics, tensors[f"{norm}/gamma"], tensors[f"{norm}/beta"], eps=epsilon)

    bgr = rgb.double().flip(1) - torch.tensor([103.939, 116.779, 123.68], dtype=torch.float64)[:, None, None]
    x = conv_norm(bgr, "conv1", "bn_conv1", stride=2, padding=3).relu()
    x = F.max_pool2d(F.pad(x, [1] * 4), 3, 2)
    for stage, stride in STRIDES.items():
        block = "a"
        while f"res{stage}{block}_branch2a/kernel" in tensors:
            res, bn, step = f"res{stage}{block}_branch", f"bn{stage}{block}_branch", stride if block == "a" else 1
            skip = conv_norm(x, f"{res}1", f"{bn}1", step) if block == "a" else x
            x = conv_norm(x, f"{res}2a", f"{bn}2a", step).relu()
            x = conv_norm(x, f"{res}2b", f"{bn}2b", padding=1).relu()
            x = (conv_norm(x, f"{res}2c", f"{bn}2c") + skip).relu()
            block = chr(ord(block) + 1)
    return x.mean((2, 3)) @ tensors["fc1000/kernel"] + tensors["fc1000/bias"]


def our_forward(
    state: dict[str, Tensor],
    rgb: Tensor,
    mean: tuple[float, ...],
    std: tuple[float, ...],
    config: ResNetConfig = CONFIG,
) -> Tensor:
    model = ResNet(config, 10).double().eval()
    model.load_state_dict(state)
    channel = (slice(None), None, None)
    pictures = (rgb.double() / 255 - torch.tensor(mean).double()[channel]) / torch.tensor(std).double()[channel]
    with torch.inference_mode():
        return model(pictures)


# Bright at the edges, so that the padding tells; no two channels alike, so that their order tells.
PICTURES = torch.randint(100, 256, (2, 3, 64, 48), generator=torch.Generator().manual_seed(3)) * torch.tensor(
    [1.0, 0.7, 0.4]
).reshape(3, 1, 1)


@pytest.mark.parametrize("epsilon", [KERAS_EPSILON, 1e-3])
@pytest.mark.parametrize("std", [IMAGENET_STD, (1.0, 0.5, 0.25)])
def test_the_converted_network_gives_keras_numbers(epsilon: float, std: tuple[float, ...]) -> None:
    arrays = keras_arrays()
    expected = keras_forward(arrays, PICTURES, epsilon)
    ours = our_forward(convert(arrays, std=std, epsilon=epsilon), PICTURES, KERAS_MEAN, std)
    torch.testing.assert_close(ours, expected, rtol=0, atol=1e-5 * expected.abs().max().item())
    assert expected.std() > 0.1, "logits that are all alike prove nothing"


def test_unfolded_the_same_numbers_come_from_a_network_with_biases() -> None:
    arrays = keras_arrays()
    config = replace(CONFIG, conv_bias=True, norm_eps=KERAS_EPSILON)
    expected = keras_forward(arrays, PICTURES, KERAS_EPSILON)
    state = convert(arrays, std=IMAGENET_STD, folded=False)
    assert torch.equal(state["layer2.0.conv1.bias"], torch.from_numpy(arrays["res3a_branch2a/bias"]))
    ours = our_forward(state, PICTURES, KERAS_MEAN, IMAGENET_STD, config)
    torch.testing.assert_close(ours, expected, rtol=0, atol=1e-5 * expected.abs().max().item())


def test_the_mean_and_the_epsilon_must_be_keras_own() -> None:
    """Each folded number matters at the tolerance of the test above: a wrong one fails it."""
    arrays = keras_arrays()
    expected = keras_forward(arrays, PICTURES, KERAS_EPSILON)
    seen = 1e-5 * expected.abs().max()
    state = convert(arrays, std=IMAGENET_STD)
    assert (our_forward(state, PICTURES, (0.485, 0.456, 0.406), IMAGENET_STD) - expected).abs().max() > 10 * seen
    other = convert(arrays, std=IMAGENET_STD, epsilon=1e-3)
    assert (our_forward(other, PICTURES, KERAS_MEAN, IMAGENET_STD) - expected).abs().max() > 10 * seen


def test_arrays_that_are_missing_or_have_no_place_are_named() -> None:
    arrays = keras_arrays()
    bias = arrays.pop("res4a_branch2b/bias")
    with pytest.raises(SourceFailed, match="res4a_branch2b/bias is missing"):
        convert(arrays, std=IMAGENET_STD)
    with pytest.raises(SourceFailed, match=r"1 arrays have no place in the network \(squeeze/bias"):
        convert(keras_arrays() | {"squeeze/bias": bias}, std=IMAGENET_STD)


ARRAYS = {"a/kernel": np.arange(24, dtype=np.float32).reshape(1, 2, 3, 4), "b/bias": np.array([7.0], dtype=np.float32)}


def model_files(arrays: dict[str, np.ndarray] = ARRAYS) -> dict[str, bytes]:
    """A TensorFlow.js layers model in three shards whose boundaries cut through arrays."""
    content = b"".join(array.astype("<f4").tobytes() for array in arrays.values())
    third = len(content) // 3 + 1
    shards = {f"group1-shard{n + 1}of3.bin": content[n * third : (n + 1) * third] for n in range(3)}
    weights = [{"name": name, "shape": list(array.shape), "dtype": "float32"} for name, array in arrays.items()]
    manifest = {"format": "layers-model", "weightsManifest": [{"paths": list(shards), "weights": weights}]}
    return {"model.json": json.dumps(manifest).encode()} | shards


def write_tarball(path: Path, files: dict[str, bytes], change: Callable[[tarfile.TarInfo], None] | None = None) -> None:
    with tarfile.open(path, "w:gz") as tar:
        # The shards first and backwards: their order in the tarball must not matter.
        for name, content in reversed(files.items()):
            member = tarfile.TarInfo(f"package/Net/{name}")
            member.size = len(content)
            if change is not None and name == "model.json":
                change(member)
            tar.addfile(member, io.BytesIO(content))


def test_shards_are_put_together(tmp_path: Path) -> None:
    write_tarball(tmp_path / "p.tgz", model_files() | {"README.md": b"no part of it"})
    found = read_tarball(tmp_path / "p.tgz", "package/Net/model.json")
    assert found.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert found[name].dtype == np.float32 and np.array_equal(found[name], array)
    assert [p.name for p in tmp_path.iterdir()] == ["p.tgz"], "something was unpacked onto the disk"


def climb(member: tarfile.TarInfo) -> None:
    member.name = "package/../../climbed"


def root(member: tarfile.TarInfo) -> None:
    member.name = "/etc/rooted"


def link(member: tarfile.TarInfo) -> None:
    member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"


@pytest.mark.parametrize("change", [climb, root, link])
def test_entries_that_leave_the_package_are_refused(tmp_path: Path, change: Callable[[tarfile.TarInfo], None]) -> None:
    write_tarball(tmp_path / "p.tgz", model_files(), change)
    with pytest.raises(SourceFailed, match="which is not allowed in a package"):
        read_tarball(tmp_path / "p.tgz", "package/Net/model.json")


def test_a_broken_package_is_refused_with_what_is_wrong(tmp_path: Path) -> None:
    path, files = tmp_path / "p.tgz", model_files()

    def refused(files: dict[str, bytes], reason: str) -> None:
        write_tarball(path, files)
        with pytest.raises(SourceFailed, match=reason):
            read_tarball(path, "package/Net/model.json")

    refused({name: c for name, c in files.items() if "shard2" not in name}, "lacks part of its model .*shard2of3")
    refused({name: c for name, c in files.items() if name != "model.json"}, "lacks part of its model")
    refused(files | {"model.json": b"{"}, "lacks part of its model")
    refused(files | {"group1-shard3of3.bin": b""}, "does not contain b/bias|does not contain a/kernel")
    refused(files | {"group1-shard3of3.bin": files["group1-shard3of3.bin"] + b"1234"}, "4 bytes more than it declares")
    refused(files | {"model.json": files["model.json"].replace(b"float32", b"float16")}, "as float32 numbers")
    write_tarball(path, files)
    path.write_bytes(path.read_bytes()[:-60])
    with pytest.raises(SourceFailed, match="not a complete tarball"):
        read_tarball(path, "package/Net/model.json")
