"""Scripts and styles of our own components, read from their files once in this process."""

from functools import cache
from pathlib import Path


@cache
def asset(path: Path) -> str:
    """Return the text of a file that does not change while the app runs."""
    return path.read_text(encoding="utf-8")
