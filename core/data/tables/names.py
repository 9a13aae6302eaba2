"""Compare, search and sort names."""

import re
import unicodedata

from core.errors import DataError

LONGEST_NAME = 200  # characters, of a class or project


def tidy_name(name: str, what: str) -> str:
    """Return the name of a class or project as it is stored: trimmed, with single spaces.

    Raises DataError where it is empty or too long.
    """
    tidy = " ".join(name.split())
    if not tidy:
        raise DataError(f"The name of a {what} is empty. Type at least one letter or digit.")
    if len(tidy) > LONGEST_NAME:
        raise DataError(
            f"The name of a {what} has {len(tidy)} characters; at most {LONGEST_NAME} are allowed. Shorten it."
        )
    return tidy


def name_key(name: str) -> str:
    """Return a key that is equal for names that read the same: case, spaces and the encoding of accents are ignored."""
    return search_key(" ".join(name.split()))


def search_key(text: str) -> str:
    """Return the text without case, and with accents encoded in one way."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def sort_key(text: str) -> str:
    """Return a key by which numbers sort by size: "photo 2" before "photo 10"."""
    return re.sub(r"[0-9]+", lambda digits: digits.group().zfill(10), search_key(text))


def storable_name(filename: str) -> str:
    """Return a file name that every database accepts: bytes that are not text (as in old archives) become U+FFFD."""
    return re.sub("[\\ud800-\\udfff\\x00]", "\N{REPLACEMENT CHARACTER}", filename)
