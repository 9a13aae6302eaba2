"""Find the columns that give the split where none is called so, or beside it: ``set``, ``phase``, ``is_test``."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from core.data.tables.csv_cells import restore, rows_of
from core.data.tables.label_columns import Header
from core.data.tables.label_rows import Problem
from core.data.tables.label_words import is_empty_word
from core.data.tables.names import without_invisible

_SPLITS = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev"), "val"),
    **dict.fromkeys(("test", "testing"), "test"),
}
SETS = ("set", "subset", "data_set", "dataset", "partition", "usage", "phase", "fold", "mode")
"""Columns that give the split where all their words are splits."""
_FLAGS = {
    "is_test": "test",
    "is_testing": "test",
    "is_train": "train",
    "is_training": "train",
    "is_val": "val",
    "is_valid": "val",  # https://docs.fast.ai/vision.data.html, valid_col
    "is_validation": "val",
}
"""Columns that say of a photo whether it lies in one split."""
_TRUTH = {
    **dict.fromkeys(("1", "1.0", "true", "yes"), True),
    **dict.fromkeys(("0", "0.0", "false", "no"), False),
}
_ORDER = ("test", "val", "train")  # the strictest first: a photo of the test must not be trained on
_MOST = 8  # columns that are looked at


def split_named(word: str) -> str | None:
    """Return train, val or test for any usual word for it (training, validation, dev, ...) in any case; else None."""
    return _SPLITS.get(word.strip().lower())


def choose_split(header: Header, text: str) -> tuple[Header, list[Problem]]:
    """Return the header with the columns that give the split, and what has to be said about them.

    A column called split counts, unless it is empty. Others are read only where nothing else stands in them.
    """
    used, plain = header.used, header.plain
    named = [at for at, name in enumerate(plain) if at not in used and (name in SETS or name in _FLAGS)][:_MOST]
    own = [] if header.split is None else [header.split]
    filled, odd = _looked_through(header, text, [*own, *named]) if named else (set(), set())
    others = [at for at in named if at in filled and at not in odd]
    if not others:
        return header, []
    problems = []
    if header.split is None or header.split not in filled:
        words = [at for at in others if plain[at] in SETS]
        if words:
            header = replace(header, split=words[0])
            said = f"the column {header.names[words[0]]} gives the split"
        else:
            flags = tuple((at, _FLAGS[plain[at]]) for at in others)
            header = replace(header, split=None, split_flags=flags)
            said = _flags_said(header)
        problems.append(Problem(header.line, said, harmless=True))
        if header.split is None:
            return header, problems
    problems += [_unused(header, text, at) for at in others if at != header.split]
    return header, problems


def split_of_flags(header: Header, cells: Sequence[str]) -> tuple[str | None, str]:
    """Return the split that the flags in a row's cells give, and what is wrong with them."""
    said = {split: _TRUTH.get(_plain(cells[at])) for at, split in header.split_flags}
    true = [split for split in _ORDER if said.get(split)]
    if true:
        wrong = f"the photo is marked as {' and as '.join(true)}; {true[0]} counts" if len(true) > 1 else ""
        return true[0], wrong
    return (None if None in said.values() else _rest(said)), ""


def _rest(flags: Sequence[str] | dict[str, bool | None]) -> str | None:
    """Return the split of a photo that no flag marks: training, or the test where the flag is that of training."""
    return next((split for split in ("train", "test", "val") if split not in flags), None)


def _flags_said(header: Header) -> str:
    names = [header.names[at] for at, _ in header.split_flags]
    rest = _rest([split for _, split in header.split_flags])
    said = f"the column {names[0]} gives" if len(names) == 1 else f"the columns {' and '.join(names)} give"
    return f"{said} the split" + (f"; other photos are in {rest}" if rest else "")


def _unused(header: Header, text: str, place: int) -> Problem:
    """Say of a column beside that of the split that it is not used: a problem where they disagree."""
    assert header.split is not None
    name, own, flag = header.names[place], header.names[header.split], _FLAGS.get(header.plain[place])
    for line, (first, second) in _cells(header, text, [header.split, place]):
        split = split_named(first)
        if split is None or not second or is_empty_word(second):
            continue
        if (_TRUTH.get(second) != (split == flag)) if flag else (split_named(second) != split):
            said = f'the column {own} gives the split, although {name} says "{second}" beside "{first}"'
            return Problem(line, f"{said}; make them agree")
    said = f"the column {own} gives the split; {name} says the same and is not used"
    return Problem(header.line, said, harmless=True)


def _looked_through(header: Header, text: str, places: Sequence[int]) -> tuple[set[int], set[int]]:
    """Return the columns that are not empty, and those in which something else than a split or a flag stands."""
    filled: set[int] = set()
    odd: set[int] = set()
    for _, cells in _cells(header, text, places):
        for place, cell in zip(places, cells, strict=True):
            if cell and not is_empty_word(cell):
                filled.add(place)
                if cell not in (_TRUTH if header.plain[place] in _FLAGS else _SPLITS):
                    odd.add(place)
    return filled, odd


def _cells(header: Header, text: str, places: Sequence[int]) -> Iterator[tuple[int, list[str]]]:
    """Yield each row's line and its cells in some columns, in lower case."""
    for line, cells in rows_of(text, header.delimiter, header.spaced):
        if line > header.line and not isinstance(cells, str):
            yield line, [_plain(cells[place]) if place < len(cells) else "" for place in places]


def _plain(cell: str) -> str:
    return without_invisible(restore(cell)).strip().lower()
