"""Reviews: what somebody looked at and left unchanged, so that no check asks about it again."""

from collections.abc import Sequence

from sqlalchemy import Connection, delete, insert, select

from core.data.store.history.changes import CHUNK, now, tab_of
from core.data.store.records import ReviewDecision
from core.data.store.schema import reviews


def record_review(conn: Connection, project_id: int, kind: str, subjects: Sequence[str], who: str) -> None:
    """Record that somebody looked at these and left them unchanged; ``kind`` is the check that asked.

    A subject that was reviewed before gets this person's name and the time.
    """
    wanted = list(dict.fromkeys(subjects))
    forget_review(conn, project_id, kind, wanted)
    same = {"project_id": project_id, "kind": kind, "who": who, "at": now(), "tab": tab_of(conn)}
    rows = [{**same, "subject": one} for one in wanted]
    for start in range(0, len(rows), CHUNK):
        conn.execute(insert(reviews), rows[start : start + CHUNK])


def forget_review(conn: Connection, project_id: int, kind: str, subjects: Sequence[str]) -> None:
    """Delete reviews, so that the check asks again."""
    for start in range(0, len(subjects), CHUNK):
        which = reviews.c.subject.in_(subjects[start : start + CHUNK])
        conn.execute(delete(reviews).where(reviews.c.project_id == project_id, reviews.c.kind == kind, which))


def reviews_of(conn: Connection, project_id: int, kind: str) -> dict[str, ReviewDecision]:
    """Return the reviews of one kind by subject, the oldest first."""
    query = select(reviews).where(reviews.c.project_id == project_id, reviews.c.kind == kind)
    rows = conn.execute(query.order_by(reviews.c.id))
    return {row.subject: ReviewDecision(row.subject, row.who, row.at, row.tab) for row in rows}
