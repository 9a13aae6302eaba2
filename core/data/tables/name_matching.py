"""Match the rows of labels.csv with files: folders, slashes and case in the table often differ from the disk."""

import unicodedata
from collections import defaultdict
from collections.abc import Collection
from functools import cached_property
from pathlib import PurePosixPath

from core.data.pictures.decoding import IMAGE_SUFFIXES
from core.data.tables.label_rows import LabelRow, LabelTable, Problem

# How certain a match is; the more certain one wins.
_EXACT, _SAME_PATH, _SAME_NAME, _OTHER_CASE, _NO_SUFFIX = range(5)


def match_files(
    table: LabelTable, files: Collection[str], some_have_no_row: bool = False
) -> tuple[dict[int, str], list[Problem]]:
    """Return the file of each row (by its line), and a problem for each row or file without a match.

    A row matches the file with exactly its path; else the one whose path has the same ending (labels.csv may lie above
    or below the folder of the images); else the only file with its base name, finally in any case. An id without suffix
    matches the only photo of that name: "dog_7" means dog_7.jpg. Backslashes count as slashes. A row that fits several
    files equally, or shares its file with another row, is a problem and matches none.
    A file without a row is a harmless problem if ``some_have_no_row``, for tables where that is expected.
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
            text = f"{row.filename} could be {shown}; write the path in the table"
            problems.append(Problem(row.line, text))
        else:
            problems.append(
                Problem(
                    row.line, f"{row.filename} is not among the files; add the photo or delete the row", absent=True
                )
            )

    matched: dict[int, str] = {}
    ids: list[tuple[LabelRow, str]] = []
    for file, claimed in claims.items():
        best = min(certainty for certainty, _ in claimed)
        surest = [row for certainty, row in claimed if certainty == best]
        if len(surest) > 1:
            names = " and ".join(f"{row.filename} (line {row.line})" for row in surest[:2])
            text = f"{names} both match {file}; neither is used: write the path in the table"
            problems.append(Problem(surest[1].line, text))
        else:
            matched[surest[0].line] = file
            if best == _NO_SUFFIX:
                ids.append((surest[0], file))
            if best == _OTHER_CASE:
                problems.append(
                    Problem(surest[0].line, f"{surest[0].filename} is matched with {file}: only the case differs")
                )
        problems += [
            Problem(
                row.line,
                f"{row.filename} is not among the files ({file} belongs to line {surest[0].line})",
                absent=True,
            )
            for certainty, row in claimed
            if certainty > best
        ]
    if ids:
        problems.append(_remark_on_ids(ids))
    problems.sort(key=lambda problem: problem.line or 0)
    taken = set(matched.values())
    problems += [
        Problem(None, f"{file} has no usable row in the table, so it has no label", harmless=some_have_no_row)
        for file in files
        if file not in taken
    ]
    return matched, problems


def _remark_on_ids(ids: list[tuple[LabelRow, str]]) -> Problem:
    row, file = min(ids, key=lambda one: one[0].line)
    if len(ids) == 1:
        return Problem(row.line, f"{row.filename} has no suffix; it is matched with {file}", harmless=True)
    text = f"{len(ids):,} names have no suffix; each is matched with its photo, such as {row.filename} with {file}"
    return Problem(row.line, text, harmless=True)


class _Index:
    """The files by every name that a row may use, so that each row needs only look-ups."""

    def __init__(self, files: Collection[str]) -> None:
        self.exact = frozenset(files)
        self.by_path: dict[str, str] = {}
        self.by_name: dict[str, list[str]] = defaultdict(list)
        self.whole_path: dict[str, list[str]] = defaultdict(list)  # this and the next ignore case
        self.by_ending: dict[str, list[str]] = defaultdict(list)
        for file in files:
            path = _plain(file)
            self.by_path.setdefault(path, file)
            self.by_name[_name(path)].append(file)
            self.whole_path[path.casefold()].append(file)
            for ending in _endings(path):
                self.by_ending[ending].append(file)

    def candidates(self, wanted: str) -> tuple[list[str], int]:
        """Return the files that a row may mean, and how certain that is."""
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
        if found := alike or self.by_ending.get(name.casefold(), []):
            return found, _OTHER_CASE
        return self._by_id(path), _NO_SUFFIX

    def _by_id(self, path: str) -> list[str]:
        """Return the photos whose path without suffix, or its ending, is this; none for a name with a suffix."""
        if PurePosixPath(path).suffix.lower() in IMAGE_SUFFIXES:
            return []
        whole, *shorter = _endings(path)
        ending, exact = self._stems
        found = ending.get(whole, []) + [file for one in shorter if "/" in one for file in exact.get(one, [])]
        same_case = [file for file in found if _name(_stem(file)) == _name(path)]
        return same_case or found

    @cached_property
    def _stems(self) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
        """Return the photos by every ending of their path without suffix, and by the whole of it; case is ignored."""
        by_ending: dict[str, list[str]] = defaultdict(list)
        whole: dict[str, list[str]] = defaultdict(list)
        for file in sorted(self.exact):
            if PurePosixPath(file).suffix.lower() in IMAGE_SUFFIXES:
                stem = _stem(file)
                whole[stem.casefold()].append(file)
                for ending in _endings(stem):
                    by_ending[ending].append(file)
        return by_ending, whole


def _plain(path: str) -> str:
    # macOS writes accents in two characters, other systems in one.
    return unicodedata.normalize("NFC", path.replace("\\", "/")).removeprefix("./")


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _stem(file: str) -> str:
    return str(PurePosixPath(_plain(file)).with_suffix(""))


def _endings(path: str) -> list[str]:
    """Return, ignoring case, the path, the path without its first folder, ..., and the base name."""
    parts = path.casefold().split("/")
    return ["/".join(parts[first:]) for first in range(len(parts))]
