"""The key of a class keeps its case, so that a project can have the classes a and A."""

import unicodedata

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Writes the keys of the classes in use anew; no column changes."""
    classes = sa.table(
        "classes",
        sa.column("id", sa.Integer),
        sa.column("project_id", sa.Integer),
        sa.column("name", sa.String),
        sa.column("name_key", sa.String),
    )
    connection = op.get_bind()
    rows = connection.execute(sa.select(classes).where(classes.c.name_key.is_not(None))).all()
    taken = {(row.project_id, row.name_key) for row in rows}
    for row in rows:
        key = unicodedata.normalize("NFC", row.name)
        # A key that another class has stays as it is: names are compared by themselves, the key only keeps them unique.
        if (row.project_id, key) not in taken:
            taken.add((row.project_id, key))
            connection.execute(sa.update(classes).where(classes.c.id == row.id).values(name_key=key))
