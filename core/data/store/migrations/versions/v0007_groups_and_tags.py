"""Groups and tags of photos; existing photos have neither."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Adds a column and two tables; existing rows stay."""
    op.add_column("images", sa.Column("group_name", sa.String(200)))
    op.create_index("ix_images_by_group", "images", ["project_id", "removed", "group_name", "id"])
    op.create_table(
        "tags",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("project_id", sa.Integer, nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("name_key", sa.String(400), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_tags"),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name="fk_tags_project_id", ondelete="CASCADE"),
        sa.UniqueConstraint("project_id", "name_key", name="uq_tags_project_id_name_key"),
    )
    op.create_table(
        "image_tags",
        sa.Column("image_id", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("tag_id", sa.Integer, nullable=False, autoincrement=False),
        sa.PrimaryKeyConstraint("image_id", "tag_id", name="pk_image_tags"),
        sa.ForeignKeyConstraint(["image_id"], ["images.id"], name="fk_image_tags_image_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["tag_id"], ["tags.id"], name="fk_image_tags_tag_id", ondelete="CASCADE"),
    )
    op.create_index("ix_image_tags_tag_id", "image_tags", ["tag_id"])
