"""Choose paths for photos in a zip: unique and safe on every computer, and unchanged by readers of lists."""

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace

from core.data.importing.folder_layout import is_clutter, is_picture
from core.data.importing.formats.exported_image import ExportedImage
from core.data.tables.csv_cells import neutralize
from core.data.tables.names import search_key

LONGEST_NAME_IN_ZIP = 110
"""Characters of a photo's path below the format's folders: Windows allows 260 for the whole path on its disk."""
LONGEST_FOLDER = 75
"""Characters of the folder of a class."""
_PART_BYTES = 200  # every system allows 255 for a file or folder, and a number may follow
_LONGEST_SUFFIX = 10

# Windows allows none of the first characters; the others end a line or are invalid in XML.
_FORBIDDEN = re.compile('[<>:"|?*\\\\\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]')
# Names of devices of Windows, with any suffix:
# https://learn.microsoft.com/en-us/windows/win32/fileio/naming-a-file#naming-conventions
_PORTS = [f"{port}{number}" for port in ("COM", "LPT") for number in "0123456789¹²³"]
_DEVICES = frozenset(["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$", "CLOCK$", *_PORTS])


def with_zip_paths(
    pictures: Sequence[ExportedImage],
    place: Callable[[ExportedImage], str],
    *,
    in_table: bool = False,
    reserved: Collection[str] = (),
) -> list[ExportedImage]:
    """Return the images with names that are paths, no two of them with the same place on any system.

    ``place`` returns what two images of a format may not share: the image's path, or that of its label file. Paths that
    differ only in case or in the encoding of accents are one path on Windows and macOS; folders of which this holds are
    spelled in one way. ``in_table``: the names stand in a table that people open in spreadsheets.
    ``reserved`` are names of files that mean something else to readers of the format, as YOLO's classes.txt.
    """
    places, names = _Taken(), _Taken()
    folders: dict[str, str] = {}
    times: Counter[str] = Counter()
    renamed = []
    for one in pictures:
        path = plain = _with_known_folders(path_of(one, in_table), folders)
        if names.holds_file_above(path) or places.holds_file_above(place(replace(one, name=path))):
            path = plain = shortened(path.replace("/", "_"), LONGEST_NAME_IN_ZIP)  # a photo has its folder's name
        while (
            places.holds(own := place(replace(one, name=path)))
            or search_key(own.rpartition("/")[2]) in reserved
            or names.holds_folder(path)
        ):
            times[plain] += 1
            stem, dot, suffix = plain.rpartition(".")
            path = f"{stem} ({times[plain] + 1}){dot}{suffix}"
        renamed.append(replace(one, name=path))
        places.add(place(renamed[-1]))
        names.add(path)
    return renamed


class _Taken:
    """The paths that are taken, compared as Windows and macOS do."""

    def __init__(self) -> None:
        self._files: set[str] = set()
        self._folders: set[str] = set()

    def add(self, path: str) -> None:
        key = search_key(path)
        self._files.add(key)
        self._folders.update(_folders_of(key))

    def holds(self, path: str) -> bool:
        """Return whether a file or a folder has this path."""
        return search_key(path) in self._files or self.holds_folder(path)

    def holds_folder(self, path: str) -> bool:
        return search_key(path) in self._folders

    def holds_file_above(self, path: str) -> bool:
        """Return whether a file has the path of a folder that this path lies in."""
        return not self._files.isdisjoint(_folders_of(search_key(path)))


def _folders_of(path: str) -> Iterator[str]:
    """Yield the folders that a path lies in: "a", "a/b" for "a/b/c.png"."""
    at = path.find("/")
    while at >= 0:
        yield path[:at]
        at = path.find("/", at + 1)


def _with_known_folders(path: str, folders: dict[str, str]) -> str:
    """Return the path with each folder spelled as in the first path that has it."""
    *above, name = path.split("/")
    here = ""
    for folder in above:
        here = folders.setdefault(search_key(f"{here}{folder}"), f"{here}{folder}") + "/"
    return here + name


def path_of(one: ExportedImage, in_table: bool = False) -> str:
    """Return the image's name as a path, changed only where a system could not unpack it unchanged."""
    parts = [safe_path_part(part) for part in one.name.replace("\\", "/").split("/") if part.strip(" .")]
    path = "/".join(parts) or "photo"
    if not is_picture(path):
        path += one.file.suffix
    while len(path) > LONGEST_NAME_IN_ZIP and "/" in path:
        path = path.partition("/")[2]
    path = path if "/" in path else shortened(path, LONGEST_NAME_IN_ZIP)
    changed_by_readers = path != path.strip() or (in_table and neutralize(path) != path)
    return f"_{path}" if changed_by_readers else path


def class_folder(label: str) -> str:
    """Return the name of the folder of a class, which other classes may have too."""
    return shortened(safe_path_part(label.replace("/", "_")), LONGEST_FOLDER) if label.strip(" .") else "_"


def safe_path_part(word: str) -> str:
    """Return a word as the name of a folder or file; it must not be only spaces and dots."""
    word = _FORBIDDEN.sub("_", word)
    if word != word.rstrip(" ."):  # Windows removes them
        word = word.rstrip(" .") + "_"
    device = word.partition(".")[0].rstrip().upper() in _DEVICES
    return shortened(f"_{word}" if device or is_clutter(word) else word, len(word) + 1)


def shortened(word: str, most: int) -> str:
    """Return a name with at most so many characters, and bytes for every system, without its middle."""
    stem, dot, suffix = word.rpartition(".")
    if not stem or len(suffix) > _LONGEST_SUFFIX:
        stem, dot, suffix = word, "", ""
    kept = most - len(dot + suffix)
    short = stem
    while len(short) > kept or len((short + dot + suffix).encode()) > _PART_BYTES:
        kept = min(kept, len(short) - 1)
        short = f"{stem[: kept // 2]}~{stem[len(stem) - (kept - kept // 2 - 1) :]}"
    return short + dot + suffix
