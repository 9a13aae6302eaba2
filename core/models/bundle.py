"""The bundle: the folder in which a network travels with its classes, its preprocessing and its origin.

The module is free of torch until weights are read or written.
``model.safetensors`` holds the weights under torchvision's names, ``bundle.json`` all the rest. Nothing is pickled.
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
    """All that a bundle says about its weights; ``bundle.json`` is this model as JSON."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: int = Field(default=SCHEMA_VERSION, description="The version of this file's form.")
    arch: str = Field(description="The architecture's name in core.models.zoo.")
    task: Literal["classification", "localization"] = Field(
        default="classification", description="What the network was trained for; localization has a box head."
    )
    classes: tuple[str, ...] = Field(min_length=1, description="The classes, in the order of the logits.")
    preprocessing: dict[str, Any] = Field(
        description="How a picture becomes the input: mode, size, resize, interpolation, mean, std."
    )
    weights: dict[str, str] = Field(default={}, description="Where the starting weights came from, and their licence.")
    snapshot_digest: str | None = Field(default=None, description="The digest of the snapshot trained on.")
    recipe: dict[str, Any] | None = Field(default=None, description="The recipe of the training.")
    metrics: dict[str, Any] = Field(default={}, description="What the training measured, by name.")
    libraries: dict[str, str] = Field(default={}, description="The libraries' versions by name.")
    created: str = Field(description="When, in ISO 8601 with its time zone.")


def save_bundle(folder: Path, model: "ResNet", info: BundleInfo, also: Callable[[Path], None] | None = None) -> None:
    """Write the bundle, whole or not at all; a bundle that is there already is replaced with all its files.

    `also` may write further files into the folder that it is given; they appear together with the bundle.
    Raises BundleError where `folder` holds something else, or cannot be written.
    """
    from safetensors.torch import save

    from core.models.heads import task_of

    fits = model.config == config_of(info.arch) and model.fc.out_features == len(info.classes)
    if not fits or task_of(model) != info.task:
        raise ValueError(f"the network is not a {info.arch} with {len(info.classes)} classes for {info.task}")
    folder = folder.resolve()
    if folder.exists() and not (folder / INFO_FILE).is_file() and (not folder.is_dir() or any(folder.iterdir())):
        raise BundleError(f"{folder} holds something that is not a bundle. Choose a new or an empty folder.")
    new, old = folder.with_name(f".{folder.name}.new"), _set_aside(folder)
    # safetensors stores plain row-major memory; a channels_last network is not that.
    state = {name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()}
    try:
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(parents=True)
        # Not save_file, which hides its file from every other user of the machine.
        (new / WEIGHTS_FILE).write_bytes(save(state, metadata={"format": "pt"}))
        (new / INFO_FILE).write_text(info.model_dump_json(indent=2) + "\n", encoding="utf-8")
        if also is not None:
            also(new)
        # A folder cannot be replaced in one step. A process that dies between these two renames leaves the old bundle
        # set aside and whole, where standing_folder finds it.
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
    """What the bundle says about itself, its weights left unread; raises BundleError."""
    path = standing_folder(folder) / INFO_FILE
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BundleError(
            f"{folder} is not a bundle: it has no {INFO_FILE}. "
            f"Choose a folder that holds {INFO_FILE} and {WEIGHTS_FILE}."
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
        raise BundleError(f"{path} is not as a bundle should be ({problems}). Export the bundle again.") from error
    config_of(info.arch)
    return info


def load_bundle(folder: Path) -> tuple["ResNet", BundleInfo]:
    """The network on the CPU in evaluation mode, and what the bundle says about it.

    Raises BundleError where a file is missing or broken, or where the weights are not those that bundle.json tells of.
    """
    for _ in range(5):
        info = read_info(folder)
        model = _load_network(folder, info)
        # A training may have replaced the bundle between the two files.
        if read_info(folder) == info:
            return model.eval(), info
    raise BundleError(f"The bundle {folder} is being written over and over. Try again when its training has ended.")


def mismatch(model: "ResNet", state: Mapping[str, "Tensor"], *, classifier: bool = True) -> str | None:
    """How a state dict differs from what the network needs, in half a sentence; None where it fits.

    With ``classifier=False`` the last layer (``fc``) is left out of the comparison.
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

    path = standing_folder(folder) / WEIGHTS_FILE
    try:
        state = load_file(path)
    except FileNotFoundError:
        raise BundleError(
            f"{folder} has no {WEIGHTS_FILE}. Copy the whole bundle folder, or export it again."
        ) from None
    except (OSError, SafetensorError) as error:
        raise BundleError(f"{path} is broken ({error}). Copy the bundle again, or export it again.") from error
    # On the meta device first: no time and no random numbers are spent on weights that are about to be replaced.
    with torch.device("meta"):
        model = build_for(info.task, info.arch, len(info.classes))
    problem = mismatch(model, state)
    if problem:
        raise BundleError(
            f"{path} does not fit {INFO_FILE}, which says {info.arch} with {len(info.classes)} classes: {problem}. "
            "Put back the two files that belong together."
        )
    model.to_empty(device="cpu")
    model.load_state_dict(state)
    return model


def _set_aside(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.old")


def standing_folder(folder: Path) -> Path:
    """The folder itself, or the whole bundle before it where a writer died (or is) between its two renames."""
    folder = folder.resolve()
    old = _set_aside(folder)
    return old if not folder.exists() and old.is_dir() else folder


_standing = standing_folder  # the name under which core.training.checkpoint still imports it
