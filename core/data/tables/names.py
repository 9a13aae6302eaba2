"""How names are compared, searched and sorted."""

import re
import unicodedata

from core.errors import DataError

LONGEST_NAME = 200  # characters, of a class or project


def tidy_name(name: str, what: str) -> str:
    """The name of a class or project as it is stored: trimmed, blanks inside it single.

    Raises DataError where nothing is left of it, or too much.
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
    """Equal for names that are the same word to a reader: case, blanks and the form of accents do not count."""
    return search_key(" ".join(name.split()))


def search_key(text: str) -> str:
    """The text without case, in one form of accents."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def sort_key(text: str) -> str:
    """The text so that numbers in it sort by size: "photo 2" before "photo 10"."""
    return re.sub(r"[0-9]+", lambda digits: digits.group().zfill(10), search_key(text))


def storable_name(filename: str) -> str:
    """The file name as every database takes it: bytes that are no text (old archives have them) become U+FFFD."""
    return re.sub("[\\ud800-\\udfff\\x00]", "\N{REPLACEMENT CHARACTER}", filename)
