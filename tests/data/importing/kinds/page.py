"""The page about the kinds of input that were tried: docs/import-kinds.md."""

from collections import Counter
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from tests.data.importing.kinds.kind import Kind

PAGE = Path(__file__).resolve().parents[4] / "docs" / "import-kinds.md"

OUTCOMES = {
    "exact": "labels, boxes, splits and classes are as they were meant, and nothing has to be confirmed",
    "remark": "the same, and what was read in a special way, or left out, is said",
    "question": "nothing is imported until somebody chooses; with the right choice all is as it was meant",
    "problem": "named with its place; nothing is imported without `--yes`, and with it the rest is as it was meant",
    "refused": "nothing can be imported, and a sentence says why",
    "wrong": "not yet as it should be: what happens instead is in the table, and the test is expected to fail",
}

HEAD = """# Kinds of input that were tried

Each line is a small data set that `tests/data/importing/kinds` makes, imports by the command line and reads back: every
label, box, split and group in the project is compared with what was meant. This page is written by
`python scripts/write_import_kinds.py` from the same catalogue, and a test compares the two.
"""


def page_of(kinds: Sequence[Kind]) -> str:
    """Return the page: the counts, then a table for each area."""
    parts = [HEAD, _counts(kinds)]
    for area, members in groupby(kinds, lambda kind: kind.area):
        rows = "".join(f"| {_cell(one.name)} | {_outcome(one)} | {_said(one)} |\n" for one in members)
        parts.append(f"## {area}\n\n| kind | outcome | said or asked |\n|---|---|---|\n{rows}")
    return "\n".join(parts)


def _outcome(kind: Kind) -> str:
    return "wrong" if kind.wrong else kind.outcome


def _counts(kinds: Sequence[Kind]) -> str:
    found = Counter(map(_outcome, kinds))
    rows = "".join(f"| {outcome} | {found[outcome]} | {words} |\n" for outcome, words in OUTCOMES.items())
    return f"| outcome | kinds | |\n|---|---|---|\n{rows}| all | {len(kinds)} | |\n"


def _said(kind: Kind) -> str:
    asked = [f"`{name}={key}`" for name, key in kind.asks.items()]
    wrong = [f"should be: {kind.outcome}; {kind.wrong}"] if kind.wrong else []
    return "; ".join([*asked, *map(_cell, [*wrong, *kind.says])])


def _cell(text: str) -> str:
    """Return text as a cell of Markdown."""
    shown = "".join(mark if mark.isprintable() else "\N{REPLACEMENT CHARACTER}" for mark in text)
    for mark in ("\\", "|", "<", "*", "_"):
        shown = shown.replace(mark, f"\\{mark}")
    return shown
