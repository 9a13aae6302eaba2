"""The model as ONNX files: the choices, the progress, the figures of the self-test, and the download."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from core.export.onnx_file.choices import OnnxChoices
from core.export.onnx_file.onnx_task import FILE, chosen, kept_figures, task_arguments
from core.runs.folder import RunFolder
from core.workers.pool import Request
from pages.components.computing.computation import Computation
from pages.components.shared import frame
from pages.components.shared.wording import format_size, plain

_PRECISIONS = {"fp32": "fp32 (exact)", "int8": "int8 (small and fast)", "both": "Both"}
_INPUTS = {
    "view": ("A view", "Resized and cropped by your program, many at a time. Normalising is inside the file."),
    "photo": ("A photo", "Of any size, one at a time. All preprocessing is inside the file."),
    "tensor": ("A tensor", "All preprocessing is in your program. Choose this for tools that expect it."),
}
_SOFTMAX = {"inside": "Probabilities", "beside": "Logits"}


def show(run: RunFolder) -> None:
    """Draw the choices and the button, and what was created last for this model."""
    st.markdown(
        "An ONNX file is the whole model in one file. [onnxruntime](https://onnxruntime.ai) computes it in Python, "
        "C++, C#, Java and JavaScript, without PyTorch. ResNet Studio tests each file on the validation photos."
    )
    choices = _choices()
    kept = kept_figures(run)
    computation = Computation("onnx", f"onnx {run.path} {choices}")
    if computation.started:
        arguments = task_arguments(run, frame.workspace().cache / "resized", choices)
        with frame.plain_errors():
            computation.result(lambda: Request("onnx", arguments), unit="photo")
            st.rerun()
    elif kept is None or chosen(kept) != choices:
        many = len(choices.precisions) > 1
        st.button(
            "Create the ONNX files" if many else "Create the ONNX file",
            type="primary",
            icon=":material/deployed_code:",
            key="onnx-create",
            on_click=computation.start,
            help="The self-test computes the validation photos twice, which can take a few minutes.",
        )
    if kept is not None:
        _result(run, kept)


def _choices() -> OnnxChoices:
    left, middle, right = st.columns([1, 2, 1], gap="medium")
    precision = left.radio(
        "Precision",
        list(_PRECISIONS),
        format_func=_PRECISIONS.__getitem__,
        key="onnx-precision",
        help="int8 computes in 8-bit integers, calibrated on training photos: a quarter of the size.",
    )
    input_kind = middle.radio(
        "The file takes",
        list(_INPUTS),
        format_func=lambda kind: _INPUTS[kind][0],
        captions=[words for _, words in _INPUTS.values()],
        key="onnx-input",
    )
    softmax = right.radio(
        "The file gives",
        list(_SOFTMAX),
        format_func=_SOFTMAX.__getitem__,
        key="onnx-softmax",
        help="Probabilities are calibrated by the model's temperature, if it has one. Logits are the raw outputs.",
    )
    anyway = precision != "fp32" and left.checkbox(
        "Write int8 anyway",
        key="onnx-anyway",
        help="Without this, an int8 file that loses more than half a point of accuracy is not written.",
    )
    return OnnxChoices.checked(precision, input_kind, softmax, anyway)


def _result(run: RunFolder, kept: Mapping[str, Any]) -> None:
    """Draw the figures and the download of the files that were created last."""
    path = run.path / FILE
    tests = [model["self_test"] for model in kept["models"]]
    with st.container(border=True):
        names = " and ".join(f"`{model['file']}`" for model in kept["models"])
        kind = _INPUTS[kept["input"]][0].lower()
        gives = _SOFTMAX["inside" if kept["softmax"] else "beside"].lower()
        st.markdown(f"**{names}**: takes {kind}, gives {gives}. Tested on {plain(tests[0]['photos'])}.")
        st.table(_table(kept["models"]))
        for text in dict.fromkeys([*tests[0]["remarks"], *_warnings(kept["models"])]):
            st.warning(plain(text), icon=":material/warning:")
        st.download_button(
            f"Download the ONNX files ({format_size(path.stat().st_size)})",
            path.read_bytes,
            file_name=f"{run.id}-onnx.zip",
            mime="application/zip",
            icon=":material/download:",
            on_click="ignore",
            key="onnx-download",
            help="A zip with the files, a README with a program that uses them, the classes and the figures.",
        )


def _table(models: list[dict[str, Any]]) -> pd.DataFrame:
    """Return the figures: a column for the model itself and for each file."""
    first = models[0]["self_test"]
    columns = {
        "This model": {
            "Size": "",
            "Accuracy": _rate(first["bundle_accuracy"]),
            "Mean IoU": _mean(first["bundle_mean_iou"]),
            "Same class as this model": "",
            "Largest difference of a probability": "",
            "Speed": "1 ×",
        }
    }
    for model in models:
        test = model["self_test"]
        same, apart = test["agreement"], test["largest_probability_difference"]
        columns[model["file"]] = {
            "Size": format_size(test["bytes"]),
            "Accuracy": _rate(test["file_accuracy"]),
            "Mean IoU": _mean(test["file_mean_iou"]),
            "Same class as this model": f"{same['correct']} of {same['n']}",
            "Largest difference of a probability": f"{apart:.4f}" if apart >= 0.0001 else "under 0.0001",
            "Speed": f"{test['speed']['ratio']:.2g} ×",
        }
    table = pd.DataFrame(columns)
    return table if first["bundle_mean_iou"] else table.drop(index="Mean IoU")


def _rate(rate: Mapping[str, Any] | None) -> str:
    if rate is None or rate["value"] is None:
        return "not known"
    return f"{rate['value']:.1%} ({rate['low']:.1%} to {rate['high']:.1%}, n = {rate['n']})"


def _mean(mean: Mapping[str, Any] | None) -> str:
    return "" if mean is None or mean["value"] is None else f"{mean['value']:.3f}"


def _warnings(models: list[dict[str, Any]]) -> list[str]:
    return [
        f"{model['file']} loses {model['self_test']['points_lost']:.1f} percentage points. It was written anyway."
        for model in models
        if model["self_test"]["loses_too_much"]
    ]
