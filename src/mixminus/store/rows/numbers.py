"""Numbers and applications: where a call's TwiML comes from."""

from typing import Any

from sqlalchemy import Boolean, Column, Index, String, Table, Text

from mixminus.base import sids
from mixminus.calls.records import ApplicationRecord, MessageInstructions, NumberRecord, VoiceInstructions
from mixminus.store.rows.columns import Kind, Row, identity, metadata, sid


def instruction_columns() -> tuple[Column[Any], ...]:
    """`VoiceInstructions` and `MessageInstructions`, laid flat."""
    return (
        Column("voice_url", Text),
        Column("voice_method", String(4), nullable=False),
        Column("voice_fallback_url", Text),
        Column("voice_fallback_method", String(4), nullable=False),
        Column("status_callback", Text),
        Column("status_callback_method", String(4), nullable=False),
        Column("voice_caller_id_lookup", Boolean, nullable=False),
        Column("sms_url", Text),
        Column("sms_method", String(4), nullable=False),
        Column("sms_fallback_url", Text),
        Column("sms_fallback_method", String(4), nullable=False),
        Column("sms_status_callback", Text),
        Column("message_status_callback", Text),
    )


numbers = Table(
    "numbers",
    metadata,
    *identity(),
    Column("phone_number", Text, nullable=False),
    Column("friendly_name", Text, nullable=False),
    sid("voice_application_sid"),
    sid("sms_application_sid"),
    *instruction_columns(),
    Index("numbers_by_date", "date_created", "sid"),
    Index("numbers_by_phone_number", "phone_number"),
)

applications = Table(
    "applications",
    metadata,
    *identity(),
    Column("friendly_name", Text, nullable=False),
    Column("public_application_connect_enabled", Boolean, nullable=False),
    *instruction_columns(),
    Index("applications_by_date", "date_created", "sid"),
)


def instructions_to_row(voice: VoiceInstructions, messages: MessageInstructions) -> dict[str, Any]:
    return {
        "voice_url": voice.voice_url,
        "voice_method": voice.voice_method,
        "voice_fallback_url": voice.voice_fallback_url,
        "voice_fallback_method": voice.voice_fallback_method,
        "status_callback": voice.status_callback,
        "status_callback_method": voice.status_callback_method,
        "voice_caller_id_lookup": voice.voice_caller_id_lookup,
        "sms_url": messages.sms_url,
        "sms_method": messages.sms_method,
        "sms_fallback_url": messages.sms_fallback_url,
        "sms_fallback_method": messages.sms_fallback_method,
        "sms_status_callback": messages.sms_status_callback,
        "message_status_callback": messages.message_status_callback,
    }


def voice_from_row(row: Row) -> VoiceInstructions:
    return VoiceInstructions(
        voice_url=row["voice_url"],
        voice_method=row["voice_method"],
        voice_fallback_url=row["voice_fallback_url"],
        voice_fallback_method=row["voice_fallback_method"],
        status_callback=row["status_callback"],
        status_callback_method=row["status_callback_method"],
        voice_caller_id_lookup=row["voice_caller_id_lookup"],
    )


def messages_from_row(row: Row) -> MessageInstructions:
    return MessageInstructions(
        sms_url=row["sms_url"],
        sms_method=row["sms_method"],
        sms_fallback_url=row["sms_fallback_url"],
        sms_fallback_method=row["sms_fallback_method"],
        sms_status_callback=row["sms_status_callback"],
        message_status_callback=row["message_status_callback"],
    )


def number_to_row(number: NumberRecord) -> dict[str, Any]:
    return {
        "sid": number.sid,
        "account_sid": number.account_sid,
        "date_created": number.date_created,
        "date_updated": number.date_updated,
        "phone_number": number.phone_number,
        "friendly_name": number.friendly_name,
        "voice_application_sid": number.voice_application_sid,
        "sms_application_sid": number.sms_application_sid,
    } | instructions_to_row(number.voice, number.messages)


def number_from_row(row: Row) -> NumberRecord:
    return NumberRecord(
        sid=row["sid"],
        account_sid=row["account_sid"],
        date_created=row["date_created"],
        date_updated=row["date_updated"],
        phone_number=row["phone_number"],
        friendly_name=row["friendly_name"],
        voice_application_sid=row["voice_application_sid"],
        sms_application_sid=row["sms_application_sid"],
        voice=voice_from_row(row),
        messages=messages_from_row(row),
    )


def application_to_row(application: ApplicationRecord) -> dict[str, Any]:
    return {
        "sid": application.sid,
        "account_sid": application.account_sid,
        "date_created": application.date_created,
        "date_updated": application.date_updated,
        "friendly_name": application.friendly_name,
        "public_application_connect_enabled": application.public_application_connect_enabled,
    } | instructions_to_row(application.voice, application.messages)


def application_from_row(row: Row) -> ApplicationRecord:
    return ApplicationRecord(
        sid=row["sid"],
        account_sid=row["account_sid"],
        date_created=row["date_created"],
        date_updated=row["date_updated"],
        friendly_name=row["friendly_name"],
        public_application_connect_enabled=row["public_application_connect_enabled"],
        voice=voice_from_row(row),
        messages=messages_from_row(row),
    )


NUMBERS = Kind(NumberRecord, numbers, sids.PHONE_NUMBER, ("date_created", "sid"), number_to_row, number_from_row)
APPLICATIONS = Kind(
    ApplicationRecord,
    applications,
    sids.APPLICATION,
    ("date_created", "sid"),
    application_to_row,
    application_from_row,
)
