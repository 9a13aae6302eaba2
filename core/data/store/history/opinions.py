"""Opinions: the latest label that each annotator gave each image, read from the history.

The history holds everything, so opinions have no table of their own: an undone change is no longer an opinion, and an
author who removes a label removes their opinion. An image has one label and may have several opinions. Suggestions
that a person accepted, and the decisions of an adjudicator, are not opinions. Nor are labels of people without a name:
they may come from one person or from ten, so they say nothing about agreement. `nameless_labels` counts them.
"""

from typing import Any

from sqlalchemy import Connection, Row, false, select

from core.data.store.records import NAMELESS, Opinion
from core.data.store.schema import change_items, changes, classes, images

IMPORTED = "import"
OPINION_KINDS = ("label", "boxes", IMPORTED, "corrected")
"""The kinds of changes that express a person's own opinion."""
MERGED, ADJUDICATED, ACCEPTED = "classes merged", "adjudicated", "accepted"


def opinions_of(conn: Connection, project_id: int) -> list[Opinion]:
    """Return the latest label of each named person of each image in the project, by image and then by time."""
    return [one for one in _all_opinions(conn, project_id) if not _is_nameless(one.who)]


def nameless_labels(conn: Connection, project_id: int) -> int:
    """Return how many images people without a name have labelled."""
    return len({one.image_id for one in _all_opinions(conn, project_id) if _is_nameless(one.who)})


def _is_nameless(who: str) -> bool:
    return who.strip().casefold() in ("", NAMELESS)


def _all_opinions(conn: Connection, project_id: int) -> list[Opinion]:
    latest: dict[tuple[int, str], Opinion] = {}
    classes_now = _class_names(conn, project_id)
    became: dict[int, int] = {}
    numbers: dict[tuple[int, str], int] = {}
    for row in _items(conn, project_id, (*OPINION_KINDS, MERGED, ACCEPTED)):
        if "class_id" not in row.after:
            continue
        # An import may hold the labels of several people.
        who = (row.after.get("annotated_by") or row.who) if row.kind == IMPORTED else row.who
        key, class_id = (row.entity_id, who), row.after["class_id"]
        if row.kind == MERGED:
            became[row.before["class_id"]] = class_id
        elif class_id is None or row.kind == ACCEPTED:
            latest.pop(key, None)
        else:
            latest[key] = Opinion(row.entity_id, who, "", row.at, row.id)
            numbers[key] = class_id
    answer = []
    for key, opinion in latest.items():
        number = numbers[key]
        while number not in classes_now and number in became:
            number = became[number]
        if number in classes_now:
            answer.append(Opinion(opinion.image_id, opinion.who, classes_now[number], opinion.when, opinion.change_id))
    return sorted(answer, key=lambda one: (one.image_id, one.change_id))


def adjudicated_in(conn: Connection, project_id: int) -> dict[int, int]:
    """Return the images whose label an adjudicator decided, each with the number of that change."""
    return {row.entity_id: row.id for row in _items(conn, project_id, (ADJUDICATED,))}


def _class_names(conn: Connection, project_id: int) -> dict[int, str]:
    query = select(classes.c.id, classes.c.name).where(classes.c.project_id == project_id, classes.c.removed == false())
    return {row.id: row.name for row in conn.execute(query)}


def _items(conn: Connection, project_id: int, kinds: tuple[str, ...]) -> list[Row[*tuple[Any, ...]]]:
    query = (
        select(changes.c.id, changes.c.kind, changes.c.who, changes.c.at, change_items.c.entity_id)
        .add_columns(change_items.c.before, change_items.c.after)
        .join(change_items, change_items.c.change_id == changes.c.id)
        .join(images, images.c.id == change_items.c.entity_id)
        .where(changes.c.project_id == project_id, changes.c.undone == false(), changes.c.kind.in_(kinds))
        .where(change_items.c.entity == "image", images.c.removed == false())
        .order_by(change_items.c.id)
    )
    return list(conn.execute(query))
