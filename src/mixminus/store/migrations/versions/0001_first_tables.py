"""The first tables.

A migration is history: it spells out its tables and imports nothing of ours, so that it stays as it was.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "applications",
        sa.Column("sid", sa.String(length=34), nullable=False),
        sa.Column("account_sid", sa.String(length=34), nullable=False),
        sa.Column("date_created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("date_updated", sa.DateTime(timezone=True), nullable=False),
        sa.Column("friendly_name", sa.Text(), nullable=False),
        sa.Column("public_application_connect_enabled", sa.Boolean(), nullable=False),
        sa.Column("voice_url", sa.Text()),
        sa.Column("voice_method", sa.String(length=4), nullable=False),
        sa.Column("voice_fallback_url", sa.Text()),
        sa.Column("voice_fallback_method", sa.String(length=4), nullable=False),
        sa.Column("status_callback", sa.Text()),
        sa.Column("status_callback_method", sa.String(length=4), nullable=False),
        sa.Column("voice_caller_id_lookup", sa.Boolean(), nullable=False),
        sa.Column("sms_url", sa.Text()),
        sa.Column("sms_method", sa.String(length=4), nullable=False),
        sa.Column("sms_fallback_url", sa.Text()),
        sa.Column("sms_fallback_method", sa.String(length=4), nullable=False),
        sa.Column("sms_status_callback", sa.Text()),
        sa.Column("message_status_callback", sa.Text()),
        sa.PrimaryKeyConstraint("sid"),
    )
    op.create_index("applications_by_date", "applications", ["date_created", "sid"])

    op.create_table(
        "calls",
        sa.Column("sid", sa.String(length=34), nullable=False),
        sa.Column("account_sid", sa.String(length=34), nullable=False),
        sa.Column("date_created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("date_updated", sa.DateTime(timezone=True), nullable=False),
        sa.Column("to", sa.Text(), nullable=False),
        sa.Column("from_", sa.Text(), nullable=False),
        sa.Column("direction", sa.String(length=32), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("parent_call_sid", sa.String(length=34)),
        sa.Column("phone_number_sid", sa.String(length=34)),
        sa.Column("caller_name", sa.Text()),
        sa.Column("forwarded_from", sa.Text()),
        sa.Column("answered_by", sa.Text()),
        sa.Column("start_time", sa.DateTime(timezone=True)),
        sa.Column("end_time", sa.DateTime(timezone=True)),
        sa.Column("duration_s", sa.Integer()),
        sa.Column("queue_time_ms", sa.Integer()),
        sa.Column("error_code", sa.Integer()),
        sa.Column("end_reason", sa.Text()),
        sa.PrimaryKeyConstraint("sid"),
    )
    op.create_index("calls_by_date", "calls", ["date_created", "sid"])
    op.create_index("calls_by_parent", "calls", ["parent_call_sid"])
    op.create_index("calls_by_status", "calls", ["status"])

    op.create_table(
        "conferences",
        sa.Column("sid", sa.String(length=34), nullable=False),
        sa.Column("account_sid", sa.String(length=34), nullable=False),
        sa.Column("date_created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("date_updated", sa.DateTime(timezone=True), nullable=False),
        sa.Column("friendly_name", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("region", sa.String(length=8), nullable=False),
        sa.Column("start_time", sa.DateTime(timezone=True)),
        sa.Column("end_time", sa.DateTime(timezone=True)),
        sa.Column("reason_conference_ended", sa.String(length=64)),
        sa.Column("call_sid_ending_conference", sa.String(length=34)),
        sa.Column("end_detail", sa.Text()),
        sa.PrimaryKeyConstraint("sid"),
    )
    op.create_index("conferences_by_date", "conferences", ["date_created", "sid"])
    op.create_index("conferences_by_name", "conferences", ["friendly_name", "status"])
    op.create_index("conferences_by_status", "conferences", ["status"])

    op.create_table(
        "events",
        sa.Column("subject_sid", sa.String(length=34), nullable=False),
        sa.Column("sequence_number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("timestamp", sa.DateTime(timezone=True), nullable=False),
        sa.Column("call_sid", sa.String(length=34)),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("subject_sid", "sequence_number"),
    )

    op.create_table(
        "keys",
        sa.Column("sid", sa.String(length=34), nullable=False),
        sa.Column("account_sid", sa.String(length=34), nullable=False),
        sa.Column("date_created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("date_updated", sa.DateTime(timezone=True), nullable=False),
        sa.Column("friendly_name", sa.Text(), nullable=False),
        sa.Column("secret_hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("sid"),
    )
    op.create_index("keys_by_date", "keys", ["date_created", "sid"])

    op.create_table(
        "meta",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )

    op.create_table(
        "numbers",
        sa.Column("sid", sa.String(length=34), nullable=False),
        sa.Column("account_sid", sa.String(length=34), nullable=False),
        sa.Column("date_created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("date_updated", sa.DateTime(timezone=True), nullable=False),
        sa.Column("phone_number", sa.Text(), nullable=False),
        sa.Column("friendly_name", sa.Text(), nullable=False),
        sa.Column("voice_application_sid", sa.String(length=34)),
        sa.Column("sms_application_sid", sa.String(length=34)),
        sa.Column("voice_url", sa.Text()),
        sa.Column("voice_method", sa.String(length=4), nullable=False),
        sa.Column("voice_fallback_url", sa.Text()),
        sa.Column("voice_fallback_method", sa.String(length=4), nullable=False),
        sa.Column("status_callback", sa.Text()),
        sa.Column("status_callback_method", sa.String(length=4), nullable=False),
        sa.Column("voice_caller_id_lookup", sa.Boolean(), nullable=False),
        sa.Column("sms_url", sa.Text()),
        sa.Column("sms_method", sa.String(length=4), nullable=False),
        sa.Column("sms_fallback_url", sa.Text()),
        sa.Column("sms_fallback_method", sa.String(length=4), nullable=False),
        sa.Column("sms_status_callback", sa.Text()),
        sa.Column("message_status_callback", sa.Text()),
        sa.PrimaryKeyConstraint("sid"),
    )
    op.create_index("numbers_by_date", "numbers", ["date_created", "sid"])
    op.create_index("numbers_by_phone_number", "numbers", ["phone_number"])

    op.create_table(
        "participants",
        sa.Column("sid", sa.String(length=34), nullable=False),
        sa.Column("account_sid", sa.String(length=34), nullable=False),
        sa.Column("date_created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("date_updated", sa.DateTime(timezone=True), nullable=False),
        sa.Column("conference_sid", sa.String(length=34), nullable=False),
        sa.Column("call_sid", sa.String(length=34), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("label", sa.Text()),
        sa.Column("muted", sa.Boolean(), nullable=False),
        sa.Column("hold", sa.Boolean(), nullable=False),
        sa.Column("coaching", sa.Boolean(), nullable=False),
        sa.Column("call_sids_to_coach", sa.JSON(), nullable=False),
        sa.Column("start_conference_on_enter", sa.Boolean(), nullable=False),
        sa.Column("end_conference_on_exit", sa.Boolean(), nullable=False),
        sa.Column("queue_time_ms", sa.Integer()),
        sa.Column("join_time", sa.DateTime(timezone=True)),
        sa.Column("leave_time", sa.DateTime(timezone=True)),
        sa.Column("reason_left", sa.String(length=64)),
        sa.PrimaryKeyConstraint("sid"),
    )
    op.create_index("participants_by_call", "participants", ["call_sid"])
    op.create_index("participants_by_conference", "participants", ["conference_sid", "date_created", "sid"])
    op.create_index("participants_by_date", "participants", ["date_created", "sid"])
    op.create_index("participants_by_status", "participants", ["status"])

    op.create_table(
        "recordings",
        sa.Column("sid", sa.String(length=34), nullable=False),
        sa.Column("account_sid", sa.String(length=34), nullable=False),
        sa.Column("date_created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("date_updated", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source", sa.String(length=32), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("channels", sa.Integer(), nullable=False),
        sa.Column("start_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("call_sid", sa.String(length=34)),
        sa.Column("conference_sid", sa.String(length=34)),
        sa.Column("track", sa.String(length=16)),
        sa.Column("duration_s", sa.Integer()),
        sa.Column("size_bytes", sa.BigInteger()),
        sa.Column("error_code", sa.Integer()),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("sid"),
    )
    op.create_index("recordings_by_call", "recordings", ["call_sid"])
    op.create_index("recordings_by_conference", "recordings", ["conference_sid"])
    op.create_index("recordings_by_date", "recordings", ["date_created", "sid"])
    op.create_index("recordings_by_status", "recordings", ["status"])
