"""Simulates labelling: how many labels a data set needs in the suggested order, compared to a random order.

    python benchmarks/labels_needed.py --data DIR [--seeds 3] [--share 0.95] [--orders uncertain unlike random]

DIR holds ``images/`` and a ``labels.csv`` with filename and label, and split where there is one. The vectors come from
the default network and are kept in the workspace. The test split (or every fifth image if there is none) is held out. A
simulated annotator gives two labels per class, the same for every order, and then labels one photo after another in
the given order. After each label the probe is refitted and evaluated on the held-out images. The number of labels
needed is the first at which the probe reaches the share of its accuracy with all labels, and stays there for the next
ten labels.
"""

import argparse
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from core.data.pictures.decoding import content_hash, decode  # noqa: E402
from core.data.pictures.source import Source  # noqa: E402
from core.data.tables.labels_csv import read_labels  # noqa: E402
from core.features.frozen_network import FrozenNetwork  # noqa: E402
from core.features.frozen_pass import compute  # noqa: E402
from core.features.vectors import Vectors, vectors_name  # noqa: E402
from core.features.views import ORIGINAL  # noqa: E402
from core.inspection.suggesting.acquisition import most_uncertain, most_unlike  # noqa: E402
from core.inspection.suggesting.probe import Probe, ProbeSpace, fit  # noqa: E402
from core.inspection.suggesting.suggestions import LABELS_PER_CLASS  # noqa: E402
from core.workspace import open_workspace  # noqa: E402

STAY = 10
ORDERS = ("uncertain", "unlike", "random")


def load(data: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return vectors [n, C], class numbers [n] and which images are held out; identical images count once."""
    from core.data.pictures.resized_cache import ResizedCache
    from core.data.pictures.transforms import Preprocessing
    from core.features.workspace_engine import open_engine

    workspace = open_workspace()
    network = FrozenNetwork.of_imagenet()
    if network is None:
        sys.exit("The default weights are missing: python -m core weights")
    wanted: dict[str, Source] = {}
    told: dict[str, tuple[str, str | None]] = {}
    rows = read_labels(data / "labels.csv").rows
    for row in sorted(rows, key=lambda row: row.split != "test"):  # of twins the one in test stays, and is not learned
        path = data / "images" / row.filename
        name = content_hash(decode(path, row.filename).image)
        if name not in wanted and row.label is not None:
            wanted[name], told[name] = Source(name, path, row.filename), (row.label, row.split)
    engine = open_engine(workspace, network)
    vectors = Vectors(workspace, vectors_name(network, engine.name))
    cache = ResizedCache(None, Preprocessing(**network.settings))
    for step in compute({ORIGINAL: vectors}, list(wanted.values()), cache, engine):
        print(f"{step.phase}: {step.done} of {step.total}", file=sys.stderr)
    found, values = vectors.known(list(wanted))
    classes = sorted({label for label, _ in told.values()})
    labels = np.array([classes.index(told[name][0]) for name in found])
    aside = np.array([told[name][1] == "test" for name in found])
    if not aside.any():
        aside = np.arange(len(found)) % 5 == 0
    return values, labels, aside


def needed(
    places: np.ndarray, labels: np.ndarray, tests: tuple[np.ndarray, np.ndarray], order: str, seed: int, goal: float
) -> int | None:
    """Return the number of labels until the test accuracy is at least ``goal`` and stays there; None if it never is."""
    dice = np.random.default_rng(seed)
    classes = int(labels.max()) + 1
    shuffled = dice.permutation(len(labels))
    known = np.zeros(len(labels), dtype=bool)
    for number in range(classes):
        known[shuffled[labels[shuffled] == number][:LABELS_PER_CLASS]] = True
    waiting = [int(row) for row in shuffled if not known[row]]
    probe: Probe | None = None
    reached = 0
    while True:
        probe = fit(places[known], labels[known], classes, probe)
        accuracy = (probe.probabilities(tests[0]).argmax(axis=1) == tests[1]).mean()
        reached = reached + 1 if accuracy >= goal else 0
        count = int(known.sum())
        if reached == STAY + 1:
            return count - STAY
        if known.all():
            return count - reached + 1 if reached else None
        if order == "uncertain":
            ranking = most_uncertain(probe.probabilities(places))
            chosen = int(next(row for row in ranking if not known[row]))
        elif order == "unlike":
            chosen = int(most_unlike(places, known, 1)[0])
        else:
            chosen = next(row for row in waiting if not known[row])
        known[chosen] = True


def report(places: np.ndarray, labels: np.ndarray, aside: np.ndarray, options: argparse.Namespace) -> None:
    pool = ~aside
    classes = int(labels.max()) + 1
    whole = fit(places[pool], labels[pool], classes).probabilities(places[aside])
    full = (whole.argmax(axis=1) == labels[aside]).mean()
    goal = options.share * full
    print(f"{pool.sum():,} photos to label, {classes} classes, {aside.sum():,} held out")
    print(f"accuracy with all labels {full:.3f}; target {options.share:.0%} of it: {goal:.3f}")
    medians: dict[str, float] = {}
    for order in options.orders:
        counts: list[int | None] = []
        for seed in range(options.seeds):
            tests = (places[aside], labels[aside])
            counts.append(needed(places[pool], labels[pool], tests, order, seed, goal))
        shown = ", ".join("never" if one is None else str(one) for one in counts)
        medians[order] = statistics.median(int(pool.sum()) if one is None else one for one in counts)
        print(f"{order:10} labels needed for each seed: {shown};  median {medians[order]:g}", flush=True)
    if {"random", "uncertain"} <= medians.keys():
        saved = 1 - medians["uncertain"] / medians["random"]
        print(f"least certain first needs {saved:.0%} fewer labels than a random order")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="a folder with images/ and labels.csv")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--share", type=float, default=0.95)
    parser.add_argument("--orders", nargs="+", choices=ORDERS, default=list(ORDERS))
    options = parser.parse_args(arguments)
    vectors, labels, aside = load(options.data)
    with threadpool_limits(1, "blas"):
        report(ProbeSpace.of(vectors).place(vectors), labels, aside, options)


if __name__ == "__main__":
    main()
