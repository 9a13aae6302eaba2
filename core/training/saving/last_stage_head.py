"""A head on the last stage alone, stored beside a head on several stages: trainings of more layers start from it.

Such trainings keep the maps of a single stage, so their networks have a head of that form. Does not import torch to
write it.
"""

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import BundleError
from core.models.bundle import complete_folder, read_info
from core.models.untrusted.safetensors_header import read_metadata
from core.training.linear.linear_head import LinearHead
from core.training.saving.head_replacement import BIAS, WEIGHT

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

FILE = "last-stage-head.safetensors"


def write_last_stage_head(bundle: Path, head: LinearHead) -> None:
    """Write the head into the folder of a bundle, which is written already. Raises OSError, BundleError."""
    _write(bundle, {WEIGHT: head.weight, BIAS: head.bias})


def copy_last_stage_head(bundle: Path, new: Path) -> None:
    """Copy the head, if there is one, into the folder of another bundle of the same network.

    Raises OSError, and BundleError if it belongs to another bundle.
    """
    if not (bundle / FILE).is_file():
        return
    _check_tie(bundle)
    if read_info(bundle).model_sha256 == read_info(new).model_sha256:
        shutil.copyfile(bundle / FILE, new / FILE)
        return
    from core.models.weight_files import load_file  # the same weights in a file that was written otherwise

    _write(new, {name: tensor.numpy() for name, tensor in load_file(bundle / FILE).items()})


def read_last_stage_head(bundle: Path, classes: int, width: int) -> "dict[str, Tensor] | None":
    """Return the head's tensors [classes, width] and [classes]; None if there is none. Raises BundleError."""
    from core.models.weight_files import load_file

    bundle = complete_folder(bundle)
    path = bundle / FILE
    if not path.is_file():
        return None
    _check_tie(bundle)
    head = load_file(path)
    if {name: tuple(tensor.shape) for name, tensor in head.items()} != {WEIGHT: (classes, width), BIAS: (classes,)}:
        raise _other_bundle(path)
    return head


def _write(bundle: Path, head: "dict[str, np.ndarray]") -> None:
    from safetensors.numpy import save

    (bundle / FILE).write_bytes(save(head, metadata=_tie(bundle)))


def _tie(bundle: Path) -> dict[str, str]:
    """Return what the head's file says of its bundle."""
    info = read_info(bundle)
    return {"model_sha256": info.model_sha256 or "", "classes": json.dumps(info.classes)}


def _check_tie(bundle: Path) -> None:
    """Raise BundleError if the head was written for other weights or classes; the first files did not say."""
    path = bundle / FILE
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(0)
            found = read_metadata(file, size)
    except (OSError, EOFError, ValueError) as error:
        raise BundleError(f"{path} is damaged ({error}). Delete it to start with a new head.") from error
    if found and found != _tie(bundle):
        raise _other_bundle(path)


def _other_bundle(path: Path) -> BundleError:
    return BundleError(f"{path} does not fit its bundle. Delete it to start with a new head.")
