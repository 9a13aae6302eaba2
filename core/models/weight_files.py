"""Read weight files of any origin into plain state dicts. torch is imported only when a file is read."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from core.errors import BundleError
from core.models.bundle import mismatch
from core.models.untrusted.stored_tensor import NotPlain, StoredTensor, Unusable, checked_state, read_tensor
from core.models.zoo import config_of

if TYPE_CHECKING:
    from torch import Tensor

KERAS_SUFFIXES = (".h5", ".hdf5", ".keras")
"""Files that core.models.keras_files reads. Reading them requires the architecture."""

_FOREIGN = (".safetensors", ".pth", ".pt")


def load_file(path: Path, arch: str | None = None) -> "dict[str, Tensor]":
    """Read the state dict in a user's own weight file, as float32 on the CPU.

    ``.safetensors``, or ``.pth`` and ``.pt``, of which nothing is unpickled, so that no file can run code. A state dict
    inside a checkpoint (``state_dict``, ``model``) is found, and DataParallel's prefix ``module.`` is removed. Names,
    types, shapes and sizes are checked before any number is read; with `arch` they must fit that architecture, with any
    number of classes. Raises BundleError.
    """
    if path.suffix.lower() not in _FOREIGN:
        raise BundleError(
            f"{path} does not have the name of a weight file. Use a .safetensors, .pth or .pt file; for an "
            f"architecture of Keras also {', '.join(KERAS_SUFFIXES)}."
        )
    if path.exists() and not path.is_file():
        raise BundleError(f"{path} is not a file. Choose a weight file.")
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(0)
            tensors = _described(file, size, path)
            problem = unfit(arch, tensors) if arch else None
            if problem:
                raise BundleError(
                    f"{path} does not fit {arch}: {problem}. Choose the architecture that the file is for."
                )
            return plain({name: read_tensor(file, tensor) for name, tensor in tensors.items()})
    except FileNotFoundError:
        raise BundleError(f"The weight file {path} does not exist. Check the path.") from None
    except (OSError, EOFError) as error:
        raise _damaged(path, error) from error


def _described(file: BinaryIO, size: int, path: Path) -> dict[str, StoredTensor]:
    from core.models.untrusted.safetensors_header import read_header
    from core.models.untrusted.tensor_pickle import MoreThanTensors
    from core.models.untrusted.torch_file import DAMAGE, read_object

    try:
        found: Any = read_header(file, size) if path.suffix.lower() == ".safetensors" else read_object(file, size)
    except MoreThanTensors as error:
        raise BundleError(
            f"{path} contains more than tensors, or is damaged, and was not loaded. "
            "Save the model's state_dict alone, best as .safetensors."
        ) from error
    except DAMAGE as error:
        raise _damaged(path, error) from error
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
    import torch

    from core.models.resnet import ResNet

    config = config_of(arch)
    classifier = state.get("fc.weight")
    # A state dict without a classifier belongs to a network with 0 classes.
    classes = classifier.shape[0] if classifier is not None and len(classifier.shape) == 2 else 0
    with torch.device("meta"):
        return mismatch(ResNet(config, classes), state)


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
