"""The choices of an ONNX export: what the file takes, what it gives, and how exactly it computes."""

from dataclasses import dataclass
from typing import Literal, Self, get_args

from core.errors import ModelError

Precision = Literal["fp32", "int8"]
Input = Literal["view", "photo", "tensor"]

PRECISIONS: tuple[Precision, ...] = get_args(Precision)
INPUTS: tuple[Input, ...] = get_args(Input)
BOTH = "both"
PLACES = ("inside", "beside")

INPUT_WORDS: dict[Input, str] = {
    "view": "any number of RGB views, resized and cropped beforehand; normalising is inside the file",
    "photo": "one upright RGB photo of any size; resizing, cropping and normalising are inside the file",
    "tensor": "any number of normalised views; your program does all preprocessing",
}
"""What each kind of file takes."""


@dataclass(frozen=True)
class OnnxChoices:
    """What is written."""

    precisions: tuple[Precision, ...] = ("fp32",)
    """A file for each."""
    input: Input = "view"
    """What a file takes; see INPUT_WORDS."""
    softmax: bool = True
    """Whether a file gives probabilities, calibrated by the bundle's temperature; otherwise it gives logits."""
    write_anyway: bool = False
    """Whether a file is written although it loses more than half a point against the bundle."""

    @classmethod
    def checked(cls, precision: str, input: str, softmax: str, write_anyway: bool = False) -> Self:
        """Return the choices of these words; raises ModelError that names a wrong one and what is allowed."""
        precisions = PRECISIONS if precision == BOTH else tuple(one for one in PRECISIONS if one == precision)
        chosen = next((one for one in INPUTS if one == input), None)
        if not precisions:
            raise ModelError(f"There is no precision {precision!r}. Choose {', '.join(PRECISIONS)} or {BOTH}.")
        if chosen is None:
            raise ModelError(f"An ONNX file cannot take {input!r}. Choose one of: {', '.join(INPUTS)}.")
        if softmax not in PLACES:
            raise ModelError(f"The softmax cannot be {softmax!r}. Choose one of: {', '.join(PLACES)}.")
        return cls(precisions, chosen, softmax == "inside", write_anyway)


def file_name(precision: Precision) -> str:
    """Return the name of the file of a precision."""
    return "model.onnx" if precision == "fp32" else f"model-{precision}.onnx"
