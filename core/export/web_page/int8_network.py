"""The network of a page in 8 bits: an ONNX file from pixels to the last maps, and what computes it on this machine."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.models.zoo import STAGE_VECTORS, STAGES, ResNetConfig

if TYPE_CHECKING:
    import onnx

MAPS = STAGES[-1]
"""The output with the last maps, float32 [N, C, h, w]: the vector, the heatmap and the box are made of them."""
VOTES = "votes"
"""The output of a box head, float32 [N, 5, h, w]: see core.models.heads.BoxHead."""
PIXELS_AT_ONCE = 2
"""Calibration holds the values of all layers in memory at once."""
_WEIGHT_BITS = 8
"""WebAssembly multiplies in 16 bits, so that no sum of two products overflows, whatever the processor."""
_BOX_NORM_EPS = 1e-5

State = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class PageNetwork:
    """A trunk, with its box head if it has one; the classifier is computed beside it, because a page may replace it."""

    model: bytes
    """The ONNX file. Its input is ``pixels``, uint8 [N, S, S, 3]."""
    lower: tuple[str, ...]
    """The outputs with the means of earlier stages that the head takes, in its order."""
    boxes: bool
    size: tuple[int, int, int]
    """Channels, rows and columns of the last maps."""

    @property
    def outputs(self) -> tuple[str, ...]:
        return (MAPS, *self.lower, *((VOTES,) if self.boxes else ()))


def int8_network(
    config: ResNetConfig, state: State, pixels: np.ndarray, mean: Sequence[float], std: Sequence[float]
) -> PageNetwork:
    """Return the network in 8 bits, for values as they are in these photos, uint8 [n, S, S, 3]."""
    from core.features.engines.quantised_graph import quantised, ranges_in
    from core.models.onnx.resnet_graph import graph_of

    lower = STAGE_VECTORS[:-1] if config.head == "stages" else ()
    graph = graph_of(config, state, (MAPS, *lower), mean, std)
    batches = (pixels[start : start + PIXELS_AT_ONCE] for start in range(0, len(pixels), PIXELS_AT_ONCE))
    model = quantised(graph, ranges_in(graph, batches), _WEIGHT_BITS)
    boxes = "box.votes.weight" in state
    if boxes:
        _add_box_head(model, state)
    content = model.SerializeToString(deterministic=True)
    found = PageNetwork(content, lower, boxes, (0, 0, 0))
    maps = next(NativeNetwork(found).run([pixels[:1]]))[MAPS]
    return PageNetwork(content, lower, boxes, (maps.shape[1], maps.shape[2], maps.shape[3]))


class NativeNetwork:
    """Computes a page's network with the same sums as a browser: in whole numbers, without overflow."""

    def __init__(self, network: PageNetwork) -> None:
        import onnxruntime

        from core.features.engines.ort_engine import session_options

        options = session_options()
        # Without it, processors with AVX2 alone clip sums of two products to 16 bits.
        options.add_session_config_entry("session.x64quantprecision", "1")
        self._session = onnxruntime.InferenceSession(network.model, options, providers=["CPUExecutionProvider"])
        self._network = network

    def run(self, batches: Iterable[np.ndarray]) -> Iterator[dict[str, np.ndarray]]:
        """Yield the outputs of each batch of pixels, uint8 [N, S, S, 3]."""
        for pixels in batches:
            found = self._session.run(list(self._network.outputs), {"pixels": pixels})
            yield dict(zip(self._network.outputs, found, strict=True))

    def vectors(self, batches: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """Yield what the head takes, float32 [N, width], for each batch."""
        from core.training.linear.several_stages import side_by_side

        for found in self.run(batches):
            last = found[MAPS].mean(axis=(2, 3), dtype=np.float64).astype(np.float32)
            yield side_by_side([*(found[name] for name in self._network.lower), last]) if self._network.lower else last


def _add_box_head(model: "onnx.ModelProto", state: State) -> None:
    """Append the box head in fp32, which takes a hundredth of the time; BatchNorm is folded into its convolutions."""
    from onnx import TensorProto, helper, numpy_helper

    graph, x = model.graph, MAPS
    layers = (("box.neck.0", "box.neck.1", True), ("box.neck.3", "box.neck.4", True), ("box.votes", None, False))
    for number, (name, norm, rectified) in enumerate(layers):
        weight, bias = state[f"{name}.weight"].astype(np.float64), state.get(f"{name}.bias")
        if norm is not None:
            scale = state[f"{norm}.weight"] / np.sqrt(state[f"{norm}.running_var"] + _BOX_NORM_EPS)
            weight = weight * scale[:, None, None, None]
            bias = state[f"{norm}.bias"] - scale * state[f"{norm}.running_mean"]
        assert bias is not None
        for part, values in (("weight", weight), ("bias", bias)):
            graph.initializer.append(numpy_helper.from_array(values.astype(np.float32), f"box-{number}-{part}"))
        kernel = weight.shape[2]
        made = f"box-{number}" if rectified else VOTES
        graph.node.append(
            helper.make_node(
                "Conv",
                [x, f"box-{number}-weight", f"box-{number}-bias"],
                [made],
                name=f"box-conv-{number}",
                kernel_shape=[kernel, kernel],
                pads=[kernel // 2] * 4,
            )
        )
        x = made
        if rectified:
            x = f"box-{number}-relu"
            graph.node.append(helper.make_node("Relu", [made], [x], name=x))
    graph.output.append(helper.make_tensor_value_info(VOTES, TensorProto.FLOAT, ["N", 5, "h-votes", "w-votes"]))
