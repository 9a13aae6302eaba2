"""The marks of classes: a keyboard key, and a colour for boxes."""

from collections.abc import Sequence
from string import ascii_uppercase

# Streamlit uses C and R itself; U is undo.
RESERVED = "CRU"
BOX_LETTERS = "LNO"
"""Keys of the box page itself: relabel, new box, other box."""
KEYS = [*"123456789", *(letter for letter in ascii_uppercase if letter not in RESERVED)]
COLORS = ("#c2410c", "#1d4ed8", "#0f766e", "#a21caf", "#4d7c0f", "#b91c1c", "#6d28d9", "#854d0e")
"""Colours of boxes by class, in order; white text on them has a contrast of at least 4.5."""


def class_color(place: int) -> str:
    """Return the colour of the class at this place in the project's order; beyond the eighth, colours repeat."""
    return COLORS[place % len(COLORS)]


def class_keys(names: Sequence[str], *, reserved: str = "") -> list[str | None]:
    """Return a key for each class, in the order of the classes; None for classes beyond the last free key.

    A class named "3" or "b" gets that key, so that digits are labelled with their own key; only a class named "0" gets
    the key 0, and of "b" and "B" the first gets B. The other classes get the remaining keys in order. ``reserved`` are
    letters that the page uses itself.
    """
    free = [key for key in KEYS if key not in reserved]
    first = {name.upper(): name for name in reversed(names) if name.isascii() and name.upper() in (*free, "0")}
    own = {name: key for key, name in first.items()}
    rest = iter([key for key in free if key not in own.values()])
    return [own.get(name) or next(rest, None) for name in names]
