"""A network starts from a user's own weight file with the head that fits the run's classes, in their order."""

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from core.models.resnet import build
from core.training.initial_model import InitialModel, build_initial_model
from core.training.linear.frozen_start import start_sentences
from core.training.recipe import Recipe
from core.training.saving.head_replacement import can_replace_head


def started(path: Path, *classes: str) -> InitialModel:
    recipe = Recipe.checked(arch="tiny", weights=str(path), train="head", size=32)
    return finished(build_initial_model(recipe, classes))


def finished(steps: Generator[Any, None, InitialModel]) -> InitialModel:
    while True:
        try:
            next(steps)
        except StopIteration as end:
            made: InitialModel = end.value
            return made


@pytest.fixture
def state() -> dict[str, torch.Tensor]:
    return dict(build("tiny", 3).state_dict())


def test_a_head_for_the_same_classes_is_kept(tmp_path: Path, state: dict[str, torch.Tensor]) -> None:
    torch.save({"model": state, "classes": ["cat", "dog", "owl"]}, tmp_path / "w.pth")
    start = started(tmp_path / "w.pth", "cat", "dog", "owl")
    assert start.knows_classes and torch.equal(start.model.fc.weight, state["fc.weight"])
    assert "It already has the classes of these photos, so its head is kept." in start.sentences
    assert "Its classes: cat, dog, owl." in start.sentences


def test_the_rows_of_a_head_follow_the_classes_of_the_run(tmp_path: Path, state: dict[str, torch.Tensor]) -> None:
    torch.save({"model": state, "classes": ["cat", "dog", "owl"]}, tmp_path / "w.pth")
    start = started(tmp_path / "w.pth", "owl", "cat", "dog")
    assert start.knows_classes
    assert torch.equal(start.model.fc.weight, state["fc.weight"][[2, 0, 1]])
    assert torch.equal(start.model.fc.bias, state["fc.bias"][[2, 0, 1]])
    assert any("in another order" in sentence for sentence in start.sentences)


def test_a_head_for_other_classes_is_replaced(tmp_path: Path, state: dict[str, torch.Tensor]) -> None:
    """As many classes are not the same classes, if the file names its own."""
    torch.save({"model": state, "classes": ["bus", "car", "van"]}, tmp_path / "w.pth")
    start = started(tmp_path / "w.pth", "cat", "dog", "owl")
    assert not start.knows_classes and not torch.equal(start.model.fc.weight, state["fc.weight"])


def test_a_head_without_names_is_kept_by_its_number_and_that_is_said(
    tmp_path: Path, state: dict[str, torch.Tensor]
) -> None:
    torch.save(state, tmp_path / "w.pth")
    start = started(tmp_path / "w.pth", "cat", "dog", "owl")
    assert start.knows_classes and torch.equal(start.model.fc.weight, state["fc.weight"])
    assert any("as many outputs" in one and "does not name them" in one for one in start.sentences)
    assert not started(tmp_path / "w.pth", "cat", "dog").knows_classes


def test_the_log_says_what_was_taken_of_a_file(tmp_path: Path, state: dict[str, torch.Tensor]) -> None:
    """Also before a head on kept vectors, for which the weights are not read."""
    average = {name: tensor + 1 for name, tensor in state.items()}
    torch.save({"model": state, "model_ema": average}, tmp_path / "w.pth")
    said = "model_ema, the average of the weights, is used, not model."
    assert said in started(tmp_path / "w.pth", "a", "b", "c").sentences
    recipe = Recipe.checked(arch="tiny", weights=str(tmp_path / "w.pth"), train="head", size=32)
    assert said in start_sentences(recipe, "tiny", {"source": "file"})


def test_a_file_with_other_names_is_not_copied_into_a_bundle(tmp_path: Path, state: dict[str, torch.Tensor]) -> None:
    """A bundle has our names; the head of such a file is replaced by loading it."""
    save_file(state, tmp_path / "own.safetensors")
    assert can_replace_head(tmp_path / "own.safetensors")
    others = {
        "prefix": {f"backbone.{name}": tensor for name, tensor in state.items()},
        "head": state | {"fc.1.weight": torch.ones(2)},
        "old": {name: tensor for name, tensor in state.items() if "num_batches" not in name},
        "renamed": {name.replace("layer1", "4"): tensor for name, tensor in state.items()},
    }
    for name, tensors in others.items():
        save_file(tensors, tmp_path / f"{name}.safetensors")
        assert not can_replace_head(tmp_path / f"{name}.safetensors"), name
