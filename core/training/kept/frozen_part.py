"""The frozen part of a run's own network: the name of its features, and the engine that computes them."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from accelerate import Accelerator

from core.data.pictures.network_input.preprocessing import Preprocessing
from core.features.engines.candidates import made
from core.features.engines.engine import Engine, NetworkArrays
from core.features.frozen_network import FrozenNetwork
from core.models.resnet import STAGES, ResNet
from core.models.zoo import POOLED
from core.training.choices import NAMED_WEIGHTS
from core.training.device import precision_name
from core.training.network import modules_of

if TYPE_CHECKING:  # it imports torchvision, for which an early model would wait
    from core.training.setup import TrainingSetup

_HEX = 16
WORTH_PREPARING = 100
"""With fewer views, preparing another engine takes longer than it saves."""


class FrozenPart:
    """Computes features exactly as a step of the training would: in its precision, on its device, with its weights."""

    def __init__(self, model: ResNet, preprocessing: Preprocessing, accelerator: Accelerator) -> None:
        self.name = precision_name(accelerator)
        self._model, self._preprocessing, self._accelerator = model, preprocessing, accelerator

    @torch.no_grad()
    def run(self, pixels: np.ndarray, outputs: Sequence[str] = (POOLED,)) -> dict[str, np.ndarray]:
        """Return outputs of views, uint8 [N, size, size, 3]: float32 [N, C] or, for a stage, [N, C, h, w]."""
        self._model.eval()  # every step of the training sets the mode that it needs
        images = torch.from_numpy(pixels).permute(0, 3, 1, 2).to(self._accelerator.device)
        x = self._preprocessing.normalise(images).contiguous(memory_format=torch.channels_last)
        last = max(STAGES.index(_stage(one)) for one in outputs)
        found = {}
        with self._accelerator.autocast():
            x = self._model.forward_to(x, STAGES[0])
            for place, stage in enumerate(STAGES[: last + 1]):
                if place:
                    x = self._model.get_submodule(stage)(x)
                if stage in outputs:
                    found[stage] = x.float().cpu().numpy()
            if POOLED in outputs:
                found[POOLED] = torch.flatten(self._model.avgpool(x), 1).float().cpu().numpy()
        return found


def fastest_engine(run: "TrainingSetup", output: str, views: int) -> Engine:
    """Return what computes so many views of a run's frozen layers, in the run's precision and exact within rounding.

    An engine of core.features.engines where there are enough views to be worth preparing it.
    """
    device, own = run.accelerator.device, FrozenPart(run.model, run.preprocessing, run.accelerator)
    if views < WORTH_PREPARING or run.recipe.deterministic or device.type not in ("cpu", "cuda"):
        return own
    runtime = "onnxruntime" if device.type == "cpu" and own.name == "fp32" else "torch"
    state = {name: tensor.detach().cpu().numpy() for name, tensor in run.model.state_dict().items()}
    seen = run.preprocessing
    arrays = NetworkArrays(run.model.config, state, tuple(seen.mean), tuple(seen.std), seen.size)
    return made(f"{runtime}/{own.name}", arrays, (output,), str(device))


def frozen_network(run: "TrainingSetup", stage: str, *, pooled: bool) -> FrozenNetwork:
    """Return what names the features of a run's network up to a stage.

    It is made of the parameters and statistics of the frozen layers themselves, so trainings share maps whatever file
    these came from. Vectors of published weights have the name that suggestions use too, so that both share them.
    """
    recipe, seen = run.recipe, run.preprocessing.as_dict()
    if pooled and recipe.weights in NAMED_WEIGHTS and recipe.weights != "none":
        known = FrozenNetwork.of_imagenet(recipe.arch, recipe.weights, recipe.source, **seen)
        # A resumed run has the weights that it began with; another source's may have come since.
        hashed = (run.origin.get("sha256") or run.origin.get("md5") or "-")[:8]
        if known is not None and known.arch == run.arch and known.weights.endswith(hashed):
            return known
    return network_to_stage(run.arch, run.model, stage, seen)


def network_to_stage(arch: str, model: ResNet, stage: str, preprocessing: Mapping[str, Any]) -> FrozenNetwork:
    """Return what names the features of a network up to a stage, by its parameters and statistics."""
    weights = f"{arch}-to-{stage}-{frozen_digest(model, stage)[:_HEX]}"
    return FrozenNetwork.of_weights(arch, weights, preprocessing)


def frozen_digest(model: ResNet, stage: str) -> str:
    """Return the SHA-256 of all parameters and statistics up to a stage."""
    found = hashlib.sha256()
    for part in STAGES[: STAGES.index(stage) + 1]:
        for module in modules_of(model, part):
            for name, tensor in module.state_dict().items():
                found.update(f"{part}.{name} {tuple(tensor.shape)} ".encode())
                found.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return found.hexdigest()


def _stage(output: str) -> str:
    return STAGES[-1] if output == POOLED else output
