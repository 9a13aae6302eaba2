"""The store's tables; a test fails if they differ from the newest migration."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)

# Named constraints can be altered by a later migration on every database; unnamed ones cannot.
metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_N_label)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class UtcDateTime(TypeDecorator[datetime]):
    """A time in UTC, with its zone on every database (SQLite itself forgets zones)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value.astimezone(UTC) if value is not None else None

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


projects = Table(
    "projects",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(200), nullable=False),
    Column("name_key", String(400), nullable=False, unique=True),  # how names are compared: without case
    Column("task", String(20), nullable=False),
    Column("created", UtcDateTime, nullable=False),
    # Counts every write to the project, so that a page can see cheaply whether anything has changed.
    Column("revision", Integer, nullable=False, server_default="0"),
    # Count the writes that changed labels or classes. Suggestions are fitted at one of these numbers.
    Column("labels_changed", Integer, nullable=False, server_default="0"),
    # The number above when a label or class that stood was last changed or taken away, not only added.
    Column("labels_withdrawn", Integer, nullable=False, server_default="0"),
    sqlite_autoincrement=True,  # runs remember their project's number: that of a deleted project is never reused
)

classes = Table(
    "classes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("project_id", ForeignKey("projects.id", ondelete="CASCADE"), nullable=False),
    Column("name", String(200), nullable=False),
    # names.class_key, which keeps the case: a and A may be two classes.
    # NULL while removed, and NULLs are never equal: the constraint covers only classes in use, on every database.
    Column("name_key", String(400)),
    Column("position", Integer, nullable=False),  # the order; may have gaps
    Column("removed", Boolean, nullable=False),  # so that undo can restore it
    UniqueConstraint("project_id", "name_key"),
)

# One row for each stored file, shared by projects.
pictures = Table(
    "pictures",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("suffix", String(10), nullable=False),  # with its dot
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("bytes", Integer, nullable=False),
    Column("phash", String(16)),  # the perceptual hash in hexadecimal; NULL if older than migration 0004
)

images = Table(
    "images",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("project_id", ForeignKey("projects.id", ondelete="CASCADE"), nullable=False),
    Column("hash", ForeignKey("pictures.hash"), nullable=False, index=True),
    Column("filename", Text, nullable=False),
    Column("search_key", Text, nullable=False),  # the file name without case
    Column("sort_key", Text, nullable=False),  # the same with padded numbers: image 2 before image 10
    Column("class_id", ForeignKey("classes.id"), index=True),
    Column("split", String(5)),
    Column("annotated_by", String(200)),
    Column("annotated_at", UtcDateTime),
    Column("label_source", String(20)),  # one of LABEL_SOURCES; NULL without a label, or if older than migration 0005
    Column("removed", Boolean, nullable=False),
    Column("group_name", String(200)),  # given by a person: the photos of a group lie in one split
    UniqueConstraint("project_id", "hash"),
    # One index for each way to page through a project.
    Index("ix_images_by_class", "project_id", "removed", "class_id", "split", "id"),
    Index("ix_images_by_split", "project_id", "removed", "split", "id"),
    Index("ix_images_by_name", "project_id", "removed", "sort_key", "id"),
    Index("ix_images_by_id", "project_id", "removed", "id"),
    Index("ix_images_by_filename", "project_id", "filename"),
    Index("ix_images_by_group", "project_id", "removed", "group_name", "id"),
    sqlite_autoincrement=True,
)

# Further names of a picture that was added more than once, so that a labels.csv finds it under each of them.
aliases = Table(
    "aliases",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("project_id", ForeignKey("projects.id", ondelete="CASCADE"), nullable=False),
    Column("image_id", ForeignKey("images.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("filename", Text, nullable=False),
    Column("search_key", Text, nullable=False),
    Index("ix_aliases_by_filename", "project_id", "filename"),
)

# What photos show besides their class: snow, indoors. A tag that no photo has any more stays, for undo.
tags = Table(
    "tags",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("project_id", ForeignKey("projects.id", ondelete="CASCADE"), nullable=False),
    Column("name", String(200), nullable=False),
    Column("name_key", String(400), nullable=False),
    UniqueConstraint("project_id", "name_key"),
)

image_tags = Table(
    "image_tags",
    metadata,
    Column("image_id", ForeignKey("images.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("tag_id", ForeignKey("tags.id", ondelete="CASCADE"), primary_key=True, autoincrement=False, index=True),
)

# In pixels of the upright picture; x and y are the upper left corner.
boxes = Table(
    "boxes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("image_id", ForeignKey("images.id", ondelete="CASCADE"), nullable=False),
    Column("class_id", ForeignKey("classes.id"), nullable=False, index=True),
    Column("position", Integer, nullable=False),  # the order in an image
    Column("x", Double, nullable=False),
    Column("y", Double, nullable=False),
    Column("width", Double, nullable=False),
    Column("height", Double, nullable=False),
    Column("made_by", String(200), nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    Index("ix_boxes_by_image", "image_id", "position"),
)

changes = Table(
    "changes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("project_id", ForeignKey("projects.id", ondelete="CASCADE"), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("text", Text, nullable=False),
    Column("who", String(200), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("undone", Boolean, nullable=False),
    Column("redoable", Boolean, nullable=False),  # undone, and its author has made no other change since
    Column("rewind_id", Integer, index=True),  # undone together with others: they are redone together
    # The browser tab that made the change, whose undo it is; NULL from a command, or if older than migration 0005.
    Column("tab", String(40)),
    # The last of its items that was undone, or redone if it is undone, while that goes on in parts; else NULL.
    Column("reached", Integer),
    Index("ix_changes_by_state", "project_id", "undone", "id"),
    Index("ix_changes_by_redo", "project_id", "redoable", "id"),
    Index("ix_changes_by_tab", "project_id", "tab", "id"),
)

# Roll-backs of a project to an earlier point; the changes undone by one name it.
roll_backs = Table(
    "rewinds",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("project_id", ForeignKey("projects.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("change_id", Integer, nullable=False),  # the last change that stayed; 0 if none did
    Column("who", String(200), nullable=False),
    Column("at", UtcDateTime, nullable=False),
)

# What somebody reviewed and left unchanged: a likely label error, a group of near-duplicates, a dark picture.
reviews = Table(
    "verdicts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("project_id", ForeignKey("projects.id", ondelete="CASCADE"), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("subject", String(200), nullable=False),  # what was reviewed, in the words of the check that asked
    Column("who", String(200), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("tab", String(40)),  # as in changes
    UniqueConstraint("project_id", "kind", "subject"),
)

# What one change did to one image, its boxes or a class: the changed columns' values before and after it.
change_items = Table(
    "change_items",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("change_id", ForeignKey("changes.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("entity", String(5), nullable=False),  # "image", "class", or "boxes" or "tags" of an image
    Column("entity_id", Integer, nullable=False),
    Column("before", JSON, nullable=False),
    Column("after", JSON, nullable=False),
)

# Photos on somebody's desk, so that two people do not label the same one. Writing here is no change of the project.
reservations = Table(
    "reservations",
    metadata,
    Column("image_id", ForeignKey("images.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("project_id", ForeignKey("projects.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("tab", String(40), nullable=False),
    Column("who", String(200), nullable=False),
    Column("until", UtcDateTime, nullable=False),  # it has ended then, whether or not the row is still there
)
