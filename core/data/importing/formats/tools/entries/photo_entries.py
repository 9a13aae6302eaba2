"""What the files of a tool say of photos: entries with classes and boxes, and what is said about the rest in sum."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from core.data.importing.formats.gathered_labels import Files, LabelCollector, shown_value
from core.data.importing.formats.gathering.named_splits import SplitNames
from core.data.importing.formats.gathering.untrusted_values import size_said
from core.data.importing.formats.tools.entries.photo_names import Found, PhotoFinder
from core.data.tables.label_rows import PIXELS, BoxFrame
from core.data.tables.questions import Asking

_SHOWN = 3


@dataclass(frozen=True)
class Region:
    """One object in a photo: its class and its box in the numbers of the entry's frame."""

    label: str
    sides: tuple[object, ...]  # x, y, width and height, which nobody has checked yet
    where: str


@dataclass(frozen=True)
class PhotoEntry:
    """What one place of a file says of one photo; an annotator's view of it, if the tool has annotators."""

    path: str  # of the photo among the files
    where: str  # "tasks.json, task 3"
    classes: tuple[str, ...] = ()  # of the whole photo
    regions: tuple[Region, ...] = ()
    frame: BoxFrame = PIXELS
    split: str | None = None
    who: str = ""  # the annotator: "annotator 3", "ann@example.com"


@dataclass
class _Said:
    """Things of one kind in one file that are said in one sentence."""

    harmless: bool
    count: int = 0
    photos: dict[str, None] = field(default_factory=dict)  # the first few of them


class ToolReading:
    """The state of reading a tool's files: the photos found, the entries, and what has to be said."""

    def __init__(self, files: Files, asking: Asking) -> None:
        self.files = files
        self.collected = LabelCollector(asking=asking, split_names=SplitNames(files))
        self.entries: list[PhotoEntry] = []
        self.splits_said = False  # the files have a place for the split, even if it is empty
        self._said: dict[tuple[str, str, str], _Said] = {}

    @cached_property
    def finder(self) -> PhotoFinder:
        """Return what finds the photos: made when it is needed, because that takes a moment."""
        return PhotoFinder(self.files, self.collected.asking)

    def add(self, entry: PhotoEntry) -> None:
        """Add what a file says of a photo."""
        self.entries.append(entry)

    def photo(self, found: Found, where: str) -> str | None:
        """Return the path of the photo that was found; None, and a problem, where there is none."""
        if found.path is None:
            self.collected.add_problem(where, found.problem)
        return found.path

    def frame(self, width: object, height: object, where: str) -> BoxFrame:
        """Return the frame of boxes in pixels of a photo whose size a file says; what is no size is a problem."""
        try:
            return BoxFrame(size=size_said(width, height))
        except ValueError:
            text = f"the size {shown_value(width)} × {shown_value(height)} is not that of a photo; it is not used"
            self.collected.add_problem(where, text)
            return PIXELS

    def note(self, file: str, one: str, many: str, photo: str, kind: Literal["problem", "remark"]) -> None:
        """Count a thing in a file that is said in sum: ``one`` and ``many`` are sentences, {n} in the latter."""
        said = self._said.setdefault((file, one, many), _Said(kind == "remark"))
        said.count += 1
        if len(said.photos) <= _SHOWN:
            said.photos.setdefault(photo)

    def say(self) -> None:
        """Add the sentences of everything that was counted."""
        for (file, one, many), said in self._said.items():
            text = one if said.count == 1 else many.replace("{n}", f"{said.count:,}")
            shown = ", ".join([*said.photos][:_SHOWN]) + (", ..." if len(said.photos) > _SHOWN else "")
            if said.harmless:
                self.collected.add_remark(f"{file}: {text}: {shown}")
            else:
                self.collected.add_problem(file, f"{text}: {shown}")
        self._said.clear()

    def boxed(self, file: str, shape: str, photo: str, plural: str = "") -> None:
        """Count a shape of which the box around it is taken."""
        shapes = plural or f"{shape}s"
        self.note(
            file, f"1 {shape} is read as the box around it", f"{{n}} {shapes} are read as the boxes around them", photo,
            "remark",
        )  # fmt: skip

    def skipped(self, file: str, shape: str, photo: str, plural: str = "") -> None:
        """Count a shape that has no box and is skipped."""
        shapes = plural or f"{shape}s"
        self.note(file, f"1 {shape} is skipped, because it marks no box", f"{{n}} {shapes} are skipped, because they mark no box", photo, "problem")  # fmt: skip # noqa: E501


def listed(words: Sequence[str], most: int = 6) -> str:
    """Return words in quotation marks, of many the first."""
    shown = [f'"{word[:60]}"' for word in words[:most]]
    return ", ".join(shown) + (", ..." if len(words) > most else "")
