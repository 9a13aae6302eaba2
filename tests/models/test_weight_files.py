"""A user's own weight files load as plain state dicts, and none of them can run code."""

import os
import pickle
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from core.errors import BundleError
from core.models.resnet import ResNet
from core.models.weight_files import load_file, unfit
from core.models.zoo import config_of

STATE = {"bn.running_var": torch.ones(2), "bn.num_batches_tracked": torch.tensor(4), "conv.weight": torch.eye(3)}


def check(found: dict[str, torch.Tensor]) -> None:
    assert found.keys() == STATE.keys()
    for name, tensor in STATE.items():
        assert torch.equal(found[name], tensor) and found[name].dtype == tensor.dtype


@pytest.mark.parametrize("name", ["w.safetensors", "w.pth", "w.pt"])
def test_a_state_dict_comes_back(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    save_file(STATE, path) if name.endswith("s") else torch.save(STATE, path)
    check(load_file(path))


@pytest.mark.parametrize("wrap", [lambda s: {"state_dict": s, "epoch": 3}, lambda s: {"model": s}], ids=["sd", "model"])
def test_a_state_dict_inside_a_checkpoint_is_found(tmp_path: Path, wrap: object) -> None:
    torch.save(wrap({f"module.{name}": tensor for name, tensor in STATE.items()}), tmp_path / "w.pth")  # type: ignore[operator]
    check(load_file(tmp_path / "w.pth"))


def test_half_precision_parameters_and_strange_memory_become_plain_float32(tmp_path: Path) -> None:
    parameter = torch.nn.Parameter(torch.rand(2, 3, 4, 4).half().to(memory_format=torch.channels_last))
    torch.save({"conv.weight": parameter}, tmp_path / "w.pth")
    found = load_file(tmp_path / "w.pth")["conv.weight"]
    assert found.dtype == torch.float32 and found.is_contiguous() and not found.requires_grad
    assert torch.equal(found, parameter.detach().float())


def test_files_from_before_the_batch_counter_get_one(tmp_path: Path) -> None:
    torch.save({"bn.running_var": torch.ones(2)}, tmp_path / "w.pth")
    assert load_file(tmp_path / "w.pth")["bn.num_batches_tracked"].item() == 0


class Bomb:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, ("went-off",)


@pytest.mark.parametrize(
    "write", [torch.save, lambda obj, path: path.write_bytes(pickle.dumps(obj))], ids=["torch", "pickle"]
)
def test_a_file_that_would_run_code_is_refused_unrun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: object
) -> None:
    monkeypatch.chdir(tmp_path)
    write({"conv.weight": Bomb()}, tmp_path / "w.pth")  # type: ignore[operator]
    with pytest.raises(BundleError, match=r"contains more than tensors.*state_dict alone"):
        load_file(tmp_path / "w.pth")
    assert not (tmp_path / "went-off").exists()


@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
@pytest.mark.parametrize("share", [0.0, 0.5])
def test_a_truncated_file_is_refused(tmp_path: Path, suffix: str, share: float) -> None:
    path = tmp_path / f"w{suffix}"
    save_file(STATE, path) if suffix == ".safetensors" else torch.save(STATE, path)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises(BundleError, match=r"damaged"):
        load_file(path)


def test_other_content_is_refused_with_what_is_allowed(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="does not exist"):
        load_file(tmp_path / "w.pth")
    for content in ([torch.ones(1)], {}, {"epoch": 3}):
        torch.save(content, tmp_path / "w.pth")
        with pytest.raises(BundleError, match="not a state dict"):
            load_file(tmp_path / "w.pth")


def test_a_state_dict_may_lack_its_classifier_and_nothing_else() -> None:
    state = ResNet(config_of("resnet18"), 0).state_dict()
    assert unfit("resnet18", state) is None
    assert unfit("resnet18", {name: t for name, t in state.items() if name != "bn1.bias"}) is not None
    assert unfit("resnet18", {"conv1.weight": torch.ones(64, 3, 7, 7)}) is not None


@pytest.mark.parametrize("zipped", [True, False])
def test_a_damaged_file_is_refused_or_still_readable_but_never_a_crash(tmp_path: Path, zipped: bool) -> None:
    path = tmp_path / "w.pth"
    torch.save(STATE, path, _use_new_zipfile_serialization=zipped)
    whole = path.read_bytes()
    refused = 0
    for place in range(0, len(whole), len(whole) // 100):
        damaged = bytearray(whole)
        damaged[place] ^= 0xFF
        path.write_bytes(damaged)
        try:
            load_file(path)
        except BundleError:
            refused += 1
    assert refused > 10
