"""Measures how many wrong labels the review finds: flips labels of a data set and checks their rank.

    python benchmarks/label_errors.py --data DIR [--images 1000] [--flipped 0.05] [--seeds 3]

DIR holds ``images/`` and a ``labels.csv`` with filename and label. The vectors come from the default network and are
kept in the workspace. For each seed, ``--images`` images are drawn, a share of their labels is changed to a random
other class, and likely errors are found as on the page. The output is the share of flipped labels that rank in the
first tenth of the images, and how many of the reported likely errors were flipped. Labels that are not flipped count as
correct; errors that the data set already had therefore count against us.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

from labels_needed import load  # noqa: E402

from core.inspection.suggesting.label_errors import likely_label_errors  # noqa: E402
from core.inspection.suggesting.probe import out_of_sample  # noqa: E402


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="a folder with images/ and labels.csv")
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--flipped", type=float, default=0.05)
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args(arguments)
    vectors, labels, _ = load(options.data)
    classes = int(labels.max()) + 1
    for seed in range(options.seeds):
        dice = np.random.default_rng(seed)
        drawn = dice.permutation(len(labels))[: options.images]
        truth = labels[drawn]
        flipped = dice.choice(len(drawn), round(options.flipped * len(drawn)), replace=False)
        given = truth.copy()
        given[flipped] = (truth[flipped] + dice.integers(1, classes, len(flipped))) % classes
        began = time.perf_counter()
        queue = likely_label_errors(given, out_of_sample(vectors[drawn], given))
        seconds = time.perf_counter() - began
        wrong = set(flipped.tolist())
        first = len(wrong & {one.place for one in queue[: len(drawn) // 10]})
        likely = [one for one in queue if one.likely]
        errors = sum(one.place in wrong for one in likely)
        mended = sum(one.place in wrong and one.proposed == truth[one.place] for one in queue)
        print(
            f"seed {seed}: {len(drawn):,} images, {classes} classes, {len(flipped)} labels flipped: "
            f"{first / len(flipped):.0%} in the first tenth; called likely {len(likely)}, of which {errors} are some; "
            f"the right class proposed for {mended / len(flipped):.0%}; {seconds:.1f} s",
            flush=True,
        )


if __name__ == "__main__":
    main()
