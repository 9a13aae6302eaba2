"""Types of the functions that receive progress."""

from collections.abc import Callable

CountCallback = Callable[[int, int], None]
"""Called with (items done, items in total)."""

PhaseCallback = Callable[[str, int, int | None], None]
"""Called with (what is being done, units done, units in total or None if unknown)."""
