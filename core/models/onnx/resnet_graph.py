"""The layers of a residual network as an ONNX graph, with BatchNorm folded into the convolutions.

Built from the tensors themselves, without torch and without tracing, in half a second for ResNet-50; onnxruntime runs
it. The layers are those of core.models.blocks. Shapes are for N pictures of S x S pixels.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from core.errors import ModelError
from core.models.zoo import STAGES, ResNetConfig, stage_of

PIXELS = "pixels"
_OPSET = 17
# Every onnxruntime of requirements.txt reads this version of the file format.
_IR_VERSION = 10

State = Mapping[str, np.ndarray]


def graph_of(
    config: ResNetConfig, state: State, outputs: Sequence[str], mean: Sequence[float], std: Sequence[float]
) -> onnx.ModelProto:
    """Return a model from ``pixels``, uint8 [N, S, S, 3], to the named outputs, float32 each.

    An output is a stage, giving its maps [N, C, h, w]; "pooled", the means of the last maps [N, C]; or "pooled-layer2"
    and so on, the means of that stage's maps. ``state`` holds arrays with the names of core.models.resnet. Layers that
    no output needs are left out. Raises ModelError for an unknown output.
    """
    last = max(STAGES.index(stage_of(name)) for name in outputs)
    graph = _Graph(config, state)
    x = graph.normalised(mean, std)
    maps = {}
    for number, stage in enumerate(STAGES[: last + 1]):
        x = graph.stem(x) if stage == "stem" else graph.stage(number - 1, x)
        maps[stage] = x
    for name in outputs:
        found = maps[stage_of(name)]
        if name not in STAGES:
            found = graph.add("Flatten", [graph.add("GlobalAveragePool", [found])], axis=1)
        graph.output(name, found)
    return graph.model()


class _Graph:
    """Collects nodes and tensors; every method that adds a layer takes and returns the name of a tensor."""

    def __init__(self, config: ResNetConfig, state: State) -> None:
        self.config = config
        self.state = state
        self.nodes: list[onnx.NodeProto] = []
        self.tensors: list[onnx.TensorProto] = []
        self.outputs: list[onnx.ValueInfoProto] = []

    def add(self, kind: str, inputs: Sequence[str], **attributes: Any) -> str:
        name = f"{kind.lower()}-{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], name=name, **attributes))
        return name

    def tensor(self, values: np.ndarray) -> str:
        name = f"tensor-{len(self.tensors)}"
        self.tensors.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def output(self, name: str, source: str) -> None:
        self.nodes.append(helper.make_node("Identity", [source], [name], name=f"output-{name}"))
        shape = ["N", f"C-{name}"] if name not in STAGES else ["N", f"C-{name}", f"h-{name}", f"w-{name}"]
        self.outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))

    def model(self) -> onnx.ModelProto:
        pixels = helper.make_tensor_value_info(PIXELS, TensorProto.UINT8, ["N", "S", "S", 3])
        graph = helper.make_graph(self.nodes, "resnet", [pixels], self.outputs, self.tensors)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR_VERSION)

    def normalised(self, mean: Sequence[float], std: Sequence[float]) -> str:
        x = self.add("Cast", [PIXELS], to=TensorProto.FLOAT)
        x = self.add("Transpose", [x], perm=[0, 3, 1, 2])
        shift = self.tensor(255 * np.asarray(mean, np.float32).reshape(1, 3, 1, 1))
        scale = self.tensor(1 / (255 * np.asarray(std, np.float32)).reshape(1, 3, 1, 1))
        return self.add("Mul", [self.add("Sub", [x, shift]), scale])

    def stem(self, x: str) -> str:
        small, normed = self.config.stem == "small", not self.config.preactivation
        x = self.conv(x, "conv1", "bn1" if normed else None, stride=1 if small else 2)
        if normed:
            x = self.add("Relu", [x])
        if small:
            return x
        border = 1
        if not normed:  # Keras pads with zeros, and values can still be negative here
            x = self.add("Pad", [x, self.tensor(np.array([0, 0, 1, 1, 0, 0, 1, 1], np.int64))], mode="constant")
            border = 0
        return self.add("MaxPool", [x], kernel_shape=[3, 3], strides=[2, 2], pads=[border] * 4)

    def stage(self, stage: int, x: str) -> str:
        """The blocks of a stage, counted from 0; see core.models.resnet."""
        count = self.config.layers[stage]
        if self.config.preactivation:
            strides = [1] * (count - 1) + [1 if stage == 3 else 2]
        else:
            strides = [1 if stage == 0 else 2] + [1] * (count - 1)
        block = self.preactivated if self.config.preactivation else self.block
        for number, stride in enumerate(strides[:count]):
            x = block(x, f"layer{stage + 1}.{number}", stride)
        if self.config.preactivation and stage == 3:
            x = self.add("Relu", [self.norm(x, "layer4.norm")])
        return x

    def block(self, x: str, prefix: str, stride: int) -> str:
        """A basic block or a bottleneck."""
        basic = self.config.block == "basic"
        first = stride if basic or self.config.stride_in == "1x1" else 1
        skip = x
        if self.projects(prefix):
            skip = self.conv(x, f"{prefix}.downsample.0", f"{prefix}.downsample.1", stride)
        out = self.add("Relu", [self.conv(x, f"{prefix}.conv1", f"{prefix}.bn1", first)])
        out = self.conv(out, f"{prefix}.conv2", f"{prefix}.bn2", stride // first)
        if not basic:
            out = self.conv(self.add("Relu", [out]), f"{prefix}.conv3", f"{prefix}.bn3")
        return self.add("Relu", [self.joined(out, skip, prefix)])

    def preactivated(self, x: str, prefix: str, stride: int) -> str:
        start = self.add("Relu", [self.norm(x, f"{prefix}.bn1")])
        skip = x
        if self.projects(prefix):
            skip = self.conv(start, f"{prefix}.downsample.0", None, stride)
        elif self.config.skip and stride > 1:
            skip = self.add("MaxPool", [x], kernel_shape=[1, 1], strides=[stride, stride])
        out = self.add("Relu", [self.conv(start, f"{prefix}.conv1", f"{prefix}.bn2")])
        out = self.add("Relu", [self.conv(out, f"{prefix}.conv2", f"{prefix}.bn3", stride)])
        return self.joined(self.conv(out, f"{prefix}.conv3", None), skip, prefix)

    def projects(self, prefix: str) -> bool:
        return f"{prefix}.downsample.0.weight" in self.state

    def joined(self, out: str, skip: str, prefix: str) -> str:
        if self.config.squeeze:
            weight = self.add("GlobalAveragePool", [out])
            weight = self.add("Relu", [self.conv(weight, f"{prefix}.se.fc1", None)])
            weight = self.add("Sigmoid", [self.conv(weight, f"{prefix}.se.fc2", None)])
            out = self.add("Mul", [out, weight])
        return self.add("Add", [out, skip]) if self.config.skip else out

    def conv(self, x: str, name: str, norm: str | None, stride: int = 1) -> str:
        """A convolution with the norm that follows it folded in: scaled weights and a bias."""
        weight, bias = self.array(f"{name}.weight"), self.state.get(f"{name}.bias")
        if norm is not None:
            scale, shift = self.affine(norm)
            weight = weight * scale[:, None, None, None]
            bias = shift if bias is None else shift + scale * bias
        inputs = [x, self.tensor(weight.astype(np.float32))]
        if bias is not None:
            inputs.append(self.tensor(bias.astype(np.float32)))
        kernel = weight.shape[2]
        # Only the 3x3 convolution of a bottleneck has groups, and a basic block has none.
        groups = self.config.groups if name.endswith(".conv2") else 1
        border = [kernel // 2] * 4
        return self.add("Conv", inputs, kernel_shape=[kernel] * 2, strides=[stride] * 2, pads=border, group=groups)

    def norm(self, x: str, name: str) -> str:
        """A norm that cannot be folded, because its input is used elsewhere too."""
        scale, shift = (self.tensor(value.astype(np.float32)[:, None, None]) for value in self.affine(name))
        return self.add("Add", [self.add("Mul", [x, scale]), shift])

    def affine(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """BatchNorm in evaluation is y = scale x + shift, each float64 [C]."""
        weight, bias, mean, variance = (
            self.array(f"{name}.{part}").astype(np.float64)
            for part in ("weight", "bias", "running_mean", "running_var")
        )
        scale = weight / np.sqrt(variance + self.config.norm_eps)
        return scale, bias - scale * mean

    def array(self, name: str) -> np.ndarray:
        if name not in self.state:
            raise ModelError(f"The weights have no tensor {name}, so they are for another architecture.")
        return self.state[name]
