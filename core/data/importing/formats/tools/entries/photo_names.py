"""Find the photo that a name, path or address in a tool's file means; what may be several photos is none."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urlsplit

from core.data.importing.folder_layout import is_picture, suffix_of
from core.data.importing.formats.gathered_labels import LONGEST_PATH, ImageIndex
from core.data.importing.formats.gathering.image_index import nearest
from core.data.tables.questions import Asking

IMAGES = "images"
"""The folder in which the tools' exports hold the photos."""

_SHOWN = 3
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_UPLOADED = re.compile("[0-9a-f]{8}-(?=.)")
"""Label Studio puts this before the name of an uploaded file, to keep equal names apart."""


@dataclass(frozen=True)
class Found:
    """The photo that a name means, or why there is none."""

    path: str | None
    problem: str = ""  # half a sentence that begins with the name; empty if there is a path


class PhotoFinder:
    """Finds photos among files."""

    def __init__(self, files: Collection[str], asking: Asking | None = None) -> None:
        self.index = ImageIndex(files, asking)
        self._by_name: dict[str, list[str]] = defaultdict(list)
        self._by_upload: dict[str, list[str]] = defaultdict(list)
        for path in sorted(self.index.paths):
            name = _base(path)
            self._by_name[name].append(path)
            self._by_upload[_as_uploaded(name)].append(path)

    def find(self, name: str, near: str = "") -> Found:
        """Return the photo that a name or path means in the file ``near``, as ``ImageIndex`` finds it."""
        if not name.strip():
            return Found(None, "it names no photo")
        path = self.index.find(name, near)
        return Found(path, "" if path else self.index.missing(name, near, LONGEST_PATH))

    def find_address(self, address: str, near: str = "") -> Found:
        """Return the photo of a path or address as web tools write it: a URL, a bucket, Label Studio's own paths.

        An uploaded photo is found by its name without the eight digits that Label Studio puts before it, if there is
        a photo of that name. https://labelstud.io/guide/tasks describes these paths.
        """
        if _is_upload(address):
            return self._find_upload(address, near)
        first: Found | None = None
        for name in _names_in(address):
            if len(self.index.candidates(name, near)) > 0:
                return self.find(name, near)
            first = first or self.find(name, near)
        return first or Found(None, "it names no photo")

    def _find_upload(self, address: str, near: str) -> Found:
        """Return the photo of an uploaded file: its folder is a number of the tool's."""
        bases = list(dict.fromkeys(_base(name) for name in _names_in(address)))
        possible: list[str] = []
        for base in bases:
            digits = _UPLOADED.match(base)
            rest = base[digits.end() :] if digits else base
            # The tool replaces spaces and leaves out most punctuation.
            stored = (digits and self._by_name.get(rest)) or self._by_upload.get(rest, [])
            possible += [*self._by_name.get(base, []), *stored]
        possible = nearest(list(dict.fromkeys(possible)), near)
        if len(possible) == 1:
            return Found(possible[0])
        shown = bases[0] if bases else address
        return Found(None, could_be(shown[:LONGEST_PATH], possible) if possible else self.find(shown, near).problem)


def could_be(name: str, paths: Sequence[str]) -> str:
    """Say that a name may mean several photos."""
    shown = ", ".join(paths[:_SHOWN]) + (", ..." if len(paths) > _SHOWN else "")
    return f"{name} could be {shown}; give the photos names of their own"


def names_a_photo(value: object) -> bool:
    """Return whether a value of JSON or of a cell is the path or address of a photo."""
    if not isinstance(value, str) or not value or len(value) > 10 * LONGEST_PATH:
        return False
    return any(is_picture(name) and bool(suffix_of(name)) for name in _names_in(value))


def shown_name(path: str) -> str:
    """Return a photo's name without the folder ``images`` that the tools' exports need."""
    _, images, rest = f"/{path}".partition(f"/{IMAGES}/")
    return rest if images and rest else path


def _names_in(address: str) -> Iterator[str]:
    """Yield the paths that an address may stand for, the likeliest first."""
    try:
        parts = urlsplit(address)
    except ValueError:  # such as a broken IPv6 address
        yield address
        return
    if parts.path.rstrip("/").endswith("/local-files"):
        for key, value in parse_qsl(parts.query):  # decodes as the server does
            if key == "d":
                yield value
        raw = next((one[2:] for one in parts.query.split("&") if one.startswith("d=")), "")
        yield from (name for name in (unquote(raw), raw) if name)
    elif scheme := _SCHEME.match(address):
        rest = address[scheme.end() :].partition("/")[2]  # the name of a bucket or host is no folder
        if scheme.group().lower().startswith("http"):
            rest = re.split("[?#]", rest)[0]
            yield from (unquote(rest), rest)
        else:
            yield from (rest, unquote(rest))
    else:
        yield address
        if "%" in address or "?" in address:
            yield from (unquote(address), unquote(address.partition("?")[0]))


def _is_upload(address: str) -> bool:
    return "/data/upload/" in f"/{address.lstrip('/')}"


def _as_uploaded(name: str) -> str:
    """Return a file's name as Label Studio stores an upload: Django's ``get_valid_filename``."""
    return re.sub(r"[^-\w.]", "", name.strip().replace(" ", "_"))


def _base(path: str) -> str:
    # macOS writes accents in two characters, other systems in one.
    return unicodedata.normalize("NFC", path.replace("\\", "/")).rpartition("/")[2]
