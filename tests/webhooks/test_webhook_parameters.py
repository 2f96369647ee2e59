"""What status callbacks carry (twilio-conference-api 4.2 to 4.5)."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from mixminus.webhooks import parameters

AT = datetime(2017, 6, 1, 22, 48, 32, tzinfo=timezone(timedelta(hours=2)))
CALL = (("CallSid", "CA1"), ("CallStatus", "completed"))


def test_4_5_a_call_on_its_way() -> None:
    assert parameters.call_progress(CALL, sequence_number=0, timestamp=AT) == (
        *CALL,
        ("Timestamp", "Thu, 01 Jun 2017 20:48:32 +0000"),
        ("CallbackSource", "call-progress-events"),
        ("SequenceNumber", "0"),
    )


@pytest.mark.parametrize(("seconds", "minutes"), [(0, "0"), (1, "1"), (60, "1"), (61, "2")])
def test_4_5_a_call_at_its_end_has_seconds_and_begun_minutes(seconds: int, minutes: str) -> None:
    recording = parameters.recording_of_call("RE1", "https://node.test/RE1", 5)
    sent = dict(
        parameters.call_progress(
            CALL, sequence_number=3, timestamp=AT, duration_s=seconds, sip_response_code=200, recording=recording
        )
    )
    assert (sent["CallDuration"], sent["Duration"], sent["SipResponseCode"]) == (str(seconds), minutes, "200")
    assert (sent["RecordingSid"], sent["RecordingDuration"]) == ("RE1", "5")


def test_4_2_a_conference_event() -> None:
    sent = parameters.conference_event(
        account_sid="AC1",
        conference_sid="CF1",
        friendly_name="Room",
        event="participant-join",
        sequence_number=2,
        timestamp=AT,
        call_sid="CA1",
        details={"Muted": "false"},
    )
    assert sent == (
        ("ConferenceSid", "CF1"),
        ("FriendlyName", "Room"),
        ("AccountSid", "AC1"),
        ("SequenceNumber", "2"),
        ("Timestamp", "Thu, 01 Jun 2017 20:48:32 +0000"),
        ("StatusCallbackEvent", "participant-join"),
        ("CallSid", "CA1"),
        ("Muted", "false"),
    )


def test_4_4_a_recording_of_a_conference_names_no_call_and_no_track() -> None:
    sent = dict(
        parameters.recording_status(
            account_sid="AC1",
            recording_sid="RE1",
            recording_url="https://node.test/RE1",
            status="completed",
            channels=1,
            start_time=datetime(2017, 6, 1, tzinfo=UTC),
            source="Conference",
            conference_sid="CF1",
            duration_s=12,
        )
    )
    assert sent.keys() == {
        "AccountSid",
        "ConferenceSid",
        "RecordingSid",
        "RecordingUrl",
        "RecordingStatus",
        "RecordingDuration",
        "RecordingChannels",
        "RecordingStartTime",
        "RecordingSource",
    }
    assert sent["RecordingStartTime"] == "Thu, 01 Jun 2017 00:00:00 +0000"


def test_4_3_the_deprecated_end_of_a_conference_recording() -> None:
    sent = dict(
        parameters.conference_record_end(
            account_sid="AC1",
            conference_sid="CF1",
            friendly_name="Room",
            timestamp=AT,
            recording_url="https://node.test/RE1",
            duration_s=12,
            size_bytes=999,
        )
    )
    assert (sent["EventName"], sent["Duration"], sent["RecordingFileSize"]) == ("conference-record-end", "12", "999")
