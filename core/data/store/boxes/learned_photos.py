"""What a model would learn from a project: which photos, by which of their boxes, and whether that is enough.

One place for Home, Annotate, Train and the preview of an import, so that all say the same. A model learns one object
per photo. Of several boxes it learns the largest: usually that is the main object, and a rule that depends on nothing
else gives the same answer on every page, in every run and for a table on the command line.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from sqlalchemy import Connection, case, false, func, select

from core.data.splits import SplitItem, complete
from core.data.store.classes import classes_of
from core.data.store.projects import project_of
from core.data.store.queries import counts_of
from core.data.store.schema import boxes, classes, images

Step = Literal["add photos", "label photos", "train"]
LEAST = 2  # photos of each class: one to train on, one to validate on
LEAST_BOXED = 4  # photos with a box, of all classes
_ENOUGH_TO_SPLIT = 10  # more photos of one class in one split change nothing


@dataclass(frozen=True)
class LearnedPhotos:
    """The photos that a model would learn from, and the others."""

    boxed: bool  # a localization project: photos without a box are not learned
    photos: int  # all of the project
    learned: Mapping[str, int]  # class -> photos that are learned as this class; every class of the project
    several: int = 0  # photos with more than one box
    boxes: Mapping[str, int] | None = None  # class -> all of its boxes, learned or not
    parts: Mapping[str, Counter[str]] | None = None  # class -> photos in train, val and test

    @property
    def total(self) -> int:
        """Photos that are learned."""
        return sum(self.learned.values())

    @property
    def other_boxes(self) -> int:
        """Boxes that are kept but not learned."""
        return sum((self.boxes or {}).values()) - self.total if self.boxed else 0

    @property
    def rule(self) -> str:
        """Say which box is learned where photos have several; empty if none has."""
        if not self.several:
            return ""
        every = sum((self.boxes or {}).values())
        return (
            f"{_counted(every, 'box', 'boxes')} on {_counted(self.total, 'photo', 'photos')}. The model learns one box "
            f"per photo: the largest, because it is usually the main object. So it learns from "
            f"{_counted(self.total, 'photo', 'photos')}. The other {_counted(self.other_boxes, 'box is', 'boxes are')} "
            "kept, but not learned."
        )

    @property
    def missing(self) -> tuple[str, ...]:
        """What training still needs, each as a clause; empty if there is enough."""
        what = "with a box" if self.boxed else "with a label"
        if not self.total:
            return (f"no photo {what}",)
        if len(self.learned) < 2 and not self.boxed:
            return (f'only one class, "{next(iter(self.learned))}"',)
        needs = [self._too_few(name, count) for name, count in self.learned.items() if count < LEAST]
        parts = self.parts or {}
        needs += [
            f'no photo of "{name}" is in the training set'
            for name, count in self.learned.items()
            if count >= LEAST and self.parts is not None and not parts[name]["train"]
        ]
        if not needs and self.parts is not None:
            if sum(part["train"] for part in parts.values()) < 2:
                needs.append("only one photo is in the training set")
            if not sum(part["val"] for part in parts.values()):
                needs.append("no photo is in the validation set")
        return tuple(needs)

    @property
    def enough(self) -> bool:
        """Whether a model can be trained."""
        return not self.missing

    @property
    def step(self) -> Step:
        """What to do next."""
        if self.enough:
            return "train"
        return "label photos" if self.total < self.photos else "add photos"

    @property
    def advice(self) -> str:
        """Say whether there is enough to train, otherwise what is missing and what to do."""
        if self.enough:
            return f"There are enough photos to train: {self.total:,} with a {'box' if self.boxed else 'label'}."
        listed = "; ".join(self.missing[:5]) + (f"; and {len(self.missing) - 5} more" if len(self.missing) > 5 else "")
        what = "Draw boxes" if self.boxed else "Label photos"
        do = f"{what} on the Annotate page" if self.step == "label photos" else "Add photos"
        goal = "at least two photos of each class"
        if self.boxed and self.total < LEAST_BOXED:
            goal += ", and four in all"
        elif not self.boxed and len(self.learned) < 2:
            goal += ", and two classes"
        small = any(count < LEAST for count in self.learned.values()) and self.total
        remove = ", or remove a class under Annotate, Classes" if small else ""
        return f"Not enough to train yet: {listed}. {do} until there are {goal}{remove}."

    def _too_few(self, name: str, count: int) -> str:
        every = (self.boxes or {}).get(name, 0)
        if self.boxed and not count and every:
            return f'"{name}" is never the largest box of a photo ({_counted(every, "box", "boxes")})'
        return f'"{name}" has {_counted(count, "photo", "photos")}' if count else f'"{name}" has no photo'


def learned_photos(conn: Connection, project_id: int) -> LearnedPhotos:
    """Return what a model would learn from the project as it is now. Nothing is written.

    Photos without a split count in the split that they will get; near-duplicates are not compared for that.
    """
    boxed = project_of(conn, project_id).task == "localization"
    names = [info.name for info in classes_of(conn, project_id)]
    table = counts_of(conn, project_id)
    photos = sum(row["total"] for row in table)
    if not boxed:
        cells = {(row["label"], split): row[split] for row in table for split in _SPLITS if row["label"] is not None}
        return _counts(False, photos, names, cells)
    per_image = select(boxes.c.image_id, func.count().label("boxes")).group_by(boxes.c.image_id).subquery()
    here = (images.c.project_id == project_id, images.c.removed == false())
    several = func.sum(case((per_image.c.boxes > 1, 1), else_=0))
    learned = (
        select(classes.c.name, images.c.split, func.count().label("photos"), several.label("several"))
        .join(per_image, per_image.c.image_id == images.c.id)
        .join(classes, classes.c.id == images.c.class_id)
        .where(*here)
        .group_by(classes.c.name, images.c.split)
    )
    rows = conn.execute(learned).all()
    every = (
        select(classes.c.name, func.count().label("boxes"))
        .select_from(boxes)
        .join(classes, classes.c.id == boxes.c.class_id)
        .join(images, images.c.id == boxes.c.image_id)
        .where(*here)
        .group_by(classes.c.name)
    )
    cells = {(row.name, row.split or "none"): row.photos for row in rows}
    counts = _counts(True, photos, names, cells)
    return replace(
        counts, several=sum(row.several for row in rows), boxes={row.name: row.boxes for row in conn.execute(every)}
    )


Marked = Sequence[tuple[str, float]]
"""The boxes of one photo, each as its class and area."""


def with_more(counts: LearnedPhotos, added: Iterable[Marked], removed: Iterable[Marked] = ()) -> LearnedPhotos:
    """Return the counts of a localization project with further photos and without others.

    A photo whose boxes change is removed with its old boxes and added with its new ones.
    """
    photos, several = counts.photos, counts.several
    learned, every = Counter(counts.learned), Counter(counts.boxes or {})
    for sign, some in ((-1, removed), (1, added)):
        for marked in some:
            photos += sign
            several += sign * (len(marked) > 1)
            for label, _ in marked:
                every[label] += sign
                learned[label] += 0  # also a class that is never the largest
            if marked:
                learned[max(marked, key=lambda one: one[1])[0]] += sign
    parts = _parts({(name, "none"): count for name, count in learned.items()})
    return LearnedPhotos(True, photos, dict(learned), several, dict(every), parts)


def _counts(boxed: bool, photos: int, names: Sequence[str], cells: Mapping[tuple[str, str], int]) -> LearnedPhotos:
    learned = {name: sum(cells.get((name, split), 0) for split in _SPLITS) for name in names}
    return LearnedPhotos(boxed, photos, learned, parts=_parts(cells))


def _parts(cells: Mapping[tuple[str, str], int]) -> dict[str, Counter[str]]:
    """Return how many photos of each class will be in train, val and test, of some photos of each class."""
    items = [
        SplitItem(f"{label} {split} {number}", label, f"{label} {split} {number}", None if split == "none" else split)
        for (label, split), count in cells.items()
        for number in range(min(count, _ENOUGH_TO_SPLIT))
    ]
    # Those with a split first: they take their places, and the others fill the open ones.
    items.sort(key=lambda item: item.split is None)
    found, _ = complete(items)
    parts: dict[str, Counter[str]] = {label: Counter() for label, _ in cells}
    for item in items:
        parts[item.label][found[item.key]] += 1
    return parts


def _counted(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"


_SPLITS = ("train", "val", "test", "none")
