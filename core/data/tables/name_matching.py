"""Match the rows of labels.csv with files: folders, slashes and case in the table often differ from the disk."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from core.data.tables.file_index import NO_SUFFIX, OTHER_CASE, OTHER_FOLDER, WRITTEN_OTHERWISE, FileIndex
from core.data.tables.label_rows import LabelRow, LabelTable, Problem
from core.data.tables.questions import SAMPLED, Asking, Choice, Question

FOLDERS = "folders"
"""The kind of the question."""
MATCH, LEAVE = "match", "leave"

_LONGEST_SHOWN = 200  # characters of a name in a sentence

Pairs = list[tuple[LabelRow, str]]


def match_files(
    table: LabelTable,
    files: Collection[str],
    some_have_no_row: bool = False,
    asking: Asking | None = None,
    root: str = "",
) -> tuple[dict[int, str], list[Problem]]:
    """Return the file of each row (by its line), and a problem for each row or file without a match.

    A row matches the file with exactly its path; else the one whose path has the same ending (labels.csv may lie above
    or below the folder of the images), finally in any case. Backslashes count as slashes. A name may be an address or
    have escapes: ``https://host/a%20b.jpg`` is "a b.jpg". An id without suffix matches the only photo of that name:
    "dog_7" means dog_7.jpg. A row that fits several files equally, or shares its file with another row, is a problem
    and matches none. Where the only file of its name lies in another folder than the row says, ``asking`` is asked;
    without it, or without an answer, the row matches none. ``root`` is the folder around all files, if their names
    have lost it.
    A file without a row is a harmless problem if ``some_have_no_row``, for tables where that is expected.
    """
    problems: list[Problem] = []
    claims = _claims(table, FileIndex(files, root), problems)
    matched: dict[int, str] = {}
    ids: Pairs = []
    otherwise: Pairs = []
    elsewhere: Pairs = []
    for file, claimed in claims.items():
        best = min(certainty for certainty, _ in claimed)
        surest = [row for certainty, row in claimed if certainty == best]
        if best == OTHER_FOLDER:
            if len(surest) == 1:
                elsewhere.append((surest[0], file))
            else:
                problems += [_in_other_folder(row, file) for row in surest]
        elif len(surest) > 1:
            names = " and ".join(f"{_shown(row)} (line {row.line})" for row in surest[:2])
            text = f"{names} both match {file}; neither is used: write the path in the table"
            problems.append(Problem(surest[1].line, text))
        else:
            matched[surest[0].line] = file
            if best in (NO_SUFFIX, WRITTEN_OTHERWISE):
                (ids if best == NO_SUFFIX else otherwise).append((surest[0], file))
            if best == OTHER_CASE:
                text = f"{_shown(surest[0])} is matched with {file}: only the case differs"
                problems.append(Problem(surest[0].line, text))
        problems += [_taken(row, file, surest[0]) for certainty, row in claimed if certainty > best]
    matched |= _settle_elsewhere(elsewhere, asking, problems)
    if ids:
        problems.append(_remark(ids, "has no suffix", "have no suffix"))
    if otherwise:
        problems.append(_remark(otherwise, "is written in another way", "are written in another way"))
    problems.sort(key=lambda problem: problem.line or 0)
    taken = set(matched.values())
    problems += [Problem(None, no_row(file), harmless=some_have_no_row) for file in files if file not in taken]
    return matched, problems


def no_row(file: str) -> str:
    """Return the text of the problem of a file without a row."""
    return f"{file} has no usable row in the table, so it has no label"


def _claims(
    table: LabelTable, index: FileIndex, problems: list[Problem]
) -> Mapping[str, Sequence[tuple[int, LabelRow]]]:
    """Return the rows that may mean each file, with how certain that is; rows that mean none become problems."""
    claims: dict[str, list[tuple[int, LabelRow]]] = defaultdict(list)
    for row in table.rows:
        found, certainty = index.candidates(row.filename)
        if len(found) == 1:
            claims[found[0]].append((certainty, row))
        elif found and certainty != OTHER_FOLDER:
            shown = ", ".join(found[:3]) + (", ..." if len(found) > 3 else "")
            problems.append(Problem(row.line, f"{_shown(row)} could be {shown}; write the path in the table"))
        elif found:
            problems.append(_in_other_folder(row, found[0]))
        else:
            text = f"{_shown(row)} is not among the files; add the photo or delete the row"
            problems.append(Problem(row.line, text, absent=True))
    return claims


def _in_other_folder(row: LabelRow, file: str) -> Problem:
    text = f"{_shown(row)} is not among the files; {file} lies in another folder"
    return Problem(row.line, text, absent=True)


def _taken(row: LabelRow, file: str, owner: LabelRow) -> Problem:
    text = f"{_shown(row)} is not among the files ({file} belongs to line {owner.line})"
    return Problem(row.line, text, absent=True)


def _settle_elsewhere(pairs: Pairs, asking: Asking | None, problems: list[Problem]) -> dict[int, str]:
    """Ask whether rows mean the only photos of their names, which lie in other folders; return those that do."""
    if not pairs:
        return {}
    pairs = sorted(pairs, key=lambda pair: pair[0].line)
    row, file = pairs[0]
    rows_name = f"{len(pairs):,} rows name" if len(pairs) > 1 else "1 row names"
    text = (
        f"{rows_name} another folder than the only photo of that name has, such as {_shown(row)}, and the photo is "
        f"{file}. Is it the same photo?"
    )
    shown = pairs[:SAMPLED]
    choices = (
        Choice(MATCH, "Match them by the file's name", tuple((_shown(row), file) for row, file in shown)),
        Choice(LEAVE, "Leave these rows out", tuple((_shown(row), "no photo") for row, _ in shown)),
    )
    question = Question(FOLDERS, text, choices, columns=("in the table", "photo"))
    if asking is not None and asking.ask(question) == MATCH:
        return {row.line: file for row, file in pairs}
    problems += [_in_other_folder(row, file) for row, file in pairs]
    return {}


def _remark(pairs: Pairs, has: str, have: str) -> Problem:
    row, file = min(pairs, key=lambda one: one[0].line)
    if len(pairs) == 1:
        return Problem(row.line, f"{_shown(row)} {has}; it is matched with {file}", harmless=True)
    text = f"{len(pairs):,} names {have}; each is matched with its photo, such as {_shown(row)} with {file}"
    return Problem(row.line, text, harmless=True)


def _shown(row: LabelRow) -> str:
    name = row.filename
    return name if len(name) <= _LONGEST_SHOWN else f"{name[: _LONGEST_SHOWN - 3]}..."
