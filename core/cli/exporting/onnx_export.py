"""The export command's part for ONNX: its options, the progress and the answer."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from core.cli.console import ProgressDisplay, print_json, print_message, print_result

if TYPE_CHECKING:
    from core.export.onnx_file.self_test import SelfTest

Onnx = Annotated[
    bool,
    typer.Option(
        "--onnx",
        help="Write ONNX files instead, which onnxruntime computes without torch and ResNet Studio. They are tested "
        "against the model on the run's validation photos.",
    ),
]
Precision = Annotated[
    str,
    typer.Option(
        metavar="fp32|int8|both",
        help="ONNX: fp32 is exact; int8 computes in whole numbers: a quarter of the size and faster, calibrated on "
        "training photos.",
    ),
]
Input = Annotated[
    str,
    typer.Option(
        metavar="view|photo|tensor",
        help="ONNX: what the file takes. view: resized and cropped photos, normalising is inside. photo: one photo of "
        "any size, all preprocessing is inside. tensor: your program does all preprocessing.",
    ),
]
Softmax = Annotated[
    str,
    typer.Option(
        metavar="inside|beside",
        help="ONNX: inside gives probabilities, calibrated by the model's temperature; beside gives logits, "
        "the raw outputs.",
    ),
]
WriteAnyway = Annotated[
    bool,
    typer.Option(
        "--write-anyway", help="ONNX: write a file that loses more than half a point of accuracy; its README says so."
    ),
]


def check_unused(precision: str, input: str, softmax: str, write_anyway: bool) -> None:
    """Raise a usage error if an option was given that only --onnx needs."""
    given = {"--precision": precision != "fp32", "--input": input != "view", "--softmax": softmax != "inside"}
    if named := [name for name, is_given in {**given, "--write-anyway": write_anyway}.items() if is_given]:
        raise typer.BadParameter(f"{named[0]} is for ONNX files. Add --onnx, or leave it out.")


def export_onnx(
    source: Path | str, out: Path, precision: str, input: str, softmax: str, write_anyway: bool, json: bool
) -> None:
    """Write the ONNX folder of a run folder, a bundle folder or imagenet, and print the figures of its self-test."""
    from core.export.onnx_file.choices import OnnxChoices, file_name

    choices = OnnxChoices.checked(precision, input, softmax, write_anyway)
    from core.export.onnx_file.write_onnx import write_onnx  # loads torch

    with ProgressDisplay() as display:
        made = write_onnx(source, out, choices, progress=lambda one: display.show(one.phase, one.done, one.total))
    for remark in made.tests[0].remarks:
        print_message(remark)
    if json:
        print_json(made.as_json())
        return
    print_result(f"{made.folder}: {', '.join(made.files)}")
    for test in made.tests:
        print_result(f"{file_name(test.precision)}: {_figures(test)}")


def _figures(test: "SelfTest") -> str:
    parts = [
        f"{test.size_bytes / 1e6:.1f} MB",
        f"same likeliest class on {test.agreement.correct} of {test.photos}",
        f"largest difference of a probability {test.largest_difference:.2g}",
    ]
    if test.file_accuracy is not None and test.bundle_accuracy is not None:
        parts.append(f"accuracy {test.file_accuracy}, the bundle's {test.bundle_accuracy}")
    if test.file_iou is not None and test.bundle_iou is not None:
        parts.append(f"mean IoU {test.file_iou}, the bundle's {test.bundle_iou}")
    return "; ".join([*parts, f"{test.speed.ratio:.2g} times the bundle's speed"])
