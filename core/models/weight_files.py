"""Read weight files of any origin into plain state dicts. torch is imported only when numbers are read."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from core.errors import BundleError
from core.models.foreign.config_beside import config_beside
from core.models.foreign.description import Described, DoesNotFit, describe
from core.models.untrusted.file_kind import KERAS_SUFFIXES, Kind, OtherKind, kind_of
from core.models.untrusted.pickle_names import more_than_tensors
from core.models.untrusted.safetensors_header import read_header, read_metadata
from core.models.untrusted.stored_tensor import NotPlain, StoredTensor, Unusable, checked_state, read_tensor
from core.models.untrusted.tensor_pickle import MoreThanTensors
from core.models.untrusted.tensor_shapes import unfit_shapes
from core.models.untrusted.torch_file import DAMAGE, NotTorch, read_object

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["KERAS_SUFFIXES", "FileWeights", "kind_of_file", "load_file", "notes_on", "plain", "read_weights", "unfit"]


@dataclass(frozen=True)
class FileWeights:
    """The ResNet in a user's own weight file."""

    state: "dict[str, Tensor]"
    """Float32 on the CPU; without ``fc`` if the file has no classifier for it."""
    classes: tuple[str, ...] | None
    """In the order of the outputs; None if the file does not name them."""
    notes: tuple[str, ...]
    """Whole sentences on what was taken, and what was left out."""


def load_file(path: Path, arch: str | None = None) -> "dict[str, Tensor]":
    """Read the state dict in a weight file, as float32 on the CPU.

    A file of safetensors or of torch.save, of which nothing is unpickled, so that no file can run code. Names, types,
    shapes and sizes are checked before any number is read. With `arch` it is a file from anywhere, as `read_weights`
    takes it; else one with our names, perhaps inside a checkpoint (``state_dict``, ``model``) or with DataParallel's
    prefix ``module.``. Raises BundleError.
    """
    if arch is not None:
        return read_weights(path, arch).state
    with _opened(path) as (file, size):
        tensors = _own_state(file, size, path)
        return plain({name: read_tensor(file, tensor) for name, tensor in tensors.items()})


def read_weights(path: Path, arch: str) -> FileWeights:
    """Read the ResNet in a weight file, whatever program saved it, with any number of classes or none.

    The file may hold a checkpoint around the state dict, prefixes of wrappers, the names of torchvision, timm, fastai
    or transformers, and other networks and layers beside it. Raises BundleError.
    """
    with _opened(path) as (file, size):
        found = _described(file, size, path, arch)
        state = plain({name: read_tensor(file, tensor) for name, tensor in found.tensors.items()})
        return FileWeights(state, found.classes, found.notes)


def notes_on(path: Path, arch: str) -> tuple[str, ...]:
    """Return what `read_weights` takes of a file and leaves out, in sentences, without reading numbers.

    Does not import torch. Raises BundleError.
    """
    with _opened(path) as (file, size):
        return _described(file, size, path, arch).notes


def kind_of_file(path: Path) -> Kind:
    """Return the kind of a weight file by its content; raises BundleError that says what it is instead."""
    with _opened(path) as (file, size):
        return _kind(file, size, path)


@contextmanager
def _opened(path: Path) -> Iterator[tuple[BinaryIO, int]]:
    if path.exists() and not path.is_file():
        raise BundleError(f"{path} is not a file. Choose a weight file.")
    try:
        with path.open("rb") as file:
            yield file, path.stat().st_size
    except FileNotFoundError:
        raise BundleError(f"The weight file {path} does not exist. Check the path.") from None
    except (OSError, EOFError) as error:
        raise _damaged(path, error) from error


def _kind(file: BinaryIO, size: int, path: Path) -> Kind:
    try:
        return kind_of(file, size, path.suffix.lower())
    except OtherKind as error:
        raise BundleError(f"{path} {error}") from error


def _content(file: BinaryIO, size: int, path: Path) -> tuple[Any, Mapping[object, object]]:
    """Return what a file holds, tensors as their places in the file, and what it notes beside them."""
    kind = _kind(file, size, path)
    if kind == "keras":
        raise BundleError(
            f"{path} is an HDF5 file, as Keras writes them. Give it a name that ends in .h5 (.keras for the whole "
            f"model), and choose a keras architecture."
        )
    try:
        if kind == "torch":
            return read_object(file, size), {}
        found = read_header(file, size)
        file.seek(0)
        return found, read_metadata(file, size)
    except MoreThanTensors as error:
        raise BundleError(f"{path} {more_than_tensors(str(error))}") from error
    except NotTorch as error:
        raise BundleError(f"{path} {error}") from error
    except DAMAGE as error:
        raise _damaged(path, error) from error


def _described(file: BinaryIO, size: int, path: Path, arch: str) -> Described:
    found, metadata = _content(file, size, path)
    try:
        return describe(found, size, arch, metadata, config_beside(path))
    except Unusable as problem:
        raise BundleError(f"{path} cannot be used: {problem}") from problem
    except DoesNotFit as problem:
        raise BundleError(f"{path} does not fit {arch}: {problem}") from problem


def _own_state(file: BinaryIO, size: int, path: Path) -> dict[str, StoredTensor]:
    found, _ = _content(file, size, path)
    for wrapper in ("state_dict", "model"):
        if isinstance(found, dict) and isinstance(found.get(wrapper), dict):
            found = found[wrapper]
    if not isinstance(found, dict) or not any(isinstance(value, StoredTensor | NotPlain) for value in found.values()):
        raise BundleError(f"{path} is not a state dict (names with tensors). Save the model's state_dict alone.")
    try:
        return checked_state(found, size)
    except Unusable as problem:
        raise BundleError(f"{path} cannot be used: {problem}") from problem


def _damaged(path: Path, error: Exception) -> BundleError:
    reason = str(error).partition("\n")[0].strip("'\"")[:200] or "it ends too early"
    if not reason.isprintable():
        reason = "its contents are not what they should be"
    return BundleError(f"{path} is damaged ({reason}). Copy or download it again.")


def unfit(arch: str, state: "Mapping[str, Tensor | StoredTensor]") -> str | None:
    """Describe why a state dict, of any number of classes, does not fit an architecture; None if it fits."""
    return unfit_shapes(arch, {name: tuple(tensor.shape) for name, tensor in state.items()})


def plain(state: "Mapping[str, Tensor]") -> "dict[str, Tensor]":
    """Return row-major float32 tensors, with the batch counters that files from before torch 0.4.1 lack."""
    import torch

    made = {}
    for name, tensor in state.items():
        tensor = tensor.detach()
        counts = name.endswith("num_batches_tracked")
        made[name] = (tensor.long() if counts else tensor.float()).contiguous()
        counter = name.removesuffix("running_var") + "num_batches_tracked"
        if name.endswith("running_var") and counter not in state:
            made[counter] = torch.tensor(0)
    return made
