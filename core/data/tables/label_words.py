"""Words that may be a class or mean something else: "NA" and "nan", numbers that are written in two ways."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from core.data.tables.label_rows import LabelRow
from core.data.tables.names import name_key
from core.data.tables.questions import SAMPLED, Asking, Choice, Question

EMPTY_WORD, NUMBERS = "empty-word", "label-numbers"
"""The kinds of questions."""
CLASS, NONE = "class", "none"
ONE, APART = "one", "apart"

EMPTY_WORDS = frozenset(("nan", "none", "null", "na", "n/a", "#n/a", "<na>", "nat"))
"""What programs write into a cell without a value, in lower case."""
_NUMBER = re.compile(r"[+-]?[0-9]{1,15}(?:\.[0-9]{1,12})?")


def is_empty_word(cell: str) -> bool:
    """Return whether a program may have written this for a cell without a value."""
    return cell.lower() in EMPTY_WORDS


@dataclass
class _Used:
    """A spelling in a table."""

    count: int = 0
    files: list[str] = field(default_factory=list)  # the first ones


def settle_words(rows: Sequence[LabelRow], asking: Asking) -> list[LabelRow]:
    """Return the rows with the labels and groups that are meant; what may be a name or not is asked.

    pandas and R write "nan" or "NA" where nothing was entered, and turn a column of 1, 2 and nothing into 1.0 and 2.0.
    """
    labels = _used((row.label, row.filename) for row in rows)
    meant = {**_empty_words(labels, "label", "", asking), **_numbers(labels, asking)}
    groups = _used((row.group, row.filename) for row in rows)
    grouped = _empty_words(groups, "group", "group ", asking)
    if not meant and not grouped:
        return [*rows]
    return [
        replace(row, label=_meant(row.label, meant), group=_meant(row.group, grouped))
        if row.label in meant or row.group in grouped
        else row
        for row in rows
    ]


def _meant(word: str | None, meanings: Mapping[str, str | None]) -> str | None:
    return word if word is None else meanings.get(word, word)


def _used(words: Iterable[tuple[str | None, str]]) -> dict[str, _Used]:
    found: dict[str, _Used] = defaultdict(_Used)
    for word, file in words:
        if word is not None:
            used = found[word]
            used.count += 1
            if len(used.files) < SAMPLED:
                used.files.append(file)
    return found


def _empty_words(words: Mapping[str, _Used], what: str, place: str, asking: Asking) -> dict[str, None]:
    """Ask for each word of programs for no value whether it is a name; return those that are none."""
    spellings: dict[str, list[str]] = defaultdict(list)
    for word in words:
        if is_empty_word(word):
            spellings[word.lower()].append(word)
    empty: dict[str, None] = {}
    for word, written in spellings.items():
        count = sum(words[one].count for one in written)
        files = [(file, one) for one in written for file in words[one].files][:SAMPLED]
        rows = f"{count:,} rows have" if count > 1 else "1 row has"
        name = "the name of a class" if what == "label" else f"the name of a {what}"
        text = f'{rows} the {what} "{written[0]}", such as {files[0][0]}. Is that {name}, or is it empty?'
        choices = (
            Choice(CLASS, f'Read "{written[0]}" as {name}', tuple(files)),
            Choice(NONE, f"Read it as no {what}", tuple((file, "") for file, _ in files)),
        )
        question = Question(EMPTY_WORD, text, choices, f"{place}{word}", ("photo", what))
        if asking.ask(question) == NONE:
            empty |= dict.fromkeys(written)
    return empty


def _numbers(labels: Mapping[str, _Used], asking: Asking) -> dict[str, str]:
    """Ask whether labels that are the same number are one class; return the spelling of each that changes."""
    same: dict[float, list[str]] = defaultdict(list)
    for label in labels:
        if _NUMBER.fullmatch(label):
            same[float(label)].append(label)
    several = [some for some in same.values() if len({name_key(label) for label in some}) > 1]
    if not several:
        return {}
    one = {label: min(some, key=lambda label: (len(label), label)) for some in several for label in some}
    shown = [(labels[label].files[0], label) for label in several[0]][:SAMPLED]
    first, second, *_ = several[0]
    others = f", and {len(several) - 1:,} more numbers," if len(several) > 1 else ""
    text = f'The labels "{first}" and "{second}"{others} are written in several ways. Is each number one class?'
    key = asking.ask(Question(NUMBERS, text, _number_choices(shown, one.__getitem__), columns=("photo", "class")))
    return {label: short for label, short in one.items() if short != label} if key == ONE else {}


def _number_choices(shown: Sequence[tuple[str, str]], short: Callable[[str], str]) -> tuple[Choice, ...]:
    return (
        Choice(ONE, "Read each number as one class", tuple((file, short(label)) for file, label in shown)),
        Choice(APART, "Keep each spelling as a class", tuple(shown)),
    )
