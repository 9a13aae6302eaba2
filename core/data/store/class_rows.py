"""The rows of the table of classes: writing their columns, also in the form of the history."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from core.data.store.schema import classes
from core.data.tables.names import class_key

Values = dict[str, Any]
_CHUNK = 5000


def write_classes(conn: Connection, rows: Sequence[tuple[int, Values]]) -> None:
    """Write columns of classes; the key by which names are compared follows."""
    numbers, now_stored = [class_id for class_id, _ in rows], {}
    for start in range(0, len(numbers), _CHUNK):
        query = select(classes.c.id, classes.c.name, classes.c.removed)
        for row in conn.execute(query.where(classes.c.id.in_(numbers[start : start + _CHUNK]))).mappings():
            now_stored[row["id"]] = dict(row)
    by_columns: dict[tuple[str, ...], list[Values]] = defaultdict(list)
    for class_id, values in rows:
        after = {**now_stored[class_id], **values}
        new = {**values, "name_key": None if after["removed"] else class_key(after["name"])}
        by_columns[tuple(new)].append({"row": class_id, **{f"new_{name}": value for name, value in new.items()}})
    for columns, parameters in by_columns.items():
        statement = update(classes).where(classes.c.id == bindparam("row"))
        conn.execute(statement.values({name: bindparam(f"new_{name}") for name in columns}), parameters)
