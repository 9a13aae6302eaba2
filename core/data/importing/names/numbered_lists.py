"""Find the numbers in a list of classes, such as "0 cat" and "1 dog"; those that are not the lines' own are asked."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from core.data.tables.label_rows import Problem
from core.data.tables.names import MOST_CLASSES, name_key
from core.data.tables.questions import SAMPLED, Asking, Choice, Question

NUMBERED = "class-numbers"
"""The kind of the question."""
NUMBERS, LINES, NAMES = "numbers", "lines", "names"

_SHOWN = 60  # characters of a line


@dataclass(frozen=True)
class _Pattern:
    """A way in which a line may have a number."""

    line: re.Pattern[str]  # with the groups "number" and "name"
    any_numbers: bool = False  # they need not run from 0 or 1 without a gap
    in_names: bool = False  # numbers in the order of the lines are rather part of the names


_NUMBER = r"(?P<number>\d{1,4})"
_PATTERNS = (
    # "0: cat", "0,cat", "0. cat", "(0) cat", "0 - cat", "0 cat"; not "0,5 litres"
    _Pattern(re.compile(rf"[(\[]?{_NUMBER}(?:\s*[:;=)\]|]\s*|\s*,\s*(?!\d)|\.\s+|\s+(?:-\s+)?)(?P<name>\S.*)"), True),
    _Pattern(re.compile(rf"(?P<name>\S.*?)\s*[:;=,|\t]\s*{_NUMBER}")),  # "cat,0"
    _Pattern(re.compile(rf"{_NUMBER}[._-](?P<name>\D.*)"), in_names=True),  # "001.Black_footed_Albatross"
    _Pattern(re.compile(rf"(?P<name>\S.*?)[\s._-]+\(?{_NUMBER}\)?"), in_names=True),
)
_HEADER = frozenset(
    (
        *("id", "ids", "index", "idx", "no", "number", "key", "value", "class", "classes", "class_id", "classid"),
        *("class_index", "class_name", "classname", "label", "labels", "label_id", "label_name", "name", "names"),
        *("category", "category_id"),
    )
)


@dataclass(frozen=True)
class _Numbered:
    """A list of classes with a number on each line; an empty line has no number and no name."""

    numbers: tuple[int | None, ...]
    names: tuple[str, ...]
    in_names: bool

    @property
    def in_place(self) -> bool:
        """Whether each number is that of its line, from 0."""
        return all(number in (None, place) for place, number in enumerate(self.numbers))

    @property
    def by_number(self) -> list[str]:
        """The names at the places of their numbers."""
        named = {number: name for number, name in zip(self.numbers, self.names, strict=True) if number is not None}
        return [named.get(number, "") for number in range(max(named) + 1)]


def settle_numbered(lines: Sequence[str], path: str, asking: Asking, problems: list[Problem]) -> list[str]:
    """Return the names of classes in the order of their numbers; ``lines`` are those of the list at ``path``.

    Where every line has a number, and these count the lines from 0, they are left out, with a remark. Where they are
    others, it is asked whether they or the lines count.
    """
    found = next(_readings(lines), None)
    if found is None or (found.in_names and found.in_place):
        return [*lines]
    if found.in_place:
        names = [name for name in found.names if name]
        shown = ", ".join(names[:SAMPLED]) + (", ..." if len(names) > SAMPLED else "")
        text = f"{path}: each line has the number of its class, which is not part of the name: {shown}"
        problems.append(Problem(None, text, harmless=True))
        return [*found.names]
    names_by = {NUMBERS: found.by_number, LINES: [*found.names], NAMES: [*lines]}
    answer = asking.ask(_question(names_by, path, next(filter(None, lines))))
    return names_by[answer or NAMES]


def _question(names_by: dict[str, list[str]], path: str, line: str) -> Question:
    def name(key: str, number: int) -> str:
        return names_by[key][number] if number < len(names_by[key]) else ""

    longest = max(map(len, names_by.values()))
    apart = [number for number in range(longest) if name(NUMBERS, number) != name(LINES, number)][:SAMPLED]
    words = {
        NUMBERS: "Use the numbers in the list",
        LINES: "Count the lines from 0, and leave the numbers out",
        NAMES: "Count the lines from 0, and use the whole lines as names",
    }
    choices = tuple(
        Choice(key, words[key], tuple((str(number), name(key, number)) for number in apart)) for key in names_by
    )
    text = (
        f'The lines of {path} have numbers, such as "{line[:_SHOWN]}", and these do not count the lines from 0. '
        "Which class does a number in the labels mean?"
    )
    return Question(NUMBERED, text, choices, path.replace("=", "-"), ("number", "class"))


def _readings(lines: Sequence[str]) -> Iterator[_Numbered]:
    """Yield how the lines can be read as names with numbers, the likeliest first."""
    if len(lines) > 1 and _is_header(lines[0]):
        lines = lines[1:]
    for pattern in _PATTERNS:
        found = [pattern.line.fullmatch(line) for line in lines]
        if not any(found) or any(one is None for one, line in zip(found, lines, strict=True) if line):
            continue
        numbers = tuple(int(one["number"]) if one else None for one in found)
        names = tuple(one["name"].strip() if one else "" for one in found)
        if _are_ids(numbers, names, pattern.any_numbers):
            yield _Numbered(numbers, names, pattern.in_names)


def _are_ids(numbers: Sequence[int | None], names: Sequence[str], any_numbers: bool) -> bool:
    """Return whether numbers may be those of classes; the rest of "1 euro" and "2 euro" is not two names."""
    known = sorted(number for number in numbers if number is not None)
    keys = {name_key(name) for name in names if name}
    if len(set(known)) < len(known) or len(keys) < len(known) or known[-1] >= MOST_CLASSES:
        return False
    without_gap = known[0] in (0, 1) and known == [*range(known[0], known[0] + len(known))]
    return without_gap or (any_numbers and len(known) > 1)


def _is_header(line: str) -> bool:
    """Return whether a line names the columns of a list: "id,name"."""
    words = re.split(r"[\s,;:=|]+", line.lower())
    return len(words) == 2 and _HEADER.issuperset(words)
