"""Checks of labels: a revision for each project, changes undone together, reviewed items."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Adds two columns and two tables; existing rows stay."""
    op.add_column("projects", sa.Column("revision", sa.Integer, nullable=False, server_default="0"))
    op.add_column("changes", sa.Column("rewind_id", sa.Integer))
    op.create_index("ix_changes_rewind_id", "changes", ["rewind_id"])
    op.create_table(
        "rewinds",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("project_id", sa.Integer, nullable=False),
        sa.Column("change_id", sa.Integer, nullable=False),
        sa.Column("who", sa.String(200), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_rewinds"),
        _of_a_project("rewinds"),
    )
    op.create_index("ix_rewinds_project_id", "rewinds", ["project_id"])
    op.create_table(
        "verdicts",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("project_id", sa.Integer, nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("who", sa.String(200), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_verdicts"),
        _of_a_project("verdicts"),
        sa.UniqueConstraint("project_id", "kind", "subject", name="uq_verdicts_project_id_kind_subject"),
    )


def _of_a_project(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=f"fk_{table}_project_id", ondelete="CASCADE")
