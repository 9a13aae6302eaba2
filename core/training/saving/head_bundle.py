"""Saves a head on a frozen network as the bundles of a run, without loading the network. Does not import torch."""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from core.models.bundle import BundleInfo, write_bundle
from core.storage_errors import storage_error
from core.training.events import EPOCH_FILE, Epoch
from core.training.linear.frozen_start import FrozenStart
from core.training.linear.linear_head import LinearHead
from core.training.saving.head_replacement import NotCopied, can_replace_head, write_with_head
from core.training.saving.last_stage_head import copy_last_stage_head, write_last_stage_head
from core.training.saving.linked_weights import linked_weights

if TYPE_CHECKING:
    from core.models.resnet import ResNet


def save_head(
    folder: Path,
    start: FrozenStart,
    head: LinearHead,
    info: BundleInfo,
    figures: Epoch,
    last_stage: LinearHead | None = None,
) -> None:
    """Write ``best/`` and then ``last/`` of a run folder, each whole or not at all.

    ``last_stage`` is a head on the last stage alone, to be stored in both beside one on several stages.
    Both have the same weights, so the second is a hard link where the disk allows it. Raises StorageError if the disk
    does not allow it, WeightsUnavailable if the pretrained weights are damaged.
    """

    def note(new: Path) -> None:
        copy_last_stage_head(folder / "best", new)
        (new / EPOCH_FILE).write_text(json.dumps(asdict(figures)), encoding="utf-8")

    try:
        _write(folder / "best", start, head, info, last_stage)
        write_bundle(folder / "last", info, linked_weights(folder / "best"), note)
    except Exception as error:  # write_bundle wraps the system's error in one of its own
        if known := storage_error(error, "the model could not be saved", "resume the run"):
            raise known from error
        raise


def save_best(folder: Path, start: FrozenStart, head: LinearHead, info: BundleInfo) -> None:
    """Write ``best/`` alone, whole or not at all: a model to try, from which nothing is resumed.

    Raises the errors of `save_head`.
    """
    try:
        _write(folder / "best", start, head, info, None)
    except Exception as error:
        if known := storage_error(error, "the first model could not be saved", "resume the run"):
            raise known from error
        raise


def _write(folder: Path, start: FrozenStart, head: LinearHead, info: BundleInfo, last_stage: LinearHead | None) -> None:
    def also(new: Path) -> None:
        if last_stage is not None:
            write_last_stage_head(new, last_stage)

    source = start.check()
    if can_replace_head(source):
        write_bundle(folder, info, _copier(source, head), also)
        return
    # Weights in another format: they are loaded, which takes some seconds.
    from core.models.bundle import save_bundle

    save_bundle(folder, network_with_head(start, head, info.arch), info, also)


def _copier(source: Path, head: LinearHead) -> Callable[[Path], str]:
    def write(path: Path) -> str:
        try:
            return write_with_head(source, path, head.weight, head.bias)
        except NotCopied as error:  # it was changed while it was read
            raise OSError(f"{source}: {error}") from error

    return write


def network_with_head(start: FrozenStart, head: LinearHead, arch: str) -> "ResNet":
    """Return the network with a head in place of its own; ``arch`` says what the head takes. Imports torch."""
    import torch

    from core.models.heads import build_for

    found = start.network.load()
    classes, _ = head.weight.shape
    with torch.device("meta"):
        network = build_for("classification", arch, classes)
    state = {name: tensor for name, tensor in found.state.items() if name in network.state_dict()}
    state |= {"fc.weight": torch.from_numpy(head.weight), "fc.bias": torch.from_numpy(head.bias)}
    network.load_state_dict(state, assign=True)
    return network.eval()
