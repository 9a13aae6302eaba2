"""The perceptual hash of pictures; existing ones have none, and each is its own group."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Adds a column; existing rows stay."""
    op.add_column("pictures", sa.Column("phash", sa.String(16)))
