"""The changes of a project as a table: who did what, and when."""

from collections.abc import Iterator

from core.data.store.records import Change
from core.data.store.store import Store
from core.data.tables.csv_cells import as_row

_AT_ONCE = 500


def history_csv(store: Store, project_id: int) -> str:
    """Return a CSV with a row for each change, the oldest first."""
    changes = sorted(_changes(store, project_id), key=lambda one: one.id)
    rows = [(one.when.isoformat(timespec="seconds"), one.who, one.kind, one.text, one.undone) for one in changes]
    return as_row(("when", "who", "kind", "what", "undone")) + "".join(
        as_row((*row[:4], "yes" if row[4] else "no")) for row in rows
    )


def _changes(store: Store, project_id: int) -> Iterator[Change]:
    before: int | None = None
    while found := store.history(project_id, _AT_ONCE, before):
        yield from found
        before = found[-1].id
