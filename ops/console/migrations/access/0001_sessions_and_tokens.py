"""Sessions and API tokens."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make both tables."""
    op.create_table(
        "console_sessions",
        sa.Column("session_id", sa.String(64), primary_key=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("roles", sa.String(100), nullable=False),
        sa.Column("way", sa.String(8), nullable=False),
        sa.Column("stamp", sa.String(64), nullable=False),
        sa.Column("began_at", sa.Integer, nullable=False),
        sa.Column("seen_at", sa.Integer, nullable=False),
        sa.Column("id_token", sa.LargeBinary),
    )
    op.create_table(
        "console_tokens",
        sa.Column("token_id", sa.String(16), primary_key=True),
        sa.Column("digest", sa.String(64), nullable=False, unique=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("roles", sa.String(100), nullable=False),
        sa.Column("made_at", sa.Integer, nullable=False),
        sa.Column("ends_at", sa.Integer, nullable=False),
        sa.Column("used_at", sa.Integer),
        sa.Column("revoked_at", sa.Integer),
    )


def downgrade() -> None:
    """Take both away: whoever is signed in has to sign in again, and tokens are made anew."""
    op.drop_table("console_tokens")
    op.drop_table("console_sessions")
