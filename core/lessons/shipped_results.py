"""Read the results of the lessons that come with the program. Does not import torch.

``python scripts/compute_lessons.py`` computes them: a CSV for each part of an experiment in core/lessons/results,
and results.json, which names the arguments, the processor, the date and the library versions of each.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

import pandas as pd

RESULTS = Path(__file__).parent / "results"
INDEX = "results.json"

Arguments = Mapping[str, str | int | float | bool]

LOCAL_ARGUMENTS = frozenset({"machine", "weights", "arch"})
"""Arguments that describe this computer: a shipped result stands in whatever they are, and its origin names its own."""


@dataclass(frozen=True)
class ShippedResult:
    """Where a shipped table comes from."""

    experiment: str
    arguments: Arguments
    file: str
    date: str
    """ISO 8601."""
    processor: str
    versions: Mapping[str, str]

    def table(self) -> pd.DataFrame:
        """Return the table; raises OSError or ValueError if the file is missing or damaged."""
        return pd.read_csv(RESULTS / self.file)


def shipped_key(experiment: str, arguments: Arguments) -> str:
    """Return the key under which a result is found: the experiment and its arguments, without LOCAL_ARGUMENTS."""
    kept = {name: value for name, value in arguments.items() if name not in LOCAL_ARGUMENTS}
    return f"{experiment} {json.dumps(kept, sort_keys=True)}"


def shipped(experiment: str, arguments: Arguments) -> ShippedResult | None:
    """Return the shipped result for these arguments; None if there is none."""
    return shipped_results().get(shipped_key(experiment, arguments))


@cache
def shipped_results() -> Mapping[str, ShippedResult]:
    """Return all shipped results by their key; empty if the index is missing."""
    try:
        entries = json.loads((RESULTS / INDEX).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    results = [ShippedResult(**entry) for entry in entries]
    return {shipped_key(one.experiment, one.arguments): one for one in results}


def computed_alike(experiment: str, arguments: Arguments) -> bool:
    """Return whether the shipped result has exactly these arguments, LOCAL_ARGUMENTS too."""
    result = shipped(experiment, arguments)
    return result is not None and dict(result.arguments) == dict(arguments)


def origin(experiment: str, parts: Iterable[Arguments]) -> str:
    """Return a sentence that says when and where the shipped results of these parts were computed; "" without any."""
    found = [one for arguments in parts if (one := shipped(experiment, arguments)) is not None]
    if not found:
        return ""
    newest = max(found, key=lambda one: one.date)
    day = date.fromisoformat(newest.date)
    processors = ", ".join(sorted({one.processor for one in found}))
    torch = newest.versions.get("torch", "")
    return f"Computed on {day.day} {day:%B %Y} on {processors}" + (f", PyTorch {torch}." if torch else ".")
