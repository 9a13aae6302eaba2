"""Which file a row of labels.csv means: people write names with other folders, slashes or case than the disk has."""

import unicodedata
from collections import defaultdict
from collections.abc import Collection
from pathlib import PurePosixPath

from core.data.label_rows import LabelRow, LabelTable, Problem

# How surely a row means a file; the surer claim wins.
_EXACT, _SAME_PATH, _SAME_NAME, _OTHER_CASE = range(4)


def match_files(table: LabelTable, files: Collection[str]) -> tuple[dict[int, str], list[Problem]]:
    """The file that each row (by its line) means, and the rows and files that are left over.

    A row means the file of exactly its path; else the one whose path ends like it (labels.csv may lie above or below
    the folder of the images); else the only file of its base name, at last whatever the case. Backslashes count as
    slashes. A row that fits several files equally, or shares its file with another row, is a problem and means none.
    """
    by_path, by_name = _index(files)
    exact = set(files)
    claims: dict[str, list[tuple[int, LabelRow]]] = defaultdict(list)
    problems = []
    for row in table.rows:
        if row.filename in exact:
            claims[row.filename].append((_EXACT, row))
            continue
        found, certainty = _candidates(row.filename, by_path, by_name)
        if len(found) == 1:
            claims[found[0]].append((certainty, row))
        elif found:
            shown = ", ".join(found[:3]) + (", ..." if len(found) > 3 else "")
            text = f"{row.filename} may mean {shown}; write the path into the table"
            problems.append(Problem(row.line, text))
        else:
            problems.append(Problem(row.line, f"{row.filename} is not among the files"))

    matched: dict[int, str] = {}
    for file, claimed in claims.items():
        best = min(certainty for certainty, _ in claimed)
        surest = [row for certainty, row in claimed if certainty == best]
        if len(surest) > 1:
            names = " and ".join(f"{row.filename} (line {row.line})" for row in surest[:2])
            text = f"{names} both mean {file}; neither is used: write the path into the table"
            problems.append(Problem(surest[1].line, text))
        else:
            matched[surest[0].line] = file
            if best == _OTHER_CASE:
                problems.append(
                    Problem(surest[0].line, f"{surest[0].filename} is taken for {file}: only the case differs")
                )
        problems += [
            Problem(row.line, f"{row.filename} is not among the files ({file} belongs to line {surest[0].line})")
            for certainty, row in claimed
            if certainty > best
        ]
    problems.sort(key=lambda problem: problem.line or 0)
    taken = set(matched.values())
    problems += [Problem(None, f"{file} has no usable row, so it has no label") for file in files if file not in taken]
    return matched, problems


def _index(files: Collection[str]) -> tuple[dict[str, str], dict[str, list[str]]]:
    """The files by their plain paths, and by their base names without case."""
    by_path: dict[str, str] = {}
    by_name: dict[str, list[str]] = defaultdict(list)
    for file in files:
        by_path.setdefault(_plain(file), file)
        by_name[_name(file).casefold()].append(file)
    return by_path, by_name


def _candidates(wanted: str, by_path: dict[str, str], by_name: dict[str, list[str]]) -> tuple[list[str], int]:
    path = _plain(wanted)
    if path in by_path:
        return [by_path[path]], _SAME_PATH
    other_case = by_name.get(_name(wanted).casefold(), [])
    same_case = [file for file in other_case if _name(file) == _name(wanted)]
    for files, certainty in ((same_case, _SAME_NAME), (other_case, _OTHER_CASE)):
        if not files:
            continue
        ends_alike = [file for file in files if _ends_alike(path, _plain(file))]
        return ends_alike or files, certainty
    return [], _OTHER_CASE


def _ends_alike(one: str, other: str) -> bool:
    short, long = sorted((one.casefold(), other.casefold()), key=len)
    return long.endswith("/" + short)


def _plain(path: str) -> str:
    # macOS writes accents in two characters, other systems in one.
    return unicodedata.normalize("NFC", path.replace("\\", "/")).removeprefix("./")


def _name(path: str) -> str:
    return PurePosixPath(_plain(path)).name
