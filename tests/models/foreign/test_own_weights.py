"""A weight file of a user's own, as training gets it: its classes, what is said about it, and what is refused."""

import json
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from core.errors import BundleError
from core.models.resnet import build
from core.models.weight_files import notes_on
from core.models.weights import fetch


def state(classes: int) -> dict[str, torch.Tensor]:
    return dict(build("resnet18", classes).state_dict())


def test_the_classes_in_a_file_are_those_of_its_head(tmp_path: Path) -> None:
    torch.save({"model": state(2), "class_to_idx": {"wren": 1, "owl": 0}}, tmp_path / "w.pth")
    found = fetch("resnet18", source=str(tmp_path / "w.pth"))
    assert found.classes == ("owl", "wren") and found.named
    assert found.notes == notes_on(tmp_path / "w.pth", "resnet18") == ("Its classes: owl, wren.",)


def test_without_names_the_classes_are_numbers_and_known_as_a_guess(tmp_path: Path) -> None:
    torch.save(state(2), tmp_path / "w.pth")
    found = fetch("resnet18", source=str(tmp_path / "w.pth"))
    assert found.classes == ("0", "1") and not found.named and not found.notes


def test_that_a_thousand_outputs_are_taken_for_imagenets_is_said(tmp_path: Path) -> None:
    torch.save(state(1000), tmp_path / "w.pth")
    found = fetch("resnet18", source=str(tmp_path / "w.pth"))
    assert found.classes[0] == "tench" and not found.named
    assert found.notes == ("The file names no classes; its 1,000 outputs are taken for those of ImageNet.",)


def test_a_trunk_alone_has_no_classes(tmp_path: Path) -> None:
    trunk = {name: tensor for name, tensor in state(2).items() if not name.startswith("fc.")}
    torch.save(trunk, tmp_path / "w.pth")
    found = fetch("resnet18", source=str(tmp_path / "w.pth"))
    assert found.classes == () and "fc.weight" not in found.state


def test_a_file_of_pytorch_that_is_named_as_one_of_keras_is_refused(tmp_path: Path) -> None:
    """The name decides the preprocessing, which is another one for Keras."""
    torch.save(state(2), tmp_path / "w.h5")
    with pytest.raises(BundleError, match=r"w\.h5 is no file of Keras.*Rename it to end in \.pth\.$"):
        fetch("keras-resnet50", source=str(tmp_path / "w.h5"))
    save_file(state(2), tmp_path / "w.keras")
    with pytest.raises(BundleError, match=r"Rename it to end in \.safetensors\.$"):
        fetch("resnet18", source=str(tmp_path / "w.keras"))


def test_a_file_of_keras_for_another_architecture_says_which_to_choose(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "w.h5", "w") as file:
        file["conv1_conv/conv1_conv/kernel:0"] = np.ones((7, 7, 3, 64), np.float32)
    with pytest.raises(BundleError, match=r"resnet50 is not a network of Keras. Choose one of: keras-resnet50,"):
        fetch("resnet50", source=str(tmp_path / "w.h5"))


def test_a_web_page_that_is_named_as_a_file_of_keras_is_named_as_that(tmp_path: Path) -> None:
    (tmp_path / "w.h5").write_text("<!doctype html><html></html>")
    with pytest.raises(BundleError, match=r"w\.h5 is an HTML page"):
        fetch("keras-resnet50", source=str(tmp_path / "w.h5"))


def test_the_folder_of_a_model_of_the_hub_names_the_file_to_choose(tmp_path: Path) -> None:
    save_file(state(2), tmp_path / "model.safetensors")
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "resnet"}))
    with pytest.raises(BundleError, match=r"is not a bundle: .*Choose model\.safetensors in it, not the folder\."):
        fetch("resnet18", source=str(tmp_path))


def test_a_saved_model_of_tensorflow_is_named_as_that(tmp_path: Path) -> None:
    (tmp_path / "saved_model.pb").write_bytes(b"\x08\x01")
    with pytest.raises(BundleError, match="is a SavedModel of TensorFlow"):
        fetch("resnet18", source=str(tmp_path))


def test_a_zip_is_not_opened_but_named(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "w.zip", "w") as file:
        file.writestr("best.pth", b"x")
    with pytest.raises(BundleError, match=r"w\.zip is a zip archive with a weight file in it .best\.pth."):
        fetch("resnet18", source=str(tmp_path / "w.zip"))
