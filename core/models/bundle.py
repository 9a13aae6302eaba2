"""The bundle: a folder with a model's weights, its classes, its preprocessing and its origin.

``model.safetensors`` holds the weights under torchvision's names, ``bundle.json`` everything else. Nothing is pickled.
torch is imported only when weights are read or written.
"""

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.errors import BundleError
from core.models.zoo import config_of

if TYPE_CHECKING:
    from torch import Tensor

    from core.models.resnet import ResNet

SCHEMA_VERSION = 1
WEIGHTS_FILE = "model.safetensors"
INFO_FILE = "bundle.json"


class BundleInfo(BaseModel):
    """Everything that a bundle records about its weights; ``bundle.json`` is this model as JSON."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: int = Field(default=SCHEMA_VERSION, description="The version of this file's format.")
    arch: str = Field(description="The architecture's name in core.models.zoo.")
    task: Literal["classification", "localization"] = Field(
        default="classification", description="What the network was trained for; localization has a box head."
    )
    classes: tuple[str, ...] = Field(min_length=1, description="The classes, in the order of the logits.")
    preprocessing: dict[str, Any] = Field(
        description="How a picture becomes the input: mode, size, resize, interpolation, mean, std."
    )
    weights: dict[str, str] = Field(default={}, description="Where the starting weights came from, and their licence.")
    snapshot_digest: str | None = Field(default=None, description="The digest of the snapshot used for training.")
    recipe: dict[str, Any] | None = Field(default=None, description="The recipe of the run.")
    metrics: dict[str, Any] = Field(default={}, description="The metrics of the run by name.")
    libraries: dict[str, str] = Field(default={}, description="The libraries' versions by name.")
    created: str = Field(description="The time of creation, in ISO 8601 with its time zone.")


def save_bundle(folder: Path, model: "ResNet", info: BundleInfo, also: Callable[[Path], None] | None = None) -> None:
    """Write the bundle completely or not at all; an existing bundle is replaced with all its files.

    `also` may write further files into the folder that it gets; they appear together with the bundle.
    Raises BundleError if `folder` contains anything else or cannot be written.
    """
    from safetensors.torch import save

    from core.models.heads import task_of

    fits = model.config == config_of(info.arch) and model.fc.out_features == len(info.classes)
    if not fits or task_of(model) != info.task:
        raise ValueError(f"the network is not a {info.arch} with {len(info.classes)} classes for {info.task}")
    folder = folder.resolve()
    if folder.exists() and not (folder / INFO_FILE).is_file() and (not folder.is_dir() or any(folder.iterdir())):
        raise BundleError(f"{folder} contains files that are not a bundle. Choose a new or empty folder.")
    new, old = folder.with_name(f".{folder.name}.new"), _set_aside(folder)
    # safetensors stores row-major memory; a channels_last network has another order.
    state = {name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()}
    try:
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(parents=True)
        # Not save_file, which makes its file unreadable for other users of the machine.
        (new / WEIGHTS_FILE).write_bytes(save(state, metadata={"format": "pt"}))
        (new / INFO_FILE).write_text(info.model_dump_json(indent=2) + "\n", encoding="utf-8")
        if also is not None:
            also(new)
        # A folder cannot be replaced in one step. If the process dies between these two renames, the old bundle is
        # still complete under its temporary name, where complete_folder finds it.
        if folder.exists():
            shutil.rmtree(old, ignore_errors=True)
            folder.rename(old)
        new.rename(folder)
        shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        raise BundleError(
            f"The bundle {folder} cannot be written ({error.strerror}). Free some disk space or choose another folder."
        ) from error
    finally:
        shutil.rmtree(new, ignore_errors=True)


def read_info(folder: Path) -> BundleInfo:
    """Read a bundle's ``bundle.json`` without its weights; raises BundleError."""
    path = complete_folder(folder) / INFO_FILE
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BundleError(
            f"{folder} is not a bundle: it has no {INFO_FILE}. "
            f"Choose a folder that contains {INFO_FILE} and {WEIGHTS_FILE}."
        ) from None
    except (OSError, ValueError) as error:
        raise BundleError(f"{path} cannot be read ({error}). Export the bundle again.") from error
    version = raw.get("schema_version") if isinstance(raw, dict) else None
    if version != SCHEMA_VERSION:
        raise BundleError(
            f"{path} has schema version {version!r}; this program reads version {SCHEMA_VERSION}. "
            "Update the program, or export the bundle again."
        )
    try:
        info = BundleInfo.model_validate(raw)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, p['loc']))}: {p['msg']}" for p in error.errors())
        raise BundleError(f"{path} is not valid ({problems}). Export the bundle again.") from error
    config_of(info.arch)
    return info


def load_bundle(folder: Path) -> tuple["ResNet", BundleInfo]:
    """Return the network on the CPU in evaluation mode, and its bundle's description.

    Raises BundleError if a file is missing or damaged, or if the weights do not fit bundle.json.
    """
    for _ in range(5):
        info = read_info(folder)
        model = _load_network(folder, info)
        # A run may have replaced the bundle between reading the two files.
        if read_info(folder) == info:
            return model.eval(), info
    raise BundleError(f"The bundle {folder} keeps changing while it is read. Try again when its run has ended.")


def mismatch(model: "ResNet", state: Mapping[str, "Tensor"], *, classifier: bool = True) -> str | None:
    """Describe in half a sentence how a state dict differs from what the network needs; None if it fits.

    With ``classifier=False`` the last layer (``fc``) is not compared.
    """
    wanted = {k: tuple(v.shape) for k, v in model.state_dict().items() if classifier or not k.startswith("fc.")}
    found = {k: tuple(v.shape) for k, v in state.items() if classifier or not k.startswith("fc.")}
    missing = [name for name in wanted if name not in found]
    unknown = [name for name in found if name not in wanted]
    if missing or unknown:
        parts = [f"{len(missing)} are missing ({missing[0]} is the first)"] if missing else []
        parts += [f"{len(unknown)} are unknown ({unknown[0]} is the first)"] if unknown else []
        return f"of {len(wanted)} named tensors " + " and ".join(parts)
    for name, shape in wanted.items():
        if found[name] != shape:
            if name.startswith("fc."):
                return f"the weights are for {found[name][0]} classes, not for {shape[0]}"
            return f"{name} has the shape {list(found[name])}, not {list(shape)}"
    return None


def _load_network(folder: Path, info: BundleInfo) -> "ResNet":
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    from core.models.heads import build_for

    path = complete_folder(folder) / WEIGHTS_FILE
    try:
        state = load_file(path)
    except FileNotFoundError:
        raise BundleError(
            f"{folder} has no {WEIGHTS_FILE}. Copy the whole bundle folder, or export it again."
        ) from None
    except (OSError, SafetensorError) as error:
        raise BundleError(f"{path} is damaged ({error}). Copy the bundle again, or export it again.") from error
    # On the meta device first: no time and no random numbers are spent on weights that are replaced anyway.
    with torch.device("meta"):
        model = build_for(info.task, info.arch, len(info.classes))
    problem = mismatch(model, state)
    if problem:
        raise BundleError(
            f"{path} does not fit {INFO_FILE} ({info.arch} with {len(info.classes)} classes): {problem}. "
            "Put the two files of the same bundle together."
        )
    model.to_empty(device="cpu")
    model.load_state_dict(state)
    return model


def _set_aside(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.old")


def complete_folder(folder: Path) -> Path:
    """Return the folder, or the old bundle's temporary one if a writer is (or died) between its two renames."""
    folder = folder.resolve()
    old = _set_aside(folder)
    return old if not folder.exists() and old.is_dir() else folder
