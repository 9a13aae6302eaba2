"""Find files by the names that a table uses for them: folders, slashes, case and escapes often differ."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Sequence
from functools import cached_property
from pathlib import PurePosixPath
from urllib.parse import unquote

from core.data.pictures.decoding import IMAGE_SUFFIXES
from core.data.tables.names import without_invisible

EXACT, SAME_PATH, SAME_NAME, OTHER_CASE, WRITTEN_OTHERWISE, NO_SUFFIX, OTHER_FOLDER = range(7)
"""How certain a match is; the more certain one wins."""

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{1,20}://[^/]*/")
_MAY_VARY = re.compile(r"[%?#]|://|[^\x00-\x7f]")
_QUERY = re.compile(r"[?#].*", re.DOTALL)
_DEEPEST = 64  # folders of a path
_ABSOLUTE = re.compile(r"[A-Za-z]:|[/~]|" + _ADDRESS.pattern)


class FileIndex:
    """The files by every name that a row may use, so that each row needs only look-ups."""

    def __init__(self, files: Collection[str], root: str = "") -> None:
        """Index the files; ``root`` is the folder around all of them, which their names have lost."""
        self._root = root
        self._names = _Names(files)
        self._variants: dict[str, list[str]] = defaultdict(list)  # the files by other spellings of their names
        for file in files:
            for name in variants_of(file):
                self._variants[name].append(file)
        self._variant_names = _Names(self._variants)

    def candidates(self, wanted: str) -> tuple[Sequence[str], int]:
        """Return the files that a row may mean, and how certain that is.

        With OTHER_FOLDER they have the name, but lie in another folder than the row says.
        """
        absolute = bool(_ABSOLUTE.match(wanted))
        found, certainty = self._names.find(wanted)
        if certainty > SAME_PATH and _ADDRESS.match(wanted):
            found = []  # its folders are those of a host
        if found := self._in_root(wanted, found, absolute):
            return found, certainty
        others = variants_of(wanted)
        for name in (wanted, *others):
            found = self._names.find(name)[0] if name != wanted else []
            variants = [] if found else self._variant_names.find(name)[0]
            found = found or list(dict.fromkeys(file for variant in variants for file in self._variants[variant]))
            if found := self._in_root(name, found, absolute):
                return found, WRITTEN_OTHERWISE
        if found := self._names.by_id(_plain(wanted)):
            return found, NO_SUFFIX
        elsewhere = (self._names.in_any_folder(_plain(name)) for name in (wanted, *others))
        return next((some for some in elsewhere if some), []), OTHER_FOLDER

    def _in_root(self, wanted: str, found: Sequence[str], absolute: bool) -> Sequence[str]:
        """Return the files whose folders, with those around all files, do not contradict the row's."""
        if not self._root or not found:
            return found
        folders = _plain(wanted).casefold().split("/")[-2::-1]
        return [file for file in found if not self._contradicts(folders, file, absolute)]

    def _contradicts(self, folders: Sequence[str], file: str, absolute: bool) -> bool:
        own = _plain(self._root + file).casefold().split("/")[-2::-1]
        differing = (at for at, (one, other) in enumerate(zip(folders, own, strict=False)) if one != other)
        at = next(differing, None)
        # The upper folders of an absolute path are those of another computer.
        return at is not None and not (absolute and at > 0)


class _Names:
    """Names of files, by their paths, the endings of these, and in any case."""

    def __init__(self, names: Collection[str]) -> None:
        self.exact = frozenset(names)
        self.by_path: dict[str, list[str]] = defaultdict(list)
        self.by_name: dict[str, list[str]] = defaultdict(list)
        self.whole_path: dict[str, list[str]] = defaultdict(list)  # this and the next ignore case
        self.by_ending: dict[str, list[str]] = defaultdict(list)
        for name in names:
            path = _plain(name)
            self.by_path[path].append(name)
            self.by_name[_base(path)].append(name)
            self.whole_path[path.casefold()].append(name)
            for ending in _endings(path):
                self.by_ending[ending].append(name)

    def find(self, wanted: str) -> tuple[Sequence[str], int]:
        """Return the names with the wanted path or an ending of it, or of which the wanted path is an ending."""
        if wanted in self.exact:
            return [wanted], EXACT
        path = _plain(wanted)
        if path in self.by_path:
            return self.by_path[path], SAME_PATH
        whole, *shorter = _endings(path)
        alike = self.by_ending.get(whole, []) + [name for ending in shorter for name in self.whole_path.get(ending, [])]
        same_case = [name for name in alike if _same_ending(_plain(name), path)]
        return (same_case, SAME_NAME) if same_case else (alike, OTHER_CASE)

    def in_any_folder(self, path: str) -> Sequence[str]:
        """Return the names with the same last part, whatever the folders."""
        base = _base(path)
        return self.by_name.get(base) or self.by_ending.get(base.casefold(), [])

    def by_id(self, path: str) -> Sequence[str]:
        """Return the photos whose path without suffix, or its ending, is this; none for a name with a suffix."""
        if PurePosixPath(path).suffix.lower() in IMAGE_SUFFIXES:
            return []
        whole, *shorter = _endings(path)
        ending, exact = self._stems
        found = ending.get(whole, []) + [file for one in shorter if "/" in one for file in exact.get(one, [])]
        same_case = [file for file in found if _same_ending(_stem(file), path)]
        return same_case or found

    @cached_property
    def _stems(self) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
        """Return the photos by every ending of their path without suffix, and by the whole of it; case is ignored."""
        by_ending: dict[str, list[str]] = defaultdict(list)
        whole: dict[str, list[str]] = defaultdict(list)
        for name in sorted(self.exact):
            if PurePosixPath(name).suffix.lower() in IMAGE_SUFFIXES:
                stem = _stem(name)
                whole[stem.casefold()].append(name)
                for ending in _endings(stem):
                    by_ending[ending].append(name)
        return by_ending, whole


def variants_of(name: str) -> list[str]:
    """Return other spellings of a name, without what an address adds: ``https://host/a%20b.jpg?size=2`` is "a b.jpg".

    Escapes are those of RFC 3986 (2.1, percent-encoding). Invisible characters are left out.
    """
    if not _MAY_VARY.search(name):
        return []
    address = _ADDRESS.match(name)
    path = name[address.end() :] if address else name
    cut = _QUERY.sub("", path)
    found = [path]
    if address or PurePosixPath(cut).suffix.lower() in IMAGE_SUFFIXES:
        found.append(cut)
    found += [decoded for one in found if (decoded := _unescaped(one)) != one]
    found += [without_invisible(one) for one in found]
    return [one for one in dict.fromkeys(found) if one and one != name]


def _unescaped(name: str) -> str:
    try:
        return unquote(name, errors="strict")
    except UnicodeDecodeError:
        return name


def _plain(path: str) -> str:
    # macOS writes accents in two characters, other systems in one.
    return unicodedata.normalize("NFC", path.replace("\\", "/")).removeprefix("./")


def _base(path: str) -> str:
    return path.rpartition("/")[2]


def _same_ending(one: str, other: str) -> bool:
    """Return whether the shorter of two paths is the ending of the other also in its case."""
    parts, others = one.split("/"), other.split("/")
    count = min(len(parts), len(others))
    return parts[-count:] == others[-count:]


def _stem(file: str) -> str:
    return str(PurePosixPath(_plain(file)).with_suffix(""))


def _endings(path: str) -> list[str]:
    """Return, ignoring case, the path, the path without its first folder, ..., and the base name.

    Of a path with very many folders, the longest endings are left out: they would fill the memory.
    """
    parts = path.casefold().split("/")
    return [path.casefold(), *("/".join(parts[first:]) for first in range(max(1, len(parts) - _DEEPEST), len(parts)))]
