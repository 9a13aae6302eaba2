"""When a project's labels last changed: two counters by which a page sees whether suggestions still answer to them."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, select, update

from core.data.store.schema import projects

_COUNTERS = select(projects.c.labels_changed, projects.c.labels_withdrawn).where(projects.c.id == bindparam("project"))
"""Made once: a page reads it several times a key press."""


class LabelRevision(NamedTuple):
    """The counters of a project; what was computed from its labels at a number below ``changed`` lacks a change."""

    changed: int = 0  # counts the writes that changed labels or classes
    withdrawn: int = 0  # the newest of them that took away or replaced what stood; later ones only added labels


def label_revision(conn: Connection, project_id: int) -> LabelRevision:
    """Return the counters; zeros if the project is gone."""
    row = conn.execute(_COUNTERS, {"project": project_id}).first()
    return LabelRevision(*row) if row else LabelRevision()


def count_label_change(
    conn: Connection, project_id: int, steps: Iterable[tuple[str, dict[str, Any], dict[str, Any]]]
) -> None:
    """Count a write that did these steps: what was changed ("image", "class", "boxes"), its values before and after."""
    changed = withdrawn = False
    for entity, before, after in steps:
        if before == after or not {"class_id", "removed", "name", "position"} & after.keys():
            continue
        if "class_id" in after and before["class_id"] == after["class_id"]:  # a label was confirmed
            continue
        changed = True
        # A first label and a new class only add; everything else contradicts what somebody may have computed.
        added = before["removed"] and not after["removed"] if entity == "class" and "removed" in after else False
        withdrawn |= not added and not (entity == "image" and before.get("class_id", 0) is None)
    if changed:
        number = projects.c.labels_changed + 1
        values = {"labels_changed": number} | ({"labels_withdrawn": number} if withdrawn else {})
        conn.execute(update(projects).where(projects.c.id == project_id).values(values))
