"""A head on the last stage alone, stored beside a head on several stages: trainings of deeper layers start from it.

Such trainings keep the maps of a single stage, so their networks have a head of that form. Does not import torch to
write it.
"""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import BundleError
from core.training.linear.linear_head import LinearHead
from core.training.saving.head_replacement import BIAS, WEIGHT

if TYPE_CHECKING:
    from torch import Tensor

FILE = "last-stage-head.safetensors"


def write_last_stage_head(bundle: Path, head: LinearHead) -> None:
    """Write the head into a bundle's folder. Raises OSError."""
    from safetensors.numpy import save

    (bundle / FILE).write_bytes(save({WEIGHT: head.weight, BIAS: head.bias}))


def copy_last_stage_head(bundle: Path, new: Path) -> None:
    """Copy the head, if there is one, into the folder of another bundle with the same weights. Raises OSError."""
    if (bundle / FILE).is_file():
        shutil.copyfile(bundle / FILE, new / FILE)


def read_last_stage_head(bundle: Path, classes: int, width: int) -> "dict[str, Tensor] | None":
    """Return the head's tensors [classes, width] and [classes]; None if there is none. Raises BundleError."""
    from core.models.weight_files import load_file

    path = bundle / FILE
    if not path.is_file():
        return None
    head = load_file(path)
    if {name: tuple(tensor.shape) for name, tensor in head.items()} != {WEIGHT: (classes, width), BIAS: (classes,)}:
        raise BundleError(f"{path} does not fit its bundle. Delete it to start with a new head.")
    return head
