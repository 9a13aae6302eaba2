"""The perceptual hash of pictures; those that are there already have none, and stand for themselves."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Adds a column; what is there stays."""
    op.add_column("pictures", sa.Column("phash", sa.String(16)))
