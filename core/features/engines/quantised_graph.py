"""A residual network's ONNX graph computed in 8 bits: the ranges of its values in photos, and the new graph.

Static quantisation in ONNX's QDQ form, which onnxruntime turns into integer kernels
(https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html): weights signed and symmetric per output
channel, values unsigned per tensor. What is quantised are the large convolutions and the sums of the skip connections;
norms, squeeze-and-excitation and the last means stay in fp32. onnxruntime's own quantiser gives the same, but takes
several times longer and three gigabytes for ResNet-50.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from core.features.engines.ort_engine import session_options
from core.free_memory import return_free_memory
from core.models.onnx.resnet_graph import PIXELS

Ranges = dict[str, tuple[float, float]]
"""The lowest and the highest value of each tensor that is quantised."""
_EXTREMES = ("ReduceMin", "ReduceMax")
_MOST_BIAS = 2**30
_LEAST_SCALE = 1e-12


def ranges_in(model: onnx.ModelProto, batches: Iterable[np.ndarray]) -> Ranges:
    """Return the ranges of all values in photos, batches of uint8 [N, S, S, 3]."""
    names = _quantised_tensors(model)
    session = onnxruntime.InferenceSession(
        _observed(model, names), session_options(sparing=True), providers=["CPUExecutionProvider"]
    )
    return_free_memory()
    ranges = dict.fromkeys(names, (0.0, 0.0))  # 0 has a byte of its own, because convolutions pad with it
    for batch in batches:
        found = session.run([f"{kind}-{name}" for name in names for kind in _EXTREMES], {PIXELS: batch})
        for name, low, high in zip(names, found[::2], found[1::2], strict=True):
            ranges[name] = min(ranges[name][0], float(low.min())), max(ranges[name][1], float(high.max()))
    return ranges


def _observed(model: onnx.ModelProto, names: Sequence[str]) -> bytes:
    """Return the model with the extremes of these tensors in each picture as outputs; it is not copied, being large."""
    graph = model.graph
    nodes, outputs = len(graph.node), len(graph.output)
    for name in names:
        for kind in _EXTREMES:
            output = f"{kind}-{name}"
            graph.node.append(helper.make_node(kind, [name], [output], name=output, axes=[1, 2, 3], keepdims=0))
            graph.output.append(helper.make_tensor_value_info(output, TensorProto.FLOAT, ["N"]))
    try:
        return model.SerializeToString()
    finally:
        del graph.node[nodes:], graph.output[outputs:]


def quantised(model: onnx.ModelProto, ranges: Mapping[str, tuple[float, float]], weight_bits: int) -> onnx.ModelProto:
    """Return the model in 8 bits. ``weight_bits`` is 7 where a sum of two products would not fit (see processors)."""
    graph = model.graph
    weights = {tensor.name: tensor for tensor in graph.initializer}
    convolutions, sums = _quantised_nodes(model)
    convolved, summed = ({node.output[0] for node in some} for some in (convolutions, sums))
    scales = {name: _scale(low, high) for name, (low, high) in ranges.items()}
    used_once = _used_once(model)
    nodes: list[onnx.NodeProto] = []
    tensors = _Tensors()
    for node in graph.node:
        if node.op_type == "Relu" and node.output[0] in scales and scales[node.output[0]][1] == 0:
            before = node.input[0]
            if before in used_once and before in convolved | summed:
                # Values below zero become zero in the rounding, so the ReLU is not needed.
                nodes[-1].output[0] = node.output[0]
                nodes += tensors.pair(node.output[0], *scales[node.output[0]])
                continue
        changed = onnx.NodeProto()
        changed.CopyFrom(node)
        if node.op_type != "Identity" or node.input[0] in scales:
            for place, name in enumerate(node.input):
                if name in scales:
                    changed.input[place] = f"{name}-rounded"
        if node.output[0] in convolved:
            made = tensors.weights(node, weights, scales[node.input[0]][0], weight_bits)
            for place, (name, extra) in enumerate(made, start=1):
                changed.input[place] = name
                nodes.append(extra)
        else:
            tensors.keep(weights, node.input)
        nodes.append(changed)
        if node.output[0] in scales:
            nodes += tensors.pair(node.output[0], *scales[node.output[0]])
    new = helper.make_graph(nodes, graph.name, list(graph.input), list(graph.output), tensors.all)
    return helper.make_model(new, opset_imports=list(model.opset_import), ir_version=model.ir_version)


class _Tensors:
    """The constants of the new graph, and the nodes that turn them into the old ones."""

    def __init__(self) -> None:
        self.all: list[onnx.TensorProto] = []
        self._names: set[str] = set()

    def add(self, name: str, values: np.ndarray) -> str:
        self._names.add(name)
        # onnxruntime only fuses sums whose steps are scalars, and ascontiguousarray would make them arrays.
        self.all.append(numpy_helper.from_array(values, name))
        return name

    def keep(self, weights: Mapping[str, onnx.TensorProto], names: Iterable[str]) -> None:
        for name in names:
            if name in weights and name not in self._names:
                self._names.add(name)
                self.all.append(weights[name])

    def pair(self, name: str, scale: float, zero: int) -> list[onnx.NodeProto]:
        """Round a tensor to 8 bits and back; the result is called ``<name>-rounded``."""
        constants = [
            self.add(f"{name}-scale", np.array(scale, np.float32)),
            self.add(f"{name}-zero", np.array(zero, np.uint8)),
        ]
        return [
            helper.make_node("QuantizeLinear", [name, *constants], [f"{name}-bytes"], name=f"{name}-quantise"),
            helper.make_node(
                "DequantizeLinear", [f"{name}-bytes", *constants], [f"{name}-rounded"], name=f"{name}-dequantise"
            ),
        ]

    def weights(
        self, node: onnx.NodeProto, weights: Mapping[str, onnx.TensorProto], input_scale: float, bits: int
    ) -> list[tuple[str, onnx.NodeProto]]:
        """A convolution's weights in 8 or 7 bits, and its bias in 32: each one's name, and the node that gives it."""
        values = numpy_helper.to_array(weights[node.input[1]])
        bias = numpy_helper.to_array(weights[node.input[2]]) if len(node.input) > 2 else None
        most = 127 if bits == 8 else 64
        scale = np.maximum(np.abs(values).reshape(len(values), -1).max(axis=1).astype(np.float64) / most, _LEAST_SCALE)
        if bias is not None:  # a channel with tiny weights: its bias must fit too
            scale = np.maximum(scale, np.abs(bias) / (input_scale * _MOST_BIAS))
        scale = scale.astype(np.float32)
        rounded = np.clip(np.rint(values / scale[:, None, None, None]), -most, most).astype(np.int8)
        made = [self._constant(node.input[1], rounded, scale)]
        if bias is not None:
            units = scale.astype(np.float64) * np.float32(input_scale)
            made.append(self._constant(node.input[2], np.rint(bias / units).astype(np.int32), units.astype(np.float32)))
        return made

    def _constant(self, name: str, values: np.ndarray, scale: np.ndarray) -> tuple[str, onnx.NodeProto]:
        inputs = [
            self.add(f"{name}-integers", values),
            self.add(f"{name}-scale", scale),
            self.add(f"{name}-zero", np.zeros(len(scale), values.dtype)),
        ]
        node = helper.make_node("DequantizeLinear", inputs, [f"{name}-rounded"], name=f"{name}-dequantise", axis=0)
        return f"{name}-rounded", node


def _scale(low: float, high: float) -> tuple[float, int]:
    """Return the step and the byte that stands for 0: a ReLU's result keeps all 255 steps above it."""
    scale = max(high - low, _LEAST_SCALE) / 255
    return scale, int(np.clip(np.rint(-low / scale), 0, 255))


def _quantised_nodes(model: onnx.ModelProto) -> tuple[list[onnx.NodeProto], list[onnx.NodeProto]]:
    """Return the convolutions of maps, and the sums of two maps."""
    constants = {tensor.name for tensor in model.graph.initializer}
    means: set[str] = set()  # what is computed of means: squeeze-and-excitation
    convolutions, sums = [], []
    for node in model.graph.node:
        if node.op_type == "GlobalAveragePool" or (node.op_type != "Mul" and node.input[0] in means):
            means.update(node.output)
        elif node.op_type == "Conv":
            convolutions.append(node)
        elif node.op_type == "Add" and not constants.intersection(node.input):
            sums.append(node)
    return convolutions, sums


def _quantised_tensors(model: onnx.ModelProto) -> list[str]:
    """Return the inputs and results of the quantised nodes; the result of a ReLU instead of what it is made of."""
    convolutions, sums = _quantised_nodes(model)
    used_once = _used_once(model)
    relu_of = {node.input[0]: node.output[0] for node in model.graph.node if node.op_type == "Relu"}
    names: dict[str, None] = {}
    for node in [*convolutions, *sums]:
        inputs = list(node.input)[:1] if node.op_type == "Conv" else list(node.input)
        result = node.output[0]
        names.update(dict.fromkeys(inputs))
        names[relu_of[result] if result in used_once and result in relu_of else result] = None
    return list(names)


def _used_once(model: onnx.ModelProto) -> set[str]:
    uses = [name for node in model.graph.node for name in node.input]
    return {name for name in set(uses) if uses.count(name) == 1}
