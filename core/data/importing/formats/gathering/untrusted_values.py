"""Read numbers, ids, sizes and class names out of values that strangers wrote in JSON, XML or text."""

import math
import re

from core.data.tables.names import LONGEST_NAME

LONGEST_SIDE = 1_000_000  # pixels

# Python's own float and int also take 1_000 and digits of every script.
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_WHOLE = re.compile(r"(-?(?:0|[1-9][0-9]*))(?:\.0+)?")
_EXACT = 2**53
"""From here on a float stands for several whole numbers."""

_LONGEST_NUMBER = 100


def number_of(value: object) -> float | None:
    """Return a number, or the number that a text is; None for anything else, such as true, NaN and "1,024"."""
    if isinstance(value, str):
        text = value.strip()
        if len(text) > _LONGEST_NUMBER or not _NUMBER.fullmatch(text):
            return None
        number = float(text)
    elif isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    else:
        try:
            number = float(value)
        except OverflowError:
            return None
    return number if math.isfinite(number) else None


def id_of(value: object) -> int | str | None:
    """Return the id that refers to an image or a category: 1, 1.0 and "1" are the same one.

    None for what is no id: null, true, 1.5, an empty text, a list.
    """
    if isinstance(value, str):
        text = value.strip()
        whole = _WHOLE.fullmatch(text) if len(text) < _LONGEST_NUMBER else None
        return int(whole.group(1)) if whole else text or None
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < _EXACT else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def size_said(width: object, height: object) -> tuple[int, int] | None:
    """Return the size of a photo in pixels; None where none is given: missing, null, empty or 0.

    Raises ValueError for what is no size.
    """
    across, down = _side(width), _side(height)
    if (across == 0) != (down == 0):
        raise ValueError("only one side")
    return (across, down) if across else None


def _side(value: object) -> int:
    if value is None or (isinstance(value, str) and not value.strip()):
        return 0
    number = number_of(value)
    if number is None or not number.is_integer() or not 0 <= number <= LONGEST_SIDE:
        raise ValueError("no number of pixels")
    return int(number)


def class_text(value: object) -> str | None:
    """Return a class's name from an untrusted file, which is text or a whole number; None for anything else."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    if isinstance(value, float) and not (value.is_integer() and abs(value) < _EXACT):
        return None
    return str(int(value)) if abs(value) < 10**LONGEST_NAME else None


def wrong_name(value: object) -> str:
    """Say why a value cannot name a class."""
    if isinstance(value, str):
        return f"a name has {len(value):,} characters; at most {LONGEST_NAME} are allowed"
    return f"{shown_value(value)} is not a name: a name is text or a whole number"


def shown_value(value: object) -> str:
    """Return a value of JSON in at most 60 characters, without turning all of it into text first."""
    if isinstance(value, (list, dict)):
        return "a list" if isinstance(value, list) else "a set of values"
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)[:60]


def format_number(number: float) -> str:
    """Return a number without needless digits: 81, 0.5."""
    return str(int(number)) if number == int(number) else repr(float(number))
