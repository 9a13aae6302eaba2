"""Computes a network's outputs for many photos with onnxruntime: the same numbers within rounding, in less time."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from core.data.pictures.transforms import Preprocessing
from core.features.engines.engine import NetworkArrays
from core.features.engines.ort_engine import fp32_engine
from core.models.heads import outputs_from
from core.models.resnet import STAGES, ResNet

WORTH_PREPARING = 100
"""With fewer photos, preparing onnxruntime takes longer than it saves."""
_LAST = STAGES[-1]

Forward = Callable[[Tensor], np.ndarray]
"""uint8 [N, 3, size, size] -> outputs, float32 [N, classes (+ 4)]."""


def forward_for_many(network: ResNet, preprocessing: Preprocessing, photos: int) -> Forward | None:
    """Return what computes the outputs on the processor in fp32; None where torch is as fast.

    onnxruntime computes up to the last maps, with BatchNorm folded into the convolutions, and the network's own head
    does the rest. A head on several stages needs more than the last maps, so torch computes it.
    """
    if photos < WORTH_PREPARING or network.config.head != "last":
        return None
    state = {name: tensor.detach().numpy() for name, tensor in network.state_dict().items()}
    seen = preprocessing
    arrays = NetworkArrays(network.config, state, tuple(seen.mean), tuple(seen.std), seen.size)
    engine = fp32_engine(arrays, (_LAST,))

    def forward(pixels: Tensor) -> np.ndarray:
        views = np.ascontiguousarray(pixels.permute(0, 2, 3, 1).numpy())
        maps = torch.from_numpy(engine.run(views, (_LAST,))[_LAST])
        with torch.inference_mode():
            return outputs_from(network, maps, _LAST).float().numpy()

    return forward
