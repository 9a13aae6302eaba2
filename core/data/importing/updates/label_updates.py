"""Compare an import with the project: which labels, boxes, splits, groups and tags of its photos would change."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from core.data.importing.box_frames import objects_in_pixels
from core.data.importing.equal_photos import contradiction, distinct_classes, distinct_labels, strictest_split
from core.data.importing.formats.csv_styles.joined_tables import in_own_table
from core.data.importing.import_plan import Candidate, ImportPlan, in_line_order
from core.data.importing.names.class_case import spelled_as_project
from core.data.importing.plan_files import with_usable_labels
from core.data.importing.updates.box_places import places_of, sides_of
from core.data.importing.updates.known_photos import KnownPhotos
from core.data.store.boxes.box_checks import invalid_reason
from core.data.store.records import BoxRow, ImageRow
from core.data.store.store import Store
from core.data.tables.label_rows import LabelledBox, LabelRow, Problem, objects_of
from core.data.tables.labels_csv import NO_LABEL
from core.data.tables.names import class_key, name_key
from core.errors import ImageRefused


@dataclass(frozen=True)
class PhotoUpdate:
    """What changes for one photo of the project; None stays as it is."""

    image: ImageRow  # as it is now
    line: int | None  # of its row in the table
    label: str | None = None
    split: str | None = None
    boxes: tuple[BoxRow, ...] | None = None
    boxes_before: tuple[BoxRow, ...] = ()
    group: str | None = None
    tags: tuple[str, ...] | None = None
    tags_before: tuple[str, ...] = ()


@dataclass(frozen=True)
class LabelUpdates:
    """What an import would change for photos that the project has already."""

    changes: tuple[PhotoUpdate, ...] = ()
    photos: int = 0  # photos of the project that the import names
    without_label: int = 0  # rows with an empty label cell: they change nothing
    new_classes: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()  # of the whole import, as they are for this project
    known: frozenset[str] = frozenset()  # files whose photo is in the project
    new_names: bool = False  # one of them has a name that the project does not know

    @property
    def labels(self) -> int:
        """How many photos get another class."""
        return sum(one.label is not None for one in self.changes)

    @property
    def splits(self) -> int:
        """How many photos get another split."""
        return sum(one.split is not None for one in self.changes)

    @property
    def boxes(self) -> int:
        """How many photos get other boxes."""
        return sum(one.boxes is not None for one in self.changes)

    @property
    def groups(self) -> int:
        """How many photos get another group."""
        return sum(one.group is not None for one in self.changes)

    @property
    def tags(self) -> int:
        """How many photos get other tags."""
        return sum(one.tags is not None for one in self.changes)


@dataclass(frozen=True)
class _Row:
    """What one row or file says about a photo of the project."""

    name: str
    line: int | None
    label: str | None
    split: str | None
    objects: tuple[LabelledBox, ...]
    group: str | None
    tags: tuple[str, ...]


@dataclass
class _Project:
    """The state that the rows are compared with; problems are collected."""

    images: Mapping[int, ImageRow]
    boxes: Mapping[int, Sequence[BoxRow]]
    boxed: bool
    classes: Mapping[str, str]  # by class key
    broken: frozenset[str]  # base names of photos with a box that could not be read
    tags: Mapping[int, tuple[str, ...]]
    groups: Mapping[str, str]  # by name key
    problems: list[Problem] = field(default_factory=list)

    def spelled(self, label: str) -> str:
        """Return the label as the project spells it."""
        return self.classes.get(class_key(label), label)


def find_updates(plan: ImportPlan, known: KnownPhotos, store: Store, project_id: int) -> LabelUpdates:
    """Return what an import would change for the photos that ``known`` found in the project. Nothing is stored.

    A row without a label changes nothing, and neither does the name of a folder: it says where a photo was stored, not
    that somebody corrected its label. Rows that repeat what a photo has count as its other names; otherwise the rule of
    ``equal_photos`` holds. Boxes of a photo are replaced as a whole, and stay where one of the new ones is invalid.
    """
    boxed = store.project(project_id).task == "localization"
    classes = [info.name for info in store.classes(project_id)]
    plan = spelled_as_project(plan, classes)
    images = {row.id: row for row in store.images(project_id)}
    project = _Project(
        images=images,
        boxes=store.boxes(project_id) if boxed else {},
        boxed=boxed,
        classes={class_key(name): name for name in classes},
        broken=frozenset(_base(problem.filename) for problem in plan.problems if problem.filename),
        tags=store.tags_of(project_id),
        groups={name_key(row.group): row.group for row in images.values() if row.group is not None},
    )
    rows = _rows_by_image(plan, known, project)
    changes = [
        change
        for image_id, some in rows.items()
        if image_id in project.images and (change := _change(project.images[image_id], some, project)) is not None
    ]
    # Before this, nobody knew whether the project has the photos of these rows.
    empty = {row.line for some in rows.values() for row in some if row.label is None and row.line is not None}
    if project.images:
        kept = [one for one in plan.problems if not one.absent]
        kept = [one for one in kept if not (one.text.startswith(NO_LABEL) and one.line in empty)]
        added = (in_own_table(one, plan.parts) for one in (*known.problems, *project.problems))
        problems = [*kept, *added]
    else:
        problems = list(plan.problems)
    return LabelUpdates(
        changes=tuple(changes),
        photos=len(rows),
        without_label=sum(_says_nothing(row) for some in rows.values() for row in some),
        new_classes=_new_classes(changes, project),
        problems=in_line_order(problems),
        known=frozenset(known.by_content),
        new_names=bool(known.new_names),
    )


def _rows_by_image(plan: ImportPlan, known: KnownPhotos, project: _Project) -> dict[int, list[_Row]]:
    """Return what the plan says about each photo of the project, in its order."""
    rows: dict[int, list[_Row]] = defaultdict(list)
    for one in plan.candidates:
        if one.name in known.by_content and not one.by_folder:
            row = _Row(one.name, one.line, one.label, one.split, one.objects, one.group, one.tags)
            rows[known.by_content[one.name]].append(row)
    for place, image in sorted(known.by_name.items()):
        there = plan.absent[place]
        objects = _in_pixels(there, project.images.get(image))
        named = Candidate(there.filename, there.label, there.split, there.box, _no_file, objects, there.line)
        unusable: list[Problem] = []
        (usable,) = with_usable_labels([named], unusable)
        project.problems += [replace(one, line=one.line or there.line) for one in unusable]
        row = _Row(there.filename, there.line, usable.label, there.split, usable.objects, there.group, there.tags)
        rows[image].append(row)
    return dict(rows)


def _in_pixels(row: LabelRow, image: ImageRow | None) -> tuple[LabelledBox, ...]:
    """Return the boxes of a row in pixels of the photo in the project."""
    objects = objects_of(row)
    return objects_in_pixels(objects, (image.width, image.height)) if row.frame.fractions and image else objects


def _says_nothing(row: _Row) -> bool:
    return row.label is None and row.group is None and not row.tags


def _no_file() -> bytes:
    raise ImageRefused("", "the photo is not among the files")


def _change(image: ImageRow, rows: Sequence[_Row], project: _Project) -> PhotoUpdate | None:
    """Return what the rows of one photo change, None for nothing."""
    said = [row for row in rows if row.label is not None and not _has_bad_box(row, image, project)]
    labels = distinct_classes((row.label for row in said), image.label)
    if len(labels) > 1:
        names = " and ".join(_with_line(row) for row in said if row.label in labels)
        text = f"{names} are the same photo, and {contradiction(labels)}"
        project.problems.append(Problem(_last_line(said), f"{text}; {image.filename} stays as it is"))
        return None
    split = strictest_split(row.split for row in said)
    change = PhotoUpdate(
        image,
        next((row.line for row in said if row.label in labels), (said or rows)[0].line),
        project.spelled(labels[0]) if labels else None,
        split if split != image.split else None,
        *_boxes(image, said, project),
        _group(image, rows, project),
        *_tags(image, rows, project),
    )
    changed = (change.label, change.split, change.boxes, change.group, change.tags)
    return change if any(one is not None for one in changed) else None


def _group(image: ImageRow, rows: Sequence[_Row], project: _Project) -> str | None:
    """Return the photo's new group, None if it stays; unlike a label it may stand in a row without a label."""
    groups = distinct_labels((row.group for row in rows), image.group)
    if len(groups) > 1:
        names = " and ".join(_with_line(row) for row in rows if row.group in groups)
        text = f"{names} are the same photo in different groups ({', '.join(groups)}), so its group stays"
        project.problems.append(Problem(_last_line(rows), text))
        return None
    return project.groups.get(name_key(groups[0]), groups[0]) if groups else None


def _tags(image: ImageRow, rows: Sequence[_Row], project: _Project) -> tuple[tuple[str, ...] | None, tuple[str, ...]]:
    """Return the photo's new tags, None if they stay, and its present ones. Empty cells change nothing."""
    before = project.tags.get(image.id, ())
    new = {name_key(tag): tag for row in rows for tag in row.tags}
    same = new.keys() == {name_key(tag) for tag in before}
    return (None if same or not new else tuple(new.values())), before


def _boxes(
    image: ImageRow, rows: Sequence[_Row], project: _Project
) -> tuple[tuple[BoxRow, ...] | None, tuple[BoxRow, ...]]:
    """Return the photo's new boxes, None if they stay, and its present ones."""
    before = tuple(project.boxes.get(image.id, ()))
    if not project.boxed:
        return None, before
    new: dict[tuple[object, ...], tuple[BoxRow, ...]] = {}
    for row in rows:
        boxes = tuple(_box_row(one, project) for one in row.objects)
        if boxes and sides_of(boxes) != sides_of(before):
            new.setdefault(sides_of(boxes), boxes)
    if len(new) > 1:
        names = " and ".join(_with_line(row) for row in rows if row.objects)
        text = f"{names} are the same photo with different boxes, so its boxes stay"
        project.problems.append(Problem(_last_line(rows), text))
        return None, before
    after: tuple[BoxRow, ...] | None = next(iter(new.values())) if new else None
    if after and len({class_key(box.label) for box in after}) == 1 and places_of(after) == places_of(before):
        # Only the class changes, and a photo's boxes get its class: unless it is that of the largest box already.
        after = after if class_key(after[0].label) == class_key(image.label or "") else None
    return after, before


def _has_bad_box(row: _Row, image: ImageRow, project: _Project) -> bool:
    """Return whether a box of the row is invalid: then the photo stays as it is, and a problem says so."""
    if not project.boxed:
        return False
    if _base(row.name) in project.broken:  # the table's problems say what is wrong
        return True
    for one in row.objects:
        if wrong := invalid_reason(_box_row(one, project), image.width, image.height):
            text = f"the box of {row.name} is skipped: {wrong}; {image.filename} stays as it is"
            project.problems.append(Problem(one.line or row.line, text))
            return True
    return False


def _box_row(one: LabelledBox, project: _Project) -> BoxRow:
    return BoxRow(project.spelled(one.label or ""), one.box.x, one.box.y, one.box.width, one.box.height)


def _new_classes(changes: Iterable[PhotoUpdate], project: _Project) -> tuple[str, ...]:
    found: dict[str, str] = {}
    for change in changes:
        for label in [*(box.label for box in change.boxes or ()), *([change.label] if change.label else [])]:
            if class_key(label) not in project.classes:
                found.setdefault(class_key(label), label)
    return tuple(found.values())


def _with_line(row: _Row) -> str:
    return row.name if row.line is None else f"{row.name} (line {row.line})"


def _last_line(rows: Iterable[_Row]) -> int | None:
    return max((row.line for row in rows if row.line is not None), default=None)


def _base(path: str) -> str:
    return PurePosixPath(path.replace("\\", "/")).name
