"""Registrations of users' phones."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "registrations",
        sa.Column("user", sa.Text(), nullable=False),
        sa.Column("date_updated", sa.DateTime(timezone=True), nullable=False),
        sa.Column("bindings", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("user"),
    )
