"""What a worksheet consists of: goals, steps with their minutes, questions with answers."""

from collections.abc import Sequence
from dataclasses import dataclass

LESSON_MINUTES = 45


@dataclass(frozen=True)
class Question:
    """A question with lines to write on; texts may hold ``**bold**`` and ``*italic*``."""

    text: str
    answer: str
    """In the teacher's copy, in place of the lines."""
    lines: int = 2


@dataclass(frozen=True)
class Blank:
    """A cell of a table that pupils fill in; the answer is printed in the teacher's copy."""

    answer: str


@dataclass(frozen=True)
class FillTable:
    """A table of which pupils fill in the blanks."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str | Blank]]


@dataclass(frozen=True)
class Step:
    """One step of the lesson."""

    title: str
    minutes: int
    do: Sequence[str]
    """What to do on the page Learn, a sentence or two each."""
    parts: Sequence[Question | FillTable] = ()


@dataclass(frozen=True)
class Worksheet:
    """The worksheet of one lesson; its steps take LESSON_MINUTES together."""

    lesson: str
    """A key of ``core.lessons.titles.LESSONS``."""
    goals: Sequence[str]
    """How the sentence "After this lesson you can ..." goes on."""
    steps: Sequence[Step]
    early: Question
    """For whoever has finished early."""
    notes: Sequence[str]
    """For the teacher: what to prepare, what goes wrong, where the figures come from."""

    @property
    def minutes(self) -> int:
        return sum(step.minutes for step in self.steps)
