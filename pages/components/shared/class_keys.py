"""Which key gives which class: the one that its name is, where that is free, else the next one."""

from collections.abc import Sequence
from string import ascii_uppercase

# Streamlit keeps C and R for itself; U undoes.
KEPT = "CRU"
BOX_LETTERS = "LNO"
"""What the desk of boxes needs for itself: relabel, new box, other box."""
KEYS = [*"123456789", *(letter for letter in ascii_uppercase if letter not in KEPT)]


def class_keys(names: Sequence[str], *, besides: str = "") -> list[str | None]:
    """A key for each class, in the order of the classes; None where there are more classes than keys.

    A class called "3" or "b" gets that key, so that digits are labelled by themselves; only it can have 0. The others
    share what is left, in order. ``besides`` are letters that the desk needs for something else.
    """
    free = [key for key in KEYS if key not in besides]
    own = {name: name.upper() for name in names if name.isascii() and name.upper() in (*free, "0")}
    rest = iter([key for key in free if key not in own.values()])
    return [own.get(name) or next(rest, None) for name in names]
