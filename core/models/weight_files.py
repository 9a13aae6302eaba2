"""Read weight files of any origin into plain state dicts. torch is imported only when a file is read."""

import pickle
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import BundleError
from core.models.bundle import mismatch
from core.models.zoo import config_of

if TYPE_CHECKING:
    from torch import Tensor

KERAS_SUFFIXES = (".h5", ".hdf5", ".keras")
"""Files that core.models.keras_files reads. Reading them requires the architecture."""

# What torch.load raises for damaged files, depending on where the damage is.
_DAMAGE_ERRORS = (
    RuntimeError,
    EOFError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    AssertionError,
    struct.error,
)


def load_file(path: Path) -> "dict[str, Tensor]":
    """Read the state dict in a user's own weight file, as float32 on the CPU.

    ``.safetensors``, or ``.pth`` and ``.pt`` with ``weights_only=True``, so that no file can run code. A state dict
    inside a checkpoint (``state_dict``, ``model``) is found, and DataParallel's prefix ``module.`` is removed. Raises
    BundleError.
    """
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file as load_safetensors

    found: Any
    try:
        if path.suffix.lower() == ".safetensors":
            found = load_safetensors(path)
        elif path.suffix.lower() in (".pth", ".pt"):
            found = torch.load(path, map_location="cpu", weights_only=True)
        else:
            raise BundleError(
                f"{path} does not have the name of a weight file. Use a .safetensors, .pth or .pt file; for an "
                f"architecture of Keras also {', '.join(KERAS_SUFFIXES)}."
            )
    except FileNotFoundError:
        raise BundleError(f"The weight file {path} does not exist. Check the path.") from None
    except pickle.UnpicklingError as error:
        raise BundleError(
            f"{path} contains more than tensors, or is damaged, and was not loaded. "
            "Save the model's state_dict alone, best as .safetensors."
        ) from error
    except (OSError, SafetensorError, *_DAMAGE_ERRORS) as error:
        reason = str(error).partition("\n")[0] or "it ends too early"
        raise BundleError(f"{path} is damaged ({reason}). Copy or download it again.") from error
    for wrapper in ("state_dict", "model"):
        if isinstance(found, dict) and isinstance(found.get(wrapper), dict):
            found = found[wrapper]
    if not isinstance(found, dict) or not found or not all(isinstance(value, torch.Tensor) for value in found.values()):
        raise BundleError(f"{path} is not a state dict (names with tensors). Save the model's state_dict alone.")
    return plain({name.removeprefix("module."): tensor for name, tensor in found.items()})


def unfit(arch: str, state: "Mapping[str, Tensor]") -> str | None:
    """Describe why a state dict, of any number of classes, does not fit an architecture; None if it fits."""
    import torch

    from core.models.resnet import ResNet

    config = config_of(arch)
    classifier = state.get("fc.weight")
    # A state dict without a classifier belongs to a network with 0 classes.
    classes = len(classifier) if classifier is not None and classifier.ndim == 2 else 0
    with torch.device("meta"):
        return mismatch(ResNet(config, classes), state)


def plain(state: "Mapping[str, Tensor]") -> "dict[str, Tensor]":
    """Return row-major float32 tensors, with the batch counters that files from before torch 0.4.1 lack."""
    import torch

    made = {}
    for name, tensor in state.items():
        tensor = tensor.detach()
        made[name] = (tensor.float() if tensor.is_floating_point() else tensor).contiguous()
        counter = name.removesuffix("running_var") + "num_batches_tracked"
        if name.endswith("running_var") and counter not in state:
            made[counter] = torch.tensor(0)
    return made
