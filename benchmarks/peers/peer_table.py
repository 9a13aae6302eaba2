"""The tables of benchmarks/peers.py: seconds, accuracies and ratios, in Markdown."""

import statistics
from collections.abc import Callable, Iterable, Mapping

from measured import Measured, Point

OURS, KEPT = "ours: ", "+kept"
_ROUNDING = 1e-6
FIXED, LAYER4, HAND = "pytorch-fixed", "pytorch-layer4", "scikit-learn"


class Comparison:
    """All figures of one comparison."""

    def __init__(self, runs: Mapping[str, Measured], chance: float, marks: Iterable[float]) -> None:
        """``chance`` is the accuracy of always predicting the most frequent class; ``marks`` are in minutes."""
        self.runs = runs
        self.chance = chance
        self.marks = list(marks)
        self.ours = [name for name in runs if name.startswith(OURS)]
        # With features from before, which the peers do not have, ours is not compared.
        self.compared = [name for name in self.ours if not name.endswith(KEPT)] or self.ours
        self.peers = [name for name in runs if not name.startswith(OURS) and name != LAYER4]
        self.best = max((point.val_accuracy for name in runs for point in self.models(name)), default=0.0)

    def models(self, name: str) -> list[Point]:
        """Return the points of models that exist, and were evaluated on all validation photos."""
        return [point for point in self.runs[name].points if point.kept and not point.sampled]

    def first_usable(self, name: str) -> float | None:
        """Return the seconds to the first model that is better than chance."""
        known = [self.reached(name, self.chance, above=True)]
        known += [p.seconds for p in self.runs[name].points if p.sampled and p.val_accuracy - self.chance > _ROUNDING]
        return min((seconds for seconds in known if seconds is not None), default=None)

    def reached(self, name: str, accuracy: float, *, above: bool = False) -> float | None:
        """Return the seconds to the first model with this validation accuracy."""
        for point in self.models(name):
            ahead = point.val_accuracy - accuracy  # some of them in float32
            if ahead > _ROUNDING or (not above and ahead > -_ROUNDING):
                return point.seconds
        return None

    def accuracy_at(self, name: str, seconds: float) -> float | None:
        """Return the best validation accuracy known by then."""
        return max((p.val_accuracy for p in self.models(name) if p.seconds <= seconds), default=None)

    def epoch(self, name: str, part: str) -> float | None:
        """Return the median seconds of training that part for an epoch, from its second epoch on."""
        taken = [p.train_seconds for p in self.runs[name].points if p.part == part and p.train_seconds is not None]
        return statistics.median(taken[1:]) if len(taken) > 1 else None

    def images_per_second(self, name: str) -> float | None:
        """Return how many photos a second the median epoch trained on."""
        speeds = [p.photos / p.train_seconds for p in self.runs[name].points if p.train_seconds]
        return statistics.median(speeds) if speeds else None

    def fastest(self, names: Iterable[str], figure: Callable[[str], float | None]) -> float | None:
        """Return the smallest of the figures that exist."""
        return min((value for name in names if (value := figure(name)) is not None), default=None)

    def table(self) -> str:
        """Return the table of all runs; ratios are to the best of ours in that column, of those with new photos."""
        timed: list[tuple[str, Callable[[str], float | None]]] = [
            ("first usable model (s)", self.first_usable),
            (f"95% of the best, {0.95 * self.best:.1%} (s)", lambda name: self.reached(name, 0.95 * self.best)),
            (f"99% of the best, {0.99 * self.best:.1%} (s)", lambda name: self.reached(name, 0.99 * self.best)),
        ]
        marks = [f"at {mark:g} min" for mark in self.marks]
        rows = [["", *(title for title, _ in timed), *marks, "best", "images/s", "memory (MB)"]]
        for name in [*self.ours, *(name for name in self.runs if name not in self.ours)]:
            run = self.runs[name]
            cells = [name + (f" (exit {run.exit})" if run.exit else "")]
            for _, figure in timed:
                cells.append(_with_ratio(figure(name), self.fastest(self.compared, figure)))
            cells += [_percent(self.accuracy_at(name, 60 * mark)) for mark in self.marks]
            cells += [_percent(max((point.val_accuracy for point in self.models(name)), default=None))]
            speed = self.images_per_second(name)
            cells += ["–" if speed is None else f"{speed:,.1f}", f"{run.memory_mb:,.0f}"]
            rows.append(cells)
        return markdown(rows)

    def epochs(self) -> str:
        """Return the table of epochs from the second on; ratios are the peers' seconds over ours."""
        rows = [["training of one epoch, from the second on (s)", "head", "layer4", "all"]]
        for name in self.runs:
            cells = []
            for part in ("head", "layer4", "all"):
                # The first epoch of "all" after a frozen part is that part's first.
                cells.append(
                    _with_ratio(self.epoch(name, part), self.fastest(self.compared, lambda n, p=part: self.epoch(n, p)))
                )
            if set(cells) != {"–"}:
                rows.append([name, *cells])
        return markdown(rows)

    def goals(self) -> list[str]:
        """Return a line for each goal, with what was measured."""
        lines = []
        mine = self.fastest(self.compared, self.first_usable)
        for name in self.peers:
            theirs, goal = self.first_usable(name), 1 if name == HAND else 5
            lines.append(f"first usable model, {name}: {_ratio(theirs, mine)} (goal {goal})")
        head, layer4 = (self.fastest(self.compared, lambda n, p=part: self.epoch(n, p)) for part in ("head", "layer4"))
        if FIXED in self.runs:
            fixed = self.epoch(FIXED, "head")
            lines.append(f"epoch of a frozen part, {FIXED}: {_ratio(fixed, head)} (goal 50)")
            lines.append(f"layer4 epoch, {FIXED}: {_ratio(fixed, layer4)} (goal 4)")
        if LAYER4 in self.runs:
            lines.append(f"layer4 epoch, {LAYER4}: {_ratio(self.epoch(LAYER4, 'layer4'), layer4)}")
        lines += self._accuracy_goal()
        if self.peers and self.ours:
            least = min(self.peers, key=lambda name: self.runs[name].memory_mb)
            for name in self.ours:
                share = self.runs[name].memory_mb / self.runs[least].memory_mb
                lines.append(f"peak memory, {name}: {share:.2f} of the smallest peer's, {least} (goal below 1)")
        return lines

    def _accuracy_goal(self) -> list[str]:
        """Return how far any peer's model was ahead of the best of ours known at the same second."""
        gaps = []
        for name in self.peers:
            for point in self.models(name):
                mine = max((self.accuracy_at(own, point.seconds) or 0.0 for own in self.compared), default=0.0)
                gaps.append((point.val_accuracy - mine, name, point.seconds))
        if not gaps:
            return []
        gap, name, seconds = max(gaps)
        told = (
            f"{name} is ahead by {gap:.1%} at {seconds:.0f} s" if gap > 0 else f"never; closest is {name}, {gap:+.1%}"
        )
        return [f"a peer more accurate at equal time: {told} (goal never)"]


def markdown(rows: list[list[str]]) -> str:
    """Return a Markdown table; the first row is its head."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def _with_ratio(value: float | None, ours: float | None) -> str:
    if value is None:
        return "–"
    shown = f"{value:,.1f}" if value < 100 else f"{value:,.0f}"
    return shown if ours is None or not ours else f"{shown} ({value / ours:,.1f}×)"


def _ratio(theirs: float | None, ours: float | None) -> str:
    if theirs is None or ours is None:
        return f"not measured ({'the peer' if theirs is None else 'ours'} has no figure)"
    return f"{theirs / ours:,.1f} times as long as ours" if ours else "ours took no measurable time"


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.1%}"
