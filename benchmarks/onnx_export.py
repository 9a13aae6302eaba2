"""Measures every kind of ONNX file of one trained model against its bundle, on the validation photos of its run.

    python -m core train labels.csv --images DIR --train head --out RUN
    python benchmarks/onnx_export.py RUN

It exports fp32 and int8 for each kind of input (a photo, a view, a tensor) and prints what the self-test of each file
counts: the largest and the mean difference of a probability, the agreement of the likeliest classes, the accuracies,
the sizes, and photos per second of processor time, also as a ratio to torch's, measured in turns. With
``--calibration`` and ``--weight-bits`` it also compares other numbers of photos to calibrate on, and 8 bits instead of
7.

Measured on a very busy AMD EPYC (Zen 3, two cores, AVX2) on 29 November 2026, with ResNet-50 and a solved head on
three stages, from 200 photos of five flowers and tested on 100; the bundle was right on 82. A view in fp32: largest
difference 5.3e-7, the same class on 100, right on 82, 94.0 MB, 2.7 times as fast. In int8: 0.075, 98, 82, 24.0 MB and
5.0 times. A photo in fp32: 0.0029, 100, 82, 94.0 MB and 3.0 times; in int8: 0.093, 99, 81, 24.0 MB and 5.5 times.
"""

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from core.export.onnx_file import photos_used, whole_graph
from core.export.onnx_file.choices import INPUTS, OnnxChoices
from core.export.onnx_file.self_test import SelfTest
from core.export.onnx_file.write_onnx import write_onnx
from core.processors import processor_name

HEAD = ("file", "MB", "largest", "mean", "same class", "accuracy", "bundle's", "per CPU s", "x torch")


def line(name: str, test: SelfTest) -> str:
    """Return the figures of a file as a line of the table."""
    accuracies = [
        "" if rate is None or rate.value is None else f"{rate.value:.1%}"
        for rate in (test.file_accuracy, test.bundle_accuracy)
    ]
    cells = [
        name,
        f"{test.size_bytes / 1e6:.1f}",
        f"{test.largest_difference:.2g}",
        f"{test.mean_difference:.2g}",
        f"{test.agreement.correct}/{test.agreement.n}",
        *accuracies,
        f"{test.speed.file:.2f}",
        f"{test.speed.ratio:.2f}",
    ]
    return row(cells)


def row(cells: list[str] | tuple[str, ...]) -> str:
    return f"{cells[0]:<24}" + "".join(f"{cell:>12}" for cell in cells[1:])


def main() -> None:
    """Export, test and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="a run folder, or a bundle folder")
    parser.add_argument("--inputs", nargs="*", choices=INPUTS, default=list(INPUTS))
    parser.add_argument("--calibration", nargs="*", type=int, default=[], help="numbers of photos to calibrate on")
    parser.add_argument("--weight-bits", nargs="*", type=int, choices=(7, 8), default=[])
    chosen = parser.parse_args()
    print(f"{processor_name()}\n{row(HEAD)}", flush=True)
    with tempfile.TemporaryDirectory() as temporary:
        for kind in chosen.inputs:
            choices = OnnxChoices(("fp32", "int8"), kind, write_anyway=True)
            for test in write_onnx(chosen.run, Path(temporary) / kind, choices).tests:
                print(line(f"{kind} {test.precision}", test), flush=True)
        usual = photos_used.CALIBRATION_PHOTOS, whole_graph.WEIGHT_BITS
        others = [(photos, usual[1]) for photos in chosen.calibration] + [(usual[0], b) for b in chosen.weight_bits]
        for photos, bits in others:
            photos_used.CALIBRATION_PHOTOS, whole_graph.WEIGHT_BITS = photos, bits
            name = f"{photos} photos, {bits} bits"
            choices = OnnxChoices(("int8",), write_anyway=True)
            [test] = write_onnx(chosen.run, Path(temporary) / name.replace(" ", "-"), choices).tests
            print(line(name, test), flush=True)


if __name__ == "__main__":
    main()
