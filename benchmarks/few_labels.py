"""Compares the nearest class mean with logistic regression for few labels per class: the rule in core/training/linear.

    python benchmarks/few_labels.py --data DIR [--data DIR ...] [--seeds 20]

DIR holds ``images/`` and ``labels.csv``, as for labels_needed.py; the vectors come from the default network and are
kept in the workspace. Each row draws labels from the photos that are not held out: the same number for every class, or
few and many for every other class. It prints the accuracy on the held-out photos, as the mean over the classes, and
with each class weighted like its share of the labels, and the difference with its standard error over the seeds.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from labels_needed import load
from threadpoolctl import threadpool_limits

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from core.training.linear.linear_head import LinearHead  # noqa: E402
from core.training.linear.logistic import LogisticRegression, TrainingVectors  # noqa: E402
from core.training.linear.nearest_mean import nearest_mean  # noqa: E402

EVEN = [(one, one) for one in (1, 2, 3, 4, 5, 8, 16)]
UNEVEN = [(1, 4), (1, 16), (2, 4), (2, 16), (3, 8), (3, 16), (4, 8), (4, 16), (5, 16), (8, 32)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, action="append", required=True, metavar="DIR")
    parser.add_argument("--seeds", type=int, default=20)
    options = parser.parse_args()
    print("| photos | labels a class | mean of classes: nearest, logistic | by share of labels: nearest, logistic |")
    print("|---|---|---|---|")
    with threadpool_limits(1):
        for folder in options.data:
            vectors, labels, aside = load(folder)
            for counts in EVEN + UNEVEN:
                rows = np.array([compare(vectors, labels, aside, counts, seed) for seed in range(options.seeds)])
                text = str(counts[0]) if counts[0] == counts[1] else f"{counts[0]} and {counts[1]}"
                print(f"| {folder.name} | {text} | {_cell(rows[:, :2])} | {_cell(rows[:, 2:])} |", flush=True)


def compare(
    vectors: np.ndarray, labels: np.ndarray, aside: np.ndarray, counts: tuple[int, int], seed: int
) -> tuple[float, float, float, float]:
    """Return both accuracies, in percent, of the nearest mean and the logistic regression."""
    dice = np.random.default_rng(seed)
    classes = int(labels.max()) + 1
    chosen = [dice.permutation(np.flatnonzero((labels == one) & ~aside))[: counts[one % 2]] for one in range(classes)]
    rows = np.concatenate(chosen)
    training = TrainingVectors((vectors[rows],), labels[rows], classes)
    logistic = LogisticRegression(training)
    heads = nearest_mean(training), logistic.solve(logistic.choose_strength().strength)
    shares = np.array([len(one) for one in chosen]) / len(rows)
    recalls = [_recalls(head, vectors[aside], labels[aside], classes) for head in heads]
    return (*(100 * one.mean() for one in recalls), *(100 * float(one @ shares) for one in recalls))


def _recalls(head: LinearHead, vectors: np.ndarray, labels: np.ndarray, classes: int) -> np.ndarray:
    right = head.logits(vectors).argmax(axis=1) == labels
    return np.array([right[labels == one].mean() for one in range(classes)])


def _cell(pairs: np.ndarray) -> str:
    ahead = pairs[:, 0] - pairs[:, 1]
    error = ahead.std(ddof=1) / len(ahead) ** 0.5
    return f"{pairs[:, 0].mean():.1f}, {pairs[:, 1].mean():.1f} ({ahead.mean():+.1f} ± {error:.1f})"


if __name__ == "__main__":
    main()
