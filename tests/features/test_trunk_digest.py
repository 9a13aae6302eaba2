"""The digest of a network without its head: the same for models that compute the same features."""

from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from core.features.trunk_digest import trunk_digest
from core.models.resnet import ResNet
from core.models.zoo import ResNetConfig


def saved(path: Path, state: dict[str, torch.Tensor]) -> Path:
    save_file({name: value.contiguous() for name, value in state.items()}, path)
    return path


def state_of(classes: int = 3) -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    return ResNet(ResNetConfig("basic", (1, 1, 1, 1), width=8), classes).state_dict()


def test_another_head_or_more_batches_counted_change_nothing(tmp_path: Path) -> None:
    first = trunk_digest(saved(tmp_path / "a.safetensors", state_of()))
    state = {name: value for name, value in state_of().items() if not name.startswith("fc.")}
    state |= {"fc.weight": torch.zeros(9, 64), "fc.bias": torch.ones(9), "box.votes.weight": torch.ones(3)}
    state = {name: value + 5 if name.endswith("num_batches_tracked") else value for name, value in state.items()}
    assert first is not None and len(first) == 64
    assert trunk_digest(saved(tmp_path / "b.safetensors", state)) == first


def test_one_changed_weight_changes_it(tmp_path: Path) -> None:
    first = trunk_digest(saved(tmp_path / "a.safetensors", state_of()))
    for name in ("conv1.weight", "layer4.0.bn2.running_var"):
        state = state_of()
        state[name].view(-1)[-1] += 1e-3
        assert trunk_digest(saved(tmp_path / f"{name}.safetensors", state)) != first


def test_a_file_that_is_replaced_is_read_again(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.safetensors", state_of())
    first = trunk_digest(path)
    state = load_file(path)
    state["conv1.weight"] += 1
    saved(tmp_path / "new.safetensors", state).replace(path)
    assert trunk_digest(path) != first


def test_other_formats_have_none(tmp_path: Path) -> None:
    other = tmp_path / "weights.pth"
    torch.save(state_of(), other)
    assert trunk_digest(other) is None
    half = {name: value.half() if value.is_floating_point() else value for name, value in state_of().items()}
    assert trunk_digest(saved(tmp_path / "half.safetensors", half)) is None
    (tmp_path / "damaged.safetensors").write_bytes(b"\xff" * 100)
    assert trunk_digest(tmp_path / "damaged.safetensors") is None
