"""From a list of files to an import plan: finds the table, joins it with the pictures, or goes by folders."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from pathlib import PurePosixPath

from core.data.importing.folder_layout import TABLE_SUFFIXES, common_folder, folder_meanings, is_picture, suffix_of
from core.data.importing.formats.gathered_labels import GatheredLabels
from core.data.importing.formats.manifest import NAME, Manifest, find_manifest
from core.data.importing.formats.recognise import read_data_set
from core.data.importing.import_plan import Candidate, FileResult, ImportPlan, by_line
from core.data.tables.label_rows import LabelledBox, objects_of
from core.data.tables.labels_csv import NO_LABEL, LabelTable, Problem, match_files, read_labels
from core.data.tables.names import name_key, sort_key, storable_name, tidy_name
from core.errors import DataError, LabelsError

FileReaders = dict[str, Callable[[], bytes]]
"""Relative paths with slashes, each with the function that reads the file."""


def plan_of(
    files: Mapping[str, Callable[[], bytes]],
    refused: Mapping[str, str],
    source: str,
    table: LabelTable | None = None,
    pictures: Collection[str] = (),
) -> ImportPlan:
    """The plan for files, some of them refused already (path -> reason).

    ``table`` holds where it is given; else what another tool's format says (core.data.importing.formats), else the
    table in the top folder, else the class folders. ``pictures`` are to be tried whatever their names. Folders around
    everything are taken off the names, unless the table writes them too.
    Where the side file of our own exports lies among the files, names and the order of classes are those it says.
    Raises LabelsError where it cannot be said which table holds, or where it cannot be read.
    """
    problems: list[Problem] = []
    side, named_already = None, False
    if (own := find_manifest(files, problems)) is not None:
        folder, side = own
        files = {path.removeprefix(folder): read for path, read in files.items() if path != folder + NAME}
        pictures = {path.removeprefix(folder) for path in pictures if path != folder + NAME}
        if table is not None and side.named_by(row.filename for row in table.rows):
            files = side.under_names(files)
            pictures = {side.photos.get(path, path) for path in pictures}
            named_already = True
    data_set = read_data_set(files, side) if table is None else None
    if data_set is not None:
        return _plan_of_data_set(data_set, files, refused, source, problems, side)
    wrapper = common_folder([path for path in files if is_picture(path) or suffix_of(path) in TABLE_SUFFIXES])
    if side is not None or (table and any(row.filename.replace("\\", "/").startswith(wrapper) for row in table.rows)):
        wrapper = ""
    named = {path.removeprefix(wrapper): read for path, read in files.items()}
    tried = {path.removeprefix(wrapper) for path in files if is_picture(path) or path in pictures}
    places = folder_meanings(tried)
    used = None
    if table is None:
        tables = {path: read for path, read in named.items() if suffix_of(path) in TABLE_SUFFIXES and "/" not in path}
        by_folders = any(place.label for place in places.values())
        used, table = _table_among(tables, by_folders, problems)
    if table is not None:
        in_table = {_base(row.filename) for row in table.rows}
        tried |= {path for path in named if _base(path) in in_table and path != used}
        pictured = {path: named[path] for path in sorted(tried, key=sort_key)}
        candidates = _by_rows(table, pictured, problems, own=side is not None)
    else:
        ordered = sorted(tried, key=sort_key)
        candidates = [Candidate(path, places[path].label, places[path].split, None, named[path]) for path in ordered]
        if wrapper and not any(place.label for place in places.values()):
            text = f'all photos lie in one folder, "{_base(wrapper[:-1])}", which is not taken for a class'
            problems.append(Problem(None, f"{text}; they come in unlabelled"))
    if side is not None and not named_already:
        candidates = side.with_names(candidates, {})
    candidates = with_usable_labels(candidates, problems)
    results = [FileResult(path, "refused", reason) for path, reason in refused.items()]
    results += [FileResult(path, "refused", _why_not(path)) for path in named if path not in tried and path != used]
    results.sort(key=lambda result: sort_key(result.name))
    listed = _usable_names(side.classes, problems) if side is not None else ()
    classes = _usable_names((*listed, *classes_of(candidates)), problems)
    task = side.task if side is not None else None
    return ImportPlan(tuple(candidates), by_line(problems), tuple(results), source, classes, listed, task)


def _plan_of_data_set(
    data_set: GatheredLabels,
    files: Mapping[str, Callable[[], bytes]],
    refused: Mapping[str, str],
    source: str,
    problems: list[Problem],
    side: Manifest | None,
) -> ImportPlan:
    """The plan for files of a known format; pictures lose the folders that the format itself needs."""
    rows = {row.filename for row in data_set.table.rows}
    tried = {path for path in files if is_picture(path) or path in rows}
    pictured = {path: files[path] for path in sorted(tried, key=sort_key)}
    found = _by_rows(data_set.table, pictured, problems, own=side is not None)
    names = data_set.names
    if side is None:
        candidates = [replace(one, name=names.get(one.name, one.name)) for one in found]
    else:
        candidates, names = side.with_names(found, names), names | dict(side.photos)
    problems = [replace(one, filename=names.get(one.filename, one.filename)) for one in problems]
    candidates = with_usable_labels(candidates, problems)
    results = [FileResult(path, "refused", reason) for path, reason in refused.items()]
    unused = [path for path in files if path not in tried and path not in data_set.used]
    results += [FileResult(path, "refused", _why_not(path)) for path in unused]
    results.sort(key=lambda result: sort_key(result.name))
    listed = _usable_names(side.classes, problems) if side is not None else ()
    classes = _usable_names((*listed, *data_set.classes, *classes_of(candidates)), problems)
    task = side.task if side is not None else None
    return ImportPlan(tuple(candidates), by_line(problems), tuple(results), source, classes, listed, task)


def _usable_names(names: Iterable[str], problems: list[Problem]) -> tuple[str, ...]:
    """The names of classes, each once; what cannot be one is said."""
    classes: dict[str, str] = {}
    for name in names:
        try:
            classes.setdefault(name_key(name), _class_name(name))
        except DataError as error:
            problems.append(Problem(None, f"a class of the list is left out: {error}"))
    return tuple(classes.values())


def the_table(tables: Mapping[str, Callable[[], bytes]]) -> tuple[str, LabelTable]:
    """Of several tables labels.csv, else the only one that has the columns. Raises LabelsError that lists them."""
    for path in tables:
        if path.lower() == "labels.csv":
            return path, read_labels(tables[path](), path)
    good, wrong = [], []
    for path in sorted(tables):
        try:
            good.append((path, read_labels(tables[path](), path)))
        except LabelsError as error:
            wrong.append(error)
    if len(good) == 1:
        return good[0]
    if len(wrong) == 1 and not good:
        raise wrong[0]
    listed, how_many = ", ".join(sorted(tables)), "More than one" if good else "None"
    raise LabelsError(
        f"{how_many} of the tables {listed} has a column for the file and one for the label. "
        "Name the right one labels.csv, with the columns filename and label."
    )


def classes_of(candidates: Iterable[Candidate]) -> tuple[str, ...]:
    """The labels in the order in which they first appear; those that a project takes for one class come once."""
    first: dict[str, str] = {}
    for candidate in candidates:
        for label in [one.label for one in candidate.objects] or [candidate.label]:
            if label is not None:
                first.setdefault(name_key(label), label)
    return tuple(first.values())


def _table_among(
    tables: Mapping[str, Callable[[], bytes]], by_folders: bool, problems: list[Problem]
) -> tuple[str | None, LabelTable | None]:
    """The table that lies beside the pictures; where class folders say the labels, tables may be about anything."""
    if not tables:
        return None, None
    try:
        return the_table(tables)
    except LabelsError as error:
        if not by_folders or any(path.lower() == "labels.csv" for path in tables):
            raise
        problems.append(Problem(None, f"the labels are those of the class folders, because no table fits: {error}"))
        return None, None


def _by_rows(table: LabelTable, pictures: FileReaders, problems: list[Problem], own: bool) -> list[Candidate]:
    """The pictures in the order of the table's rows, then those without a row: in our own exports the unlabelled."""
    file_of, unmatched = match_files(table, pictures, some_have_no_row=own)
    said = [replace(one, harmless=one.harmless or (own and one.text.startswith(NO_LABEL))) for one in table.problems]
    problems += [*said, *unmatched]
    candidates = []
    for row in table.rows:
        if row.line in file_of:
            file = file_of[row.line]
            candidates.append(Candidate(file, row.label, row.split, row.box, pictures[file], objects_of(row)))
    with_row = set(file_of.values())
    candidates += [Candidate(file, None, None, None, read) for file, read in pictures.items() if file not in with_row]
    return candidates


def with_usable_labels(candidates: list[Candidate], problems: list[Problem]) -> list[Candidate]:
    usable = []
    for candidate in candidates:
        label = candidate.label
        if label is not None:
            try:
                label = _class_name(label)
            except DataError as error:
                problems.append(Problem(None, f"{candidate.name} comes in unlabelled: {error}"))
                label = None
        objects = tuple(_usable_objects(candidate, problems))
        usable.append(replace(candidate, label=label, objects=objects))
    return usable


def _usable_objects(candidate: Candidate, problems: list[Problem]) -> Iterable[LabelledBox]:
    """The boxes whose label can name a class; what the others lack is said."""
    for one in candidate.objects:
        try:
            yield replace(one, label=_class_name(one.label or ""))
        except DataError as error:
            problems.append(Problem(one.line or None, f"a box of {candidate.name} is left out: {error}"))


def _class_name(word: str) -> str:
    """The word as a class is called; DataError where it cannot be one. JSON may hold what no database takes."""
    return tidy_name(storable_name(word), "class")


def _base(path: str) -> str:
    return PurePosixPath(path.replace("\\", "/")).name


def _why_not(path: str) -> str:
    suffix = suffix_of(path)
    if suffix == ".zip":
        return "a zip inside is not opened; unpack it, or import it by itself"
    if suffix in TABLE_SUFFIXES:
        return "this table is not used"
    return f"{suffix or 'a file without a suffix'} is no kind of image that is read"
