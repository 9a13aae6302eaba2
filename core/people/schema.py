"""The tables of people.db: classes and their rules, people, their accounts and browsers, failed guesses."""

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

VERSION = 1
"""Kept as SQLite's user_version; a newer database is not opened."""

metadata = MetaData()

# All times are seconds since 1970.
classes = Table(
    "classes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(60), nullable=False),
    Column("code", String(12), nullable=False, unique=True),
    Column("open", Boolean, nullable=False, default=True),  # whether names that are not on the list may join
    Column("created", Float, nullable=False),
    sqlite_autoincrement=True,
)
class_rules = Table(
    "class_rules",
    metadata,
    Column("class_id", ForeignKey("classes.id", ondelete="CASCADE"), primary_key=True),
    Column("rules", Text, nullable=False),  # ClassRules as JSON; no row while nobody has changed them
)
people = Table(
    "people",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("class_id", ForeignKey("classes.id", ondelete="CASCADE")),  # none for the teacher
    Column("name", String(60), nullable=False),
    Column("key", String(60), nullable=False),  # the name as it is compared: without case, accents kept
    Column("role", String(10), nullable=False),
    Column("folder", String(40), nullable=False, unique=True),  # below people/; empty for the teacher
    Column("card", LargeBinary),  # the hash of the card's words; none until somebody has joined under the name
    Column("created", Float, nullable=False),
    Column("seen", Float),
    UniqueConstraint("class_id", "key"),
    sqlite_autoincrement=True,
)
members = Table(
    "members",
    metadata,
    Column("group_id", ForeignKey("people.id", ondelete="CASCADE"), primary_key=True),
    Column("person_id", ForeignKey("people.id", ondelete="CASCADE"), primary_key=True, index=True),
)
shared = Table(  # what somebody has shared with their class: a copy of a model or of a project
    "shared",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("class_id", ForeignKey("classes.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("person_id", ForeignKey("people.id", ondelete="CASCADE"), nullable=False),  # a pupil, a group, the teacher
    Column("kind", String(10), nullable=False),
    Column("name", String(80), nullable=False),
    Column("note", String(300), nullable=False),
    Column("folder", String(40), nullable=False, unique=True),  # below shared/
    Column("copies", Boolean, nullable=False),  # whether others may take a copy
    Column("about", Text, nullable=False),  # its figures at that time, as JSON
    Column("created", Float, nullable=False),
    sqlite_autoincrement=True,
)
attempts = Table(  # photos with which somebody tried to fool a shared model
    "attempts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("shared_id", ForeignKey("shared.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("person_id", ForeignKey("people.id", ondelete="CASCADE"), nullable=False),
    Column("team_id", ForeignKey("people.id", ondelete="SET NULL")),  # the group they played for
    Column("truth", String(200), nullable=False),  # what the player says it shows; empty: none of the classes
    Column("answer", String(200), nullable=False),
    Column("probability", Float, nullable=False),
    Column("outcome", String(20), nullable=False),
    Column("phash", String(16), nullable=False),  # of the photo, against the same one twice
    Column("state", String(10), nullable=False),  # counts, doubted or rejected
    Column("created", Float, nullable=False),
    sqlite_autoincrement=True,
)
visits = Table(
    "visits",
    metadata,
    Column("token", LargeBinary, primary_key=True),  # SHA-256 of what the browser's cookie holds
    Column("person_id", ForeignKey("people.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("allowed", Boolean, nullable=False),  # False while somebody waits for the teacher to let them in
    Column("created", Float, nullable=False),
    Column("seen", Float, nullable=False),
)
guesses = Table(
    "guesses",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("what", String(120), nullable=False, index=True),
    Column("moment", Float, nullable=False),
)
accounts = Table(
    "accounts",
    metadata,
    Column("issuer", String(300), primary_key=True),
    Column("subject", String(300), primary_key=True),
    Column("person_id", ForeignKey("people.id", ondelete="CASCADE"), index=True),  # none for a teacher's account
    Column("by_address", Boolean, nullable=False),  # whether an admitted e-mail address let them in, and no class code
    Column("signed_out", Float, nullable=False),  # cookies that were signed before this moment let nobody in
)
settings = Table(
    "settings",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("value", LargeBinary, nullable=False),
)
