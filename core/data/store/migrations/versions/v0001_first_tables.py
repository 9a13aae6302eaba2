"""The first tables: projects, classes, pictures, images, aliases, changes."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Makes all tables; times are UTC."""
    time = sa.DateTime(timezone=True)
    op.create_table(
        "projects",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("name_key", sa.String(400), nullable=False),
        sa.Column("task", sa.String(20), nullable=False),
        sa.Column("created", time, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_projects"),
        sa.UniqueConstraint("name_key", name="uq_projects_name_key"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "classes",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("project_id", sa.Integer, nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("name_key", sa.String(400)),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("removed", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_classes"),
        _owned_by("classes", "project"),
        sa.UniqueConstraint("project_id", "name_key", name="uq_classes_project_id_name_key"),
    )
    op.create_table(
        "pictures",
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("suffix", sa.String(10), nullable=False),
        sa.Column("width", sa.Integer, nullable=False),
        sa.Column("height", sa.Integer, nullable=False),
        sa.Column("bytes", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("hash", name="pk_pictures"),
    )
    op.create_table(
        "images",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("project_id", sa.Integer, nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("filename", sa.Text, nullable=False),
        sa.Column("search_key", sa.Text, nullable=False),
        sa.Column("sort_key", sa.Text, nullable=False),
        sa.Column("class_id", sa.Integer),
        sa.Column("split", sa.String(5)),
        sa.Column("annotated_by", sa.String(200)),
        sa.Column("annotated_at", time),
        sa.Column("removed", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_images"),
        _owned_by("images", "project"),
        sa.ForeignKeyConstraint(["hash"], ["pictures.hash"], name="fk_images_hash"),
        sa.ForeignKeyConstraint(["class_id"], ["classes.id"], name="fk_images_class_id"),
        sa.UniqueConstraint("project_id", "hash", name="uq_images_project_id_hash"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_images_hash", "images", ["hash"])
    op.create_index("ix_images_class_id", "images", ["class_id"])
    op.create_index("ix_images_by_class", "images", ["project_id", "removed", "class_id", "split", "id"])
    op.create_index("ix_images_by_split", "images", ["project_id", "removed", "split", "id"])
    op.create_index("ix_images_by_name", "images", ["project_id", "removed", "sort_key", "id"])
    op.create_index("ix_images_by_id", "images", ["project_id", "removed", "id"])
    op.create_index("ix_images_by_filename", "images", ["project_id", "filename"])
    op.create_table(
        "aliases",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("project_id", sa.Integer, nullable=False),
        sa.Column("image_id", sa.Integer, nullable=False),
        sa.Column("filename", sa.Text, nullable=False),
        sa.Column("search_key", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_aliases"),
        _owned_by("aliases", "project"),
        _owned_by("aliases", "image"),
    )
    op.create_index("ix_aliases_image_id", "aliases", ["image_id"])
    op.create_index("ix_aliases_by_filename", "aliases", ["project_id", "filename"])
    op.create_table(
        "changes",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("project_id", sa.Integer, nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("who", sa.String(200), nullable=False),
        sa.Column("at", time, nullable=False),
        sa.Column("undone", sa.Boolean, nullable=False),
        sa.Column("redoable", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_changes"),
        _owned_by("changes", "project"),
    )
    op.create_index("ix_changes_by_state", "changes", ["project_id", "undone", "id"])
    op.create_index("ix_changes_by_redo", "changes", ["project_id", "redoable", "id"])
    op.create_table(
        "change_items",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("change_id", sa.Integer, nullable=False),
        sa.Column("entity", sa.String(5), nullable=False),
        sa.Column("entity_id", sa.Integer, nullable=False),
        sa.Column("before", sa.JSON, nullable=False),
        sa.Column("after", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_change_items"),
        _owned_by("change_items", "change"),
    )
    op.create_index("ix_change_items_change_id", "change_items", ["change_id"])


def _owned_by(table: str, owner: str) -> sa.ForeignKeyConstraint:
    column, target = f"{owner}_id", {"project": "projects.id", "image": "images.id", "change": "changes.id"}[owner]
    return sa.ForeignKeyConstraint([column], [target], name=f"fk_{table}_{column}", ondelete="CASCADE")
