"""Text for pages: escaped user text, counts with their noun, sizes, times and unique option names."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TypeVar

from core.data.store.boxes.learned_photos import Step
from core.data.store.records import Change

T = TypeVar("T")

SPECIAL = frozenset("\\`*_{}[]()#+-.!|~$:<>&")


def plain(text: str) -> str:
    """Escape a user's text for Markdown, so that it is shown literally."""
    return "".join("\\" + letter if letter in SPECIAL else letter for letter in text)


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """Return a count with its noun: "1 photo", "1,200 photos", "2 classes"."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def disambiguate(names: Sequence[str]) -> list[str]:
    """Add the class number to repeated names: two ImageNet classes are called crane, the bird and the machine."""
    count = Counter(names)
    return [f"{name} (class {place})" if count[name] > 1 else name for place, name in enumerate(names)]


def undo_message(change: Change) -> str:
    """Describe what an undo reverted, and what it kept because somebody has changed it since."""
    kept = f" {change.kept:,} not undone, because somebody changed it since." if change.kept else ""
    return f"Undone: {plain(change.text)}.{kept}"


def format_size(size_bytes: int) -> str:
    """Format a file size: "840 kB", "2.4 MB"."""
    return f"{size_bytes / 1e6:.1f} MB" if size_bytes >= 1e6 else f"{max(1, round(size_bytes / 1e3))} kB"


def format_time(when: datetime) -> str:
    """Format a time in the server's time zone, without the date if it is today."""
    local = when.astimezone()
    today = local.date() == datetime.now(local.tzinfo).date()
    return local.strftime("%H:%M" if today else "%Y-%m-%d %H:%M")


def unique_options(choices: Iterable[tuple[str, T]]) -> dict[str, T]:
    """Map unique display names to the choices of a select box, in order.

    Streamlit's front end identifies options by name alone. If two choices share a name, the later one gets an invisible
    character, so that each can be selected.
    """
    named: dict[str, T] = {}
    for name, choice in choices:
        while name in named:
            name += "\u200b"
        named[name] = choice
    return named


def next_page(step: Step, boxed: bool) -> tuple[str, str]:
    """Return the button and the page for the next step of a project."""
    label = "Draw boxes" if boxed else "Label photos"
    return {
        "add photos": ("Add photos", "Data"),
        "label photos": (label, "Annotate"),
        "train": ("Go to training", "Train"),
    }[step]
