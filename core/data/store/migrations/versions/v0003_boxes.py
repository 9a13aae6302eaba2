"""Boxes of images, for projects whose task is localization."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Adds the table of boxes."""
    op.create_table(
        "boxes",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("image_id", sa.Integer, nullable=False),
        sa.Column("class_id", sa.Integer, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("x", sa.Double, nullable=False),
        sa.Column("y", sa.Double, nullable=False),
        sa.Column("width", sa.Double, nullable=False),
        sa.Column("height", sa.Double, nullable=False),
        sa.Column("made_by", sa.String(200), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_boxes"),
        sa.ForeignKeyConstraint(["image_id"], ["images.id"], name="fk_boxes_image_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["class_id"], ["classes.id"], name="fk_boxes_class_id"),
    )
    op.create_index("ix_boxes_by_image", "boxes", ["image_id", "position"])
    op.create_index("ix_boxes_class_id", "boxes", ["class_id"])
