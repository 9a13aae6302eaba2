"""A weight file with another head: byte for byte what saving the network would write."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from core.models.bundle import WEIGHTS_FILE
from core.models.heads import build_for
from core.models.zoo import ARCHITECTURES, ResNetConfig
from core.training.saving.head_replacement import NotCopied, can_replace_head, write_with_head
from tests.inspection.conftest import write_bundle


@pytest.fixture(autouse=True)
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ARCHITECTURES, "tiny", ResNetConfig("basic", (1, 1, 1, 1), width=8))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write_bundle(tmp_path / "bundle", "tiny") / WEIGHTS_FILE


WEIGHT, BIAS = np.arange(320, dtype=np.float32).reshape(5, 64), np.arange(5, dtype=np.float32)


def test_it_is_what_saving_the_network_writes(source: Path, tmp_path: Path) -> None:
    digest = write_with_head(source, tmp_path / "new.safetensors", WEIGHT, BIAS)
    state = {**load_file(source), "fc.weight": torch.from_numpy(WEIGHT), "fc.bias": torch.from_numpy(BIAS)}
    save_file(state, tmp_path / "saved.safetensors", {"format": "pt"})
    content = (tmp_path / "new.safetensors").read_bytes()
    assert content == (tmp_path / "saved.safetensors").read_bytes()
    assert digest == hashlib.sha256(content).hexdigest()


def test_a_file_without_a_head_gets_one_and_a_box_head_is_left_out(source: Path, tmp_path: Path) -> None:
    trunk = {name: tensor for name, tensor in load_file(source).items() if not name.startswith("fc.")}
    boxed = build_for("localization", "tiny", 3).state_dict()
    trunk |= {name: tensor for name, tensor in boxed.items() if name.startswith("box.")}
    save_file(trunk, tmp_path / "trunk.safetensors")
    write_with_head(tmp_path / "trunk.safetensors", tmp_path / "new.safetensors", WEIGHT, BIAS)
    network = build_for("classification", "tiny", 5)
    network.load_state_dict(load_file(tmp_path / "new.safetensors"))
    assert torch.equal(network.fc.weight, torch.from_numpy(WEIGHT))


def test_other_files_are_loaded_instead(source: Path, tmp_path: Path) -> None:
    half = {name: tensor.half() for name, tensor in load_file(source).items() if "num_batches" not in name}
    save_file(half, tmp_path / "half.safetensors")
    (tmp_path / "cut.safetensors").write_bytes(source.read_bytes()[:-8])
    (tmp_path / "other.pth").write_bytes(source.read_bytes())
    for name in ("half.safetensors", "cut.safetensors", "other.pth", "missing.safetensors"):
        assert not can_replace_head(tmp_path / name)
    with pytest.raises(NotCopied, match="holds float16 numbers"):
        write_with_head(tmp_path / "half.safetensors", tmp_path / "new.safetensors", WEIGHT, BIAS)
    assert can_replace_head(source)
