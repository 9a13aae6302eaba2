"""onnxruntime-web is fetched once, verified, and asked for in plain words where it cannot be fetched."""

import base64
import hashlib
import io
import tarfile
from pathlib import Path
from typing import Any

import pytest

from core.errors import ModelError
from core.export.web_page import runtime
from core.models.downloads import NotReached

CONTENTS = {name: f"the file {name}".encode() for name in runtime.FILES}


def package(folder: Path, contents: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package with these files, whose checksum is the expected one."""
    path = folder / "package.tgz"
    with tarfile.open(path, "w:gz") as archive:
        for name, data in contents.items():
            member = tarfile.TarInfo(f"package/dist/{name}")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    digest = base64.b64encode(hashlib.sha512(path.read_bytes()).digest()).decode()
    monkeypatch.setattr(runtime, "INTEGRITY", f"sha512-{digest}")
    monkeypatch.setattr(runtime, "FILES", {name: hashlib.sha256(data).hexdigest() for name, data in CONTENTS.items()})
    return path


@pytest.fixture(autouse=True)
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RESNET_STUDIO_WEIGHTS", str(tmp_path / "weights"))
    return tmp_path / "weights"


def test_it_is_fetched_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made, asked = package(tmp_path, CONTENTS, monkeypatch), list[str]()

    def fetch(name: str, *_: Any) -> Path:
        asked.append(name)
        return made

    monkeypatch.setattr(runtime, "fetch_npm_tarball", fetch)
    assert runtime.kept_runtime() is None
    first = runtime.fetched_runtime()
    assert (first.script, first.factory, first.wasm) == tuple(CONTENTS.values())
    assert runtime.fetched_runtime() == first
    assert asked == ["onnxruntime-web@1.30.0"]


def test_a_changed_package_is_refused_and_nothing_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = package(tmp_path, CONTENTS, monkeypatch)
    made.write_bytes(made.read_bytes() + b"x")
    with pytest.raises(ModelError, match="is not the published file"):
        runtime.fetched_runtime(package=made)
    assert runtime.kept_runtime() is None
    missing = package(tmp_path, {"ort.wasm.min.js": CONTENTS["ort.wasm.min.js"]}, monkeypatch)
    with pytest.raises(ModelError, match=r"has no ort-wasm-simd-threaded\.mjs"):
        runtime.fetched_runtime(package=missing)


def test_a_changed_file_on_the_disk_is_fetched_again(
    tmp_path: Path, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = package(tmp_path, CONTENTS, monkeypatch)
    runtime.fetched_runtime(package=made)
    (weights / "onnxruntime-web-1.30.0" / "ort.wasm.min.js").write_text("steal()")
    assert runtime.kept_runtime() is None
    assert runtime.fetched_runtime(package=made).script == CONTENTS["ort.wasm.min.js"]


def test_offline_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def offline(*_: Any) -> Path:
        raise NotReached("no connection to its registry")

    monkeypatch.setattr(runtime, "fetch_npm_tarball", offline)
    with pytest.raises(ModelError) as caught:
        runtime.fetched_runtime()
    assert str(caught.value) == (
        "A web page needs onnxruntime-web@1.30.0, which could not be downloaded (no connection to its registry). "
        "Connect to the internet and export again; it is downloaded once. Or run 'npm pack onnxruntime-web@1.30.0' on "
        "another computer, and give the file with --runtime."
    )
