"""A frozen network computed in 8 bits by onnxruntime: calibrated on photos, kept on disk. Does not import torch."""

import hashlib
import logging
import re
import uuid
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from core.errors import ModelError
from core.features.engines.engine import POOLED, NetworkArrays
from core.features.engines.ort_engine import OrtEngine
from core.file_replacement import replace_patiently
from core.free_memory import return_free_memory
from core.models.zoo import STAGES
from core.processors import has_int8_dot_products

CALIBRATION_PHOTOS = 32
"""With so many, ResNet-50's vectors of photos had a median cosine of 0.998 to the exact ones."""
_CALIBRATION_BATCH = 2  # small, because the values of all layers are in memory at once
_NAME = re.compile(r"int8-[0-9a-f]{8}")
log = logging.getLogger(__name__)


def calibrate(network: NetworkArrays, pixels: np.ndarray, outputs: Sequence[str] = (POOLED,)) -> bytes:
    """Return the network in 8 bits as an ONNX file, for values as they are in these photos, uint8 [n, S, S, 3].

    Only for pooled outputs: maps would be of little use, because layers trained on them want exact ones.
    """
    from core.features.engines.quantised_graph import quantised, ranges_in
    from core.models.onnx.resnet_graph import graph_of

    if maps := [name for name in outputs if name in STAGES]:
        raise ModelError(f"In 8 bits only pooled outputs are computed, not the maps of {', '.join(maps)}.")
    model = graph_of(network.config, network.state, outputs, network.mean, network.std)
    chosen = pixels[:CALIBRATION_PHOTOS]
    batches = (chosen[start : start + _CALIBRATION_BATCH] for start in range(0, len(chosen), _CALIBRATION_BATCH))
    weight_bits = 8 if has_int8_dot_products() else 7
    ranges = ranges_in(model, batches)
    return_free_memory()
    found = quantised(model, ranges, weight_bits).SerializeToString(deterministic=True)
    del model
    return_free_memory()
    return found


def name_of(model: bytes) -> str:
    """Return the name of features that are computed with a calibrated network."""
    return f"int8-{hashlib.sha256(model).hexdigest()[:8]}"


def keep(folder: Path, model: bytes) -> None:
    """Store a calibrated network under its name. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f".{uuid.uuid4().hex}.part"
    try:
        part.write_bytes(model)
        replace_patiently(part, folder / f"{name_of(model)}.onnx")
    finally:
        part.unlink(missing_ok=True)


def kept_engine(folder: Path, name: str) -> OrtEngine | None:
    """Return the engine of a stored network; None if it is not there or damaged."""
    if not _NAME.fullmatch(name):
        return None
    path = folder / f"{name}.onnx"
    try:
        model = path.read_bytes()
    except OSError:
        return None
    if name_of(model) != name:
        log.warning("%s is damaged; the network will be calibrated again", path)
        return None
    return OrtEngine(model, name)
