"""What an ONNX file takes: photos of any size, views, or normalised views.

The graph of core.models.onnx.resnet_graph takes views, uint8 [N, S, S, 3]. For photos, nodes before it do what
core.data.pictures.network_input.preprocessing does. ONNX's Resize, with ``antialias`` and ``exclude_outside``, is
Pillow's within rounding: of 77 photos, 1.3 % of all values differed, by at most 2 of 255. Without ``exclude_outside``,
values at the edges differed by up to 10.
"""

from dataclasses import dataclass

import numpy as np
import onnx
from onnx import TensorProto

from core.data.pictures.network_input.preprocessing import LONGEST, Preprocessing
from core.export.onnx_file.graph_editor import GraphEditor, set_input
from core.models.onnx.resnet_graph import PIXELS

PHOTO, TENSOR = "photo", "tensor"
OPSET_OF_RESIZE = 18
"""The first whose Resize has antialiasing."""
_NORMALISING = ["Cast", "Transpose", "Sub", "Mul"]


@dataclass(frozen=True)
class Placement:
    """Where a photo lies in its view: there = scale * here + shift. Names of tensors, float64 [2], for x and y."""

    scale: str
    shift: str


def take_views(model: onnx.ModelProto, size: int) -> None:
    """Let the graph take views of this size alone."""
    words = f"RGB views of {size} x {size} pixels, values 0 to 255, channels last"
    set_input(model, PIXELS, TensorProto.UINT8, ["N", size, size, 3], words)


def take_tensors(model: onnx.ModelProto, size: int) -> None:
    """Let the graph take normalised views, float32 [N, 3, size, size]: removes the nodes that normalise.

    Raises ValueError for a graph that does not begin with them.
    """
    graph = model.graph
    first = list(graph.node[: len(_NORMALISING)])
    if [node.op_type for node in first] != _NORMALISING:
        raise ValueError(f"the graph begins with {', '.join(node.op_type for node in first)}")
    unused = {name for node in first for name in node.input}
    del graph.node[: len(first)]
    for node in graph.node:
        for place, name in enumerate(node.input):
            if name == first[-1].output[0]:
                node.input[place] = TENSOR
    kept = [tensor for tensor in graph.initializer if tensor.name not in unused]
    del graph.initializer[:]
    graph.initializer.extend(kept)
    words = f"RGB views of {size} x {size} pixels, divided by 255, minus the mean, divided by the deviation"
    set_input(model, TENSOR, TensorProto.FLOAT, ["N", 3, size, size], words)


def take_photos(model: onnx.ModelProto, seen: Preprocessing) -> Placement:
    """Let the graph take one photo, uint8 [H, W, 3], and make its view inside."""
    editor = GraphEditor(model, "photo")
    sides = editor.add("Slice", [editor.add("Shape", [PHOTO]), editor.integers(0), editor.integers(2)])  # height, width
    make = {"crop": _cropped, "squash": _squashed, "letterbox": _letterboxed}[seen.mode]
    view, scale, shift = make(editor, seen, sides)
    editor.add("Transpose", [view], name=PIXELS, perm=[0, 2, 3, 1])
    swap = editor.integers(1, 0)  # from (y, x) to (x, y)
    placement = Placement(editor.add("Gather", [scale, swap]), editor.add("Gather", [shift, swap]))
    editor.prepend()
    set_input(model, PHOTO, TensorProto.UINT8, ["H", "W", 3], "an upright RGB photo, values 0 to 255, channels last")
    for imported in model.opset_import:
        imported.version = max(imported.version, OPSET_OF_RESIZE)
    return placement


def add_box_in_photo(editor: GraphEditor, corners: str, placement: Placement, size: int, name: str) -> str:
    """Turn a box [1, 4] in fractions of the view into x, y, width and height in pixels of the photo, [1, 4]."""
    wide = editor.add("Cast", [corners], to=TensorProto.DOUBLE)
    pixels = editor.add("Mul", [wide, editor.numbers(size, np.float64)])
    low, high = editor.several("Split", [pixels, editor.integers(2, 2)], ["box-low", "box-high"], axis=1)
    start = editor.add("Div", [editor.add("Sub", [low, placement.shift]), placement.scale])
    extent = editor.add("Div", [editor.add("Sub", [high, low]), placement.scale])
    return editor.add("Cast", [editor.add("Concat", [start, extent], axis=1)], name=name, to=TensorProto.FLOAT)


def _cropped(editor: GraphEditor, seen: Preprocessing, sides: str) -> tuple[str, str, str]:
    """Return the view, uint8 [1, 3, S, S], and the scale and shift [2] of its placement, for y and x."""
    short = editor.add("ReduceMin", [sides], keepdims=1)
    window = editor.add("Min", [sides, editor.add("Mul", [short, editor.integers(LONGEST)])])
    start = editor.add("Div", [editor.add("Sub", [sides, window]), editor.integers(2)])
    end = editor.add("Add", [start, window])
    part = editor.add("Slice", [PHOTO, start, end, editor.integers(0, 1)])
    # Integers divide as int() of the quotient does.
    size = editor.add("Div", [editor.add("Mul", [window, editor.integers(seen.resize)]), short])
    resized = _resized(editor, part, size)
    half = editor.add("Div", [_wide(editor, editor.add("Sub", [size, editor.integers(seen.size)])), _two(editor)])
    corner = editor.add("Cast", [editor.add("Round", [half])], to=TensorProto.INT64)
    scale = editor.add("Div", [_wide(editor, size), _wide(editor, window)])
    before = editor.add("Mul", [_wide(editor, start), scale])
    shift = editor.add("Neg", [editor.add("Add", [_wide(editor, corner), before])])
    if seen.resize < seen.size:  # the view reaches beyond the photo, where it is black
        border = seen.size
        resized = editor.add("Pad", [resized, editor.integers(0, 0, border, border, 0, 0, border, border)])
        corner = editor.add("Add", [corner, editor.integers(border)])
    end = editor.add("Add", [corner, editor.integers(seen.size)])
    return editor.add("Slice", [resized, corner, end, editor.integers(2, 3)]), scale, shift


def _squashed(editor: GraphEditor, seen: Preprocessing, sides: str) -> tuple[str, str, str]:
    size = editor.integers(seen.size, seen.size)
    scale = editor.add("Div", [_wide(editor, size), _wide(editor, sides)])
    return _resized(editor, PHOTO, size), scale, editor.numbers([0, 0], np.float64)


def _letterboxed(editor: GraphEditor, seen: Preprocessing, sides: str) -> tuple[str, str, str]:
    longest = _wide(editor, editor.add("ReduceMax", [sides], keepdims=1))
    ratio = editor.add("Div", [editor.numbers(seen.size, np.float64), longest])
    exact = editor.add("Round", [editor.add("Mul", [_wide(editor, sides), ratio])])
    size = editor.add("Cast", [editor.add("Max", [exact, editor.numbers(1, np.float64)])], to=TensorProto.INT64)
    room = editor.add("Sub", [editor.integers(seen.size, seen.size), size])
    before = editor.add("Div", [room, editor.integers(2)])
    nothing = editor.integers(0, 0)
    pads = editor.add("Concat", [nothing, before, nothing, editor.add("Sub", [room, before])], axis=0)
    # Pad knows one value for all channels, so grey is shifted to zero for it.
    grey = editor.numbers(np.array(seen.gray).reshape(1, 3, 1, 1), np.float32)
    pixels = editor.add("Cast", [_resized(editor, PHOTO, size)], to=TensorProto.FLOAT)
    padded = editor.add("Add", [editor.add("Pad", [editor.add("Sub", [pixels, grey]), pads]), grey])
    scale = editor.add("Div", [_wide(editor, size), _wide(editor, sides)])
    return editor.add("Cast", [padded], to=TensorProto.UINT8), scale, _wide(editor, before)


def _resized(editor: GraphEditor, photo: str, size: str) -> str:
    """Resize a photo [H, W, 3] to a size [2], height and width; returns uint8 [1, 3, height, width]."""
    channels = editor.add("Transpose", [photo], perm=[2, 0, 1])
    batch = editor.add("Unsqueeze", [channels, editor.integers(0)])
    whole = editor.add("Concat", [editor.integers(1, 3), size], axis=0)
    return editor.add(
        "Resize",
        [batch, "", "", whole],
        mode="linear",
        antialias=1,
        exclude_outside=1,
        coordinate_transformation_mode="half_pixel",
    )


def _wide(editor: GraphEditor, integers: str) -> str:
    return editor.add("Cast", [integers], to=TensorProto.DOUBLE)


def _two(editor: GraphEditor) -> str:
    return editor.numbers(2, np.float64)
