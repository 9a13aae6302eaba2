"""What an ONNX file says about itself: its classes, its preprocessing, how it decides and where it comes from.

The entries stand in ONNX's ``metadata_props``, a map of texts; every text is JSON.
"""

import json
from typing import Any

import onnx

from core.export.onnx_file.choices import INPUT_WORDS, Input, Precision
from core.export.onnx_file.whole_graph import WEIGHT_BITS
from core.models.bundle import BundleInfo
from core.models.zoo import network_name, with_plain_head

FORMAT = "resnet-studio-onnx"
VERSION = 1
PRODUCER = "ResNet Studio"


def add_metadata(
    model: onnx.ModelProto, info: BundleInfo, precision: Precision, input: Input, softmax: bool, calibrated: str
) -> None:
    """Write the entries into the model; ``calibrated`` says on which photos 8 bits were calibrated."""
    facts = metadata(info, precision, input, softmax, calibrated)
    onnx.helper.set_model_props(model, {name: json.dumps(value, ensure_ascii=False) for name, value in facts.items()})
    model.producer_name = PRODUCER
    number = len(info.classes)
    classes = f"{number:,} {'class' if number == 1 else 'classes'}"
    model.doc_string = (
        f"A {network_name(with_plain_head(info.arch))} for {classes} in {precision}. It takes {INPUT_WORDS[input]}."
    )


def metadata(info: BundleInfo, precision: Precision, input: Input, softmax: bool, calibrated: str) -> dict[str, Any]:
    """Return the entries, before they are texts."""
    decision = None if info.decision is None else info.decision.model_dump(mode="json")
    facts: dict[str, Any] = {
        "format": {"name": FORMAT, "version": VERSION},
        "task": info.task,
        "classes": list(info.classes),
        "arch": info.arch,
        "preprocessing": info.preprocessing,
        "input": {"kind": input, "words": INPUT_WORDS[input]},
        "softmax": "inside" if softmax else "beside",
        "decision": decision,
        "precision": precision,
        "weights": info.weights,
        "recipe": info.recipe,
        "snapshot_digest": info.snapshot_digest,
        "metrics": info.metrics,
        "created": info.created,
        "model_sha256": info.model_sha256,
        "libraries": {**info.libraries, "onnx": onnx.__version__},
    }
    if precision == "int8":
        facts["quantisation"] = {
            "method": "static, QDQ: weights signed per output channel, values unsigned per tensor",
            "weight_bits": WEIGHT_BITS,
            "calibrated_on": calibrated,
            "in_fp32": "the heads, norms, squeeze-and-excitation and the means of maps",
        }
    return facts
