"""How names are compared, searched and sorted, and how two pictures of one name are told apart."""

import re
import unicodedata
from pathlib import PurePosixPath

from sqlalchemy import Connection, false, select

from core.data.schema import aliases, images
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


def free_name(conn: Connection, project_id: int, filename: str) -> str:
    """The file name, or with " (2)", " (3)", ... before its suffix where another picture of the project has it.

    Names stay unique, because the exported labels.csv knows pictures by nothing else.
    """
    suffix = PurePosixPath(filename).suffix

    def name(number: int) -> str:
        return filename if number == 1 else f"{filename.removesuffix(suffix)} ({number}){suffix}"

    def taken(number: int) -> bool:
        return owner_of(conn, project_id, name(number)) is not None

    if not taken(1):
        return filename
    # Some phones call every photo image.jpg: doubling, then halving, finds number 5,000 in 25 looks.
    low, high = 1, 2
    while taken(high):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if taken(middle) else (low, middle)
    return name(high)


def owner_of(conn: Connection, project_id: int, filename: str) -> int | None:
    """The number of the image that has this name or alias in the project; removed images give theirs up."""
    own = select(images.c.id).where(
        images.c.project_id == project_id, images.c.filename == filename, images.c.removed == false()
    )
    alias = (
        select(images.c.id)
        .join(aliases, aliases.c.image_id == images.c.id)
        .where(aliases.c.project_id == project_id, aliases.c.filename == filename, images.c.removed == false())
    )
    return conn.execute(own.union_all(alias).limit(1)).scalar()
