"""Whose tab made a change, where a label came from, when labels last changed, and who has which photo on the desk.

Older rows have no tab. Of their labels only those accepted from the model together are known to be so.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Adds columns and a table; existing rows stay."""
    op.add_column("changes", sa.Column("tab", sa.String(40)))
    op.create_index("ix_changes_by_tab", "changes", ["project_id", "tab", "id"])
    op.add_column("verdicts", sa.Column("tab", sa.String(40)))
    op.add_column("images", sa.Column("label_source", sa.String(20)))
    op.execute(sa.text("UPDATE images SET label_source = 'suggestion' WHERE annotated_by LIKE 'model, accepted by %'"))
    for name in ("labels_changed", "labels_withdrawn"):
        op.add_column("projects", sa.Column(name, sa.Integer, nullable=False, server_default="0"))
    op.create_table(
        "reservations",
        sa.Column("image_id", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("project_id", sa.Integer, nullable=False),
        sa.Column("tab", sa.String(40), nullable=False),
        sa.Column("who", sa.String(200), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("image_id", name="pk_reservations"),
        sa.ForeignKeyConstraint(["image_id"], ["images.id"], name="fk_reservations_image_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name="fk_reservations_project_id", ondelete="CASCADE"),
    )
    op.create_index("ix_reservations_project_id", "reservations", ["project_id"])
