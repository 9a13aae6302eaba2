"""What the store hands out: projects, classes, images and changes as frozen records."""

from dataclasses import dataclass
from datetime import datetime

TASKS = ("classification", "localization")
ORDERS = ("added", "newest", "name", "label", "annotated")
LABEL_KINDS = {
    "label": "",
    "accepted": " (accepted from the model)",
    "corrected": " (label error corrected)",
    "adjudicated": " (adjudicated)",
}
"""How a label came about, and how its change says so."""


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


@dataclass(frozen=True, slots=True)
class ImageLabel:
    """As little of an image as a model needs that learns from all labels."""

    id: int
    hash: str
    label: str | None


@dataclass(frozen=True)
class BoxRow:
    """One box of an image, in pixels of the upright picture; x and y are its upper left corner."""

    label: str
    x: float
    y: float
    width: float
    height: float
    made_by: str | None = None  # who drew or changed it last; the store fills this in, and does not read it
    made_at: datetime | None = None  # UTC


@dataclass(frozen=True)
class ImageFilter:
    """Which images of a project, and in which order."""

    label: str | None = None  # only this class
    unlabelled: bool = False  # only those without a class
    boxless: bool = False  # only those without a box
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
    rewind: int | None = None  # undone together with others, by this rewind


@dataclass(frozen=True)
class RollBackReach:
    """What going back to a moment would undo, or has undone."""

    changes: int
    images: int
    classes: int
    people: tuple[str, ...]  # whose changes they are
    kept: int = 0  # left as they are, because going back would break a rule


@dataclass(frozen=True)
class RollBack:
    """A project taken back to an earlier moment, as long as it can be taken forth again."""

    id: int
    change_id: int  # the last change that stayed; 0: none did
    who: str
    when: datetime  # UTC
    changes: int  # undone by it, and not done again one by one


@dataclass(frozen=True)
class Touched:
    """What one change did to one image."""

    image_id: int
    hash: str
    filename: str
    label_before: str | None
    label_after: str | None
    split_before: str | None
    split_after: str | None
    removed_before: bool
    removed_after: bool


@dataclass(frozen=True)
class Opinion:
    """The label that one person gave an image last, whatever the image carries now."""

    image_id: int
    who: str
    label: str
    when: datetime  # UTC
    change_id: int


@dataclass(frozen=True)
class ReviewDecision:
    """Something that somebody looked at and left as it is."""

    subject: str
    who: str
    when: datetime  # UTC
