"""Choose paths for photos in a zip: unique, safe on every computer, and unchanged by a CSV."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

from core.data.importing.folder_layout import is_clutter, is_picture
from core.data.importing.formats.exported_image import ExportedImage
from core.data.tables.csv_cells import neutralize

# Windows allows none of the first characters; the others end a line or are invalid in XML.
_FORBIDDEN = re.compile('[<>:"|?*\\\\\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]')


def with_zip_paths(pictures: Sequence[ExportedImage], place: Callable[[ExportedImage], str]) -> list[ExportedImage]:
    """Return the images with names that are paths, no two of them with the same place.

    ``place`` returns what two images of a format may not share: the image's path, or that of its label file.
    """
    taken: set[str] = set()
    times: Counter[str] = Counter()
    renamed = []
    for one in pictures:
        path = plain = path_of(one)
        while place(replace(one, name=path)) in taken:
            times[plain] += 1
            stem, dot, suffix = plain.rpartition(".")
            path = f"{stem} ({times[plain] + 1}){dot}{suffix}"
        renamed.append(replace(one, name=path))
        taken.add(place(renamed[-1]))
    return renamed


def path_of(one: ExportedImage) -> str:
    """Return the image's name as a path, changed only where unpacking would change it."""
    parts = [safe_path_part(part) for part in one.name.replace("\\", "/").split("/") if part.strip(" .")]
    path = "/".join(parts) or "photo"
    if not is_picture(path):
        path += one.file.suffix
    return path if neutralize(path) == path else f"_{path}"


def safe_path_part(word: str) -> str:
    """Return a word as the name of a folder or file; it must not be only spaces and dots."""
    word = _FORBIDDEN.sub("_", word)
    if word != word.rstrip(" ."):  # Windows removes them
        word = word.rstrip(" .") + "_"
    return f"_{word}" if is_clutter(word) else word
