"""The heads of a model as ONNX nodes: classes from one stage or several, the box, the score for "none of these".

They follow core.models.resnet, core.models.heads and core.inspection.deciding.foreign_score, in fp32 in every file.
"""

from collections.abc import Mapping

import numpy as np
from onnx import TensorProto

from core.export.onnx_file.graph_editor import GraphEditor
from core.inspection.deciding.foreign_score import ForeignScore
from core.models.heads import SIDES
from core.models.zoo import POOLED, STAGE_VECTORS, STAGES

State = Mapping[str, np.ndarray]

LOGITS, PROBABILITIES, BOX, FOREIGN = "logits", "probabilities", "box", "foreign"
LAST = STAGES[-1]

_NORM_EPS = 1e-5  # of torch.nn.BatchNorm2d, which the box head has
_LEAST_LENGTH = 1e-12  # of torch.nn.functional.normalize
_LEAST_FLOAT = float(np.finfo(np.float32).tiny)


def body_outputs(head: str, task: str) -> tuple[str, ...]:
    """Return the outputs of core.models.onnx.resnet_graph that a model's heads take."""
    vectors = STAGE_VECTORS if head == "stages" else (POOLED,)
    return (*vectors, LAST) if task == "localization" else vectors


def add_logits(editor: GraphEditor, state: State, head: str) -> str:
    """Add the classifier; returns the logits [N, classes]."""
    vector = POOLED
    if head == "stages":
        scaled = [_of_length_one(editor, name, _LEAST_LENGTH) for name in STAGE_VECTORS]
        vector = editor.add("Concat", scaled, axis=1)
    weight, bias = (editor.numbers(state[f"fc.{part}"], np.float32) for part in ("weight", "bias"))
    return editor.add("Gemm", [vector, weight, bias], name=LOGITS, transB=1)


def add_probabilities(editor: GraphEditor, logits: str, temperature: float) -> str:
    """Add the softmax of the logits, divided by the temperature; returns probabilities [N, classes]."""
    if temperature != 1:
        logits = editor.add("Div", [logits, editor.numbers(temperature, np.float32)])
    return editor.add("Softmax", [logits], name=PROBABILITIES, axis=1)


def add_foreign(editor: GraphEditor, score: ForeignScore) -> str:
    """Add the score for "none of these"; returns the distances [N] to the training photos."""
    near = min(score.neighbours, len(score.vectors))
    # As in foreign.safetensors, where they have half precision.
    vectors = editor.add("Cast", [editor.numbers(score.vectors.T, np.float16)], to=TensorProto.FLOAT)
    cosines = editor.add("MatMul", [_of_length_one(editor, POOLED, _LEAST_FLOAT), vectors])
    largest, _ = editor.several("TopK", [cosines, editor.integers(near)], ["foreign-cosines", "foreign-places"], axis=1)
    at = [editor.integers(near - 1), editor.integers(near), editor.integers(1)]
    last = editor.add("Slice", [largest, *at])
    flat = editor.add("Squeeze", [last, editor.integers(1)])
    return editor.add("Sub", [editor.numbers(1, np.float32), flat], name=FOREIGN)


def add_corners(editor: GraphEditor, state: State, rows: int, columns: int, name: str) -> str:
    """Add the box head for last maps [N, C, rows, columns].

    Returns left, top, right and bottom [N, 4] as fractions of the view's side, called ``name``.
    """
    maps = editor.add("Relu", [_folded(editor, state, LAST, 0, 1)])
    maps = editor.add("Relu", [_folded(editor, state, maps, 3, 4)])
    weight, bias = (editor.numbers(state[f"box.votes.{part}"], np.float32) for part in ("weight", "bias"))
    votes = editor.add("Conv", [maps, weight, bias], kernel_shape=[1, 1])
    flat = editor.add("Reshape", [votes, editor.integers(0, SIDES + 1, -1)])  # [N, 5, rows * columns]
    parts = ["box-distances", "box-strengths"]
    far, strength = editor.several("Split", [flat, editor.integers(SIDES, 1)], parts, axis=1)
    y, x = np.meshgrid((np.arange(rows) + 0.5) / rows, (np.arange(columns) + 0.5) / columns, indexing="ij")
    centres = editor.numbers(np.stack([x, y, x, y]).reshape(1, SIDES, -1), np.float32)
    signs = editor.numbers(np.array([-1, -1, 1, 1]).reshape(1, SIDES, 1), np.float32)
    edges = editor.add("Add", [centres, editor.add("Mul", [signs, editor.add("Softplus", [far])])])
    counts = editor.add("Softmax", [strength], axis=2)
    weighted = editor.add("Mul", [edges, counts])
    return editor.add("ReduceSum", [weighted, editor.integers(2)], name=name, keepdims=0)


def _folded(editor: GraphEditor, state: State, maps: str, conv: int, norm: int) -> str:
    """Add a convolution of the box's neck with the norm that follows it folded in."""
    scale, shift, mean, variance = (
        state[f"box.neck.{norm}.{part}"].astype(np.float64)
        for part in ("weight", "bias", "running_mean", "running_var")
    )
    scale = scale / np.sqrt(variance + _NORM_EPS)
    weight = state[f"box.neck.{conv}.weight"] * scale[:, None, None, None]
    kernel = weight.shape[2]
    inputs = [maps, editor.numbers(weight, np.float32), editor.numbers(shift - scale * mean, np.float32)]
    return editor.add("Conv", inputs, kernel_shape=[kernel] * 2, pads=[kernel // 2] * 4)


def _of_length_one(editor: GraphEditor, vectors: str, least: float) -> str:
    """Scale vectors [N, C] to length 1; a shorter one than ``least`` is divided by it."""
    squares = editor.add("ReduceSum", [editor.add("Mul", [vectors, vectors]), editor.integers(1)], keepdims=1)
    length = editor.add("Max", [editor.add("Sqrt", [squares]), editor.numbers(least, np.float32)])
    return editor.add("Div", [vectors, length])
