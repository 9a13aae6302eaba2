"""Choose between columns that may hold the same thing: two of the file, two of the label; where they differ, ask."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from core.data.pictures.decoding import IMAGE_SUFFIXES
from core.data.tables.csv_cells import restore, rows_of
from core.data.tables.label_columns import FILENAMES, LABELS, Header, plain_column
from core.data.tables.label_rows import Problem
from core.data.tables.names import without_invisible
from core.data.tables.questions import SAMPLED, Asking, Choice, Question

LABEL_COLUMN, FILE_COLUMN = "label-column", "file-column"
"""The kinds of questions."""

_REPEATED = re.compile(r"\.[0-9]+$")  # pandas writes the second column "label" as "label.1"
_MOST_ALIKE = 8  # columns with one name, of a file that somebody made to take long


def choose_columns(header: Header, text: str, asking: Asking) -> tuple[Header, list[Problem]]:
    """Return the header with the columns of the file and the label that count, and what has to be said about it.

    Columns that are equal in all rows, or empty, are no choice. Of two that name the same files, one has the folders.
    A column of another kind that comes twice with different cells is a problem.
    """
    problems: list[Problem] = []
    labels = _filled(header, text, columns_called(header, LABELS))
    if differing := _differing(header, text, labels):
        header = replace(header, label=_ask(header, labels, differing, asking, LABEL_COLUMN, "the label"))
    elif labels:
        header = replace(header, label=labels[0])
    files = _filled(header, text, columns_called(header, FILENAMES))
    if differing := _differing(header, text, files):
        whole = next((place for place in files if _has_folders(header, text, place, files)), None)
        if whole is None:
            header = replace(header, filename=_ask(header, files, differing, asking, FILE_COLUMN, "the photo's file"))
        else:
            others = " and ".join(header.names[place] for place in files if place != whole)
            said = f"the column {header.names[whole]} names the photos, because it says more than {others}"
            header = replace(header, filename=whole)
            problems.append(Problem(header.line, said, harmless=True))
    elif files:
        header = replace(header, filename=files[0])
    return header, [*problems, *_repeated(header, text)]


def columns_called(header: Header, words: Sequence[str]) -> list[int]:
    """Return the first columns with one of these names, in the order of the names; also those that come twice."""
    names = [plain_column(_REPEATED.sub("", name)) for name in header.names]
    return [place for word in words for place, name in enumerate(names) if name == word][:_MOST_ALIKE]


def _rows(header: Header, text: str, places: Sequence[int]) -> Iterator[tuple[str, ...]]:
    """Yield the cells of each row in some columns, then the name of its file."""
    for line, cells in rows_of(text, header.delimiter, header.spaced):
        if line > header.line and not isinstance(cells, str) and any(cell.strip() for cell in cells):
            yield tuple(
                without_invisible(restore(cells[place])) if place < len(cells) else ""
                for place in (*places, header.filename)
            )


def _filled(header: Header, text: str, places: list[int]) -> list[int]:
    """Return the columns that are not empty in all rows."""
    if len(places) < 2:
        return places
    full: set[int] = set()
    for cells in _rows(header, text, places):
        full.update(place for place, cell in zip(places, cells, strict=False) if cell)
        if len(full) == len(places):
            break
    return [place for place in places if place in full]


def _differing(header: Header, text: str, places: list[int]) -> list[tuple[str, ...]]:
    """Return the first rows whose cells in these columns are not equal."""
    found: list[tuple[str, ...]] = []
    if len(places) > 1:
        for cells in _rows(header, text, places):
            if len(set(cells[:-1])) > 1:
                found.append(cells)
                if len(found) == SAMPLED:
                    break
    return found


def _has_folders(header: Header, text: str, whole: int, places: list[int]) -> bool:
    """Return whether the paths in one column end with the names in the others, in all rows."""
    at = places.index(whole)
    return all(_ends_with(cells[at], cell) for cells in _rows(header, text, places) for cell in cells[:-1])


def _ends_with(path: str, name: str) -> bool:
    if not name:
        return True
    parts, wanted = (PurePosixPath(one.replace("\\", "/")).parts for one in (path, name))
    stem = PurePosixPath(parts[-1]) if parts else PurePosixPath()
    if parts and wanted and stem.suffix.lower() in IMAGE_SUFFIXES and wanted[-1] == stem.stem:
        wanted = (*wanted[:-1], parts[-1])  # an id beside the file's name
    return parts[-len(wanted) :] == wanted


def _ask(
    header: Header, places: list[int], differing: list[tuple[str, ...]], asking: Asking, kind: str, what: str
) -> int:
    """Ask which of the columns counts; return the first one while nobody has chosen."""
    keys = {place: f"{header.names[place]}-{place + 1}" for place in places}
    if len({header.names[place] for place in places}) == len(places):
        keys = {place: header.names[place] for place in places}
    choices = tuple(
        Choice(key, f'Use column {place + 1}, "{header.names[place]}"', tuple((row[-1], row[at]) for row in differing))
        for at, (place, key) in enumerate(keys.items())
    )
    names = " and ".join(header.names[place] for place in places)
    text = f"The columns {names} may each hold {what}, and they differ. Which one counts?"
    key = asking.ask(Question(kind, text, choices, columns=("photo", what.removeprefix("the "))))
    return next((place for place, one in keys.items() if one == key), places[0])


def _repeated(header: Header, text: str) -> list[Problem]:
    """Report columns that are read and come twice, where the second one says something else."""
    names = [plain_column(_REPEATED.sub("", name)) for name in header.names]
    problems = []
    used = header.used
    for place in sorted(used - {header.filename, header.label}):
        twins = [at for at, name in enumerate(names) if name == names[place] and at not in used][:_MOST_ALIKE]
        if twins and _differing(header, text, [place, *twins]):
            said = f"the column {header.names[place]} comes {len(twins) + 1} times and differs; the first one is read"
            problems.append(Problem(header.line, said))
    return problems
