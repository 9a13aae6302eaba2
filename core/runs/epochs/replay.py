"""The model of a run at each epoch that it kept, one after the other, and at the end the finished one."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from core.data.pictures.transforms import Preprocessing
from core.errors import RunError
from core.inspection.predicting.predictor import Predictor, chosen_device
from core.models.bundle import load_bundle, mismatch
from core.models.heads import build_for
from core.models.untrusted.bundle_info import BundleInfo
from core.models.weight_files import load_file
from core.runs.folder import RunFolder
from core.training.saving.kept_epochs import KeptEpoch, kept_epochs, start_files

if TYPE_CHECKING:
    from torch import Tensor

    from core.models.resnet import ResNet


def replay(run: RunFolder, device: str = "auto") -> Iterator[tuple[KeptEpoch | None, Predictor]]:
    """Yield the model at each kept epoch with what the epoch's file says, then the run's model with None.

    A model is only valid until the next one. All predict from a single view, with the decision of the run's model.
    Raises RunError if a file is damaged or belongs to another run, and the errors of ``load_bundle``.
    """
    network, info = load_bundle(run.best)
    wanted = chosen_device(device)
    found = kept_epochs(run.path)
    final = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    state = dict(final)
    for path in reversed(start_files(run.path)):  # what an earlier phase found counts before it
        state |= _read(path)
    at, predictor = info.arch, _predictor(run, network, info, info.arch, wanted)
    for kept in found:
        state |= _read(kept.path)
        if kept.note.arch != at:
            at, network = kept.note.arch, _network(info, kept)
            predictor = _predictor(run, network, info, at, wanted)
        _load(network, state, kept.path)
        yield kept, predictor
    if at != info.arch:
        network = build_for(info.task, info.arch, len(info.classes)).eval()
        predictor = _predictor(run, network, info, info.arch, wanted)
    network.load_state_dict(final)
    yield None, predictor


def _read(path: Path) -> "dict[str, Tensor]":
    state = load_file(path)
    # The reader adds the counters of batches that such a file leaves out; nothing that predicts uses them.
    return {name: tensor for name, tensor in state.items() if not name.endswith("num_batches_tracked")}


def _network(info: BundleInfo, kept: KeptEpoch) -> "ResNet":
    with torch.device("meta"):
        network = build_for(info.task, kept.note.arch, len(info.classes))
    return network.to_empty(device="cpu").eval()


def _load(network: "ResNet", state: "dict[str, Tensor]", path: Path) -> None:
    if problem := mismatch(network, state):
        raise RunError(f"{path} does not fit the model of this run: {problem}. Delete this file.")
    network.load_state_dict(state)


def _predictor(run: RunFolder, network: "ResNet", info: BundleInfo, arch: str, device: str) -> Predictor:
    seen = Preprocessing.model_validate(info.preprocessing)
    return Predictor(network, seen, info.classes, name=run.id, arch=arch, info=info, device=device)
