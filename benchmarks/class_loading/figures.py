"""What a load test has found: the checks, and the table in Markdown."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.class_loading.pupil import Record
from benchmarks.class_loading.server import PROJECT, Watch
from core.data.store.store import Store
from core.people.door import folder_of
from core.people.records import Person
from core.processors import available_processors, processor_name
from core.workspace import Workspace

PRESS_GOAL, PAGE_GOAL = 0.5, 2.0
MEMORY_GOAL = 800.0
"""MiB that the server may keep after all have left, beyond what it had when one pupil had seen every page: 600 are the
cache of trained models (pages/components/shared/model_cache.py)."""


@dataclass
class LabelCheck:
    """Whether every acknowledged label is where it belongs."""

    acknowledged: int = 0
    lost: int = 0
    foreign: int = 0
    """Labels in a pupil's project that this pupil has not pressed, or that bear another's name."""


def check_labels(records: Sequence[Record], people: Sequence[Person]) -> LabelCheck:
    """Compare the pupils' databases with what they have pressed."""
    check = LabelCheck()
    for record in records:
        person = next(one for one in people if one.name == record.name)
        store = Store(Workspace(folder_of(person)))
        project = store.find_project(PROJECT)
        assert project is not None
        rows = {row.id: row for row in store.images(project.id)}
        store.close()
        check.acknowledged += len(record.labels)
        check.lost += sum(rows[photo].label != label for photo, label in record.labels.items())
        pressed = record.labels | record.pending
        new = [row for row in rows.values() if row.label is not None and row.annotated_by != "teacher"]
        check.foreign += sum(row.annotated_by != record.name or pressed.get(row.id) != row.label for row in new)
    return check


def share(values: Sequence[float], quantile: float) -> float:
    """Return the value below which this share of them lies; not a number where there are none."""
    return float(np.quantile(values, quantile)) if values else float("nan")


def report(
    records: Sequence[Record], watch: Watch, check: LabelCheck, minutes: float, memory: dict[str, float], own: float
) -> tuple[str, list[str]]:
    """Return the table and what was not met. ``memory`` is in MiB; ``own`` the processor time of this test."""
    presses = [one for record in records for one in record.presses]
    pages: dict[str, list[float]] = {}
    for record in records:
        for name, seconds in record.pages.items():
            pages.setdefault(name, []).extend(seconds)
    every = [one for some in pages.values() for one in some]
    errors = [f"{record.name}: {one}" for record in records for one in record.errors]
    trained = 100 * sum(watch.training) / max(1, len(watch.training))
    lines = [
        f"{len(records)} pupils for {minutes:g} minutes on {processor_name()}, {available_processors()} processors, "
        f"with the test itself on the same ones ({own:.0f} s of processor time; the server's "
        f"{len(watch.server.processes)} processes {watch.cpu_seconds:.0f} s).",
        "",
        "| | number | median | 95 % | longest | goal |",
        "|---|---|---|---|---|---|",
        _row("key press, until the next photo is drawn", presses, PRESS_GOAL),
        _row("page, from the click until it is drawn", every, PAGE_GOAL),
        *(_row(f"  {name}", pages[name]) for name in sorted(pages)),
        "",
        "| | |",
        "|---|---|",
        f"| labels acknowledged, lost, foreign | {check.acknowledged:,}, {check.lost}, {check.foreign} |",
        f"| trainings queued; a training ran | {sum(one.queued for one in records)}; {trained:.0f} % of the time, "
        f"nice {', '.join(map(str, sorted(watch.priorities))) or '-'} |",
        f"| memory of the server, MiB | {memory['before']:.0f} before, {memory['peak']:.0f} at the peak, "
        f"{memory['after']:.0f} after all had left |",
        f"| with all that it started, MiB | {max(watch.everything, default=0):.0f} at the peak |",
        f"| messages, MB, pictures to browsers | {sum(one.messages for one in records):,}, "
        f"{sum(one.received for one in records) / 1e6:.0f}, {sum(one.pictures for one in records):,} |",
        f"| errors | {len(errors)} |",
    ]
    missed = []
    if check.lost or check.foreign:
        missed.append(f"{check.lost} labels lost, {check.foreign} at the wrong place")
    if not share(presses, 0.95) < PRESS_GOAL:
        missed.append(f"95 % of key presses took up to {1000 * share(presses, 0.95):.0f} ms, goal 500")
    if not share(every, 0.95) < PAGE_GOAL:
        missed.append(f"95 % of pages took up to {share(every, 0.95):.2f} s, goal 2")
    if memory["after"] > memory["before"] + MEMORY_GOAL:
        missed.append(f"{memory['after'] - memory['before']:.0f} MiB stay after all have left, goal {MEMORY_GOAL:.0f}")
    missed += errors[:10]
    return "\n".join(lines) + "\n", missed


def _row(name: str, seconds: Sequence[float], goal: float | None = None) -> str:
    middle, late, last = (_time(share(seconds, one)) for one in (0.5, 0.95, 1.0))
    wanted = "" if goal is None else f"95 % under {_time(goal)}"
    return f"| {name} | {len(seconds):,} | {middle} | {late} | {last} | {wanted} |"


def _time(seconds: float) -> str:
    return f"{1000 * seconds:.0f} ms" if seconds < 1 else f"{seconds:.2f} s"


def write(path: Path | None, text: str) -> None:
    """Print the report, and write it where that is wanted."""
    print(text)
    if path is not None:
        path.write_text(text, encoding="utf-8")
