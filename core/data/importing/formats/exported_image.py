"""An image of a project as the writers of data sets need it."""

from dataclasses import dataclass
from pathlib import Path

from core.data.store.records import BoxRow


@dataclass(frozen=True)
class ExportedImage:
    """One image with its labels and its file."""

    name: str  # the user's name for it, with folders
    file: Path
    width: int
    height: int
    label: str | None
    split: str | None
    boxes: tuple[BoxRow, ...]
