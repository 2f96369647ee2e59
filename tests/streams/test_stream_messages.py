"""What an agent is told, letter by letter (twiml-and-streams.md 4.3)."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixminus.base.types import Sid
from mixminus.streams.faults import MALFORMED, UNREADABLE
from mixminus.streams.messages import TELEPHONE, StreamFacts
from mixminus.streams.session import LocalStreamError, StreamSession, StreamState

STREAM = "MZ00000000000000000000000000000009"
FACTS = StreamFacts(
    account_sid=Sid("AC00000000000000000000000000000001"),
    call_sid=Sid("CA00000000000000000000000000000007"),
    sid=Sid(STREAM),
    tracks=("inbound",),
    parameters=(("tenant", "north"), ("lang", "de")),
    is_bidirectional=True,
)
FRAME = bytes(range(160))


def session(**changes: object) -> StreamSession:
    facts = {name: getattr(FACTS, name) for name in StreamFacts.__slots__} | changes
    return StreamSession(StreamFacts(**facts))


def opened(**changes: object) -> StreamSession:
    fresh = session(**changes)
    fresh.open()
    return fresh


def test_the_first_two_messages() -> None:
    connected, start = session().open()
    assert connected == b'{"event":"connected","protocol":"Call","version":"1.0.0"}'
    assert start.decode() == (
        '{"event":"start","sequenceNumber":"1","start":{"accountSid":"AC00000000000000000000000000000001",'
        f'"streamSid":"{STREAM}","callSid":"CA00000000000000000000000000000007","tracks":["inbound"],'
        '"mediaFormat":{"encoding":"audio/x-mulaw","sampleRate":8000,"channels":1},'
        f'"customParameters":{{"tenant":"north","lang":"de"}}}},"streamSid":"{STREAM}"}}'
    )


def test_custom_parameters_are_there_even_when_there_are_none() -> None:
    _, start = session(parameters=()).open()
    assert json.loads(start)["start"]["customParameters"] == {}


def test_the_first_frame_of_audio() -> None:
    message = opened().heard(0, b"\x7e" * 160, tick=1_000)
    payload = "fn5+" * 53 + "fg=="
    assert message.decode() == (
        '{"event":"media","sequenceNumber":"2","media":{"track":"inbound","chunk":"1","timestamp":"20",'
        f'"payload":"{payload}"}},"streamSid":"{STREAM}"}}'
    )


def test_chunks_are_counted_by_track_and_messages_by_stream() -> None:
    both = opened(tracks=("inbound", "outbound"), is_bidirectional=False)
    told = [json.loads(both.heard(track, FRAME, tick)) for tick in (5, 6) for track in (0, 1)]
    assert [one["sequenceNumber"] for one in told] == ["2", "3", "4", "5"]
    assert [(one["media"]["track"], one["media"]["chunk"]) for one in told] == [
        ("inbound", "1"),
        ("outbound", "1"),
        ("inbound", "2"),
        ("outbound", "2"),
    ]
    assert [one["media"]["timestamp"] for one in told] == ["20", "20", "40", "40"]


def test_a_frame_that_was_left_out_is_a_gap_in_the_timestamps() -> None:
    stream = opened()
    stream.heard(0, FRAME, 1)
    stream.skipped(0, 2)
    media = json.loads(stream.heard(0, FRAME, 3))["media"]
    assert (media["chunk"], media["timestamp"]) == ("3", "60")


def test_a_key() -> None:
    (message,) = opened().pressed("#")
    assert message.decode() == (
        f'{{"event":"dtmf","streamSid":"{STREAM}","sequenceNumber":"2",'
        '"dtmf":{"track":"inbound_track","digit":"#"}}'
    )


def test_a_unidirectional_stream_is_told_of_no_keys_and_no_marks() -> None:
    stream = opened(is_bidirectional=False)
    assert stream.pressed("1") == []
    assert stream.received(mark("x")) == ([], None)
    stream.received(media(FRAME))
    assert stream.playout.take_audio() == b""


def test_the_last_message() -> None:
    (message,) = opened().stop()
    assert message.decode() == (
        f'{{"event":"stop","sequenceNumber":"2","streamSid":"{STREAM}",'
        '"stop":{"accountSid":"AC00000000000000000000000000000001",'
        '"callSid":"CA00000000000000000000000000000007"}}'
    )


def test_nothing_follows_stop_and_nothing_comes_before_start() -> None:
    stream = session()
    for too_early in (lambda: stream.heard(0, FRAME, 1), lambda: stream.pressed("1")):
        with pytest.raises(LocalStreamError):
            too_early()
    stream.open()
    stream.stop()
    for too_late in (stream.open, stream.stop, lambda: stream.heard(0, FRAME, 1)):
        with pytest.raises(LocalStreamError):
            too_late()
    assert stream.state is StreamState.STOPPED
    assert stream.received(mark("late")) == ([], None)


def test_a_stream_that_never_opened_says_nothing_at_its_end() -> None:
    assert session().stop() == []


# --- what the agent says -------------------------------------------------------------------------------------------


def said(event: str, **fields: object) -> bytes:
    return json.dumps({"event": event, "streamSid": STREAM, **fields}).encode()


def media(audio: bytes, **extra: object) -> bytes:
    return said("media", media={"payload": base64.b64encode(audio).decode(), **extra})


def mark(name: str) -> bytes:
    return said("mark", mark={"name": name})


def test_audio_of_any_length_is_handed_on_unchanged() -> None:
    stream = opened()
    for length in (0, 1, 159, 160, 161, 1_000):
        assert stream.received(media(b"\x55" * length)) == ([], None)
    assert stream.playout.pending == 1_481
    stream.received(media(b"\x55" * 1_000))
    assert stream.playout.take_audio() == b"\x55" * 1_600, "no more than the lead at once"


def test_a_mark_with_nothing_before_it_comes_back_at_once() -> None:
    (message,), fault = opened().received(mark("turn-3-end"))
    assert message.decode() == (
        f'{{"event":"mark","sequenceNumber":"2","streamSid":"{STREAM}","mark":{{"name":"turn-3-end"}}}}'
    )
    assert fault is None


def names(messages: list[bytes]) -> list[str]:
    return [json.loads(message)["mark"]["name"] for message in messages]


def test_a_mark_comes_back_when_the_audio_before_it_was_played_and_not_before() -> None:
    stream = opened()
    stream.received(media(b"\x01" * 320))
    assert stream.received(mark("end"))[0] == []
    stream.playout.take_audio()
    assert stream.played(0, 160) == []
    assert stream.played(0, 319) == []
    assert names(stream.played(0, 320)) == ["end"]
    assert stream.played(0, 320) == []


def test_clear_returns_all_marks_at_once_and_in_order() -> None:
    stream = opened()
    stream.received(media(b"\x01" * 9_999))
    stream.received(mark("a"))
    stream.received(media(b"\x01" * 9_999))
    stream.received(mark("b"))
    stream.playout.take_audio()
    answered, fault = stream.received(said("clear"))
    assert (names(answered), fault) == (["a", "b"], None)
    assert stream.playout.take_audio() == b""
    assert stream.playout.epoch == 1


def test_what_is_said_after_a_clear_is_counted_anew() -> None:
    stream = opened()
    stream.received(media(b"\x01" * 1_600))
    stream.playout.take_audio()
    stream.received(said("clear"))
    stream.received(media(b"\x02" * 160))
    stream.received(mark("second"))
    assert stream.playout.take_audio() == b"\x02" * 160
    assert stream.played(~0, 480) == [], "that is about what was cleared"
    assert names(stream.played(1, 160)) == ["second"]


def test_who_asks_for_it_is_told_what_was_played_of_what_was_cleared() -> None:
    stream = opened(reports_played=True)
    stream.received(media(b"\x01" * 1_600))
    stream.playout.take_audio()
    stream.received(said("clear"))
    assert stream.played(0, 320) == [], "told before the engine knew of the clear"
    (message,) = stream.played(~0, 480)
    assert message.decode() == (
        f'{{"event":"played","sequenceNumber":"2","streamSid":"{STREAM}",'
        '"played":{"saidMs":"200","playedMs":"60"}}'
    )
    assert stream.played(~0, 480) == [], "once"


def test_more_than_ten_minutes_are_discarded_with_one_warning() -> None:
    stream = opened()
    minute = media(b"\x01" * 480_000)
    faults = [stream.received(minute)[1] for _ in range(12)]
    assert [fault.code for fault in faults if fault] == [31931]
    assert stream.playout.pending == 4_800_000
    assert stream.playout.discarded == 2 * 480_000


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"hello",
        b"[]",
        b"null",
        b'"mark"',
        b"{}",
        b"{" * 100_000,
        b'{"event":"mark"}',
        said("mark"),
        said("mark", mark={}),
        said("mark", mark={"name": 7}),
        said("mark", mark={"name": "x" * 5_000}),
        said("media"),
        said("media", media={}),
        said("media", media={"payload": "not base64!"}),
        said("media", media={"payload": None}),
        said("close"),
        said("dtmf", dtmf={"digit": "1"}),
        b'{"type":"fetch_output","webrtc_id":"x"}',
        json.dumps({"event": "clear", "streamSid": "MZ" + "1" * 32}).encode(),
        b'{"event":"clear"}',
        b'{"event":"clear","streamSid":7}',
    ],
)
def test_what_is_not_understood_is_ignored_with_31951(message: bytes) -> None:
    stream = opened()
    answered, fault = stream.received(message)
    assert answered == []
    assert fault is not None
    assert fault.code == MALFORMED
    assert (stream.playout.pending, stream.playout.epoch) == (0, 0)
    assert names(stream.received(mark("still here"))[0]) == ["still here"]


@pytest.mark.parametrize(
    ("data", "is_text"),
    [(mark("x"), False), (b"\x80\x81", False), (mark("x").replace(b"x", b"\xff"), True)],
)
def test_binary_messages_are_ignored_with_31950(data: bytes, is_text: bool) -> None:
    _, fault = opened().received(data, is_text=is_text)
    assert fault is not None
    assert fault.code == UNREADABLE


@given(st.binary(max_size=200))
def test_no_bytes_do_harm(data: bytes) -> None:
    stream = opened()
    for message in (data, media(b"x", extra="?").replace(b"?", data), mark("?").replace(b"?", data)):
        stream.received(message)
        stream.received(message, is_text=False)


@pytest.mark.parametrize("name", [r"\ud800", r"\udc00\ud800", r"\u0000", r"\ud83d\ude00", "é", ""])
def test_names_of_marks_come_back_as_they_were_or_not_at_all(name: str) -> None:
    answered, fault = opened().received(mark("?").replace(b"?", name.encode()))
    assert (fault is None) == bool(answered)
    assert all(json.loads(message)["mark"]["name"] == json.loads(f'"{name}"') for message in answered)


def test_each_kind_of_fault_is_told_once_and_all_are_counted() -> None:
    stream = opened()
    told = [
        stream.received(b"nonsense")[1],
        stream.received(said("hello"))[1],
        stream.received(b"", is_text=False)[1],
    ]
    assert [fault and fault.code for fault in told] == [MALFORMED, None, UNREADABLE]
    assert stream.refused == 3


def test_a_field_too_many_is_told_and_the_message_obeyed() -> None:
    stream = opened()
    _, fault = stream.received(media(b"\x01" * 160, track="outbound"))
    assert fault is not None
    assert fault.code == MALFORMED
    assert stream.playout.pending == 160


def test_values_for_more_than_mulaw() -> None:
    assert (TELEPHONE.octets(20), TELEPHONE.duration_ms(160)) == (160, 20)
