"""Words on the page: a user's own text inside Markdown, and counts with their noun."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TypeVar

from core.data.store.records import Change

T = TypeVar("T")

SPECIAL = frozenset("\\`*_{}[]()#+-.!|~$:<>&")


def plain(text: str) -> str:
    """A user's text for use inside Markdown, where it is shown letter by letter."""
    return "".join("\\" + letter if letter in SPECIAL else letter for letter in text)


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """ "1 photo", "1,200 photos", "2 classes"."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def told_apart(names: Sequence[str]) -> list[str]:
    """Names of which none is there twice: of ImageNet's classes two are called crane, the bird and the machine."""
    count = Counter(names)
    return [f"{name} (class {place})" if count[name] > 1 else name for place, name in enumerate(names)]


def undone_words(change: Change) -> str:
    """What an undo took back, and what it left because somebody changed it since."""
    left = f" {change.kept:,} of it stayed as it is, because it was changed since." if change.kept else ""
    return f"Undone: {plain(change.text)}.{left}"


def size_text(size_bytes: int) -> str:
    """A file's size: "840 kB", "2.4 MB"."""
    return f"{size_bytes / 1e6:.1f} MB" if size_bytes >= 1e6 else f"{max(1, round(size_bytes / 1e3))} kB"


def moment(when: datetime) -> str:
    """A time in the server's own zone, without what is the same for today."""
    local = when.astimezone()
    today = local.date() == datetime.now(local.tzinfo).date()
    return local.strftime("%H:%M" if today else "%Y-%m-%d %H:%M")


def by_name(choices: Iterable[tuple[str, T]]) -> dict[str, T]:
    """Choices for a select box by the names it shows, in order.

    Streamlit's browser side knows options by their names alone. Of two that are called alike the later one gets an
    invisible mark, so that each can be chosen.
    """
    named: dict[str, T] = {}
    for name, choice in choices:
        while name in named:
            name += "\u200b"
        named[name] = choice
    return named
