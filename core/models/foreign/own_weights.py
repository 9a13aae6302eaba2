"""Weights of a user's own: a bundle folder, or a weight file that any program wrote."""

from pathlib import Path

from core.errors import BundleError
from core.models.bundle import load_bundle
from core.models.foreign.class_names import shown
from core.models.foreign.pretrained import Pretrained, imagenet_classes
from core.models.foreign.weight_folders import check_weight_folder
from core.models.weight_files import KERAS_SUFFIXES, kind_of_file, read_weights, unfit
from core.models.weights_table import keras_preprocessing, preprocessing_of
from core.models.zoo import same_layers

_IMAGENET_CLASSES = 1000


def own_weights(path: Path, arch: str) -> Pretrained:
    """Return the weights in a file or folder that exists; raises BundleError."""
    if path.is_dir():
        check_weight_folder(path)
        model, info = load_bundle(path)
        if not same_layers(info.arch, arch):
            raise BundleError(f"The bundle {path} is a {info.arch}, not a {arch}. Choose the architecture {info.arch}.")
        return Pretrained(info.arch, model.state_dict(), info.classes, info.preprocessing, {"source": str(path)})
    kind = kind_of_file(path)
    keras = path.suffix.lower() in KERAS_SUFFIXES
    if keras and kind != "keras":
        right = ".safetensors" if kind == "safetensors" else ".pth"
        raise BundleError(f"{path} is no file of Keras, as its name says, but of PyTorch. Rename it to end in {right}.")
    return _of_keras(path, arch) if keras else _of_torch(path, arch)


def _of_keras(path: Path, arch: str) -> Pretrained:
    from core.models.keras_files import read_keras_file

    found = read_keras_file(path, arch)
    if problem := unfit(arch, found.state):
        raise BundleError(f"{path} does not fit {arch}: {problem}. Choose the architecture that the file is for.")
    notes = [f"Left out: {shown(found.left_out)}."] if found.left_out else []
    outputs = len(found.state["fc.weight"]) if "fc.weight" in found.state else 0
    classes = _guessed(outputs, notes)
    origin = {"source": str(path)}
    return Pretrained(arch, found.state, classes, keras_preprocessing(arch), origin, not outputs, tuple(notes))


def _of_torch(path: Path, arch: str) -> Pretrained:
    found = read_weights(path, arch)
    notes = list(found.notes)
    outputs = len(found.state["fc.weight"]) if "fc.weight" in found.state else 0
    classes = found.classes or _guessed(outputs, notes)
    named = found.classes is not None or not outputs
    # No file of torch says how pictures are prepared; nearly all are trained with ImageNet's mean and deviation.
    return Pretrained(arch, found.state, classes, preprocessing_of(), {"source": str(path)}, named, tuple(notes))


def _guessed(outputs: int, notes: list[str]) -> tuple[str, ...]:
    """Return ImageNet's classes if the number fits, with a note, else numbers as names."""
    if outputs != _IMAGENET_CLASSES:
        return tuple(str(number) for number in range(outputs))
    notes.append("The file names no classes; its 1,000 outputs are taken for those of ImageNet.")
    return tuple(imagenet_classes())
