"""Find the photos of an import that the project has already: files by their content, rows of a table by name."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from core.data.importing.formats.image_size import size_of
from core.data.importing.import_plan import Candidate, ImportPlan
from core.data.limited.photos import photo_hashes
from core.data.store.store import ImageRow, Store
from core.data.tables.label_rows import LabelRow, LabelTable, Problem
from core.data.tables.name_matching import match_files
from core.data.tables.names import search_key
from core.errors import ImageRefused
from core.progress import CountCallback


@dataclass(frozen=True)
class KnownPhotos:
    """The photos of an import that are in the project."""

    by_content: Mapping[str, int] = field(default_factory=dict)  # name of a candidate -> image
    by_name: Mapping[int, int] = field(default_factory=dict)  # place in the plan's absent rows -> image
    new_names: frozenset[str] = frozenset()  # candidates that the project has under other names only
    problems: tuple[Problem, ...] = ()  # rows whose photo is neither here nor there, and uncertain matches


def find_known(plan: ImportPlan, store: Store, project_id: int, progress: CountCallback | None = None) -> KnownPhotos:
    """Return the photos that the project has already. Only files with a row, a label or a split are compared.

    A file is known by its content, whatever its name. A row of the table whose photo is not among the files is known
    by its name, or another name of the same photo; folders in names count as in ``match_files``.
    """
    rows = store.images(project_id)
    names = store.image_names(project_id)
    by_content = _by_content(plan.candidates, rows, store.image_paths(project_id), progress) if rows else {}
    by_name, problems = _by_name(plan.absent, rows, names, set(by_content.values()))
    new_names = frozenset(name for name, image in by_content.items() if names.get(name) != image)
    return KnownPhotos(by_content, by_name, new_names, tuple(problems))


def _by_content(
    candidates: Sequence[Candidate],
    rows: Sequence[ImageRow],
    paths: Mapping[str, Path],
    progress: CountCallback | None,
) -> dict[str, int]:
    """Return the images that equal files, by the files' names. Most files are recognised without decoding them."""
    by_hash = {row.hash: row.id for row in rows}
    by_bytes: dict[int, list[ImageRow]] = defaultdict(list)
    for row in rows:
        by_bytes[row.bytes].append(row)
    sizes = {(row.width, row.height) for row in rows}
    labelled = [one for one in candidates if one.label or one.split or one.objects or one.line is not None]
    found: dict[str, int] = {}
    for done, candidate in enumerate(labelled, start=1):
        try:
            raw = candidate.read()
            image = _same_file(raw, by_bytes.get(len(raw), ()), paths)
            if image is None and size_of(raw) in sizes:
                pixels = photo_hashes(raw, candidate.name)
                image = by_hash.get(pixels.hash) or by_hash.get(pixels.former or "")
        except ImageRefused:  # the import reports it
            image = None
        if image is not None:
            found[candidate.name] = image
        if progress is not None:
            progress(done, len(labelled))
    return found


def _same_file(raw: bytes, rows: Sequence[ImageRow], paths: Mapping[str, Path]) -> int | None:
    """Return the image whose stored file has exactly these bytes."""
    for row in rows:
        try:
            if paths[row.hash].read_bytes() == raw:
                return row.id
        except (OSError, KeyError):  # the picture's file is gone; its content hash still tells
            continue
    return None


def _by_name(
    absent: Sequence[LabelRow], rows: Sequence[ImageRow], names: Mapping[str, int], taken: Collection[int]
) -> tuple[dict[int, int], list[Problem]]:
    """Return the images of rows by the rows' places, and what has to be said about them.

    First a row with exactly a name of a photo. The others may mean the photos that are left, but not those of files
    (``taken``): by the photos' own names, then by their other names.
    """
    found = {place: names[row.filename] for place, row in enumerate(absent) if row.filename in names}
    left = {row.id for row in rows} - {*taken, *found.values()}
    own = {row.filename: row.id for row in rows if row.id in left}
    others = {name: image for name, image in names.items() if image in left and name not in own}
    ends: dict[str, list[list[str]]] = defaultdict(list)
    for name in names:
        ends[_reversed_parts(name)[0]].append(_reversed_parts(name))
    # Lines repeat if there are two tables; then the rows are numbered by their places.
    lines = [row.line for row in absent]
    place_of = {line: place for place, line in enumerate(lines)} if len({*lines}) == len(lines) else {}
    rest = [row if place_of else replace(row, line=place) for place, row in enumerate(absent) if place not in found]
    apart = {row.line for row in rest if _is_elsewhere(row.filename, ends)}
    first, unsure = _match([row for row in rest if row.line not in apart], own)
    missing = {problem.line for problem in unsure if problem.absent}
    second, still = _match([row for row in rest if row.line in missing], others)
    problems = [one for one in (*unsure, *still) if not one.absent]
    problems = [replace(one, line=absent[one.line or 0].line) for one in problems] if not place_of else problems
    gone = apart | (missing - second.keys() - {problem.line for problem in still if not problem.absent})
    for row in rest:
        if row.line in gone:
            line = row.line if place_of else absent[row.line].line
            text = f"{row.filename} is neither in the project nor among the files; add the photo or delete the row"
            problems.append(Problem(line, text, absent=True))
    matched = {place_of.get(line, line): image for line, image in (first | second).items()}
    return found | matched, problems


def _is_elsewhere(filename: str, ends: Mapping[str, Sequence[list[str]]]) -> bool:
    """Return whether a name has folders that contradict those of every photo with the same last part.

    The row of patient2/001.png must not change the label of patient1/001.png.
    """
    parts = _reversed_parts(filename)
    alike = ends.get(parts[0], ())
    return bool(alike) and all(any(one != other for one, other in zip(parts, name, strict=False)) for name in alike)


def _reversed_parts(name: str) -> list[str]:
    """Return the parts of a path, the file name first, without case and with accents written in one way."""
    return [part for part in reversed(search_key(name.replace("\\", "/")).split("/")) if part not in ("", ".")] or [""]


def _match(rows: Sequence[LabelRow], names: Mapping[str, int]) -> tuple[dict[int, int], list[Problem]]:
    file_of, problems = match_files(LabelTable(tuple(rows), (), ()), list(names), some_have_no_row=True)
    return {place: names[name] for place, name in file_of.items()}, [one for one in problems if one.line is not None]
