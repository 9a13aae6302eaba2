"""Whatever prefixes and tables stand around a state dict, it loads with its numbers or is refused in a sentence."""

import argparse
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import BundleError
from core.models.weight_files import read_weights
from tests.models.foreign.networks import as_children, as_transformers, check_same, prefixed, state_of, trunk_of

STATE, OTHER = state_of(), state_of(seed=1)
TRUNK = trunk_of(STATE)

words = st.sampled_from(
    [
        "module",
        "_orig_mod",
        "model",
        "backbone",
        "encoder",
        "net",
        "network",
        "resnet",
        "base_model",
        "layer9",
        "ä",
        "0",
    ]
)
prefixes = st.lists(words, max_size=4).map(lambda parts: "".join(f"{part}." for part in parts))
keys = st.sampled_from(["state_dict", "model_state_dict", "model", "net", "ema", "teacher", "params", "weights", "x"])
others: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.integers(-5, 10**6),
    st.floats(allow_nan=False),
    st.text(max_size=5),
    st.builds(lambda value: torch.tensor(value), st.floats(-1, 1)),
    st.builds(lambda value: argparse.Namespace(lr=value), st.floats(-1, 1)),
    st.lists(st.integers(), max_size=3),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=3),
)
beside = st.dictionaries(st.sampled_from(["epoch", "args", "optimizer", "loss", "arch", "metric", "classes"]), others)


def read(content: object, folder: Path) -> Any:
    path = folder / "w.pth"
    torch.save(content, path)
    return read_weights(path, "tiny")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("checkpoints")


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(prefix=prefixes, path=st.lists(keys, max_size=3), more=beside)
def test_one_network_always_loads_with_its_numbers(
    folder: Path, prefix: str, path: list[str], more: dict[str, Any]
) -> None:
    content: Any = prefixed(prefix, STATE)
    for key in reversed(path):
        content = {**more, key: content}
    check_same(read(content, folder).state, STATE)


@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@given(prefix=prefixes, layout=st.sampled_from(["children", "transformers"]), key=keys)
def test_so_does_a_trunk_under_other_names(folder: Path, prefix: str, layout: str, key: str) -> None:
    renamed = as_children(TRUNK) if layout == "children" else as_transformers(TRUNK)
    check_same(read({key: prefixed(prefix, renamed)}, folder).state, TRUNK)


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(first=prefixes, second=prefixes, path=keys, other=keys)
def test_of_two_networks_one_is_taken_in_words_or_none(
    folder: Path, first: str, second: str, path: str, other: str
) -> None:
    one, two = prefixed(first, STATE), prefixed(second, OTHER)
    content: Any = {path: one, other: two} if path != other else {path: {**one, **two}}
    alone = len(content) == 1 and one.keys() == two.keys()  # the second has replaced the first
    try:
        found = read(content, folder)
    except BundleError as error:
        said = str(error)
        assert "cannot be used: it holds" in said and said.endswith(".") and said.isprintable()
        return
    expected = OTHER if torch.equal(found.state["conv1.weight"], OTHER["conv1.weight"]) else STATE
    check_same(found.state, expected)
    assert alone or " is used, not " in found.notes[0]


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(
    change=st.dictionaries(
        st.one_of(st.sampled_from(sorted(STATE)), st.text(max_size=30)),
        st.one_of(others, st.just("remove")),
        min_size=1,
        max_size=2,
    )
)
def test_a_changed_state_dict_loads_or_is_refused_in_a_sentence(folder: Path, change: dict[str, Any]) -> None:
    content: dict[str, Any] = {**STATE, **change}
    content = {name: value for name, value in content.items() if not (isinstance(value, str) and value == "remove")}
    try:
        found = read(content, folder)
    except BundleError as error:
        assert str(error).endswith(".") and str(error).isprintable() and len(str(error)) < 600
        return
    for name, tensor in found.state.items():
        assert name.endswith("num_batches_tracked") or torch.equal(tensor, STATE[name])
