"""Adds nodes and constants to an ONNX graph, after or before those that are there."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper


class GraphEditor:
    """Collects nodes, whose names begin with a prefix, until ``append`` or ``prepend`` puts them into the graph.

    Methods that add a node or a constant return the name of its tensor.
    """

    def __init__(self, model: onnx.ModelProto, prefix: str) -> None:
        self.graph = model.graph
        self._prefix = prefix
        self._nodes: list[onnx.NodeProto] = []
        self._count = 0

    def add(self, kind: str, inputs: Sequence[str], *, name: str = "", **attributes: Any) -> str:
        """Add a node with one result, called ``name`` or by its kind and number."""
        return self.several(kind, inputs, [name or self._new(kind)], **attributes)[0]

    def several(self, kind: str, inputs: Sequence[str], names: Sequence[str], **attributes: Any) -> list[str]:
        """Add a node with these results."""
        node = helper.make_node(kind, list(inputs), list(names), name=f"{self._prefix}-node-{names[0]}", **attributes)
        self._nodes.append(node)
        return list(names)

    def numbers(self, values: Any, kind: type[np.generic]) -> str:
        """Add a constant."""
        name = self._new("constant")
        self.graph.initializer.append(numpy_helper.from_array(np.asarray(values, kind), name))
        return name

    def integers(self, *values: int) -> str:
        """Add a list of 64-bit numbers, as shapes, axes and positions are."""
        return self.numbers(values, np.int64)

    def append(self) -> None:
        """Put the collected nodes behind all others."""
        self.graph.node.extend(self._nodes)
        self._nodes = []

    def prepend(self) -> None:
        """Put the collected nodes before all others."""
        nodes = [*self._nodes, *self.graph.node]
        del self.graph.node[:]
        self.graph.node.extend(nodes)
        self._nodes = []

    def _new(self, kind: str) -> str:
        self._count += 1
        return f"{self._prefix}-{kind.lower()}-{self._count}"


def set_input(model: onnx.ModelProto, name: str, kind: int, shape: Sequence[int | str], words: str) -> None:
    """Make this the graph's only input; a side that is a word may have any length."""
    del model.graph.input[:]
    model.graph.input.append(helper.make_tensor_value_info(name, kind, list(shape), doc_string=words))


def set_outputs(model: onnx.ModelProto, outputs: Sequence[tuple[str, Sequence[int | str], str]]) -> None:
    """Make these the graph's outputs: name, shape and what it is; all are float32."""
    del model.graph.output[:]
    for name, shape, words in outputs:
        info = helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, list(shape), doc_string=words)
        model.graph.output.append(info)
