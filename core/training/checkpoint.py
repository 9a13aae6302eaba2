"""Checkpoints of a run after each epoch: the bundles ``best/`` and ``last/``, and the state for an exact resume.

A bundle's metrics are those of its epoch. ``last/training.pt`` holds the rest of the training's state.
"""

import importlib.metadata
import json
import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from core.data.pictures.transforms import Preprocessing
from core.errors import RunError
from core.models.bundle import BundleInfo, complete_folder, load_bundle, read_info, save_bundle
from core.models.resnet import ResNet
from core.training.initial_model import InitialModel
from core.training.recipe import Recipe

STATE_FILE = "training.pt"
_LIBRARIES = ("torch", "torchvision", "accelerate", "pillow")


@dataclass(frozen=True)
class CheckpointState:
    """The state of a training after an epoch, without the network. Random numbers follow from the seed."""

    epoch: int
    phase: int
    finished: bool
    standing: dict[str, Any]
    optimizer: dict[str, Any]
    scaler: dict[str, Any] | None


def save_best(folder: Path, model: ResNet, info: BundleInfo) -> None:
    save_bundle(folder / "best", model, info)


def save_last(folder: Path, model: ResNet, info: BundleInfo, state: CheckpointState) -> None:
    save_bundle(folder / "last", model, info, also=lambda new: torch.save(vars(state), new / STATE_FILE))


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
    path = complete_folder(folder / "last") / STATE_FILE
    try:
        state = CheckpointState(**torch.load(path, map_location="cpu", weights_only=True))
    except (OSError, RuntimeError, EOFError, TypeError, pickle.UnpicklingError) as error:
        raise RunError(f"{path} cannot be read, so this run cannot be resumed. Start a new run instead.") from error
    sentence = f"Resuming after epoch {state.epoch} of {recipe.epochs}."
    return InitialModel(model, info.arch, Preprocessing(**info.preprocessing), info.weights, (sentence,)), state


def library_versions() -> dict[str, str]:
    return {name: importlib.metadata.version(name) for name in _LIBRARIES}
