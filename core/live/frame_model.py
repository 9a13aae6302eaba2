"""A model that answers single frames as fast as this machine can: the frozen engine where its layers are frozen ones.

A head on the layers that it began with gets their vectors from the engine that was chosen for its photos, in 8 bits
where these have passed its test. Every other model is computed in fp32, by onnxruntime on processors.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from core.data.pictures.box import Box
from core.features.engines.engine import FP32, NetworkArrays, PreparedEngine
from core.features.engines.ort_engine import fp32_engine
from core.features.frozen_network import FrozenNetwork
from core.features.preferred_engine import HashesOf
from core.features.workspace_engine import engine_at_once
from core.inspection.explaining.head_inputs import shared_start
from core.inspection.predicting.predictor import Predictor
from core.live.session import Seen
from core.models.bundle import complete_folder, read_info
from core.models.heads import outputs_from
from core.models.zoo import POOLED, STAGE_VECTORS, STAGES
from core.training.linear.several_stages import side_by_side
from core.training.recipe import Recipe
from core.workspace import Workspace

_LAST = STAGES[-1]


@dataclass(frozen=True)
class FrameAnswer:
    """What the model says of one frame."""

    seen: Seen
    box: Box | None = None
    """In pixels of the frame; None without localization."""


class FrameModel:
    """A predictor with the engine that computes its frames; may be shared by threads, which wait for each other."""

    def __init__(self, predictor: Predictor, engine: PreparedEngine | None) -> None:
        """Without an engine, the predictor computes."""
        self.predictor = predictor
        self.engine_name = FP32 if engine is None else engine.name
        self._forward = _predicted(predictor) if engine is None else _computed(predictor, engine)
        self._lock = threading.Lock()

    @property
    def rounds(self) -> bool:
        """Whether the layers are computed in 8 bits, so that an answer differs a little from the predictor's."""
        return self.engine_name.startswith("int8-")

    def answer(self, frame: Image.Image, at: float) -> FrameAnswer:
        """Return the answer to one upright RGB frame at a time in seconds; one view, without test-time views."""
        view = np.asarray(self.predictor.view(frame))[None]
        with self._lock:
            outputs, vectors = self._forward(view)
        score, decision = self.predictor.foreign_score, self.predictor.decision
        scores = None if score is None or vectors is None else score.scores(vectors)
        found = self.predictor.decided(self.predictor.logits_of(outputs), scores)
        strange = bool(decision is not None and found.foreign[0])
        return FrameAnswer(Seen(at, found.probabilities[0], strange), self.predictor.box_in(outputs[0], frame.size))


Forward = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray | None]]
"""One view, uint8 [1, size, size, 3] -> its outputs [1, classes (+ 4)] and its vectors of the last stage [1, C]."""


def frame_model(
    predictor: Predictor, workspace: Workspace, bundle: Path | None, photos: HashesOf = tuple
) -> FrameModel:
    """Return the model with the fastest engine that is exact enough for it.

    ``bundle`` is its folder, None for the pretrained network. ``photos`` gives the hashes of the photos that it was
    trained on: an engine in 8 bits is used for those alone whose test it has passed. Raises BundleError.
    """
    if predictor.device.type != "cpu":
        return FrameModel(predictor, None)  # a GPU is faster than what is gained
    network = None if predictor.task == "localization" else _frozen(predictor, bundle)
    outputs = _outputs(predictor)
    if network is not None:
        return FrameModel(predictor, engine_at_once(workspace, network, photos=photos, device="cpu", outputs=outputs))
    state = {name: tensor.detach().numpy() for name, tensor in predictor.network.state_dict().items()}
    seen = predictor.preprocessing
    arrays = NetworkArrays(predictor.network.config, state, tuple(seen.mean), tuple(seen.std), seen.size)
    return FrameModel(predictor, fp32_engine(arrays, outputs))


def _frozen(predictor: Predictor, bundle: Path | None) -> FrozenNetwork | None:
    """Return the network whose layers the model has unchanged, below its head; None if they were trained."""
    if bundle is None:
        return FrozenNetwork.of_imagenet()
    folder = complete_folder(bundle)
    info = read_info(folder)
    if not info.recipe:
        return None
    start = shared_start(folder, info, Recipe.model_validate(info.recipe))
    return None if start is None else start.network


def _outputs(predictor: Predictor) -> tuple[str, ...]:
    if predictor.task == "localization":
        return (_LAST,)
    return STAGE_VECTORS if predictor.network.config.head == "stages" else (POOLED,)


def _computed(predictor: Predictor, engine: PreparedEngine) -> Forward:
    wanted, network = _outputs(predictor), predictor.network

    def forward(view: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        values = engine.run(view, wanted)
        with predictor.lock, torch.inference_mode():
            if wanted == (_LAST,):
                maps = torch.from_numpy(values[_LAST])
                return outputs_from(network, maps, _LAST).float().numpy(), values[_LAST].mean(axis=(2, 3))
            several = len(wanted) > 1
            inputs = side_by_side([values[name] for name in wanted]) if several else values[POOLED]
            return network.fc(torch.from_numpy(inputs)).float().numpy(), values[POOLED]

    return forward


def _predicted(predictor: Predictor) -> Forward:
    def forward(view: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        pixels = torch.from_numpy(view).permute(0, 3, 1, 2)
        outputs = predictor.outputs_of_pixels(pixels)
        needs_vectors = predictor.foreign_score is not None
        return outputs, predictor.vectors_of_pixels(pixels) if needs_vectors else None

    return forward
