"""The store's changes of many images, and undo: in parts of one short transaction each, so that nobody waits for long.

The parts are one change in the history. Where a process dies between two of them, those that were done stand, and one
undo takes them back; an undo goes on where it was interrupted when it is called again.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TypeVar

from sqlalchemy import Connection

from core.data.store import annotations
from core.data.store.classes import images_in_words
from core.data.store.grouping import image_splits
from core.data.store.grouping.tag_items import check_tag
from core.data.store.history import roll_back as roll_back_changes
from core.data.store.history import undo as undo_changes
from core.data.store.records import AT_ONCE, BoxRow, Change, LabelAndSplit, Labels, Part, RollBackReach
from core.data.store.transactions import Transactions

LABELS_AT_ONCE = 250  # images whose labels and boxes are set in one transaction
CLASSES_AT_ONCE = 200
T = TypeVar("T")


class LargeChanges(Transactions):
    """Changes of any size."""

    def annotate(
        self, project_id: int, image_ids: Sequence[int], label: str | None, who: str, kind: str = "label"
    ) -> int:
        """A change: give images a class, or remove theirs (None): see `annotations.annotate`."""

        def write(conn: Connection, part: Part[int]) -> int:
            return annotations.annotate(conn, project_id, part, label, who, kind)

        return self._in_parts(project_id, [*dict.fromkeys(image_ids)], write)

    def accept_suggestions(self, project_id: int, rows: Sequence[tuple[int, str]], who: str) -> int:
        """A change: give images (image, class) what a model suggested: see `annotations.accept_suggestions`."""

        def write(conn: Connection, part: Part[tuple[int, str]]) -> int:
            return annotations.accept_suggestions(conn, project_id, part, who)

        return self._in_parts(project_id, [*dict(rows).items()], write)

    def remove_images(
        self,
        project_id: int,
        image_ids: Sequence[int],
        who: str,
        heirs: Mapping[int, int] | None = None,
        copies: Mapping[int, Sequence[int]] | None = None,
    ) -> int:
        """A change: remove images from the project: see `annotations.remove_images`."""

        def write(conn: Connection, part: Part[int]) -> int:
            return annotations.remove_images(conn, project_id, part, who, heirs or {}, copies or {})

        return self._in_parts(project_id, [*dict.fromkeys(image_ids)], write)

    def apply_labels(
        self,
        project_id: int,
        rows: Sequence[LabelAndSplit],
        who: str,
        text: str,
        kind: str = "import",
        boxes: Mapping[int, Sequence[BoxRow]] | None = None,
        new_classes: Sequence[str] = (),
        extends: int = 0,
        groups: Mapping[int, str | None] | None = None,
        tags: Mapping[int, Mapping[str, bool]] | None = None,
        opinions: Mapping[int, Sequence[tuple[str, str]]] | None = None,
    ) -> int:
        """A change: set labels, splits, boxes, groups and tags of many images: see `annotations.apply_labels`.

        All of it is checked before any of it is written.
        """
        labels = Labels(rows, boxes or {}, new_classes, groups or {}, tags or {}, opinions=opinions or {})
        parts = _parts_of(labels)
        if len(parts) > 1:
            with self._reading() as conn:
                annotations.check_labels(conn, project_id, labels)
        change = 0
        for place, part in enumerate(parts):

            def write(
                conn: Connection, part: Labels = part, place: int = place, before: int = change or extends
            ) -> int:
                return annotations.apply_labels(conn, project_id, part, who, text, kind, before, later=place > 0)

            change = self._write(write, project_id) or change
        return change

    def set_groups(self, project_id: int, groups: Mapping[int, str | None], who: str) -> int:
        """A change: put images into groups (None: into none); photos of a group lie in one split from then on.

        Splits that exist stay: see ``split_by_group``. Returns the change's number, 0 if nothing changed.
        """
        names = {name for name in groups.values() if name is not None}
        into = "no group" if not names else f"group {min(names)}" if len(names) == 1 else f"{len(names):,} groups"
        return self.apply_labels(
            project_id, (), who, f"{images_in_words(len(groups))}: {into}", "groups", groups=groups
        )

    def add_tag(self, project_id: int, image_ids: Sequence[int], tag: str, who: str) -> int:
        """A change: give images a tag. Returns the change's number, 0 if all of them have it."""
        tag = check_tag(tag)
        text = f"{images_in_words(len({*image_ids}))}: tag {tag} added"
        return self.apply_labels(project_id, (), who, text, "tags", tags={number: {tag: True} for number in image_ids})

    def remove_tag(self, project_id: int, image_ids: Sequence[int], tag: str, who: str) -> int:
        """A change: take a tag away from images. Returns the change's number, 0 if none of them has it."""
        tag = check_tag(tag)
        text = f"{images_in_words(len({*image_ids}))}: tag {tag} removed"
        return self.apply_labels(project_id, (), who, text, "tags", tags={number: {tag: False} for number in image_ids})

    def split_by_group(self, project_id: int, who: str, seed: int = 0) -> int:
        """A change: divide the labelled photos of all groups anew: see `image_splits.splits_by_group`.

        Returns the change's number, 0 if nothing moved. However large, it is one transaction: between two parts, a
        training that starts would find groups in two splits.
        """

        def write(conn: Connection) -> int:
            found = image_splits.splits_by_group(conn, project_id, seed)
            labels = Labels([(number, None, split) for number, split in found.items()])
            text = f"split again by group: {images_in_words(len(found))} moved"
            return annotations.apply_labels(conn, project_id, labels, who, text, "splits") if found else 0

        return self._write(write, project_id)

    def undo(
        self, project_id: int, who: str | None = None, tab: str | None = None, without: Collection[str] = ()
    ) -> Change | None:
        """Undo what ``newest_change`` returns; None if there is none. See Change.kept.

        Large changes are undone in several transactions, here and in the methods below; an undo that is interrupted
        goes on when it is called again.
        """
        began = self._write(lambda conn: undo_changes.undo(conn, project_id, who, tab, without), project_id)
        return None if began is None else self._go_on(project_id, began)

    def redo(self, project_id: int, who: str | None = None, tab: str | None = None) -> Change | None:
        """Redo the oldest undone change; None if none is left, or if the tab or person has made a new change since."""
        began = self._write(lambda conn: undo_changes.redo(conn, project_id, who, tab), project_id)
        return None if began is None else self._go_on(project_id, began)

    def undo_one(self, project_id: int, change_id: int) -> Change:
        """Undo any one change. Raises DataError if it does not exist or is already undone."""
        began = self._write(lambda conn: undo_changes.undo_one(conn, project_id, change_id), project_id)
        return self._go_on(project_id, began)

    def redo_one(self, project_id: int, change_id: int) -> Change:
        """Redo any one change. Raises DataError if it does not exist or is not undone."""
        began = self._write(lambda conn: undo_changes.redo_one(conn, project_id, change_id), project_id)
        return self._go_on(project_id, began)

    def roll_back(self, project_id: int, change_id: int, who: str) -> RollBackReach:
        """Undo all later changes, whoever made them. Raises DataError if there are none."""
        began = self._write(lambda conn: roll_back_changes.roll_back(conn, project_id, change_id, who), project_id)
        return self._go_on(project_id, began)

    def undo_roll_back(self, project_id: int, roll_back_id: int) -> RollBackReach:
        """Redo what a roll-back undid, the oldest change first. Raises DataError if nothing of it is left."""
        began = self._write(lambda conn: roll_back_changes.undo_roll_back(conn, project_id, roll_back_id), project_id)
        return self._go_on(project_id, began)

    def _go_on(self, project_id: int, toggling: undo_changes.Toggling[undo_changes.T]) -> undo_changes.T:
        while toggling.more:
            before = toggling
            toggling = self._write(lambda conn: undo_changes.go_on(conn, project_id, before), project_id)  # noqa: B023
        return toggling.outcome

    def _in_parts(self, project_id: int, items: Sequence[T], write: Callable[[Connection, Part[T]], int]) -> int:
        """Write one part after the other; return the number of their change, 0 if nothing changed."""
        change = 0
        for start in range(0, max(1, len(items)), AT_ONCE):
            part = Part(items, start, change)
            change = self._write(lambda conn, part=part: write(conn, part), project_id) or change  # type: ignore[misc]
        return change


def _parts_of(labels: Labels) -> list[Labels]:
    """Divide labels into what is set in one transaction each: first the classes, in the order of all labels."""
    of_image: dict[int, list[LabelAndSplit]] = {}
    for row in labels.rows:
        of_image.setdefault(row[0], []).append(row)
    numbers = [*dict.fromkeys([*of_image, *labels.boxes, *labels.groups, *labels.tags, *labels.opinions])]
    if len(numbers) <= LABELS_AT_ONCE and len(labels.new_classes) <= CLASSES_AT_ONCE:
        return [labels]
    new = [*labels.new_classes]
    further = [name for name in labels.names if name not in set(new)]
    parts = [
        *(
            Labels([], new_classes=new[start : start + CLASSES_AT_ONCE])
            for start in range(0, len(new), CLASSES_AT_ONCE)
        ),
        *(
            Labels([], further_names=further[start : start + CLASSES_AT_ONCE])
            for start in range(0, len(further), CLASSES_AT_ONCE)
        ),
    ]
    for start in range(0, len(numbers), LABELS_AT_ONCE):
        some = numbers[start : start + LABELS_AT_ONCE]
        rows = [row for number in some for row in of_image.get(number, ())]
        boxes, groups, tags = _of(some, labels.boxes), _of(some, labels.groups), _of(some, labels.tags)
        parts.append(Labels(rows, boxes, (), groups, tags, opinions=_of(some, labels.opinions)))
    return parts


def _of(numbers: Sequence[int], values: Mapping[int, T]) -> dict[int, T]:
    """Return the values of these images."""
    return {number: values[number] for number in numbers if number in values}
