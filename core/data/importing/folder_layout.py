"""Interpret file paths: which files are images or tables, and which folders are classes or splits."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import PurePosixPath

from core.data.pictures.decoding import IMAGE_SUFFIXES
from core.data.tables.labels_csv import split_named

TABLE_SUFFIXES = frozenset((".csv", ".tsv"))
PACKED_SUFFIXES = frozenset((".npz", ".h5", ".hdf5"))
"""Suffixes of files that hold many images as arrays."""
# Meant as images but not readable: they are tried, so that the decoder says what to do about them.
_MEANT_AS_PICTURES = frozenset((".heic", ".heif", ".svg", ".eps", ".ico"))
_CLUTTER = frozenset(("__macosx", "thumbs.db", "desktop.ini"))


def is_clutter(path: str) -> bool:
    """Return whether a file is hidden or left behind by an operating system; such files are never imported."""
    return any((part.startswith(".") and part not in (".", "..")) or part.lower() in _CLUTTER for part in _parts(path))


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
    return PurePosixPath(path).suffix.lower()


def is_picture(path: str) -> bool:
    """Return whether a file with that name is meant as an image."""
    return suffix_of(path) in IMAGE_SUFFIXES or suffix_of(path) in _MEANT_AS_PICTURES


def common_folder(paths: Collection[str]) -> str:
    """Return the folders around everything ("birds/"), or "": a folder that is alone on its level is not a class.

    A lone folder called "train" is a split, unless the table is in it.
    """
    wrapper = ""
    rest = list(paths)
    while rest:
        top = {path.partition("/")[0] for path in rest if "/" in path}
        if len(top) != 1 or any("/" not in path for path in rest):
            break
        folder = top.pop() + "/"
        with_table = any(suffix_of(path) in TABLE_SUFFIXES and path.count("/") == 1 for path in rest)
        if split_named(folder[:-1]) and not with_table:
            break
        wrapper += folder
        rest = [path.removeprefix(folder) for path in rest]
    return wrapper


@dataclass(frozen=True)
class FolderMeaning:
    """The class and split that an image's folders give."""

    label: str | None
    split: str | None


def folder_meanings(paths: Collection[str]) -> dict[str, FolderMeaning]:
    """Return class and split of each image by its folders: ``owl/1.jpg``, ``train/owl/1.jpg``, ``test/1.jpg``.

    The top folders are splits if all of them, or train and another one, are named like splits. A lone folder "train"
    among others may be the class of trains.
    """
    top = {path.partition("/")[0] for path in paths if "/" in path}
    splits = {folder: split for folder in top if (split := split_named(folder))}
    if len(splits) < len(top) and not ("train" in splits.values() and len(set(splits.values())) > 1):
        splits = {}
    places = {}
    for path in paths:
        *folders, _ = path.split("/")
        split = splits.get(folders[0]) if folders else None
        if split:
            folders = folders[1:]
        places[path] = FolderMeaning(folders[0] if folders else None, split)
    return places
