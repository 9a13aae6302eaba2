"""What an import is made of: candidates and their problems before it, a verdict for each file during it."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from core.data.label_rows import Box, Marked, Problem

Kind = Literal["taken", "remark", "copy", "duplicate", "refused"]
"""A copy is the same picture as another of the same import; a duplicate was in the project before."""


@dataclass(frozen=True)
class Candidate:
    """One file that may become an image."""

    name: str  # its path as the user had it, relative, with slashes
    label: str | None
    split: str | None
    box: Box | None
    read: Callable[[], bytes]  # its bytes, read when asked for; ImageRefused where they cannot be read
    objects: tuple[Marked, ...] = ()  # every box with its class; label and box are those of the largest


@dataclass(frozen=True)
class Verdict:
    """What became of one file."""

    name: str
    kind: Kind  # "remark" is taken, too
    text: str  # half a sentence; empty where nothing needs saying


@dataclass(frozen=True)
class ImportPlan:
    """What is to be imported. Nothing is stored and no picture decoded until ``carry_out`` does it."""

    candidates: tuple[Candidate, ...]
    problems: tuple[Problem, ...]
    refused: tuple[Verdict, ...]  # files that are not even tried
    source: str  # what the user calls the folder, the zip or the uploads
    classes: tuple[str, ...]  # of the candidates, in the order in which they first appear
    listed: tuple[str, ...] = ()  # of them those that a project's own export lists: wanted without a photo, too
    task: str | None = None  # that of the project, where it is its own export


def by_line(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """The problems in the order of their lines, then those of no line."""
    return tuple(sorted(problems, key=lambda problem: (problem.line is None, problem.line or 0)))


@dataclass(frozen=True)
class ImportReport:
    """The verdicts of an import, counted."""

    verdicts: tuple[Verdict, ...]
    counts: dict[Kind, int]  # every kind, also those with 0

    @classmethod
    def of(cls, verdicts: Iterable[Verdict]) -> "ImportReport":
        verdicts = tuple(verdicts)
        found = Counter(verdict.kind for verdict in verdicts)
        kinds: tuple[Kind, ...] = ("taken", "remark", "copy", "duplicate", "refused")
        return cls(verdicts, {kind: found[kind] for kind in kinds})
