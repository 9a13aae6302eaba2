"""Saves a head on a frozen network as the bundles of a run, without loading the network. Does not import torch."""

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from core.models.bundle import WEIGHTS_FILE, BundleInfo, complete_folder, read_info, write_bundle
from core.storage_errors import storage_error
from core.training.events import EPOCH_FILE, Epoch
from core.training.linear.frozen_start import FrozenStart
from core.training.linear.linear_head import LinearHead
from core.training.saving.head_replacement import NotCopied, can_replace_head, write_with_head

if TYPE_CHECKING:
    from core.models.resnet import ResNet


def save_head(folder: Path, start: FrozenStart, head: LinearHead, info: BundleInfo, figures: Epoch) -> None:
    """Write ``best/`` and then ``last/`` of a run folder, each whole or not at all.

    Both have the same weights, so the second is a hard link where the disk allows it. Raises StorageError if the disk
    does not allow it, WeightsUnavailable if the pretrained weights are damaged.
    """

    def link(path: Path) -> str:
        saved = complete_folder(folder / "best")
        try:
            os.link(saved / WEIGHTS_FILE, path)
        except OSError:  # a disk without links
            shutil.copyfile(saved / WEIGHTS_FILE, path)
        return read_info(saved).model_sha256 or ""

    def note(new: Path) -> None:
        (new / EPOCH_FILE).write_text(json.dumps(asdict(figures)), encoding="utf-8")

    try:
        _write(folder / "best", start, head, info)
        write_bundle(folder / "last", info, link, note)
    except Exception as error:  # write_bundle wraps the system's error in one of its own
        if known := storage_error(error, "the model could not be saved", "resume the run"):
            raise known from error
        raise


def _write(folder: Path, start: FrozenStart, head: LinearHead, info: BundleInfo) -> None:
    source = start.check()
    if can_replace_head(source):
        write_bundle(folder, info, _copier(source, head))
        return
    # Weights in another format: they are loaded, which takes some seconds.
    from core.models.bundle import save_bundle

    save_bundle(folder, network_with_head(start, head), info)


def _copier(source: Path, head: LinearHead) -> Callable[[Path], str]:
    def write(path: Path) -> str:
        try:
            return write_with_head(source, path, head.weight, head.bias)
        except NotCopied as error:  # it was changed while it was read
            raise OSError(f"{source}: {error}") from error

    return write


def network_with_head(start: FrozenStart, head: LinearHead) -> "ResNet":
    """Return the network with a head in place of its own. Imports torch."""
    import torch

    from core.models.heads import build_for

    found = start.network.load()
    classes, _ = head.weight.shape
    with torch.device("meta"):
        network = build_for("classification", found.arch, classes)
    state = {name: tensor for name, tensor in found.state.items() if name in network.state_dict()}
    state |= {"fc.weight": torch.from_numpy(head.weight), "fc.bias": torch.from_numpy(head.bias)}
    network.load_state_dict(state, assign=True)
    return network.eval()
