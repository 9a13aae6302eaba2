"""Interpret file paths: which files are images, tables or clutter, and which folders lie around everything."""

import re
from collections.abc import Collection

from core.data.importing.names.split_folders import split_name
from core.data.pictures.decoding import IMAGE_SUFFIXES
from core.data.tables.labels_csv import split_named

TABLE_SUFFIXES = frozenset((".csv", ".tsv"))
PACKED_SUFFIXES = frozenset((".npz", ".h5", ".hdf5", ".parquet"))
"""Suffixes of files that hold many images."""
# Meant as images but not readable: they are tried, so that the decoder says what to do about them.
_MEANT_AS_PICTURES = frozenset((".svg", ".eps", ".ico"))
# README.dataset.txt and README.roboflow.txt lie in every export of Roboflow, whatever its format.
_NOTE = re.compile(r"README\.[a-z]+\.txt", re.IGNORECASE)
_CLUTTER = frozenset(("__macosx", "thumbs.db", "desktop.ini"))
_MADE_BY_SYSTEMS = ("._", ".trash", ".thumb", ".cache", ".git", ".ipynb", ".appledouble", ".spotlight", ".picasa", ".@")
"""How the names of hidden files and folders begin that a program made of others."""


def is_clutter(path: str) -> bool:
    """Return whether a file is hidden or left behind by an operating system; such files are never imported."""
    return any((part.startswith(".") and part not in (".", "..")) or part.lower() in _CLUTTER for part in _parts(path))


def is_note_of_export(path: str) -> bool:
    """Return whether a tool wrote this file for people beside its labels; it is neither used nor reported."""
    return _NOTE.fullmatch(path.rpartition("/")[2]) is not None


def is_hidden_photo(path: str) -> bool:
    """Return whether a file is skipped as clutter although its name is that of a photo, and no system made it."""
    parts = [part.lower() for part in _parts(path)]
    made = any(part in _CLUTTER or part.startswith(_MADE_BY_SYSTEMS) for part in parts)
    return is_clutter(path) and is_picture(path) and not made


def plain_path(path: str) -> str | None:
    """Return the path with slashes and without "." parts; None where it is absolute, empty or leaves its folder."""
    parts = _parts(path)
    if not parts or ".." in parts or path[:1] in ("/", "\\") or re.match(r"[A-Za-z]:", path):
        return None
    return "/".join(part for part in parts if part != ".") or None


def _parts(path: str) -> list[str]:
    return [part for part in path.replace("\\", "/").split("/") if part]


def suffix_of(path: str) -> str:
    """Return the suffix in lower case, with its dot."""
    name = path.rpartition("/")[2]  # as PurePosixPath does it, and ten times as fast
    dot = name.rfind(".")
    return name[dot:].lower() if 0 < dot < len(name) - 1 else ""


def is_picture(path: str) -> bool:
    """Return whether a file with that name is meant as an image."""
    return suffix_of(path) in IMAGE_SUFFIXES or suffix_of(path) in _MEANT_AS_PICTURES


def common_folder(paths: Collection[str]) -> str:
    """Return the folders around everything ("birds/"), or "": a folder that is alone on its level is not a class.

    A lone folder called "train" is a split, unless the table is in it, and one called "seg_train" may be one.
    """
    wrapper = ""
    rest = list(paths)
    while rest:
        top = {path.partition("/")[0] for path in rest if "/" in path}
        if len(top) != 1 or any("/" not in path for path in rest):
            break
        folder = top.pop() + "/"
        with_table = any(suffix_of(path) in TABLE_SUFFIXES and path.count("/") == 1 for path in rest)
        split = split_name(folder[:-1])
        # Photos of somebody's own in "test photos" are no test photos, unless class folders are in it.
        if split and not with_table and (split_named(folder[:-1]) or any(path.count("/") > 1 for path in rest)):
            break
        wrapper += folder
        rest = [path.removeprefix(folder) for path in rest]
    return wrapper
