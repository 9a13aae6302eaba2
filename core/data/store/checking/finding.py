"""What a check of the workspace found: one problem, what can be done about it, and whether that was done."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Area = Literal["database", "photos", "thumbnails", "caches", "runs"]

LEFTOVER_SECONDS = 3600.0
"""A temporary file that is older than this was left by a process that died; a younger one may be in use."""


@dataclass(frozen=True)
class Finding:
    """One problem in a workspace."""

    area: Area
    subject: str  # the photo, run or file
    problem: str  # half a sentence about the subject
    advice: str  # a whole sentence: what to do, what the repair does, or what it has done
    repairable: bool = False  # by ``python -m core check --repair``
    repaired: bool = False

    def __str__(self) -> str:
        return f"{self.subject} {self.problem}. {self.advice}"


def repairable(area: Area, subject: str, problem: str, would: str, did: str, repaired: bool) -> Finding:
    """Return a problem that the repair solves: ``would`` says what it would do, ``did`` what it has done."""
    return Finding(area, subject, problem, did if repaired else would, repairable=True, repaired=repaired)


def counted(count: int, noun: str, verb: str) -> tuple[str, str]:
    """Return "1 photo", "is" or "3 photos", "are"; ``verb`` is "is" or "was"."""
    if count == 1:
        return f"1 {noun}", verb
    return f"{count:,} {noun}s", {"is": "are", "was": "were"}[verb]


def is_leftover(path: Path) -> bool:
    """Return whether nobody has touched this temporary file or folder for an hour; False if it is gone."""
    try:
        return time.time() - path.stat().st_mtime > LEFTOVER_SECONDS
    except OSError:
        return False
