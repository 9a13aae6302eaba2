"""Text for pages: user text escaped for Markdown and charts, counts with their noun, sizes, times, option names."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TypeVar

from core.data.store.boxes.learned_photos import Step
from core.data.store.records import Change

T = TypeVar("T")

SPECIAL = frozenset("\\`*_{}[]()#+-.!|~$:<>&/=")

# After Markdown has removed the backslashes, Streamlit looks for more in the remaining text: addresses (http://, www.,
# mail), :material_x: and :emoji:, and arrows and signs such as -> and >=. A backslash does not stop these, but they are
# not found across an empty element: it splits the text in the middle, and nobody sees it or copies it.
SPLIT = ":small[]"
_SPLIT_AT = re.compile(
    r"(?<=http)(?=s?://)|(?<=www)(?=\.)|(?<=@)(?=[\w-])|(?<=:)(?=[\w+-]+:)|(?<=[-<>~])(?=[->=](?:\s|$))", re.IGNORECASE
)
_IN_CHARTS = {ord(letter): f"&#{ord(letter)};" for letter in "&<>$%{}"}


def plain(text: str) -> str:
    """Escape a user's text for Markdown, so that it is shown literally: on one line, without spaces around it.

    Everything that Streamlit draws as Markdown needs it: texts, the labels and options of buttons, captions, help,
    messages, toasts. The options of select boxes, tables, fields and the names for screen readers are drawn as they
    are, and charts need ``chart_text``.
    """
    line = " ".join(text.split())
    return SPLIT.join(
        "".join("\\" + letter if letter in SPECIAL else letter for letter in part) for part in _SPLIT_AT.split(line)
    )


def chart_text(text: str) -> str:
    """Escape a user's text for plotly, which reads tags, entities, formulas and %{names} in all texts of a figure."""
    return text.translate(_IN_CHARTS)


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


def time_left(seconds: float | None) -> str:
    """Return the remaining time, rounded as an estimate deserves: "about 40 seconds left"; empty for None."""
    if seconds is None:
        return ""
    if seconds < 55:
        return f"about {max(5, 5 * round(seconds / 5))} seconds left"
    if seconds < 90:
        return "about a minute left"
    if seconds < 3600:
        return f"about {round(seconds / 60)} minutes left"
    return f"about {seconds / 3600:.1f} hours left"


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


def split_names(text: str) -> list[str]:
    """Split a line into class names at commas or semicolons, without surrounding spaces or repeats."""
    names = (part.strip() for part in text.replace(";", ",").split(","))
    return list(dict.fromkeys(name for name in names if name))
