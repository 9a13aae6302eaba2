"""Paths for photos in a zip: such as every computer unpacks, no CSV has to change, and no two photos share."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

from core.data.importing.folder_layout import is_clutter, is_picture
from core.data.importing.formats.exported_picture import ExportedPicture
from core.data.tables.csv_cells import neutralize

# Windows takes no name with one of the first; the others end a line, or stand in no XML.
_FORBIDDEN = re.compile('[<>:"|?*\\\\\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]')


def with_zip_paths(
    pictures: Sequence[ExportedPicture], place: Callable[[ExportedPicture], str]
) -> list[ExportedPicture]:
    """The pictures under names that are paths, no two of them with the same place.

    ``place`` says what two pictures of a format may not share: where the picture lies, or its file of labels.
    """
    taken: set[str] = set()
    times: Counter[str] = Counter()
    placed = []
    for one in pictures:
        path = plain = path_of(one)
        while place(replace(one, name=path)) in taken:
            times[plain] += 1
            stem, dot, suffix = plain.rpartition(".")
            path = f"{stem} ({times[plain] + 1}){dot}{suffix}"
        placed.append(replace(one, name=path))
        taken.add(place(placed[-1]))
    return placed


def path_of(one: ExportedPicture) -> str:
    """The picture's name as a path: the name itself, but for what would be lost or changed on the way."""
    parts = [safe_path_part(part) for part in one.name.replace("\\", "/").split("/") if part.strip(" .")]
    path = "/".join(parts) or "photo"
    if not is_picture(path):
        path += one.file.suffix
    return path if neutralize(path) == path else f"_{path}"


def safe_path_part(word: str) -> str:
    """A word as the name of a folder or a file; it must have more in it than blanks and dots."""
    word = _FORBIDDEN.sub("_", word)
    if word != word.rstrip(" ."):  # Windows drops them
        word = word.rstrip(" .") + "_"
    return f"_{word}" if is_clutter(word) else word
