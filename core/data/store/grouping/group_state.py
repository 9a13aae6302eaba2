"""How a project's photos are grouped now: the groups, their sides, and what they do not allow."""

from collections import Counter
from dataclasses import dataclass, field

from sqlalchemy import Connection, false, select

from core.data.grouping.group_remarks import ALONE, PlacedPhoto, copies_remark, few_groups_remarks
from core.data.grouping.group_splits import groups_on_several_sides
from core.data.store.grouping.photo_groups import group_names
from core.data.store.queries import near_duplicates
from core.data.store.schema import classes, images


@dataclass(frozen=True)
class GroupState:
    """The groups of a project that people named."""

    photos: int  # of the project
    groups: dict[str, int]  # with the number of their photos: the largest first, then by name
    splits: dict[str, Counter[str]] = field(default_factory=dict)  # how many of these are in train, val, test or "none"
    sides: dict[str, tuple[str, ...]] = field(default_factory=dict)  # the groups in several splits, with these
    remarks: tuple[str, ...] = ()  # sentences on what a split by these groups cannot do

    @property
    def without(self) -> int:
        """How many photos have no group."""
        return self.photos - sum(self.groups.values())


def group_state(conn: Connection, project_id: int) -> GroupState:
    """Return how a project's photos are grouped. Only labelled photos count for sides and remarks."""
    here = (images.c.project_id == project_id, images.c.removed == false())
    query = (
        select(images.c.id, images.c.hash, images.c.filename, images.c.group_name, images.c.split, classes.c.name)
        .outerjoin(classes)
        .where(*here)
    )
    rows = conn.execute(query.order_by(images.c.id)).all()
    labelled = [row for row in rows if row.name is not None]
    named = [row for row in labelled if row.group_name is not None]
    splits: dict[str, Counter[str]] = {}
    for row in rows:
        if row.group_name is not None:
            splits.setdefault(row.group_name, Counter())[row.split or "none"] += 1
    remarks = few_groups_remarks([(row.name, row.group_name or f"{ALONE}{row.id}") for row in labelled])
    if len({row.group_name for row in named}) > 1:
        alike = near_duplicates(conn, project_id)
        copies = copies_remark(PlacedPhoto(row.filename, row.group_name, row.split, alike[row.hash]) for row in named)
        remarks += [copies] if copies else []
    return GroupState(
        len(rows),
        group_names(conn, project_id),
        splits,
        groups_on_several_sides((row.group_name, row.split) for row in named),
        tuple(remarks) if named else (),
    )
