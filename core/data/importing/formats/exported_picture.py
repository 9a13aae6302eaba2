"""A picture of a project as the writers of data sets need it."""

from dataclasses import dataclass
from pathlib import Path

from core.data.store.records import BoxRow


@dataclass(frozen=True)
class ExportedPicture:
    """One picture with its labels, and where its file is."""

    name: str  # as the user had it, with its folders
    file: Path
    width: int
    height: int
    label: str | None
    split: str | None
    boxes: tuple[BoxRow, ...]
