"""Which objects may stand beside weights; that none is ever made; and what a file with others is called."""

import argparse
import collections
import datetime
import decimal
import io
import os
import pathlib
import pickle
import sys
import time
import types
from pathlib import Path
from typing import Any

import pytest
import torch
import torchvision
from torch import nn

from core.errors import BundleError
from core.models.untrusted.pickle_names import is_known, more_than_tensors
from core.models.untrusted.tensor_pickle import Fields, MoreThanTensors
from core.models.untrusted.torch_file import read_object
from core.models.weight_files import load_file


def read(content: object, protocol: int = 2) -> Any:
    file = io.BytesIO()
    torch.save(content, file, pickle_protocol=protocol)
    file.seek(0)
    return read_object(file, file.getbuffer().nbytes)


def of_program(*steps: bytes) -> io.BytesIO:
    """Return a file of torch.save whose pickle has these instructions."""
    from tests.fuzz.hostile_weights import archive, program

    return io.BytesIO(archive(program(*steps)))


@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_settings_are_read_as_tables(protocol: int) -> None:
    inner = argparse.Namespace(classes=["a", "b"], path=pathlib.PurePosixPath("/x"))
    found = read({"args": argparse.Namespace(lr=0.1, inner=inner), "more": types.SimpleNamespace(seed=1)}, protocol)
    assert found["args"]["lr"] == 0.1 and found["args"]["inner"]["classes"] == ["a", "b"]
    assert found["more"] == {"seed": 1} and isinstance(found["args"], Fields)
    assert not isinstance(found["args"]["inner"]["path"], pathlib.PurePath)


def test_tables_with_a_default_and_counters_keep_what_they_hold() -> None:
    found = read({"a": collections.defaultdict(list, {"x": [1]}), "b": collections.Counter("aab")})
    assert found["a"] == {"x": [1]} and found["b"] == {"a": 2, "b": 1}


def test_the_version_of_torch_is_a_text() -> None:
    assert read({"torch": torch.__version__}) == {"torch": str(torch.__version__)}


class Spy(argparse.Namespace):
    """As an object of argparse, but creating it leaves a trace."""

    def __setstate__(self, state: dict[str, object]) -> None:
        os.mkdir("made")  # noqa: PTH102


def test_no_object_is_ever_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even if a listed name is an object with a hook, only its name is read."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(argparse, "Namespace", Spy)
    Spy.__module__, Spy.__qualname__, Spy.__name__ = "argparse", "Namespace", "Namespace"
    found = read({"args": Spy(lr=0.1)})
    assert found["args"] == {"lr": 0.1} and not (tmp_path / "made").exists()


def test_names_of_lightning_and_omegaconf_are_known_and_others_are_not() -> None:
    for name in (
        "pytorch_lightning.callbacks.model_checkpoint.ModelCheckpoint",
        "lightning.pytorch.callbacks.early_stopping.EarlyStopping",
        "lightning.fabric.utilities.data.AttributeDict",
        "omegaconf.dictconfig.DictConfig",
        "numpy.core.multiarray.scalar",
        "numpy._core.multiarray._reconstruct",
        "torch.float16",
        "torch.FloatStorage",
    ):
        assert is_known(name), name
    for name in ("os.system", "posix.system", "builtins.eval", "builtins.getattr", "numpy.load", "torch.load"):
        assert not is_known(name), name
    assert not is_known("omegaconf.a.b.c") and not is_known("numpy.core.multiarray.fromfile")


def test_an_object_of_another_class_is_named(tmp_path: Path) -> None:
    with pytest.raises(MoreThanTensors, match=r"^decimal\.Decimal$"):
        read({"a": torch.ones(1), "price": decimal.Decimal(1)})
    torch.save({"price": decimal.Decimal(1)}, tmp_path / "w.pth")
    with pytest.raises(BundleError, match=r"w\.pth contains more than tensors \(decimal\.Decimal\), or is damaged"):
        load_file(tmp_path / "w.pth")


class Net(nn.Module):
    pass


@pytest.mark.parametrize(
    ("model", "name"),
    [
        (torchvision.models.resnet18(), r"torchvision\.models\.resnet\.ResNet"),
        (nn.Sequential(nn.Linear(2, 2)), r"torch\.nn\.modules\.container\.Sequential"),
        (nn.DataParallel(nn.Linear(2, 2)), r"torch\.nn\.parallel\.data_parallel\.DataParallel"),
        (Net(), r"tests\.models\.untrusted\.test_pickle_names\.Net"),
    ],
    ids=["torchvision", "sequential", "parallel", "own"],
)
def test_a_whole_model_is_named_as_that(tmp_path: Path, model: nn.Module, name: str) -> None:
    torch.save(model, tmp_path / "w.pth")
    with pytest.raises(BundleError, match=rf"a whole model as Python objects \({name}\).*save the model's state_dict"):
        load_file(tmp_path / "w.pth")


def test_what_fastai_exports_is_named_as_that() -> None:
    said = more_than_tensors("fastai.learner.Learner")
    assert (
        said.startswith("is a whole learner of fastai (fastai.learner.Learner) (learn.export)") and "learn.save" in said
    )


@pytest.mark.parametrize("name", ["", "\x1b[31m.x", "a" * 500, "os system", "the instruction BINPERSID2"])
def test_a_name_that_is_none_is_not_shown(name: str) -> None:
    assert more_than_tensors(name).startswith("contains more than tensors, or is damaged")


@pytest.mark.parametrize(
    "steps",
    [
        (b"cos\nsystem\n)\x81",),
        (b"cargparse\nNamespace\n)\x81", b"cos\nsystem\n(X\x02\x00\x00\x00lstRb"),
        (b"ctorch._utils\n_rebuild_tensor_v2\n)\x81",),
        (b"ctorch._tensor\n_rebuild_from_type_v2\n(ccollections\nOrderedDict\nN(ttR",),
    ],
    ids=["new", "state", "new tensor", "from type"],
)
def test_a_program_that_would_run_something_is_refused(steps: tuple[bytes, ...]) -> None:
    file = of_program(*steps)
    with pytest.raises(MoreThanTensors):
        read_object(file, file.getbuffer().nbytes)


@pytest.mark.parametrize(
    "steps",
    [
        # A table of 100,000 entries that is copied 60,000 times, and a list of pairs, and a shape, likewise.
        (
            b"}(" + b"".join(b"X\x05\x00\x00\x00%05dN" % n for n in range(50_000)) + b"uq\x00",
            b"cargparse\nNamespace\n)\x81h\x00b" * 60_000,
        ),
        (b"](" + b"(NNt" * 50_000 + b"eq\x00", b"ccollections\nOrderedDict\n(h\x00tR" * 60_000),
    ],
    ids=["attributes", "pairs"],
)
def test_a_long_list_is_not_copied_again_and_again(steps: tuple[bytes, ...]) -> None:
    file = of_program(*steps)
    began = time.monotonic()
    with pytest.raises(ValueError, match="too long"):
        read_object(file, file.getbuffer().nbytes)
    assert time.monotonic() - began < 20


def test_dates_and_numbers_are_no_tensors() -> None:
    found = read({"when": datetime.datetime.now(datetime.UTC), "took": datetime.timedelta(1), "size": torch.Size([2])})
    assert found["size"] == (2,) and found["when"] == found["took"]
    assert sys.getsizeof(found) < 1000


def test_a_state_dict_of_pythons_pickle_says_how_to_save_it(tmp_path: Path) -> None:
    (tmp_path / "w.pkl").write_bytes(pickle.dumps({"a": torch.ones(2)}))
    with pytest.raises(BundleError, match=r"w\.pkl was written with Python's pickle, not with torch\.save\. Save the"):
        load_file(tmp_path / "w.pkl")
