"""Say which files beside the photos look like labels and are not used: in a form that nobody recognised."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from pathlib import PurePosixPath

from core.data.importing.folder_layout import PACKED_SUFFIXES, TABLE_SUFFIXES, suffix_of
from core.data.importing.import_plan import Candidate
from core.data.tables.label_rows import Problem
from core.data.tables.questions import SAMPLED

LABEL_SUFFIXES = frozenset(
    (
        *(".json", ".jsonl", ".ndjson", ".geojson", ".xml", ".txt", ".yaml", ".yml", ".names", ".lst", ".arff"),
        *(".xlsx", ".xls", ".xlsm", ".xlsb", ".ods", ".numbers", ".db", ".sqlite", ".sqlite3", ".mdb", ".lmdb"),
        *(".mat", ".pkl", ".pickle", ".npy", ".tfrecord", ".tfrecords", ".record", ".rec", ".feather", ".arrow"),
        *(TABLE_SUFFIXES | PACKED_SUFFIXES),
    )
)
"""Suffixes of files that hold labels in some program."""

_IN_NO_FORM = "in no form that is recognised"
NOT_RECOGNISED = f"it may hold labels, but {_IN_NO_FORM}"

_NO_LABELS = frozenset(
    (
        *("readme", "license", "licence", "licenses", "licences", "copying", "notice", "notices", "changelog"),
        *("changes", "citation", "credits", "attribution", "attributions", "authors", "contributors", "copyright"),
        *("requirements", "robots", "terms", "disclaimer", "howto", "dataset_info", "dataset_infos", "dataset_dict"),
        *("dataset-metadata", "state", "package", "pyproject", "docker-compose", "environment", "checksums"),
        *("md5", "md5sums", "sha256", "sha256sums"),
    )
)
"""First words of the names of files that say something about a data set, and never a label."""


def may_hold_labels(path: str) -> bool:
    """Return whether a file with that name holds labels in some program, and is not a README or a licence."""
    stem = PurePosixPath(path).name.lower().partition(".")[0]
    return suffix_of(path) in LABEL_SUFFIXES and stem not in _NO_LABELS and not stem.startswith("readme")


def problems_of_unrecognised(
    unused: Collection[str], unread: Mapping[str, str], candidates: Sequence[Candidate], said: Sequence[Problem]
) -> list[Problem]:
    """Return a problem for each kind of unused files that look like labels, or a remark where the photos have labels.

    A file that is called like a photo without a label is a problem in any case: it may be that photo's.
    ``unread`` are files of labels that cannot be read, each with the reason. Tables that ``said`` speaks of are not
    said again; those without labels count only where no photo has a label.
    """
    if not candidates:
        return []
    labelled = any(one.label is not None or one.objects or one.opinions for one in candidates)
    kinds: dict[tuple[str, str], list[str]] = defaultdict(list)  # suffix and reason -> paths
    for path in sorted({*unused, *unread}):
        suffix = suffix_of(path)
        of_table = suffix in TABLE_SUFFIXES and (labelled or any(one.text.startswith(path) for one in said))
        if path in unread:
            kinds[suffix, unread[path]].append(path)
        elif may_hold_labels(path) and not of_table:
            kinds[suffix, _IN_NO_FORM].append(path)
    bare = {_stem(one.name) for one in candidates if not (one.label is not None or one.objects or one.opinions)}
    return [_problem(suffix, reason, paths, labelled, bare) for (suffix, reason), paths in kinds.items()]


def _problem(suffix: str, reason: str, paths: Sequence[str], labelled: bool, bare: Collection[str]) -> Problem:
    one = len(paths) == 1
    which = paths[0] if one else f"{len(paths):,} {suffix} files, such as {', '.join(paths[:SAMPLED])},"
    text = f"{which} may hold {'labels' if labelled or reason == _IN_NO_FORM else 'the labels'}, but {reason}"
    if labelled:
        lost = any(_stem(path) in bare for path in paths)
        return Problem(None, f"{text}; {'it is' if one else 'they are'} not used", harmless=not lost)
    if reason != _IN_NO_FORM:
        return Problem(None, f"{text}; no photo has a label")
    this = "this file" if one else "these files"
    advice = f"write the labels into a labels.csv, or delete {this} to import the photos without labels"
    return Problem(None, f"{text}, so no photo has a label; {advice}")


def _stem(path: str) -> str:
    """Return the name of a file without its folders and its suffix."""
    return PurePosixPath(path).stem
