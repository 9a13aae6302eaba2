"""Which file a row of labels.csv means: people write names with other folders, slashes or case than the disk has."""

import unicodedata
from collections import defaultdict
from collections.abc import Collection

from core.data.tables.label_rows import LabelRow, LabelTable, Problem

# How surely a row means a file; the surer claim wins.
_EXACT, _SAME_PATH, _SAME_NAME, _OTHER_CASE = range(4)


def match_files(
    table: LabelTable, files: Collection[str], some_have_no_row: bool = False
) -> tuple[dict[int, str], list[Problem]]:
    """The file that each row (by its line) means, and the rows and files that are left over.

    A row means the file of exactly its path; else the one whose path ends like it (labels.csv may lie above or below
    the folder of the images); else the only file of its base name, at last whatever the case. Backslashes count as
    slashes. A row that fits several files equally, or shares its file with another row, is a problem and means none.
    A file without a row is a harmless one with ``some_have_no_row``, for tables of which that is known.
    """
    index = _Index(files)
    claims: dict[str, list[tuple[int, LabelRow]]] = defaultdict(list)
    problems = []
    for row in table.rows:
        found, certainty = index.candidates(row.filename)
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
    problems += [
        Problem(None, f"{file} has no usable row, so it has no label", harmless=some_have_no_row)
        for file in files
        if file not in taken
    ]
    return matched, problems


class _Index:
    """The files by all that a row may call them, so that each row is looked up and never searched for."""

    def __init__(self, files: Collection[str]) -> None:
        self.exact = frozenset(files)
        self.by_path: dict[str, str] = {}
        self.by_name: dict[str, list[str]] = defaultdict(list)
        self.whole_path: dict[str, list[str]] = defaultdict(list)  # this and the next without case
        self.by_ending: dict[str, list[str]] = defaultdict(list)
        for file in files:
            path = _plain(file)
            self.by_path.setdefault(path, file)
            self.by_name[_name(path)].append(file)
            self.whole_path[path.casefold()].append(file)
            for ending in _endings(path):
                self.by_ending[ending].append(file)

    def candidates(self, wanted: str) -> tuple[list[str], int]:
        """The files that a row may mean, and how surely."""
        if wanted in self.exact:
            return [wanted], _EXACT
        path = _plain(wanted)
        if path in self.by_path:
            return [self.by_path[path]], _SAME_PATH
        name, (whole, *shorter) = _name(path), _endings(path)
        alike = self.by_ending.get(whole, []) + [file for ending in shorter for file in self.whole_path.get(ending, [])]
        same_case = [file for file in alike if _name(_plain(file)) == name]
        if found := same_case or self.by_name.get(name):
            return found, _SAME_NAME
        return alike or self.by_ending.get(name.casefold(), []), _OTHER_CASE


def _plain(path: str) -> str:
    # macOS writes accents in two characters, other systems in one.
    return unicodedata.normalize("NFC", path.replace("\\", "/")).removeprefix("./")


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _endings(path: str) -> list[str]:
    """Without case: the path, the path without its first folder, ..., the base name."""
    parts = path.casefold().split("/")
    return ["/".join(parts[first:]) for first in range(len(parts))]
