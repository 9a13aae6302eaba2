"""Files of torch.save are read without unpickling them, with the same numbers as torch.load."""

import io
from collections import OrderedDict
from decimal import Decimal
from pathlib import Path

import pytest
import torch
from torch import nn

from core.errors import BundleError
from core.models.resnet import build
from core.models.untrusted.tensor_pickle import MoreThanTensors
from core.models.untrusted.torch_file import read_object
from core.models.weight_files import load_file

FORMATS = [{}, {"_use_new_zipfile_serialization": False}]


def network() -> nn.Module:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(16, 2))
    model(torch.randn(4, 3, 4, 4))
    return model


def same(path: Path) -> None:
    """Compare our reader with torch's."""
    theirs = torch.load(path, weights_only=True)
    theirs = theirs.get("state_dict", theirs)
    ours = load_file(path)
    assert ours.keys() == {name.removeprefix("module.") for name in theirs}
    for name, tensor in theirs.items():
        expected = tensor.detach() if name.endswith("num_batches_tracked") else tensor.detach().float()
        found = ours[name.removeprefix("module.")]
        assert torch.equal(found, expected) and found.is_contiguous() and not found.requires_grad, name


@pytest.mark.parametrize("options", FORMATS, ids=["zip", "before 1.6"])
@pytest.mark.parametrize("kind", ["state", "half", "bfloat16", "double", "channels_last", "parameters", "parallel"])
def test_every_usual_state_dict_comes_back(tmp_path: Path, kind: str, options: dict[str, bool]) -> None:
    model = network()
    state: dict[str, torch.Tensor] = model.state_dict()
    if kind in ("half", "bfloat16", "double"):
        state = getattr(model, kind)().state_dict()
    elif kind == "channels_last":
        state = model.to(memory_format=torch.channels_last).state_dict()
    elif kind == "parameters":
        state = dict(model.named_parameters())
    elif kind == "parallel":
        state = nn.DataParallel(model).state_dict()
    torch.save(state, tmp_path / "w.pth", **options)
    same(tmp_path / "w.pth")


@pytest.mark.parametrize("options", FORMATS, ids=["zip", "before 1.6"])
def test_tensors_may_share_storages_and_be_views(tmp_path: Path, options: dict[str, bool]) -> None:
    base = torch.arange(24.0)
    state = {
        "a": base[4:10],
        "b": base.view(4, 6).T,
        "c": base.view(4, 6)[::2, 1::2],
        "d": base,
        "e": torch.empty(0, 3),
    }
    torch.save(state, tmp_path / "w.pth", **options)
    same(tmp_path / "w.pth")


def test_a_checkpoint_with_its_optimizer_and_other_values_is_read(tmp_path: Path) -> None:
    model = network()
    optimizer = torch.optim.AdamW(model.parameters())
    model(torch.randn(2, 3, 4, 4)).sum().backward()
    optimizer.step()
    others = {
        "epoch": 3,
        "name": "häher",
        "loss": 0.5,
        "best": None,
        "rng": torch.get_rng_state(),
        "flags": [True, (1, 2)],
    }
    content = {"state_dict": model.state_dict(), "optimizer": optimizer.state_dict(), "device": torch.device("cpu")}
    torch.save(content | others | {"size": torch.Size([1, 2]), "dtype": torch.float16}, tmp_path / "w.pth")
    same(tmp_path / "w.pth")


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_a_later_protocol_of_pickle_is_read(tmp_path: Path, protocol: int) -> None:
    state = OrderedDict(a=torch.arange(6.0).view(2, 3), b=torch.ones(2).half())
    torch.save(state, tmp_path / "w.pth", pickle_protocol=protocol)
    found = load_file(tmp_path / "w.pth")
    assert torch.equal(found["a"], state["a"]) and torch.equal(found["b"], state["b"].float())


def test_a_whole_network_is_read(tmp_path: Path) -> None:
    torch.save(build("resnet18", 3).state_dict(), tmp_path / "w.pth")
    same(tmp_path / "w.pth")


def test_a_file_that_is_larger_than_its_tensors_need_is_not_read_into_memory(tmp_path: Path) -> None:
    """A view of one number keeps its whole storage in the file."""
    torch.save({"a": torch.zeros(10_000_000)[:1]}, tmp_path / "w.pth")
    assert load_file(tmp_path / "w.pth")["a"].untyped_storage().nbytes() == 4


def test_an_object_of_another_class_is_named_as_more_than_tensors(tmp_path: Path) -> None:
    file = io.BytesIO()
    torch.save({"a": torch.ones(1), "price": Decimal(1)}, file)
    file.seek(0)
    with pytest.raises(MoreThanTensors, match="decimal"):
        read_object(file, file.getbuffer().nbytes)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (torch.zeros(1).expand(10**6, 10**6), "a repeats its numbers .an expanded tensor."),
        (torch.eye(2).to_sparse(), "a is a sparse tensor"),
        (torch.ones(2, device="meta"), "a is a tensor without numbers .on the meta device."),
        (torch.ones(2, dtype=torch.complex64), "a holds complex64 numbers; weights are float16, bfloat16, float32"),
        (torch.ones(2, dtype=torch.bool), "a holds bool numbers"),
        (torch.ones(2, dtype=torch.int8), "a holds int8 numbers"),
        ("text", "a is not a tensor"),
    ],
)
def test_what_is_no_plain_tensor_is_said_in_one_sentence(tmp_path: Path, value: object, said: str) -> None:
    torch.save({"a": value, "b": torch.ones(1)}, tmp_path / "w.pth")
    with pytest.raises(BundleError, match=rf"w\.pth cannot be used: {said}.*Save the model's state_dict again"):
        load_file(tmp_path / "w.pth")


def test_a_file_of_another_architecture_is_refused_before_its_numbers_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.save(build("resnet34", 3).state_dict(), tmp_path / "w.pth")
    monkeypatch.setattr("core.models.weight_files.read_tensor", lambda *_: pytest.fail("a number was read"))
    with pytest.raises(BundleError, match=r"does not fit resnet18: it holds weights of ResNet-34\. Choose the arch"):
        load_file(tmp_path / "w.pth", "resnet18")
