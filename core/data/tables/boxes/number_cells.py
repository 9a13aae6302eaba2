"""Read the numbers in cells, and find out whether the comma or the point is a table's decimal mark."""

import math
import re
from collections.abc import Iterable
from functools import lru_cache

POINT, COMMA = "point", "comma"
"""The decimal marks: 1,024.5 and 1.024,5."""

_LONGEST = 40  # characters: a longer cell is no number of a box
_WITH = {
    mark: re.compile(
        rf"[+-]?(?:(?:[1-9][0-9]{{0,2}}(?:{thousands}[0-9]{{3}})+|[0-9]+)(?:{decimal}[0-9]*)?|{decimal}[0-9]+)"
        r"(?:[eE][+-]?[0-9]{1,4})?"
    )
    for mark, thousands, decimal in ((POINT, ",", r"\."), (COMMA, r"\.", ","))
}


def number_with(mark: str, text: str) -> float | None:
    """Return the finite number in a cell whose decimal mark is this; None where it is none.

    The other mark may separate thousands: "1,024" is 1024 with a point, 1.024 with a comma.
    """
    if len(text) > _LONGEST or not _WITH[mark].fullmatch(text):
        return None
    decimal, thousands = (".", ",") if mark == POINT else (",", ".")
    number = float(text.replace(thousands, "").replace(decimal, "."))
    return number if math.isfinite(number) else None


@lru_cache(maxsize=100_000)
def numbers_in(text: str) -> tuple[float | None, float | None]:
    """Return the number in a cell with a decimal point, and that with a decimal comma."""
    return number_with(POINT, text), number_with(COMMA, text)


def is_unclear(text: str) -> bool:
    """Return whether a cell is one number with a decimal point, and another with a decimal comma."""
    numbers = numbers_in(text)
    return None not in numbers and numbers[0] != numbers[1]


def read_number(text: str, mark: str | None) -> float | None:
    """Return the number in a cell; None where it is none, or where it is unclear and so is the ``mark``."""
    with_point, with_comma = numbers_in(text)
    if with_point is None or with_comma is None or with_point == with_comma:
        return with_comma if with_point is None else with_point
    return {POINT: with_point, COMMA: with_comma, None: None}[mark]


def find_mark(texts: Iterable[str], delimiter: str) -> str | None:
    """Return the decimal mark of a table's numbers; None where the numbers leave it open.

    A number that fits one mark only ("12,5", "1.024,5", "0.125") decides for all. If none does, a comma is unclear
    ("1,024"), and so is a point in a table with semicolons, as spreadsheets write where the comma is the decimal mark;
    but a number such as 1524 in it shows that thousands are not separated.
    """
    only_point = only_comma = unclear = commas = thousands = False
    for text in texts:
        with_point, with_comma = numbers_in(text)
        if with_point is None and with_comma is None:
            continue
        if with_comma is None:
            only_point = True
        elif with_point is None:
            only_comma = True
        elif with_point != with_comma:
            unclear, commas = True, commas or "," in text
        else:
            thousands = thousands or abs(with_point) >= 1000
    if not unclear or only_point != only_comma:
        return COMMA if only_comma and not only_point else POINT
    if only_point:  # and only_comma: the table has both
        return None
    if commas or (delimiter == ";" and not thousands):
        return None
    return POINT
