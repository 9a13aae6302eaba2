"""Choose between data sets of several formats among the same files: one that holds all of the others, else ask."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from core.data.importing.formats.gathered_labels import CollectedLabels, Files, distinct_names
from core.data.importing.formats.gathering.sample_photos import sample_photo
from core.data.tables.label_rows import PIXELS, LabelledBox, LabelRow, LabelTable, Problem, objects_of
from core.data.tables.names import class_key
from core.data.tables.questions import SAMPLED, Asking, Choice, Question

WHICH_LABELS = "which-labels"
"""The kind of the question."""

ALL = "all"
TABLE = "labels.csv"

SAME_PIXELS = 1.5
"""Boxes that differ by less are the same: some formats hold whole pixels, and one counts them from 1."""

_MOST_COMPARED = 300  # boxes of one photo
_LONGEST_WORD = 60  # characters of a class that are shown
_WITHOUT_LABEL = "imported without a label"


@dataclass(frozen=True)
class Competitor:
    """A data set in one format, and what reading it asked."""

    labels: CollectedLabels
    asking: Asking

    @property
    def key(self) -> str:
        """Its name on the command line: "pascal-voc"."""
        return re.sub("[^a-z0-9]+", "-", self.labels.kind.lower()).strip("-")

    def labelled(self) -> dict[str, LabelRow]:
        """Return the rows with a class or boxes, by their photos."""
        return {row.filename: row for row in self.labels.table.rows if row.label is not None or objects_of(row)}


def choose_labels(found: Sequence[Competitor], asking: Asking, files: Files) -> CollectedLabels:
    """Return the only data set, or the one that says all that the others say; else ask. There is at least one.

    A question is also whether all of them count, if no two give the same photo different labels.
    """
    some = [one for one in found if one.labelled()] or list(found[:1])
    empty = [one for one in found if one not in some]
    rows = [one.labelled() for one in some]
    covering = next((place for place, mine in enumerate(rows) if all(_holds(mine, other) for other in rows)), None)
    if covering is not None:
        chosen = some[covering]
        asking.adopt(chosen.asking)
        others = [one for one in some if one is not chosen]
        same = [Problem(None, _same(chosen, others), harmless=True)] if others else []
        return _with(chosen.labels, [*others, *empty], [*same, *_problems(empty)])
    key = asking.ask(_question(some, rows, files))
    if key == ALL:
        for one in some:
            asking.adopt(one.asking)
        return _with(_joined(some, rows), empty, _problems(empty))
    chosen = next((one for one in some if one.key == key), some[0])
    asking.adopt(chosen.asking)
    return _with(chosen.labels, [one for one in found if one is not chosen], _problems(empty))


def ask_about_table(
    found: Sequence[Competitor], table: Mapping[str, LabelRow] | None, asking: Asking, files: Files
) -> CollectedLabels | None:
    """Ask whether a labels.csv counts or the data sets beside it; None for the table, and while nobody has chosen.

    ``table`` has the rows of the labels.csv by their photos; None where it cannot be read.
    """
    some = [one for one in found if one.labelled()]
    if not some:
        return None
    shown = ", ".join(_in_words(one) for one in some)
    text = f"There is a labels.csv, and beside it the labels are there as {shown}. Which of them counts?"
    rows = [*([table] if table else []), *(one.labelled() for one in some)]
    samples, boxed, _ = _samples(rows)
    choices = [] if table else [Choice(TABLE, "Take labels.csv")]
    labels = [*([(TABLE, "Take labels.csv")] if table else []), *map(_named, some)]
    choices += [_choice(*named, sample, files, boxed) for named, sample in zip(labels, samples, strict=True)]
    key = asking.ask(Question(WHICH_LABELS, text, tuple(choices), columns=("photo", "labels")))
    chosen = next((one for one in some if one.key == key), None)
    if chosen is None:
        return None
    asking.adopt(chosen.asking)
    return chosen.labels


def _holds(mine: Mapping[str, LabelRow], other: Mapping[str, LabelRow]) -> bool:
    """Return whether these rows say all that the others say, and nothing else of the same photos."""
    return all(path in mine and _same_labels(mine[path], row) for path, row in other.items())


def _agree(path: str, mine: Mapping[str, LabelRow], other: Mapping[str, LabelRow]) -> bool:
    """Return whether two data sets do not differ about a photo: one of them may say nothing about it."""
    return path not in mine or path not in other or _same_labels(mine[path], other[path])


def _same_labels(one: LabelRow, other: LabelRow) -> bool:
    first, second = objects_of(one), objects_of(other)
    if not first and not second:
        return class_key(one.label or "") == class_key(other.label or "")
    if len(first) != len(second) or len(first) > _MOST_COMPARED:
        return Counter(_key(box) for box in first) == Counter(_key(box) for box in second)
    rest = list(second)
    for box in first:
        match = next((place for place, candidate in enumerate(rest) if _same_box(box, candidate)), None)
        if match is None:
            return False
        rest.pop(match)
    return True


def _key(box: LabelledBox) -> str:
    return class_key(box.label or "")


def _same_box(one: LabelledBox, other: LabelledBox) -> bool:
    here, there = one.box, other.box
    sides = ((here.x, there.x), (here.y, there.y), (here.width, there.width), (here.height, there.height))
    return _key(one) == _key(other) and all(abs(a - b) <= SAME_PIXELS for a, b in sides)


def _same(chosen: Competitor, others: Sequence[Competitor]) -> str:
    kinds = " and ".join(one.labels.kind for one in others)
    return f"the labels are there as {chosen.labels.kind} and as {kinds}, which agree; {chosen.labels.kind} is used"


def _question(some: Sequence[Competitor], rows: Sequence[Mapping[str, LabelRow]], files: Files) -> Question:
    """Return the question which labels count."""
    samples, boxed, differ = _samples(rows)
    choices = [_choice(*_named(one), sample, files, boxed) for one, sample in zip(some, samples, strict=True)]
    if not differ:
        every = dict(samples[0])
        for sample in samples[1:]:
            every |= {path: every[path] or row for path, row in sample.items()}
        label = "Use all of them: no two of them differ about the same photo"
        choices.insert(0, _choice(ALL, label, every, files, boxed))
    text = (
        f"The labels are there in {len(some)} formats, and they differ: {', '.join(map(_in_words, some))}. "
        "Which of them counts?"
    )
    return Question(WHICH_LABELS, text, tuple(choices), columns=("photo", "labels"))


Sample = Mapping[str, LabelRow | None]
"""What one data set says of some photos."""


def _samples(rows: Sequence[Mapping[str, LabelRow]]) -> tuple[list[Sample], bool, bool]:
    """Return a sample of each data set, of the same photos: those that differ first.

    Also whether any of them has boxes, and whether two of the data sets contradict each other.
    """
    paths = list(dict.fromkeys(path for mine in rows for path in mine))
    differ = [path for path in paths if not all(_agree(path, mine, other) for mine in rows for other in rows)]
    known = {*differ}
    lacking = [path for path in paths if path not in known and not all(path in mine for mine in rows)]
    shown = ([*differ, *lacking] or paths)[:SAMPLED]
    samples: list[Sample] = [{path: mine.get(path) for path in shown} for mine in rows]
    boxed = any(row is not None and objects_of(row) for sample in samples for row in sample.values())
    return samples, boxed, bool(differ)


def _named(one: Competitor) -> tuple[str, str]:
    return one.key, f"Use {one.labels.kind}"


def _choice(key: str, text: str, sample: Sample, files: Files, boxed: bool) -> Choice:
    """Return a choice with what it says of some photos; where a choice has boxes, they are drawn."""
    rows: tuple[tuple[str, ...], ...] = ()
    if not any(row is not None and objects_of(row) for row in sample.values()):
        rows = tuple((path, ((row and row.label) or "no label")[:_LONGEST_WORD]) for path, row in sample.items())
    if not boxed:
        return Choice(key, text, rows)
    photos = (
        sample_photo(path, files, objects_of(row) if row else (), row.frame if row else PIXELS)
        for path, row in sample.items()
        if path in files
    )
    return Choice(key, text, rows, tuple(photos))


def _in_words(one: Competitor) -> str:
    rows = one.labelled()
    boxes = sum(len(objects_of(row)) for row in rows.values())
    photos = "1 photo" if len(rows) == 1 else f"{len(rows):,} photos"
    counted = f", {boxes:,} box{'' if boxes == 1 else 'es'}" if boxes else ""
    return f"{one.labels.kind} ({photos}{counted})"


def _problems(empty: Sequence[Competitor]) -> list[Problem]:
    """Return why files that look like a data set give no label."""
    return [problem for one in empty for problem in one.labels.table.problems if not problem.harmless]


def _with(labels: CollectedLabels, others: Sequence[Competitor], problems: Sequence[Problem]) -> CollectedLabels:
    """Return the labels with further problems; the files of the others count as read."""
    used = labels.used.union(*(one.labels.used for one in others))
    table = replace(labels.table, problems=(*labels.table.problems, *problems))
    return replace(labels, table=table, used=used)


def _joined(some: Sequence[Competitor], rows: Sequence[Mapping[str, LabelRow]]) -> CollectedLabels:
    """Return the labels of all of them, of which no two differ about the same photo."""
    chosen: dict[str, tuple[LabelRow, str]] = {}
    for one, labelled in zip(some, rows, strict=True):
        for row in one.labels.table.rows:
            if row.filename not in chosen or row.filename in labelled:
                chosen[row.filename] = (row, one.labels.names.get(row.filename, row.filename))
    numbered = tuple(replace(row, line=line) for line, (row, _) in enumerate(chosen.values(), start=1))
    problems = [
        problem
        for one in some
        for problem in one.labels.table.problems
        if not (problem.harmless and _WITHOUT_LABEL in problem.text)
    ]
    names = distinct_names({path: name for path, (_, name) in chosen.items()})
    kinds = " and ".join(one.labels.kind for one in some)
    classes = tuple(dict.fromkeys(name for one in some for name in one.labels.classes))
    used = frozenset().union(*(one.labels.used for one in some))
    return CollectedLabels(kinds, LabelTable(numbered, tuple(problems), ()), names, used, classes)
