"""Which generations there are."""

import sqlalchemy as sa
from alembic import op

from ops.read_model.tables import Instant

revision = "c0001"
down_revision = None


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "generations",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("beat", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
