"""What the store hands out: projects, classes, images and changes as frozen records."""

from dataclasses import dataclass
from datetime import datetime

TASKS = ("classification", "localization")
ORDERS = ("added", "newest", "name", "label", "annotated")


@dataclass(frozen=True)
class Project:
    """A named set of images, its task and its classes."""

    id: int
    name: str
    task: str  # one of TASKS
    created: datetime


@dataclass(frozen=True)
class ClassInfo:
    """One class of a project and how many of its images carry it."""

    id: int
    name: str
    position: int  # 0 is the first class; without gaps
    count: int


@dataclass(frozen=True)
class ImageRow:
    """One image of a project with its annotation."""

    id: int
    hash: str  # names the picture's files; equal for equal pictures, in whatever file they came
    filename: str  # the user's own name for it, with its folders
    label: str | None
    split: str | None
    width: int  # pixels, upright
    height: int
    bytes: int  # of the stored file
    annotated_by: str | None
    annotated_at: datetime | None  # UTC


@dataclass(frozen=True)
class ImageFilter:
    """Which images of a project, and in which order."""

    label: str | None = None  # only this class
    unlabelled: bool = False  # only those without a class
    split: str | None = None  # "train", "val", "test", or "none" for images that have no split yet
    search: str = ""  # part of a file name, in any case
    order: str = "added"  # one of ORDERS


@dataclass(frozen=True)
class Change:
    """One thing that somebody did, however many images it touched."""

    id: int
    kind: str  # "label", "import", "images removed", "class added", ...
    text: str  # readable: "24 images: owl"
    who: str
    when: datetime  # UTC
    undone: bool
    kept: int = 0  # after undo or redo: images and classes left as they are, because somebody changed them since
