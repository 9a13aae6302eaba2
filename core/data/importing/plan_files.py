"""Plan the import of a list of files: labels come from a data set, a table or class folders."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from core.data.importing.box_frames import BoxedPhoto, settle_boxes
from core.data.importing.folder_layout import TABLE_SUFFIXES, is_note_of_export, is_picture, suffix_of
from core.data.importing.formats.class_folders import MISSING_FILE
from core.data.importing.formats.csv_styles.joined_tables import in_own_table
from core.data.importing.formats.gathered_labels import Files, check_labels
from core.data.importing.formats.gathering.competing_formats import TABLE
from core.data.importing.formats.manifest import FILE_NAME, Manifest, find_manifest
from core.data.importing.formats.recognise import read_data_set
from core.data.importing.import_plan import Candidate, FileResult, ImportPlan, in_line_order, with_boxes
from core.data.importing.names.class_in_name import with_classes_in_names
from core.data.importing.names.folder_classes import read_folders
from core.data.importing.names.folders_against_labels import remark_on_folders
from core.data.importing.photo_files.frame_questions import settle_frames
from core.data.importing.photo_files.skip_reasons import skip_reason
from core.data.importing.tables.photos_of_rows import by_rows, folder_around, photos_of_rows
from core.data.importing.tables.table_among_files import table_among
from core.data.importing.tables.unused_labels import NOT_RECOGNISED, may_hold_labels, problems_of_unrecognised
from core.data.importing.tables.unused_tables import problems_of_unused
from core.data.tables.label_rows import NO_GROUP_COLUMNS, GroupColumns, LabelledBox, LabelRow
from core.data.tables.labels_csv import LabelTable, Problem
from core.data.tables.names import class_key, sort_key, storable_name, tidy_name
from core.data.tables.questions import Asking
from core.errors import DataError

LONE_FOLDER = "all photos lie in one folder"
"""The first words of the problem that their folder is not used as a class."""

FileReaders = dict[str, Callable[[], bytes]]
"""Relative paths with slashes, each with the function that reads the file."""


@dataclass(frozen=True)
class _Files:
    """The files to import, before any label is read."""

    readers: Mapping[str, Callable[[], bytes]]
    pictures: Collection[str]  # imported whatever their suffix
    manifest: Manifest | None = None
    renamed: bool = False  # the paths are already names in the project
    common_folder: str = ""  # removed from the paths
    given: str = ""  # the folder around all of these

    def photo_paths(self) -> set[str]:
        """Return the paths that are photos, by their suffix or because the caller says so."""
        return {path for path in self.readers if is_picture(path) or path in self.pictures}

    def sorted_readers(self, paths: Collection[str]) -> FileReaders:
        """Return the readers of these paths in natural order."""
        # Names that differ only in case have one key: their order must not be that of a set.
        return {path: self.readers[path] for path in sorted(paths, key=lambda path: (sort_key(path), path))}


@dataclass(frozen=True)
class _Labelled:
    """The candidates from one source of labels: a data set, a table or class folders."""

    candidates: list[Candidate]  # named by their paths
    photos: set[str]  # the paths that become candidates
    used: Collection[str] = ()  # the files that the labels were read from
    classes: Sequence[str] = ()  # the classes that the source lists
    names: Mapping[str, str] = field(default_factory=dict)  # path -> name without the format's own folders
    absent: Sequence[LabelRow] = ()  # rows whose photo is not among the files
    group_columns: GroupColumns = NO_GROUP_COLUMNS
    parts: tuple[tuple[str, int], ...] = ()  # the tables that the rows stand in, if there are several
    source: str = "the folders of the photos count"  # why an unused table does not count
    asked: Collection[str] = ()  # the tables that a person chooses from


def plan_from_files(
    files: Mapping[str, Callable[[], bytes]],
    refused: Mapping[str, str],
    source: str,
    asking: Asking,
    table: LabelTable | None = None,
    pictures: Collection[str] = (),
    group_column: str | None = None,
    given: str = "",
) -> ImportPlan:
    """Plan the import of files; ``refused`` are those skipped already (path -> reason).

    Labels come from the first of these that exists: ``table``, a data set in another tool's format
    (core.data.importing.formats), a table in the top folder, one in any folder, class folders. ``pictures`` are
    imported whatever their suffix. A folder around everything is removed from the names, unless the table has it too.
    Our own exports contain a manifest, which gives the photos' names and the order of the classes. ``group_column`` is
    that of a table that is found among the files, as in ``read_labels``. ``given`` is the folder of all files, with its
    slash, if its name says which rows mean them.
    Raises LabelsError where the table cannot be chosen or read, or where there are too many classes.
    """
    problems: list[Problem] = []
    # A file of labels that was uploaded with photos is none of them.
    pictures = [path for path in pictures if not may_hold_labels(path)]
    found = _read_manifest(_Files(files, pictures, given=given), table, problems)
    unread: dict[str, str] = {}
    offered: set[str] = set()
    labelled = _from_data_set(found, problems, unread, offered, asking) if table is None else None
    if labelled is None:
        found = _without_common_folder(found, table)
        labelled = _from_table(found, table, problems, group_column, asking)
        labelled = labelled or _from_folders(found, problems, asking)
    if found.manifest is None:
        problems += remark_on_folders(labelled.candidates)
        problems += _unused_tables(found, labelled) if table is None else []
    unread = {path.removeprefix(found.common_folder): reason for path, reason in unread.items()}
    offered = {path.removeprefix(found.common_folder) for path in offered} - labelled.photos
    candidates = _with_settled_boxes(_with_names(labelled, found), problems, asking, found.manifest is not None)
    candidates = with_usable_labels(settle_frames(candidates, problems, asking), problems)
    listed = _usable_names(found.manifest.classes, problems) if found.manifest else ()
    classes = _usable_names((*listed, *labelled.classes, *classes_of(candidates)), problems)
    check_labels(len(classes), source)
    spoken_of = {*labelled.photos, *labelled.used, *labelled.asked, *offered}
    unused = [path for path in found.readers if path not in spoken_of] if found.manifest is None else []
    problems += problems_of_unrecognised(unused, unread, candidates, problems)
    results = _refused_results(found, labelled, refused, unread, offered)
    task = found.manifest.task if found.manifest else None
    absent = tuple(labelled.absent)
    located = [in_own_table(problem, labelled.parts) for problem in in_line_order(problems)]
    shown = [replace(problem, text=storable_name(problem.text)) for problem in located]
    columns = labelled.group_columns
    source = storable_name(source)
    plan = ImportPlan(tuple(candidates), tuple(shown), results, source, classes, listed, task, absent, columns)
    return replace(plan, parts=labelled.parts)


def _read_manifest(found: _Files, table: LabelTable | None, problems: list[Problem]) -> _Files:
    """Return the files without the manifest and its folder; a table may use the project's names or the zip's."""
    located = find_manifest(found.readers, problems)
    if located is None:
        return found
    folder, manifest = located
    own = folder + FILE_NAME
    readers: Files = {path.removeprefix(folder): read for path, read in found.readers.items() if path != own}
    pictures = {path.removeprefix(folder) for path in found.pictures if path != own}
    renamed = table is not None and manifest.table_uses_names(row.filename for row in table.rows)
    if renamed:
        readers = manifest.rename_files(readers)
        pictures = {manifest.photos.get(path, path) for path in pictures}
    return _Files(readers, pictures, manifest, renamed)


def _without_common_folder(found: _Files, table: LabelTable | None) -> _Files:
    """Return the files without the folder around everything; our own exports and the given table's paths keep it."""
    folder = "" if found.manifest else folder_around(found.readers, table)
    readers = {path.removeprefix(folder): read for path, read in found.readers.items()}
    pictures = {path.removeprefix(folder) for path in found.photo_paths()}
    return replace(found, readers=readers, pictures=pictures, common_folder=folder)


def _from_data_set(
    found: _Files, problems: list[Problem], unread: dict[str, str], offered: set[str], asking: Asking
) -> _Labelled | None:
    """Read the photos and labels of a data set in a known format; None where the files are not one."""
    data_set = read_data_set(found.readers, found.manifest, unread, offered, asking)
    if data_set is None:
        return None
    in_set = {row.filename for row in data_set.table.rows}
    photos = {path for path in found.readers if is_picture(path) or path in in_set} - data_set.used
    own = found.manifest is not None
    rows = by_rows(data_set.table, found.sorted_readers(photos), problems, own)
    candidates = [replace(one, line=None) for one in rows]  # these rows stand in no table of the user's
    names = {**data_set.names, **(found.manifest.photos if found.manifest else {})}
    problems[:] = [replace(one, filename=names.get(one.filename, one.filename)) for one in problems]
    labelled = _Labelled(candidates, photos, data_set.used, data_set.classes, data_set.names)
    tables = [path for path in found.readers if _base(path).lower() == TABLE]
    asked = tables if data_set.used.isdisjoint(tables) else ()
    return replace(labelled, source=f"the labels are read as {data_set.kind}", asked=asked)


def _from_table(
    found: _Files, given: LabelTable | None, problems: list[Problem], group_column: str | None, asking: Asking
) -> _Labelled | None:
    """Read the labels from the given table, else from the table among the files; None where there is none."""
    own = found.manifest is not None
    photos = found.photo_paths()
    chosen = table_among(found.readers, photos, problems, group_column, asking, own) if given is None else None
    table = chosen.table if chosen else given
    if table is None:
        return None
    used = chosen.used if chosen else frozenset()
    in_table = {_base(row.filename) for row in table.rows}
    photos |= {name for name in found.readers if _base(name) in in_table and name not in used}
    pictures, root = found.sorted_readers(photos), found.given + found.common_folder
    if own:
        candidates = by_rows(table, pictures, problems, own, asking, root)
    else:
        candidates = photos_of_rows(table, pictures, found.readers, problems, asking, root)
    gone = {problem.line for problem in problems if problem.absent}
    absent = [row for row in table.rows if row.line in gone]
    columns, parts = table.group_columns, table.parts
    labelled = _Labelled(candidates, photos, used, absent=absent, group_columns=columns, parts=parts)
    return replace(labelled, source=chosen.source, asked=chosen.asked) if chosen else labelled


def _from_folders(found: _Files, problems: list[Problem], asking: Asking) -> _Labelled:
    """Read classes and splits from the folders of the photos, if any."""
    photos = found.photo_paths()
    reading = read_folders(photos, asking)
    problems += reading.problems
    candidates = []
    for path, read in found.sorted_readers(photos).items():
        meant = reading.meanings[path]
        candidates.append(Candidate(path, meant.label, meant.split, None, read, by_folder=True, group=meant.group))
    if found.manifest is None and not any(one.label for one in candidates):
        candidates = with_classes_in_names(candidates, asking, problems)
    if found.common_folder and not any(one.label for one in candidates):
        text = f'{LONE_FOLDER}, "{_base(found.common_folder[:-1])}", which is not used as a class'
        problems.append(Problem(None, f"{text}; they are imported without labels"))
    return _Labelled(candidates, photos)


def _with_names(labelled: _Labelled, found: _Files) -> list[Candidate]:
    """Return the candidates with their names in the project instead of their paths."""
    if found.manifest and not found.renamed:
        named = found.manifest.rename_candidates(labelled.candidates, labelled.names)
    else:
        named = [replace(one, name=labelled.names.get(one.name, one.name)) for one in labelled.candidates]
    # Names in JSON may hold characters that neither a database nor a page accepts.
    return [replace(one, name=storable_name(one.name)) for one in named]


def _with_settled_boxes(
    candidates: list[Candidate], problems: list[Problem], asking: Asking, own: bool
) -> list[Candidate]:
    """Return the candidates with their boxes in pixels of the upright photo; what is unclear is asked."""
    boxed = [BoxedPhoto(one.name, one.objects, one.frame, one.read, trusted=own) for one in candidates if one.objects]
    if not boxed:
        return candidates
    settled, remarks = settle_boxes(boxed, asking)
    problems += remarks
    return [with_boxes(one, settled.get(one.name, one.objects)) for one in candidates]


def _unused_tables(found: _Files, labelled: _Labelled) -> list[Problem]:
    """Return what has to be said about tables with labels that are not used and that nobody was asked about."""
    spoken_of = {*labelled.photos, *labelled.used, *labelled.asked}
    unused = [path for path in found.readers if path not in spoken_of]
    photos = {one.name: one for one in labelled.candidates}
    return problems_of_unused(found.readers, unused, photos, labelled.source)


def _refused_results(
    found: _Files, labelled: _Labelled, refused: Mapping[str, str], unread: Mapping[str, str], offered: Collection[str]
) -> tuple[FileResult, ...]:
    """Return a result for each file that is not imported, sorted by name."""
    known = {*labelled.photos, *labelled.used, *offered}
    unused = [path for path in found.readers if path not in known]
    reason_of = {path: unread.get(path) or _why_unused(path) for path in unused if not is_note_of_export(path)}
    reasons = [*refused.items(), *reason_of.items()]
    results = [FileResult(path, "refused", reason) for path, reason in reasons]
    return tuple(sorted(results, key=lambda result: sort_key(result.name)))


def _why_unused(path: str) -> str:
    if _base(path) == MISSING_FILE:
        return "it lists the photos that were missing when this zip was made"
    return NOT_RECOGNISED if may_hold_labels(path) and suffix_of(path) not in TABLE_SUFFIXES else skip_reason(path)


def _usable_names(names: Iterable[str], problems: list[Problem]) -> tuple[str, ...]:
    """Return the names that can be classes, each once; the others become problems."""
    classes: dict[str, str] = {}
    for name in names:
        try:
            classes.setdefault(class_key(name), _class_name(name))
        except DataError as error:
            problems.append(Problem(None, f"a class in the list is skipped: {error}"))
    return tuple(classes.values())


def classes_of(candidates: Iterable[Candidate]) -> tuple[str, ...]:
    """Return the labels in order of first appearance; names that read the same appear once."""
    first: dict[str, str] = {}
    for candidate in candidates:
        for label in [one.label for one in candidate.objects] or [candidate.label]:
            if label is not None:
                first.setdefault(class_key(label), label)
    return tuple(first.values())


def with_usable_labels(candidates: list[Candidate], problems: list[Problem]) -> list[Candidate]:
    """Return the candidates without labels that cannot name a class; those become problems."""
    usable = []
    for candidate in candidates:
        label = candidate.label
        if label is not None:
            try:
                label = _class_name(label)
            except DataError as error:
                problems.append(Problem(None, f"{candidate.name} is imported without a label: {error}"))
                label = None
        objects = tuple(_usable_objects(candidate, problems))
        usable.append(replace(candidate, label=label, objects=objects))
    return usable


def _usable_objects(candidate: Candidate, problems: list[Problem]) -> Iterable[LabelledBox]:
    """Yield the boxes whose label can name a class; the others become problems."""
    for one in candidate.objects:
        try:
            yield replace(one, label=_class_name(one.label or ""))
        except DataError as error:
            problems.append(Problem(one.line or None, f"a box of {candidate.name} is skipped: {error}"))


def _class_name(word: str) -> str:
    """Return the word as a class name. Raises DataError where it cannot be one."""
    # JSON may hold characters that no database accepts.
    return tidy_name(storable_name(word), "class")


def _base(path: str) -> str:
    return PurePosixPath(path.replace("\\", "/")).name
