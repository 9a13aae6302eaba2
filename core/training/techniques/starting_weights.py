"""The weights that a training starts from, kept in its folder until they are mixed with the tuned ones."""

from pathlib import Path

import torch
from accelerate import Accelerator
from accelerate.utils import broadcast
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from core.errors import RunError
from core.file_replacement import replace_patiently
from core.models.resnet import ResNet
from core.storage_errors import storage_error
from core.training.network import Phase, state_of_parts

FILE = "start.safetensors"


def save_start(folder: Path, model: ResNet, phase: Phase) -> None:
    """Write the layers that a phase trains, as they are now; raises StorageError if the disk does not allow it."""
    path = folder / FILE
    part = path.with_name(f"{FILE}.part")
    state = {name: tensor.cpu().contiguous() for name, tensor in state_of_parts(model, phase.rates).items()}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        part.write_bytes(save(state))
        replace_patiently(part, path)
    except OSError as error:
        if known := storage_error(error, "the starting weights could not be saved", "resume the run"):
            raise known from error
        raise


def load_start(folder: Path, model: ResNet, phase: Phase, accelerator: Accelerator) -> dict[str, Tensor]:
    """Return what ``save_start`` wrote, in every process; raises RunError if it is missing or damaged."""
    now = {name: tensor.clone() for name, tensor in state_of_parts(model, phase.rates).items()}
    if accelerator.is_main_process:
        path = folder / FILE
        try:
            found = load(path.read_bytes())
        except (OSError, SafetensorError) as error:
            raise RunError(f"{path} cannot be read. Start a new run instead.") from error
        if {name: tensor.shape for name, tensor in found.items()} != {name: one.shape for name, one in now.items()}:
            raise RunError(f"{path} holds the weights of another network. Start a new run instead.")
        for name, tensor in now.items():
            tensor.copy_(found[name])
    share_state(now, accelerator)
    return now


def delete_start(folder: Path) -> None:
    """Delete what ``save_start`` wrote, if it is there."""
    (folder / FILE).unlink(missing_ok=True)


@torch.no_grad()
def share_state(state: dict[str, Tensor], accelerator: Accelerator) -> None:
    """Copy the first process's numbers to all others."""
    if accelerator.num_processes > 1:
        for tensor in state.values():
            tensor.copy_(broadcast(tensor))
