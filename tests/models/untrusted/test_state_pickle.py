"""A state dict in a plain Python pickle is read; a pickle with anything else is refused."""

import collections
import io
import os
import pickle
from pathlib import Path

import pytest
import torch

from core.models.downloads import SourceFailed
from core.models.resnet import ResNet
from core.models.untrusted.state_pickle import read_state_pickle
from core.models.zoo import ResNetConfig


@pytest.mark.parametrize("protocol", [4, 5])
def test_a_pickled_state_dict_comes_back(protocol: int) -> None:
    state = ResNet(ResNetConfig("basic", (1, 1, 1, 1), width=4), 3).state_dict()
    found = read_state_pickle(io.BytesIO(pickle.dumps(state, protocol)))
    assert list(found) == list(state)
    assert all(torch.equal(found[name], state[name]) for name in state)


class Bomb:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, ("went-off",)


def test_a_pickle_that_would_run_code_is_refused_unrun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SourceFailed, match=r"names posix\.mkdir"):
        read_state_pickle(io.BytesIO(pickle.dumps({"a": Bomb()})))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "content", [b"", b"\x80\x04.", b"nonsense", pickle.dumps([1]), pickle.dumps(collections.OrderedDict(a=1))]
)
def test_what_is_no_state_dict_is_refused(content: bytes) -> None:
    with pytest.raises(SourceFailed, match="not a state dict"):
        read_state_pickle(io.BytesIO(content))
