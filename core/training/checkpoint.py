"""Checkpoints of a run after each epoch: the bundles ``best/`` and ``last/``, and the state for an exact resume.

A bundle's metrics are those of its epoch. ``last/training.pt`` holds the rest of the training's state, and
``last/training.pt.sha256`` its hash in the form of the command sha256sum.
"""

import hashlib
import json
import math
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, BinaryIO

import torch
from torch import Tensor
from torch.optim import Optimizer

from core.data.pictures.transforms import Preprocessing
from core.errors import RunError
from core.models.bundle import BundleInfo, complete_folder, load_bundle, read_info, save_bundle, write_bundle
from core.models.file_hash import sha256_of
from core.models.resnet import ResNet
from core.storage_errors import storage_error
from core.training.best_epoch import BestEpochTracker
from core.training.events import EPOCH_FILE, Epoch
from core.training.initial_model import InitialModel
from core.training.recipe import Recipe
from core.training.saving.linked_weights import linked_weights

STATE_FILE = "training.pt"
HASH_FILE = "training.pt.sha256"
_NEW_RUN = "so this run cannot be resumed. Start a new run instead"
# The tensors that each optimizer keeps for a parameter, each with the parameter's shape.
_MEMORIES = ({"momentum_buffer"}, {"exp_avg", "exp_avg_sq"})


@dataclass(frozen=True)
class CheckpointState:
    """The state of a training after an epoch, without the network. Random numbers follow from the seed."""

    epoch: int
    phase: int
    finished: bool
    standing: dict[str, Any]
    optimizer: dict[str, Any]
    scaler: dict[str, Any] | None
    average: dict[str, Any] | None = None
    """With an average of the weights (EMA): the weights of the last step; the bundle holds the averages."""


def save_best(folder: Path, model: ResNet, info: BundleInfo) -> None:
    """Save the best epoch's bundle, whole or not at all; raises StorageError if the disk does not allow it."""
    with _disk_errors():
        save_bundle(folder / "best", model, info)


def save_last(
    folder: Path,
    model: ResNet,
    info: BundleInfo,
    state: CheckpointState,
    figures: Epoch,
    *,
    weights_are_best: bool = False,
) -> None:
    """Save the last epoch's bundle and state, whole or not at all; raises StorageError like ``save_best``.

    ``weights_are_best`` says that ``best/`` has just been saved with the same weights, which are not written again.
    """

    def add(new: Path) -> None:
        with (new / STATE_FILE).open("wb") as file:
            written = _HashedFile(file)
            torch.save(vars(state), written)  # type: ignore[arg-type]  # write and flush are enough
        (new / HASH_FILE).write_text(f"{written.hash.hexdigest()}  {STATE_FILE}\n", encoding="ascii")
        (new / EPOCH_FILE).write_text(json.dumps(asdict(figures)), encoding="utf-8")

    with _disk_errors():
        if weights_are_best:
            write_bundle(folder / "last", info, linked_weights(folder / "best"), add)
        else:
            save_bundle(folder / "last", model, info, add)


class _HashedFile:
    """A file that is hashed while torch writes it, with the system's errors: those of torch's own writer say less."""

    def __init__(self, file: BinaryIO) -> None:
        self.file, self.hash = file, hashlib.sha256()

    def write(self, content: bytes) -> int:
        self.hash.update(content)
        return self.file.write(content)

    def flush(self) -> None:
        self.file.flush()


@contextmanager
def _disk_errors() -> Iterator[None]:
    try:
        yield
    except Exception as error:  # torch and save_bundle wrap the system's error in errors of their own
        known = storage_error(error, "this epoch could not be saved; the epochs before it are kept", "resume the run")
        if known:
            raise known from error
        raise


def has_last(folder: Path) -> bool:
    """Return whether an epoch was saved here; raises BundleError if its bundle is damaged."""
    return complete_folder(folder / "last").exists() and bool(read_info(folder / "last"))


def load_last(folder: Path, snapshot_digest: str, recipe: Recipe) -> tuple[InitialModel, CheckpointState]:
    """Load the network and state of the last epoch; raises RunError if they belong to another run or are damaged."""
    model, info = load_bundle(folder / "last")
    # Parsed as a recipe, so that a setting added by a newer version does not count as a difference.
    if info.snapshot_digest != snapshot_digest or Recipe.from_json(json.dumps(info.recipe)) != recipe:
        different = "other photos" if info.snapshot_digest != snapshot_digest else "another recipe"
        raise RunError(f"{folder / 'last'} comes from a training with {different}. Start a new run instead.")
    state = _read_state(complete_folder(folder / "last") / STATE_FILE, recipe)
    sentence = f"Resuming after epoch {state.epoch} of {recipe.epochs}."
    return InitialModel(model, info.arch, Preprocessing(**info.preprocessing), info.weights, (sentence,)), state


def _read_state(path: Path, recipe: Recipe) -> CheckpointState:
    """Read ``training.pt`` and check it; raises RunError unless it is whole and what this program writes."""
    try:
        beside = path.with_name(HASH_FILE)
        if beside.is_file():  # version 0.2 wrote none
            written = re.match(r"[0-9a-f]{64}\b", beside.read_text(encoding="ascii", errors="replace"))
            if written is None or written[0] != sha256_of(path):
                raise RunError(f"{path} was changed or damaged after it was written, {_NEW_RUN}.")
        saved = torch.load(path, map_location="cpu", weights_only=True)
    except RunError:
        raise
    except Exception as error:  # torch and pickle raise errors of all kinds for what is no checkpoint
        if isinstance(error, OSError | MemoryError) and (known := storage_error(error, f"{path} could not be read")):
            raise known from error
        raise RunError(f"{path} cannot be read, {_NEW_RUN}.") from error
    if problem := _problem_of(saved, recipe):
        raise RunError(f"{path} is not valid ({problem}), {_NEW_RUN}.")
    return CheckpointState(**saved)


def _problem_of(saved: Any, recipe: Recipe) -> str:
    """Describe what is wrong with a saved state, in a few words; empty if it is sound."""
    names = {field.name for field in fields(CheckpointState)}
    if not isinstance(saved, dict) or set(saved) | {"average"} != names:  # version 0.3 had no averages
        return "it does not hold the fields of a training"
    if type(saved["epoch"]) is not int or not 1 <= saved["epoch"] <= recipe.epochs:
        return "its epoch is not one of this run"
    if type(saved["phase"]) is not int or not 0 <= saved["phase"] <= 1 or type(saved["finished"]) is not bool:
        return "its phase is not one of this run"
    standing = saved["standing"]
    if not isinstance(standing, dict) or not all(type(value) in (int, float) for value in standing.values()):
        return "its best epoch is not made of numbers"
    if any(math.isnan(value) for value in standing.values()):
        return "its best epoch is not made of numbers"
    try:
        BestEpochTracker.from_checkpoint(standing)
    except TypeError:
        return "its best epoch has other fields"
    optimizer = saved["optimizer"]
    if not isinstance(optimizer, dict) or not isinstance(optimizer.get("state"), dict):
        return "it holds no optimizer state"
    if saved["scaler"] is not None and not isinstance(saved["scaler"], dict):
        return "its loss scale is not valid"
    average = saved.get("average")
    if (average is not None) != (recipe.ema > 0) or not isinstance(average, dict | None):
        return "its average of the weights is not that of this run"
    return ""


def restore_optimizer(optimizer: Optimizer, saved: Mapping[str, Any]) -> None:
    """Give an optimizer the saved memory of each parameter; raises RunError unless it fits the parameters.

    Only the memory is taken: learning rates, weight decay and the like follow from the recipe. There is none if fp16
    has skipped every step so far.
    """
    now = optimizer.state_dict()
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    state = saved["state"]
    if not state:
        return
    if set(state) != set(range(len(parameters))):
        raise RunError(f"{STATE_FILE} is for {len(state)} parameters, not for {len(parameters)}, {_NEW_RUN}.")
    for number, parameter in enumerate(parameters):
        if problem := _memory_problem(state[number], parameter):
            raise RunError(f"{STATE_FILE} does not fit the network (parameter {number}: {problem}), {_NEW_RUN}.")
    optimizer.load_state_dict({"state": state, "param_groups": now["param_groups"]})


def _memory_problem(memory: Any, parameter: Tensor) -> str:
    if not isinstance(memory, dict) or not all(isinstance(tensor, Tensor) for tensor in memory.values()):
        return "no tensors"
    if set(memory) - {"step"} not in _MEMORIES:
        return "another optimizer's values"
    for name, tensor in memory.items():
        shape = () if name == "step" else tuple(parameter.shape)
        if tensor.layout is not torch.strided or tensor.is_meta or not tensor.is_floating_point():
            return f"{name} is no float tensor"
        if tuple(tensor.shape) != shape:
            return f"{name} has the shape {list(tensor.shape)}, not {list(shape)}"
        if not tensor.isfinite().all():
            return f"{name} is not finite"
    return ""


def restore_scaler(scaler: Any, saved: Mapping[str, Any]) -> None:
    """Give fp16's gradient scaler its saved scale; raises RunError for an odd one."""
    scale = saved.get("scale")
    if not isinstance(scale, float) or not 0 < scale < math.inf:
        raise RunError(f"{STATE_FILE} has the loss scale {scale!r}, {_NEW_RUN}.")
    steps = saved.get("_growth_tracker")
    kept = {"scale": scale, "_growth_tracker": steps if isinstance(steps, int) and 0 <= steps < 10**6 else 0}
    scaler.load_state_dict({**scaler.state_dict(), **kept})
