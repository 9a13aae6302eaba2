"""Classes whose names differ only in case, or read alike: ask whether they are one class, and spell the labels."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from core.data.importing.import_plan import Candidate, ImportPlan
from core.data.importing.names.folder_meanings import photos_said
from core.data.importing.names.look_alikes import look_alikes, mixes_scripts, odd_characters, plainest
from core.data.tables.label_rows import LabelRow, LabelTable, Problem
from core.data.tables.names import ByClassName, class_key, is_letter, name_key, without_invisible
from core.data.tables.questions import SAMPLED, Asking, Choice, Question

KIND = "class-case"
LOOK_ALIKES = "class-look-alikes"
"""The kinds of questions: on names that differ only in case, and on those that have other characters too."""
ONE, TWO = "one", "two"
LETTERS = "letters"
"""The place of the question about single letters, which are answered apart from words."""

Labelled = Candidate | LabelRow
L = TypeVar("L", Candidate, LabelRow)


def settle_classes(plan: ImportPlan, asking: Asking, known: Sequence[str] = ()) -> ImportPlan:
    """Return the plan with one spelling for each class; where several read alike, ask if they are one class.

    Nothing is asked about spellings that are all classes of the project (``known``), or that our own export lists.
    While a question is open, the labels stay as they are.
    """
    labelled: list[Labelled] = [*plan.candidates, *plan.absent]
    names = [*plan.classes, *_labels(labelled)]
    spelled, apart = _decide(names, labelled, asking, known, plan.listed, plan.apart)
    plan = replace(_spelled(plan, spelled), apart=frozenset(apart))
    return replace(plan, problems=(*plan.problems, *_remarks_on_scripts(plan)))


def _remarks_on_scripts(plan: ImportPlan) -> list[Problem]:
    """Return a remark on the classes with letters of two scripts that look alike, unless it has been made."""
    mixed = [name for name in plan.classes if mixes_scripts(name)][:SAMPLED]
    said = {one.text for one in plan.problems}
    texts = (f'the name of the class "{name}" mixes letters of two scripts: {odd_characters(name)}' for name in mixed)
    return [Problem(None, text, harmless=True) for text in texts if text not in said]


def settle_with_project(plan: ImportPlan, known: Sequence[str], answers: Mapping[str, str]) -> ImportPlan:
    """Return the plan as it is for a project with these classes, with the questions that they answer or raise.

    Raises AnswerError as ``Asking.ask``.
    """
    asking = Asking(answers)
    settled = settle_classes(plan, asking, known)
    before = {one.question.id for one in plan.answered}
    new = tuple(one for one in asking.answered if one.question.id not in before)
    return replace(
        settled,
        problems=(*settled.problems, *(Problem(None, str(one), harmless=True) for one in new)),
        questions=(*(one for one in plan.questions if one.kind not in (KIND, LOOK_ALIKES)), *asking.open),
        answered=(*plan.answered, *new),
        unused_answers=tuple(name for name in plan.unused_answers if name in asking.unused),
    )


def spelled_as_project(plan: ImportPlan, known: Iterable[str]) -> ImportPlan:
    """Return the plan with the project's spelling of each class; classes that are kept apart stay as they are."""
    classes = ByClassName((name, name) for name in known)
    apart = {class_key(name) for name in plan.apart}
    spelled: dict[str, str] = {}
    for name in [*plan.classes, *_labels([*plan.candidates, *plan.absent])]:
        found = classes.same(name) if class_key(name) in apart else classes.find(name)
        if found is None:
            classes.add(name, name)
        spelled[name] = found or name
    return _spelled(plan, spelled)


def settle_table(table: LabelTable, asking: Asking) -> LabelTable:
    """Return a table with one spelling for each class, as ``settle_classes``; an open question counts as one class."""
    rows = sorted(table.rows, key=lambda row: min([row.line, *(one.line for one in row.objects)]))
    lines = [(one.line, one.label) for row in rows for one in (row.objects or (row,))]
    names = [label for _, label in sorted(lines, key=lambda one: one[0]) if label is not None]
    spelled, apart = _decide(names, rows, asking)
    if not apart:
        first = ByClassName((name, name) for name in names)
        spelled = {name: first.find(spelled[name]) or name for name in names}
    spelled = {name: without_invisible(other) for name, other in spelled.items()}
    return replace(table, rows=tuple(_with_labels(row, spelled) for row in table.rows))


def spelled_as_answered(rows: Sequence[LabelRow], asking: Asking) -> dict[str, str]:
    """Return the spelling of each label, for readers that compare them: as it is, until somebody says they are one."""
    return _decide(_labels(rows), rows, asking)[0]


def _decide(
    names: Sequence[str],
    labelled: Sequence[Labelled],
    asking: Asking,
    known: Sequence[str] = (),
    listed: Collection[str] = (),
    settled: Collection[str] = (),
) -> tuple[dict[str, str], set[str]]:
    """Return the spelling of each name, and the names that stay classes of their own although only case differs."""
    in_order = dict.fromkeys([*known, *names], 0)
    first = {class_key(name): name for name in reversed(in_order)}
    spelled = {name: first[class_key(name)] for name in names}
    here = {class_key(name) for name in names}
    sure = {class_key(name) for name in (*known, *settled)}
    sure_together = sure | {class_key(name) for name in listed}
    apart: set[str] = set()
    unclear: dict[tuple[str, str], list[list[str]]] = {(KIND, LETTERS): [], (KIND, ""): [], (LOOK_ALIKES, ""): []}
    for group in look_alikes(in_order):
        own = {class_key(name) for name in group} & here
        if not own:
            continue
        if own <= sure or (len(own) > 1 and own <= sure_together):
            apart |= {first[key] for key in own}
        elif len(set(map(name_key, group))) > 1:
            meant = plainest([name for name in group if name in known] or group)
            unclear[LOOK_ALIKES, ""].append([meant, *(name for name in group if name != meant)])
        else:
            unclear[KIND, LETTERS if all(map(is_letter, group)) else ""].append(group)
    for (kind, place), groups in unclear.items():
        if not groups:
            continue
        answer = asking.ask(_question(kind, place, groups, labelled, {class_key(name) for name in known}))
        one_of = {class_key(name): group[0] for group in groups for name in group}
        if answer == ONE:
            spelled |= {name: one_of[class_key(name)] for name in names if class_key(name) in one_of}
        elif answer == TWO:
            apart |= {first[key] for key in one_of if key in here}
    return spelled, apart


def _question(
    kind: str, place: str, groups: Sequence[Sequence[str]], labelled: Sequence[Labelled], known: Collection[str]
) -> Question:
    counts: Counter[str] = Counter()
    photos: dict[str, str] = {}
    for one in labelled:
        for label in _labels([one]):
            counts[class_key(label)] += 1
            photos.setdefault(class_key(label), _name(one))

    def described(name: str) -> str:
        number = counts[class_key(name)]
        where = "in the project" if not number and class_key(name) in known else photos_said(number)
        odd = odd_characters(name) if kind == LOOK_ALIKES else ""
        return f'"{name}" ({where}{"; " if odd else ""}{odd})'

    def written(name: str, *, short: bool = False) -> str:
        odd = odd_characters(name, names=not short) if kind == LOOK_ALIKES else ""
        return f"{name} ({odd})" if odd else name

    shown = "; ".join(" and ".join(map(described, group)) for group in groups[:SAMPLED])
    more = "" if len(groups) <= SAMPLED else f"; and {len(groups) - SAMPLED:,} more"
    what = "letters" if place == LETTERS else "classes"
    differ = "read alike, but differ in their characters" if kind == LOOK_ALIKES else "differ only in case"
    text = f"Some {what} {differ}: {shown}{more}. Are they the same class?"
    sampled = [(group[0], name) for group in groups[:SAMPLED] for name in group if counts[class_key(name)]]
    as_one = tuple((photos[class_key(name)], written(name), written(first, short=True)) for first, name in sampled)
    as_two = tuple((photos[class_key(name)], written(name), written(name, short=True)) for _, name in sampled)
    choices = (
        Choice(ONE, "Make them one class", rows=as_one),
        Choice(TWO, "Keep them as two classes", rows=as_two),
    )
    return Question(kind, text, choices, place, ("photo", "label", "class"))


def _name(one: Labelled) -> str:
    return one.name if isinstance(one, Candidate) else one.filename


def _labels(labelled: Iterable[Labelled]) -> list[str]:
    """Return the labels of photos and their boxes, each once for each photo."""
    found: list[str] = []
    for one in labelled:
        found += dict.fromkeys(label for label in (one.label, *(box.label for box in one.objects)) if label is not None)
    return found


def _spelled(plan: ImportPlan, spelled: Mapping[str, str]) -> ImportPlan:
    """Return the plan with other spellings of its classes."""
    if all(name == other for name, other in spelled.items()):
        return plan
    return replace(
        plan,
        candidates=tuple(_with_labels(one, spelled) for one in plan.candidates),
        absent=tuple(_with_labels(row, spelled) for row in plan.absent),
        classes=tuple(dict.fromkeys(spelled.get(name, name) for name in plan.classes)),
        listed=tuple(dict.fromkeys(spelled.get(name, name) for name in plan.listed)),
        apart=frozenset(spelled.get(name, name) for name in plan.apart),
    )


def _with_labels(one: L, spelled: Mapping[str, str]) -> L:
    """Return a photo with other spellings of its labels."""

    def new(label: str | None) -> str | None:
        return None if label is None else spelled.get(label, label)

    if all(new(label) == label for label in (one.label, *(box.label for box in one.objects))):
        return one
    return replace(one, label=new(one.label), objects=tuple(replace(box, label=new(box.label)) for box in one.objects))
