"""What status callbacks carry, in Twilio's words. Plain values in, form pairs out; None is not sent.

Dates are RFC 2822 in UTC. Booleans come as the words `true` and `false` already.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from mixminus.base.clock import rfc2822
from mixminus.base.types import FormPairs

CALL_PROGRESS: Final = "call-progress-events"


def call_progress(
    call: FormPairs,
    *,
    sequence_number: int,
    timestamp: datetime,
    duration_s: int | None = None,
    sip_response_code: int | None = None,
    recording: FormPairs = (),
) -> FormPairs:
    """A call's status callback (Twilio Docs, Call resource: StatusCallback).

    *call* is what every voice request carries (`twiml.parameters.voice_request`); *duration_s* and *recording*
    (`recording_of_call`) come with the final event. `Duration` is in begun minutes, as billed.
    """
    minutes = None if duration_s is None else -(-duration_s // 60)
    return (
        call
        + _pairs(
            ("Timestamp", rfc2822(timestamp)),
            ("CallbackSource", CALL_PROGRESS),
            ("SequenceNumber", sequence_number),
            ("CallDuration", duration_s),
            ("Duration", minutes),
            ("SipResponseCode", sip_response_code),
        )
        + recording
    )


def recording_of_call(recording_sid: str, recording_url: str, duration_s: int) -> FormPairs:
    """What the final callback of a call placed with `Record=true` says about its recording."""
    return _pairs(("RecordingUrl", recording_url), ("RecordingSid", recording_sid), ("RecordingDuration", duration_s))


def conference_event(
    *,
    account_sid: str,
    conference_sid: str,
    friendly_name: str,
    event: str,
    sequence_number: int,
    timestamp: datetime,
    call_sid: str | None = None,
    details: Mapping[str, str] | None = None,
) -> FormPairs:
    """A conference's status callback. *event* is the word sent (`participant-join`); *details* are added as is."""
    return _pairs(
        ("ConferenceSid", conference_sid),
        ("FriendlyName", friendly_name),
        ("AccountSid", account_sid),
        ("SequenceNumber", sequence_number),
        ("Timestamp", rfc2822(timestamp)),
        ("StatusCallbackEvent", event),
        ("CallSid", call_sid),
        *(details or {}).items(),
    )


def recording_status(
    *,
    account_sid: str,
    recording_sid: str,
    recording_url: str,
    status: str,
    channels: int,
    start_time: datetime,
    source: str,
    call_sid: str | None = None,
    conference_sid: str | None = None,
    duration_s: int | None = None,
    track: str | None = None,
    error_code: int | None = None,
) -> FormPairs:
    """A recording status callback, of a call or of a conference. The URL has no extension; receivers add theirs."""
    return _pairs(
        ("AccountSid", account_sid),
        ("CallSid", call_sid),
        ("ConferenceSid", conference_sid),
        ("RecordingSid", recording_sid),
        ("RecordingUrl", recording_url),
        ("RecordingStatus", status),
        ("RecordingDuration", duration_s),
        ("RecordingChannels", channels),
        ("RecordingStartTime", rfc2822(start_time)),
        ("RecordingSource", source),
        ("RecordingTrack", track),
        ("ErrorCode", error_code),
    )


def conference_record_end(
    *,
    account_sid: str,
    conference_sid: str,
    friendly_name: str,
    timestamp: datetime,
    recording_url: str,
    duration_s: int,
    size_bytes: int,
) -> FormPairs:
    """The deprecated callback of `eventCallbackUrl`."""
    return _pairs(
        ("EventName", "conference-record-end"),
        ("ConferenceSid", conference_sid),
        ("FriendlyName", friendly_name),
        ("AccountSid", account_sid),
        ("Timestamp", rfc2822(timestamp)),
        ("RecordingUrl", recording_url),
        ("Duration", duration_s),
        ("RecordingFileSize", size_bytes),
    )


def stream_event(
    *,
    account_sid: str,
    call_sid: str,
    stream_sid: str,
    name: str,
    event: str,
    timestamp: datetime,
    error: str | None = None,
) -> FormPairs:
    """A stream's status callback; *event* is `stream-started`, `stream-stopped` or `stream-error` (TwiML: Stream)."""
    return _pairs(
        ("AccountSid", account_sid),
        ("CallSid", call_sid),
        ("StreamSid", stream_sid),
        ("StreamName", name),
        ("StreamEvent", event),
        ("StreamError", error),
        ("Timestamp", timestamp.isoformat(timespec="milliseconds").replace("+00:00", "Z")),
    )


def _pairs(*parameters: tuple[str, str | int | None]) -> FormPairs:
    return tuple((name, str(value)) for name, value in parameters if value is not None)
