"""How long work reports its progress to a function."""

from collections.abc import Callable

CountCallback = Callable[[int, int], None]
"""Called with (items done, items in total)."""

PhaseCallback = Callable[[str, int, int | None], None]
"""Called with (what is being done, units done, units in total or None where nobody knows)."""
