"""Calls have a trunk and a price."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("calls", sa.Column("trunk", sa.Text()))
    op.add_column("calls", sa.Column("price_micros", sa.BigInteger()))
    op.create_index("calls_by_start", "calls", ["start_time"])
