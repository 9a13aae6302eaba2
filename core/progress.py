"""Progress of slow work, and the types of the functions that receive it."""

from collections.abc import Callable
from dataclasses import dataclass

CountCallback = Callable[[int, int], None]
"""Called with (items done, items in total)."""

PhaseCallback = Callable[[str, int, int | None], None]
"""Called with (what is being done, units done, units in total or None if unknown)."""

COMPUTING_FEATURES = "computing features"
"""The phase in which a frozen network runs over photos."""


@dataclass(frozen=True)
class Progress:
    """Progress of slow work."""

    phase: str
    """What is being done, such as "reading the photos"."""
    done: int
    total: int | None
    """None if unknown."""
