"""A whole model as an ONNX graph: its input, the residual network in fp32 or in 8 bits, and its heads."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import onnx
import torch

from core.data.pictures.network_input.preprocessing import Preprocessing
from core.export.onnx_file.choices import Input, Precision
from core.export.onnx_file.graph_editor import GraphEditor, set_outputs
from core.export.onnx_file.head_nodes import (
    BOX,
    add_corners,
    add_foreign,
    add_logits,
    add_probabilities,
    body_outputs,
)
from core.export.onnx_file.input_nodes import add_box_in_photo, take_photos, take_tensors, take_views
from core.features.engines.quantised_graph import quantised, ranges_in
from core.free_memory import return_free_memory
from core.inspection.deciding.foreign_score import ForeignScore
from core.models.bundle import BundleInfo
from core.models.heads import task_of
from core.models.onnx.resnet_graph import graph_of
from core.models.resnet import STAGES, ResNet

WEIGHT_BITS = 7
"""Weights with 7 bits give the same sums on every processor; with 8, one without VNNI cuts some of them off."""
_CALIBRATION_BATCH = 2  # small, because the values of all layers are in memory at once


@dataclass(frozen=True)
class ModelParts:
    """A loaded model, as far as a graph is made of it."""

    network: ResNet
    info: BundleInfo
    foreign: ForeignScore | None

    @property
    def seen(self) -> Preprocessing:
        return Preprocessing.model_validate(self.info.preprocessing)


def graphs(
    parts: ModelParts,
    precisions: Sequence[Precision],
    input: Input,
    softmax: bool,
    calibration: np.ndarray | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[tuple[Precision, onnx.ModelProto]]:
    """Yield the graph of each precision; see core.export.onnx_file.choices.

    ``calibration`` are the views that give the ranges of 8 bits, uint8 [n, S, S, 3]; ``progress`` gets how many were
    computed. Raises ModelError for weights of another architecture.
    """
    network, seen = parts.network, parts.seen
    state = {name: tensor.detach().cpu().numpy() for name, tensor in network.state_dict().items()}
    outputs = body_outputs(network.config.head, task_of(network))
    for precision in precisions:
        model = graph_of(network.config, state, outputs, seen.mean, seen.std)
        if precision == "int8":
            if calibration is None or not len(calibration):
                raise ValueError("8 bits need photos to calibrate")
            model = quantised(model, ranges_in(model, _batches(calibration, progress)), WEIGHT_BITS)
        placement = None
        if input == "photo":
            placement = take_photos(model, seen)
        elif input == "view":
            take_views(model, seen.size)
        else:
            take_tensors(model, seen.size)
        number = 1 if input == "photo" else "N"
        editor, declared = GraphEditor(model, "head"), list[tuple[str, list[int | str], str]]()
        logits, classes = add_logits(editor, state, network.config.head), len(parts.info.classes)
        decision = parts.info.decision
        if softmax:
            scale = decision.scale if decision else 1.0
            name = add_probabilities(editor, logits, scale)
            declared.append((name, [number, classes], _probability_words(scale)))
        else:
            declared.append((logits, [number, classes], "the classes' logits"))
        if task_of(network) == "localization":
            rows, columns = _last_sides(network, seen.size)
            if placement is None:
                add_corners(editor, state, rows, columns, BOX)
                words = "left, top, right and bottom as fractions of the view's side"
            else:
                corners = add_corners(editor, state, rows, columns, f"{BOX}-corners")
                add_box_in_photo(editor, corners, placement, seen.size, BOX)
                words = "x, y, width and height in pixels of the photo"
            declared.append((BOX, [number, 4], words))
        if parts.foreign is not None:
            declared.append((add_foreign(editor, parts.foreign), [number], 'the distance for "none of these"'))
        editor.append()
        set_outputs(model, declared)
        return_free_memory()
        yield precision, model


def _probability_words(temperature: float) -> str:
    return "the classes' probabilities" + (f", calibrated by the temperature {temperature:.6g}" * (temperature != 1))


def _batches(pixels: np.ndarray, progress: Callable[[int, int], None] | None) -> Iterator[np.ndarray]:
    for start in range(0, len(pixels), _CALIBRATION_BATCH):
        yield pixels[start : start + _CALIBRATION_BATCH]
        if progress:
            progress(min(start + _CALIBRATION_BATCH, len(pixels)), len(pixels))


def _last_sides(network: ResNet, size: int) -> tuple[int, int]:
    """Return the rows and columns of the last maps of a view."""
    device = next(network.parameters()).device
    with torch.inference_mode():
        rows, columns = network.forward_to(torch.zeros(1, 3, size, size, device=device), STAGES[-1]).shape[-2:]
    return rows, columns
