"""A frozen network computed by onnxruntime on the processor. Does not import torch.

onnxruntime and onnx are imported only when an engine is made: a run that torch computes does without both.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from core.features.engines.engine import FP32, POOLED, NetworkArrays, check_outputs
from core.free_memory import return_free_memory
from core.processors import available_processors

if TYPE_CHECKING:
    import onnxruntime


class OrtEngine:
    """Computes an ONNX model with the outputs of core.models.onnx.resnet_graph, in fp32 or quantised."""

    runtime = "onnxruntime"

    def __init__(self, model: bytes, name: str) -> None:
        import onnxruntime

        self.name = name
        self._session = onnxruntime.InferenceSession(model, session_options(), providers=["CPUExecutionProvider"])
        self._options = onnxruntime.RunOptions()
        self._options.only_execute_path_to_fetches = True
        self._input = self._session.get_inputs()[0].name
        self.outputs = tuple(output.name for output in self._session.get_outputs())

    def run(self, pixels: np.ndarray, outputs: Sequence[str] = (POOLED,)) -> dict[str, np.ndarray]:
        check_outputs(self, outputs)
        found = self._session.run(list(outputs), {self._input: pixels}, self._options)
        return dict(zip(outputs, found, strict=True))


def fp32_engine(network: NetworkArrays, outputs: Sequence[str] = (POOLED,)) -> OrtEngine:
    """Return onnxruntime's engine for the outputs, in full precision."""
    from core.models.onnx.resnet_graph import graph_of

    content = graph_of(network.config, network.state, outputs, network.mean, network.std).SerializeToString()
    return_free_memory()  # of the graph, before onnxruntime reads it anew
    return OrtEngine(content, FP32)


def session_options(*, sparing: bool = False) -> "onnxruntime.SessionOptions":
    """Return how sessions compute: on all processors of this process, without keeping them busy while they wait.

    With ``sparing``, memory is given back after each layer, which is somewhat slower.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = available_processors()
    options.log_severity_level = 3  # errors only
    options.enable_cpu_mem_arena = options.enable_mem_pattern = not sparing
    # Threads that wait in a loop would take processors away from the pages; without, it is as fast.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return options
