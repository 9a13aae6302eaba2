"""What an import is made of: candidates and their problems before it, a result for each file during it."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from core.data.pictures.box import Box
from core.data.tables.label_rows import LabelledBox, Problem

ResultKind = Literal["taken", "remark", "copy", "duplicate", "refused"]
"""A copy is the same picture as another of the same import; a duplicate was in the project before."""


@dataclass(frozen=True)
class Candidate:
    """One file that may become an image."""

    name: str  # its path as the user had it, relative, with slashes
    label: str | None
    split: str | None
    box: Box | None
    read: Callable[[], bytes]  # its bytes, read when asked for; ImageRefused where they cannot be read
    objects: tuple[LabelledBox, ...] = ()  # every box with its class; label and box are those of the largest


@dataclass(frozen=True)
class FileResult:
    """What became of one file."""

    name: str
    kind: ResultKind  # "remark" is taken, too
    text: str  # half a sentence; empty where nothing needs saying


@dataclass(frozen=True)
class ImportPlan:
    """What is to be imported. Nothing is stored and no picture decoded until ``run_import`` does it."""

    candidates: tuple[Candidate, ...]
    problems: tuple[Problem, ...]
    refused: tuple[FileResult, ...]  # files that are not even tried
    source: str  # what the user calls the folder, the zip or the uploads
    classes: tuple[str, ...]  # of the candidates, in the order in which they first appear
    listed: tuple[str, ...] = ()  # of them those that a project's own export lists: wanted without a photo, too
    task: str | None = None  # that of the project, where it is its own export


def by_line(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """The problems in the order of their lines, then those of no line."""
    return tuple(sorted(problems, key=lambda problem: (problem.line is None, problem.line or 0)))


@dataclass(frozen=True)
class ImportReport:
    """The results of an import, counted."""

    results: tuple[FileResult, ...]
    counts: dict[ResultKind, int]  # every kind, also those with 0

    @classmethod
    def of(cls, results: Iterable[FileResult]) -> "ImportReport":
        results = tuple(results)
        found = Counter(result.kind for result in results)
        kinds: tuple[ResultKind, ...] = ("taken", "remark", "copy", "duplicate", "refused")
        return cls(results, {kind: found[kind] for kind in kinds})
