"""How far an undo or redo has come that is done in parts."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Adds a column; existing rows stay."""
    op.add_column("changes", sa.Column("reached", sa.Integer))
