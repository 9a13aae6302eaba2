"""What somebody looked at and left as it is, so that no check asks for it again."""

from collections.abc import Sequence

from sqlalchemy import Connection, delete, insert, select

from core.data.store.history.changes import CHUNK, now
from core.data.store.records import ReviewDecision
from core.data.store.schema import verdicts


def keep(conn: Connection, project_id: int, kind: str, subjects: Sequence[str], who: str) -> None:
    """Notes that these were looked at and kept; one that was kept before carries this person's name now."""
    wanted = list(dict.fromkeys(subjects))
    take_back(conn, project_id, kind, wanted)
    rows = [{"project_id": project_id, "kind": kind, "subject": one, "who": who, "at": now()} for one in wanted]
    for start in range(0, len(rows), CHUNK):
        conn.execute(insert(verdicts), rows[start : start + CHUNK])


def take_back(conn: Connection, project_id: int, kind: str, subjects: Sequence[str]) -> None:
    """Forgets verdicts: the checks ask again."""
    for start in range(0, len(subjects), CHUNK):
        which = verdicts.c.subject.in_(subjects[start : start + CHUNK])
        conn.execute(delete(verdicts).where(verdicts.c.project_id == project_id, verdicts.c.kind == kind, which))


def kept(conn: Connection, project_id: int, kind: str) -> dict[str, ReviewDecision]:
    """The verdicts of one kind by their subjects, the oldest first."""
    query = select(verdicts).where(verdicts.c.project_id == project_id, verdicts.c.kind == kind)
    rows = conn.execute(query.order_by(verdicts.c.id))
    return {row.subject: ReviewDecision(row.subject, row.who, row.at) for row in rows}
