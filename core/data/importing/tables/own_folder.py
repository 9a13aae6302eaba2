"""Find the folder whose photos a table is about, where its rows fit photos in several: train.csv means train/1.jpg."""

import posixpath
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from core.data.importing.names.split_folders import split_name
from core.data.tables.file_index import OTHER_FOLDER, FileIndex
from core.data.tables.label_rows import LabelTable, Problem
from core.data.tables.names import sort_key
from core.data.tables.questions import SAMPLED, Asking, Choice, Question

PHOTO_FOLDER = "photo-folder"
"""The kind of the question."""
LEAVE = "leave"

_SHARE = 0.5  # of a table's rows have a photo in its folder
_MOST_CHOICES = 8
_DEEPEST = 16  # folders of a path that are looked at


class OwnFolders:
    """The photos by their folders, for tables that are about those in one of them."""

    def __init__(self, pictures: Collection[str]) -> None:
        self._index = FileIndex(sorted(pictures))
        above = {folder for path in pictures for folder in _folders_of(path)}
        self._folders = sorted(above, key=lambda folder: (folder.count("/"), folder))

    def places(self, table: LabelTable, path: str, asking: Asking | None = None) -> LabelTable:
        """Return the table at ``path`` with the whole paths of photos, where it is about those in one folder.

        That is the one that is called like the table or has its split, else the table's own, if half of the rows have
        one photo there. ``asking`` is asked where rows fit photos in several folders and neither tells.
        """
        found = [self._found(row.filename) for row in table.rows]
        folder = self._folder_of(path, found)
        if folder is not None:
            return self._in_folder(table, path, folder, found)
        unclear = [place for place, some in enumerate(found) if len(some) > 1]
        choices = self._choices(table, unclear, found)
        if asking is None or len(choices) < 2:
            return table
        answer = asking.ask(_question(table, path, unclear, choices))
        if answer == LEAVE:
            rows = [row for place, row in enumerate(table.rows) if place not in {*unclear}]
            return replace(table, rows=tuple(rows))
        if answer is None:
            return table
        chosen = dict(choices)[answer]
        rows = [replace(row, filename=chosen.get(place, row.filename)) for place, row in enumerate(table.rows)]
        return replace(table, rows=tuple(rows))

    def is_unclear(self, table: LabelTable) -> bool:
        """Return whether some row fits photos in several folders equally well."""
        return any(len(self._found(row.filename)) > 1 for row in table.rows)

    def _found(self, name: str) -> Sequence[str]:
        found, certainty = self._index.candidates(name)
        return found if certainty < OTHER_FOLDER else ()

    def _folder_of(self, path: str, found: Sequence[Sequence[str]]) -> str | None:
        """Return the folder whose photos a table is about; None where nothing tells."""
        own = posixpath.dirname(path)
        stem = PurePosixPath(path).name.partition(".")[0]
        named = [one for one in self._folders if posixpath.basename(one).casefold() == stem.casefold()]
        if not named and (split := split_name(stem)):
            names = {one: split_name(posixpath.basename(one)) for one in self._folders}
            named = [one for one, name in names.items() if name is not None and name.split == split.split]
        fitting = [one for one in named if _share(one, found) >= _SHARE]
        below = [one for one in fitting if own and one.startswith(f"{own}/")] or fitting
        outer = [one for one in below if not any(one.startswith(f"{other}/") for other in below)]
        if len(outer) == 1:
            return outer[0]
        return own if own and _share(own, found) >= _SHARE else None

    def _in_folder(self, table: LabelTable, path: str, folder: str, found: Sequence[Sequence[str]]) -> LabelTable:
        rows, moved = [], 0
        for row, some in zip(table.rows, found, strict=True):
            inside = [one for one in some if one.startswith(f"{folder}/")]
            name = row.filename
            if len(inside) == 1:
                moved += len(some) > 1
                name = inside[0]
            elif not inside and some and "/" not in name.replace("\\", "/"):
                name = f"{folder}/{name}"  # its photo is not there; one of that name in another folder is another
            rows.append(replace(row, filename=name))
        problems = table.problems
        if moved:
            photos = "1 row" if moved == 1 else f"{moved:,} rows"
            what = f"{path}: {photos} fit photos in several folders; those in {folder} are taken"
            problems = (*problems, Problem(None, what, harmless=True))
        return replace(table, rows=tuple(rows), problems=problems)

    def _choices(
        self, table: LabelTable, unclear: Sequence[int], found: Sequence[Sequence[str]]
    ) -> list[tuple[str, dict[int, str]]]:
        """Return the folders that settle rows, each with the photos that these rows would have there."""
        by_folder: dict[str, dict[int, list[str]]] = {}
        for place in unclear:
            depth = table.rows[place].filename.replace("\\", "/").strip("/").count("/")
            for one in found[place]:
                folder = "/".join(one.split("/")[: -1 - depth])
                by_folder.setdefault(folder, {}).setdefault(place, []).append(one)
        settled = {
            folder: {place: some[0] for place, some in rows.items() if len(some) == 1}
            for folder, rows in by_folder.items()
        }
        folders = sorted(filter(settled.get, settled), key=lambda folder: (-len(settled[folder]), sort_key(folder)))
        return [(folder or ".", settled[folder]) for folder in folders[:_MOST_CHOICES]]


def _question(
    table: LabelTable, path: str, unclear: Sequence[int], choices: Sequence[tuple[str, dict[int, str]]]
) -> Question:
    first = table.rows[unclear[0]]
    rows = "1 row fits" if len(unclear) == 1 else f"{len(unclear):,} rows fit"
    text = f"{path}: {rows} photos in several folders, such as {first.filename[:80]}. Which folder is the table about?"
    words = [
        Choice(
            folder,
            f"Take the photos in {folder}" if folder != "." else "Take the photos beside the folders",
            tuple((photo, table.rows[place].label or "") for place, photo in list(photos.items())[:SAMPLED]),
        )
        for folder, photos in choices
    ]
    words.append(Choice(LEAVE, "Leave these rows out"))
    return Question(PHOTO_FOLDER, text, tuple(words), path, ("photo", "class"))


def _share(folder: str, found: Sequence[Sequence[str]]) -> float:
    """Return the share of rows that have one photo in a folder."""
    inside = sum(sum(one.startswith(f"{folder}/") for one in some) == 1 for some in found)
    return inside / len(found) if found else 0.0


def _folders_of(path: str) -> list[str]:
    parts = path.split("/")[:-1][:_DEEPEST]
    return ["/".join(parts[: depth + 1]) for depth in range(len(parts))]
