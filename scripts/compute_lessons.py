"""Compute the lessons' results that come with the program: core/lessons/results, a CSV for each part of an experiment.

    python scripts/compute_lessons.py                 what is missing or has changed arguments
    python scripts/compute_lessons.py --again skips   all parts of one experiment, or of several

Needs the ImageNet weights of ResNet-18 (python -m core weights --arch resnet18). Takes about ten minutes on two idle
cores. Only "family-speed" measures time: compute it on an idle computer.
"""

import argparse
import json
import os
import platform
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import count
from pathlib import Path

import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from core.lessons import family, transfer
from core.lessons.experiments import steps_of
from core.lessons.sample_birds import bird_snapshot
from core.lessons.shipped_results import (
    INDEX,
    RESULTS,
    ShippedResult,
    shipped_key,
    shipped_results,
)
from core.models.weights_table import available
from core.models.zoo import ARCHITECTURES
from core.processors import available_processors
from core.workspace import open_workspace
from pages.components.learn.lesson_frame import ExperimentPart
from pages.components.learn.lessons import (
    lesson_augmentation,
    lesson_family,
    lesson_preprocessing,
    lesson_skips,
    lesson_transfer,
    preprocessing_quiz,
)
from pages.components.learn.lessons.preprocessing_photos import labelled_birds

ARCH = "resnet18"
DIGITS = 5
"""Significant digits of the stored numbers: more than any figure shows."""


def all_parts() -> Iterator[tuple[str, ExperimentPart]]:
    """Yield each shipped part with the name of its experiment."""
    entry = available(ARCH)
    if entry is None:
        sys.exit(f"The ImageNet weights of {ARCH} are missing: python -m core weights --arch {ARCH}")
    for part in lesson_skips.experiment_parts(lesson_skips.SEEDS["Three"]):
        yield "skips", part
    snapshot = bird_snapshot(transfer.SIZES[-1])
    *fewer, most = transfer.training_sizes(snapshot)
    for part in lesson_transfer.experiment_parts(snapshot, entry, [most]):
        yield "transfer", part
    for part in lesson_transfer.experiment_parts(snapshot, entry, fewer):
        yield "transfer-few", part
    for weights in lesson_augmentation.STARTS:
        for part in lesson_augmentation.experiment_parts(weights, lesson_augmentation.RUNS["Two"]):
            yield f"augmentation-{weights}", part
    shapes = [shape for shape in lesson_preprocessing.SHAPES.values() if shape is not None]
    for part in lesson_preprocessing.experiment_parts(labelled_birds(), ARCH, shapes):
        yield "preprocessing-modes", part
    yield "preprocessing-mistakes", preprocessing_quiz.experiment_part(labelled_birds(), ARCH)
    yield "family-facts", ExperimentPart(family.facts_arguments(list(ARCHITECTURES)))
    for part in lesson_family.experiment_parts(1):
        yield "family-speed", part


def processor() -> str:
    """Return the processor in words: "2 cores of an Intel Xeon, x86_64"."""
    name = platform.processor()
    if Path("/proc/cpuinfo").is_file():
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        name = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), name)
    name = name.replace("(R)", "").replace("(TM)", "").removesuffix(" Processor")
    kind = platform.machine()
    cores = available_processors()
    return f"{cores} core{'s' * (cores > 1)} of an {name}" + ("" if name in ("", kind) else f" ({kind})")


def computed(experiment: str, part: ExperimentPart) -> pd.DataFrame:
    """Compute a part, with its progress on one line."""
    steps = steps_of(experiment, part.arguments, part.inputs(), open_workspace().cache / "resized")
    while True:
        try:
            event = next(steps)
        except StopIteration as end:
            return end.value
        print(f"\r  {event.phase} {event.done} of {event.total}".ljust(100), end="", file=sys.stderr)


def rounded(table: pd.DataFrame) -> pd.DataFrame:
    """Round the fractions, so that the files stay small."""
    floats = table.select_dtypes("float").columns
    return table.assign(**{name: [float(f"{value:.{DIGITS}g}") for value in table[name]] for name in floats})


def ship(experiment: str, part: ExperimentPart, results: dict[str, ShippedResult]) -> None:
    """Compute a part, and write its table and the index."""
    table = rounded(computed(experiment, part))
    key = shipped_key(experiment, part.arguments)
    taken = {one.file for one in results.values()}
    free = (file for number in count(1) if (file := f"{experiment}-{number:02}.csv") not in taken)
    file = results[key].file if key in results else next(free)
    RESULTS.mkdir(exist_ok=True)
    table.to_csv(RESULTS / file, index=False)
    versions = {name: version(name) for name in ("torch", "torchvision", "scikit-learn")}
    day = datetime.now(UTC).date().isoformat()
    results[key] = ShippedResult(experiment, dict(part.arguments), file, day, processor(), versions)
    write_index(results)


def write_index(results: dict[str, ShippedResult]) -> None:
    entries = [vars(one) for one in sorted(results.values(), key=lambda one: one.file)]
    (RESULTS / INDEX).write_text(json.dumps(entries, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--again", nargs="+", default=[], metavar="EXPERIMENT", help="compute these again")
    again = set(parser.parse_args().again)
    parts = list(all_parts())
    wanted = {shipped_key(name, part.arguments) for name, part in parts}
    results = {key: one for key, one in shipped_results().items() if key in wanted}
    for path in RESULTS.glob("*.csv"):
        if path.name not in {one.file for one in results.values()}:
            path.unlink()
    for name, part in parts:
        key = shipped_key(name, part.arguments)
        if key in results and name not in again:
            continue
        if name == "family-speed" and hasattr(os, "getloadavg") and os.getloadavg()[0] > 1:
            print(f"The computer is busy (load {os.getloadavg()[0]:.1f}): the speeds will be too low.", file=sys.stderr)
        print(f"\n{key}", file=sys.stderr)
        ship(name, part, results)


if __name__ == "__main__":
    main()
