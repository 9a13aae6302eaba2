"""What folders mean: the class, split and group of each photo, and what has to be said about them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from core.data.tables.label_rows import Problem
from core.data.tables.questions import SAMPLED

Folders = tuple[str, ...]


@dataclass(frozen=True)
class FolderMeaning:
    """The class, split and group that a photo's folders give."""

    label: str | None
    split: str | None = None
    group: str | None = None


@dataclass
class FolderReading:
    """What the folders of all photos mean, and what has to be said about it."""

    meanings: dict[str, FolderMeaning] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def remark(self, text: str) -> None:
        """Add a remark that nobody has to confirm."""
        self.problems.append(Problem(None, text, harmless=True))


@dataclass(frozen=True)
class Place:
    """A photo with the folders whose meaning is still open, and what the others have said."""

    path: str
    folders: Folders
    split: str | None = None


def sampled(folders: Mapping[str, Folders]) -> list[str]:
    """Return a few photos, of different folders where there are."""
    ordered = sorted(folders)
    of_each = list({folders[path][:1]: path for path in reversed(ordered)}.values())[::-1]
    return [*of_each, *(path for path in ordered if path not in of_each)][:SAMPLED]


def listed(names: Sequence[str]) -> str:
    """Return the first names in a sentence, and how many more there are."""
    return ", ".join(names[:SAMPLED]) + (f" and {len(names) - SAMPLED:,} more" if len(names) > SAMPLED else "")


def photos_said(count: int) -> str:
    """Return how many photos, in words."""
    return "1 photo" if count == 1 else f"{count:,} photos"
