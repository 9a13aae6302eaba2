"""The data of an import: candidates and problems before it, a result for each file during it."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Literal

from core.data.pictures.box import Box
from core.data.tables.label_rows import (
    NO_GROUP_COLUMNS,
    PIXELS,
    BoxFrame,
    GroupColumns,
    LabelledBox,
    LabelRow,
    Problem,
)
from core.data.tables.questions import Answered, Question

ResultKind = Literal["taken", "remark", "copy", "duplicate", "refused"]
"""What happened to a file. "taken" and "remark" are imported, the latter with a note; "refused" is not imported.

A copy is the same image as another of this import; a duplicate was in the project before.
"""


_SHOWN_NAME = 80


@dataclass(frozen=True)
class Candidate:
    """A file that may become an image."""

    name: str  # its relative path as the user had it, with slashes
    label: str | None
    split: str | None
    box: Box | None
    read: Callable[[], bytes]  # returns its bytes; raises ImageRefused where they cannot be read
    objects: tuple[LabelledBox, ...] = ()  # all boxes with their classes; label and box are those of the largest
    line: int | None = None  # of its row in the table, if it has one
    by_folder: bool = False  # its label is the name of its folder: it does not replace a label in the project
    group: str | None = None  # the photos of a group lie in one split; None: none given
    tags: tuple[str, ...] = ()
    frame: BoxFrame = PIXELS  # of its boxes
    opinions: tuple[tuple[str, str], ...] = ()  # (annotator, class) of several; ``label`` is theirs if they agree


def with_boxes(candidate: Candidate, objects: tuple[LabelledBox, ...]) -> Candidate:
    """Return the candidate with these boxes instead of its own; its label stays if none is left."""
    if objects == candidate.objects:
        return candidate
    if not objects:
        return replace(candidate, box=None, objects=())
    largest = max(objects, key=lambda one: one.box.area)
    return replace(candidate, label=largest.label, box=largest.box, objects=objects)


@dataclass(frozen=True)
class FileResult:
    """What happened to one file of an import."""

    name: str
    kind: ResultKind
    text: str  # the reason or note, without a full stop; may be empty
    added: int | None = None  # the new image, if the file became one


@dataclass(frozen=True)
class ImportPlan:
    """The files to import. Nothing is stored and no image decoded before ``run_import``."""

    candidates: tuple[Candidate, ...]
    problems: tuple[Problem, ...]
    refused: tuple[FileResult, ...]  # files that are skipped without trying
    source: str  # the user's name for the folder, the zip or the uploads
    classes: tuple[str, ...]  # of the candidates, in order of first appearance
    listed: tuple[str, ...] = ()  # those that our own export lists: added even without photos
    task: str | None = None  # the project's, if the files are our own export
    absent: tuple[LabelRow, ...] = ()  # rows of the table whose photo is not among the files
    group_columns: GroupColumns = NO_GROUP_COLUMNS  # of the table
    questions: tuple[Question, ...] = ()  # what cannot be read in one way only; until all are answered, nothing is run
    answered: tuple[Answered, ...] = ()
    unused_answers: tuple[str, ...] = ()  # names that no question asked for
    apart: frozenset[str] = frozenset()  # classes that stay their own although another's name differs only in case
    parts: tuple[tuple[str, int], ...] = ()  # the tables that the lines stand in, as in LabelTable

    @property
    def unmatched_table(self) -> str | None:
        """Say what to do where no row of the table names a file; None where one does, or where there is no table.

        Its rows may still name photos of a project.
        """
        if not self.absent or any(one.line is not None for one in self.candidates):
            return None
        row = self.absent[0].filename[:_SHOWN_NAME]
        found, advice = f'The table says "{row}"', "Add its photos, or correct the names in the table."
        if self.candidates:
            found += f' and a photo is called "{self.candidates[0].name[:_SHOWN_NAME]}"'
            advice = "Correct the names in the table, or leave it out to import the photos without labels."
        count = len(self.absent)
        rows = (
            "The row of the table does not match" if count == 1 else f"None of the {count:,} rows of the table matches"
        )
        return f"{rows} a photo. {found}. {advice}"


def in_line_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Return the problems in the order of their lines, then those without a line."""
    return tuple(sorted(problems, key=lambda problem: (problem.line is None, problem.line or 0)))


@dataclass(frozen=True)
class ImportReport:
    """The results of an import with their counts."""

    results: tuple[FileResult, ...]
    counts: dict[ResultKind, int]  # every kind, including those with 0

    @classmethod
    def of(cls, results: Iterable[FileResult]) -> "ImportReport":
        """Count the results; of two for one file the later counts."""
        results = tuple({result.name: result for result in results}.values())
        found = Counter(result.kind for result in results)
        kinds: tuple[ResultKind, ...] = ("taken", "remark", "copy", "duplicate", "refused")
        return cls(results, {kind: found[kind] for kind in kinds})
