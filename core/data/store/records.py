"""The records that the store takes and returns: projects, classes, images, changes and labels, all frozen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar

TASKS = ("classification", "localization")
ORDERS = ("added", "newest", "name", "label", "annotated")
LABEL_KINDS = {
    "label": "",
    "accepted": " (accepted from the model)",
    "corrected": " (label error corrected)",
    "adjudicated": " (adjudicated)",
}
"""The kinds of changes that give labels, and what each adds to its text."""
PERSON, SUGGESTION, IMPORT = "person", "suggestion", "import"
LABEL_SOURCES = (PERSON, SUGGESTION, IMPORT)
"""Where a label came from: a person's own decision, an accepted suggestion of the model, a file or the sample set."""
NAMELESS = "someone"
"""Who made a change, where nobody has entered a name: any number of people."""


def source_of(kind: str) -> str:
    """Return where the labels of a kind of change come from: one of LABEL_SOURCES."""
    return {"accepted": SUGGESTION, "import": IMPORT}.get(kind, PERSON)


@dataclass(frozen=True)
class Project:
    """A named set of images, its task and its classes."""

    id: int
    name: str
    task: str  # one of TASKS
    created: datetime


@dataclass(frozen=True)
class ClassInfo:
    """One class of a project with the number of its images."""

    id: int
    name: str
    position: int  # 0 is the first class; without gaps
    count: int


@dataclass(frozen=True)
class ImageRow:
    """One image of a project with its annotation."""

    id: int
    hash: str  # names the picture's files; equal pictures have the same, whatever file they came in
    filename: str  # the user's name for it, with folders
    label: str | None
    split: str | None
    width: int  # pixels, upright
    height: int
    bytes: int  # of the stored file
    annotated_by: str | None
    annotated_at: datetime | None  # UTC
    label_source: str | None = None  # one of LABEL_SOURCES; None without a label, and for labels of older versions
    suffix: str = ""  # of the stored file, with its dot
    group: str | None = None  # given by a person: the photos of a group lie in one split


@dataclass(frozen=True, slots=True)
class ImageLabel:
    """The part of an image that a model trained on all labels needs."""

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
    made_by: str | None = None  # who drew or changed it last; the store sets this and ignores it on input
    made_at: datetime | None = None  # UTC


@dataclass(frozen=True)
class ImageFilter:
    """Selects images of a project and their order."""

    label: str | None = None  # only this class
    unlabelled: bool = False  # only those without a class
    boxless: bool = False  # only those without a box
    split: str | None = None  # "train", "val", "test", or "none" for images that have no split yet
    search: str = ""  # part of a file name, in any case
    untested: bool = False  # only those that are no test images
    tag: str | None = None  # only those with this tag
    group: str | None = None  # only those of this group
    order: str = "added"  # one of ORDERS


@dataclass(frozen=True)
class Change:
    """One thing that somebody did, however many images it changed."""

    id: int
    kind: str  # "label", "import", "images removed", "class added", ...
    text: str  # readable: "24 photos: owl"
    who: str
    when: datetime  # UTC
    undone: bool
    kept: int = 0  # after undo or redo: images and classes that kept their value, because it was changed since
    roll_back: int | None = None  # undone together with others, by this roll-back
    unfinished: bool = False  # an undo or redo of it is under way in parts, or was interrupted


@dataclass(frozen=True)
class RollBackReach:
    """What a roll-back would undo, or has undone."""

    changes: int
    images: int
    classes: int
    people: tuple[str, ...]  # whose changes they are
    kept: int = 0  # kept their value, because restoring it would break a rule


@dataclass(frozen=True)
class RollBack:
    """A roll-back of a project that can still be undone."""

    id: int
    change_id: int  # the last change that stayed; 0 if none did
    who: str
    when: datetime  # UTC
    changes: int  # undone by it, and not redone since one by one


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
    group_before: str | None = None
    group_after: str | None = None
    tags: Mapping[str, bool] = field(default_factory=dict)  # added (True) or taken away, by name


@dataclass(frozen=True)
class Opinion:
    """The latest label that one person gave an image, whatever its label is now."""

    image_id: int
    who: str
    label: str
    when: datetime  # UTC
    change_id: int


@dataclass(frozen=True)
class Reservation:
    """A photo on the desk of one browser tab."""

    image_id: int
    who: str
    until: datetime  # UTC; renewed while the photo stays on the desk


@dataclass(frozen=True)
class ReviewDecision:
    """Something that somebody looked at and left unchanged."""

    subject: str
    who: str
    when: datetime  # UTC
    tab: str | None = None  # the browser tab in which it was made


@dataclass(frozen=True)
class AroundDesk:
    """What a labelling desk shows beside its photo."""

    classes: list[ClassInfo]
    photos: int  # of the project
    others: dict[int, Reservation]  # the images on other tabs' desks
    newest: Change | None  # what Undo would take back


LabelAndSplit = tuple[int, str | None, str | None]
"""Image, label, split; None leaves what the image has."""
AT_ONCE = 500
"""Images that are changed in one transaction, of less than a tenth of a second."""
T = TypeVar("T")


@dataclass(frozen=True)
class Part(Generic[T]):
    """The images of a change, and which of them one transaction changes."""

    items: Sequence[T]
    start: int = 0
    extends: int = 0  # the number of the change after its first part

    @property
    def some(self) -> Sequence[T]:
        """Those of this part."""
        return self.items[self.start : self.start + AT_ONCE]

    @property
    def whole(self) -> Sequence[T] | None:
        """All of them in the first part, which checks them; None in later ones: what is gone since is left out."""
        return None if self.start else self.items


@dataclass(frozen=True)
class Labels:
    """What to set for images, and classes to add first; of two rows for one image the later one counts."""

    rows: Sequence[LabelAndSplit]
    boxes: Mapping[int, Sequence[BoxRow]] = field(default_factory=dict)
    new_classes: Sequence[str] = ()  # with exactly these names, whatever other classes differ only in case
    groups: Mapping[int, str | None] = field(default_factory=dict)  # None: no group
    tags: Mapping[int, Mapping[str, bool]] = field(default_factory=dict)  # True: gets the tag, False: loses it
    further_names: Sequence[str] = ()  # labels of later parts
    opinions: Mapping[int, Sequence[tuple[str, str]]] = field(default_factory=dict)  # (annotator, class) of new images

    @property
    def images(self) -> set[int]:
        """All images that are mentioned."""
        return {*self.boxes, *self.groups, *self.tags, *self.opinions, *(image_id for image_id, _, _ in self.rows)}

    @property
    def names(self) -> list[str]:
        """The classes in the order in which missing ones are added."""
        of_boxes = [box.label for some in self.boxes.values() for box in some]
        given = [label for _, label, _ in self.rows if label is not None]
        said = [label for some in self.opinions.values() for _, label in some]
        return [*dict.fromkeys([*self.new_classes, *self.further_names, *of_boxes, *given, *said])]
