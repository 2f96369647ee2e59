"""Our words to Twilio's, where they differ (H29)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import phonenumbers

from mixminus.base.clock import rfc2822
from mixminus.calls.records import CallStatus, RecordingStatus

CALL_STATUS: Final[Mapping[CallStatus, str]] = {
    CallStatus.QUEUED: "queued",
    CallStatus.INITIATED: "queued",  # only webhooks say `initiated` (reference, 5.2)
    CallStatus.RINGING: "ringing",
    CallStatus.IN_PROGRESS: "in-progress",
    CallStatus.COMPLETED: "completed",
    CallStatus.BUSY: "busy",
    CallStatus.FAILED: "failed",
    CallStatus.NO_ANSWER: "no-answer",
    CallStatus.CANCELED: "canceled",
}
assert CALL_STATUS.keys() == set(CallStatus), "a call status has no public word"

FETCHED_RECORDING_STATUS: Final[Mapping[RecordingStatus, str]] = {
    # An update answers with the detailed state, a fetch shows less (reference, 8.2).
    RecordingStatus.IN_PROGRESS: "processing",
    RecordingStatus.PAUSED: "processing",
    RecordingStatus.STOPPED: "processing",
    RecordingStatus.PROCESSING: "processing",
    RecordingStatus.COMPLETED: "completed",
    RecordingStatus.ABSENT: "absent",
    RecordingStatus.DELETED: "deleted",
}
assert FETCHED_RECORDING_STATUS.keys() == set(RecordingStatus), "a recording status has no public word"

API_VERSION: Final = "2010-04-01"
PRICE_UNIT: Final = "USD"


def date(moment: datetime | None) -> str | None:
    return None if moment is None else rfc2822(moment)


def count(number: int | None) -> str | None:
    """Durations and queue times are strings in the 2010 API."""
    return None if number is None else str(number)


def price(micros: int | None) -> str | None:
    """What a call cost is a negative number there."""
    return None if micros is None else f"-{micros / 1_000_000:.5f}"


def formatted(address: str) -> str:
    """`(415) 867-5308` for a number of North America, anything else as it is."""
    if not address.startswith("+1"):
        return address
    try:
        number = phonenumbers.parse(address)
    except phonenumbers.NumberParseException:
        return address
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)


def e164(text: str) -> str | None:
    """The number in E.164 if *text*, however it is punctuated, is an international number; else None."""
    try:
        number = phonenumbers.parse(text)
    except phonenumbers.NumberParseException:
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
