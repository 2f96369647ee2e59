"""Recordings may be tracks of a set."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("recordings", sa.Column("set_sid", sa.String(length=34)))
    op.create_index("recordings_by_set", "recordings", ["set_sid"])
