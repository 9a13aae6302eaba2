"""Compare, search and sort names."""

import re
import unicodedata
from collections.abc import Iterable
from typing import Generic, TypeVar

from core.errors import DataError

T = TypeVar("T")

LONGEST_NAME = 200  # characters, of a class or project
MOST_CLASSES = 1_000  # of a project, and of a file that is imported

# Characters other than white space that nobody sees: control characters, soft hyphen, zero-width space, marks of the
# writing direction, byte order mark. The two joiners U+200C and U+200D stay, because emoji and several scripts need
# them inside a word.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f"
    "\u00ad\u034f\u061c\u180e\u200b\u200e\u200f"
    "\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb]+"
)
# Letters that are drawn as nothing, joiners and variation selectors: a name of these alone cannot be seen.
_BLANK = re.compile("[\u115f\u1160\u17b4\u17b5\u200c\u200d\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0000-\U000e0fff]+")


def without_invisible(text: str) -> str:
    """Return the text without the characters that nobody sees, such as a zero-width space."""
    return _INVISIBLE.sub("", text)


def tidy_name(name: str, what: str) -> str:
    """Return the name of a class or project as it is stored: trimmed, with single spaces, without invisible characters.

    Raises DataError where it is empty, cannot be seen or is too long.
    """
    tidy = _as_read(name)
    if not name.strip():
        raise DataError(f"The name of a {what} is empty. Type at least one letter or digit.")
    if not any(unicodedata.category(one) not in ("Cc", "Cf") for one in _BLANK.sub("", tidy)):
        raise DataError(f"The name of a {what} has no visible character. Type at least one letter or digit.")
    if len(tidy) > LONGEST_NAME:
        raise DataError(
            f"The name of a {what} has {len(tidy)} characters; at most {LONGEST_NAME} are allowed. Shorten it."
        )
    return tidy


def name_key(name: str) -> str:
    """Return a key that is equal for names that read the same.

    Case, spaces, invisible characters and the encoding of accents are ignored.
    """
    return search_key(_as_read(name))


def class_key(name: str) -> str:
    """Return a key that is equal for names that read the same, in the same case.

    Classes may differ only in case, as letters and hand signs do.
    """
    return unicodedata.normalize("NFC", _as_read(name))


def _as_read(name: str) -> str:
    return " ".join(without_invisible(storable_name(name)).split())


def search_key(text: str) -> str:
    """Return the text without case, and with accents encoded in one way."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def sort_key(text: str) -> str:
    """Return a key by which numbers sort by size: "photo 2" before "photo 10"."""
    return re.sub(r"[0-9]+", lambda digits: digits.group().zfill(10), search_key(text))


def storable_name(filename: str) -> str:
    """Return a file name that every database accepts: bytes that are not text (as in old archives) become U+FFFD."""
    return re.sub("[\\ud800-\\udfff\\x00]", "\N{REPLACEMENT CHARACTER}", filename)


def check_class_count(count: int, source: str) -> None:
    """Raise DataError where ``source``, the name of a file or project, has more classes than are allowed."""
    if count > MOST_CLASSES:
        raise DataError(
            f"{source} has {count:,} classes; at most {MOST_CLASSES:,} are allowed. "
            "Check that it names classes and not single photos, or split it."
        )


class ByClassName(Generic[T]):
    """A value for each class; of two classes whose names differ only in case each has its own."""

    def __init__(self, pairs: Iterable[tuple[str, T]] = ()) -> None:
        self._same: dict[str, T] = {}
        self._any_case: dict[str, T] = {}
        for name, value in pairs:
            self.add(name, value)

    def __len__(self) -> int:
        return len(self._same)

    def add(self, name: str, value: T) -> None:
        """Add a class; in any case, the first one stays the one that is found."""
        self._same[class_key(name)] = value
        self._any_case.setdefault(name_key(name), value)

    def same(self, name: str) -> T | None:
        """Return the value of the class with this name in this case."""
        return self._same.get(class_key(name))

    def find(self, name: str) -> T | None:
        """Return the value of the class with this name, else of the first one that differs only in case."""
        found = self.same(name)
        return found if found is not None else self._any_case.get(name_key(name))


def spellings(names: Iterable[str]) -> list[list[str]]:
    """Return the names that differ only in case, together, in their order; names that read the same count once."""
    groups: dict[str, dict[str, str]] = {}
    for name in names:
        groups.setdefault(name_key(name), {}).setdefault(class_key(name), name)
    return [[*group.values()] for group in groups.values() if len(group) > 1]


def is_letter(name: str) -> bool:
    """Return whether a name is one character: its capital is usually another class."""
    return len(class_key(name)) == 1
