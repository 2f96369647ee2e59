"""Events are numbered for the account; webhooks and alerts are kept."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("events", sa.Column("number", sa.BigInteger()))
    op.create_index("events_by_number", "events", ["number"])
    op.create_table(
        "webhooks",
        sa.Column("sid", sa.String(length=34), nullable=False),
        sa.Column("date_created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("purpose", sa.String(length=16), nullable=False),
        sa.Column("call_sid", sa.String(length=34)),
        sa.Column("conference_sid", sa.String(length=34)),
        sa.Column("error_code", sa.Integer()),
        sa.Column("content", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("sid"),
    )
    op.create_index("webhooks_by_date", "webhooks", ["date_created", "sid"])
    op.create_index("webhooks_by_call", "webhooks", ["call_sid"])
    op.create_table(
        "alerts",
        sa.Column("sid", sa.String(length=34), nullable=False),
        sa.Column("date_created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("level", sa.String(length=8), nullable=False),
        sa.Column("code", sa.Integer(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("call_sid", sa.String(length=34)),
        sa.Column("conference_sid", sa.String(length=34)),
        sa.Column("webhook_sid", sa.String(length=34)),
        sa.Column("request_url", sa.Text()),
        sa.Column("request_method", sa.Text()),
        sa.PrimaryKeyConstraint("sid"),
    )
    op.create_index("alerts_by_date", "alerts", ["date_created", "sid"])
    op.create_index("alerts_by_call", "alerts", ["call_sid"])
