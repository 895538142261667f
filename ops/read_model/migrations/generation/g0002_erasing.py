"""By whom rows are found when a person is erased. What was read before says so after a rebuild only."""

import sqlalchemy as sa
from alembic import op

revision = "g0002"
down_revision = "g0001"


def upgrade() -> None:
    """Add the columns and the indexes."""
    for table in ("dead_letters", "entitlements"):
        op.add_column(table, sa.Column("whose", sa.Text(), nullable=True))
        op.create_index(f"{table}_by_whose", table, ["whose"], unique=False)
    op.create_index("entitlements_by_case", "entitlements", ["case_id"], unique=False)
    op.create_index("subjects_by_person", "subjects", ["person_id"], unique=False)
    op.create_index("asked_by_person", "asked", ["person_id"], unique=False)
    op.create_index("acts_by_person", "acts", ["person_id", "at"], unique=False)
