"""What is said, and told, in other formats than Twilio's."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixminus.base.stream_formats import RATES_HZ, StreamFormat, stream_format
from mixminus.base.types import Sid
from mixminus.streams.faults import BUFFER_FULL, MALFORMED
from mixminus.streams.heard_by import Listener
from mixminus.streams.messages import StreamFacts, media_format
from mixminus.streams.opus import MOST_OCTETS, samples_of
from mixminus.streams.packet_playout import MOST_WAITING_OCTETS, PacketPlayout
from mixminus.streams.session import StreamSession

STREAM = "MZ00000000000000000000000000000009"
CALL = Sid("CA" + "1" * 32)
OPUS_20_MS = b"\xf8\xff\xfe"
OPUS_2_5_MS = b"\xe0\x00"


def opened(
    encoding: str = "audio/x-mulaw", rate: int = 8_000, tracks: tuple[str, ...] = ("inbound",)
) -> StreamSession:
    audio = media_format(StreamFormat(encoding, rate))
    facts = StreamFacts(
        Sid("AC" + "0" * 32),
        CALL,
        Sid(STREAM),
        tracks,
        media_format=audio,
        is_bidirectional=True,
        reports_played=True,
    )
    session = StreamSession(facts)
    session.open()
    return session


def media(payload: bytes) -> bytes:
    body = {"payload": base64.b64encode(payload).decode()}
    return json.dumps({"event": "media", "streamSid": STREAM, "media": body}).encode()


def mark(name: str) -> bytes:
    return json.dumps({"event": "mark", "streamSid": STREAM, "mark": {"name": name}}).encode()


@pytest.mark.parametrize(
    ("encoding", "rate", "meant"),
    [
        (None, None, StreamFormat("audio/x-mulaw", 8_000)),
        (None, 8_000, StreamFormat("audio/x-mulaw", 8_000)),
        ("audio/x-l16", None, StreamFormat("audio/x-l16", 16_000)),
        ("audio/x-l16", 24_000, StreamFormat("audio/x-l16", 24_000)),
        ("audio/opus", None, StreamFormat("audio/opus", 48_000)),
    ],
)
def test_what_is_not_said_is_chosen(encoding: str | None, rate: int | None, meant: StreamFormat) -> None:
    assert stream_format(encoding, rate) == meant


@pytest.mark.parametrize(
    ("encoding", "rate"),
    [
        (None, 16_000),
        ("audio/x-mulaw", 16_000),
        ("audio/x-l16", 48_000),
        ("audio/opus", 16_000),
        ("audio/flac", None),
    ],
)
def test_what_is_not_offered_is_refused_with_a_sentence(encoding: str | None, rate: int | None) -> None:
    with pytest.raises(ValueError, match=r"audio/x-mulaw|is offered at"):
        stream_format(encoding, rate)


@pytest.mark.parametrize(("encoding", "rate"), [(name, rate) for name, rates in RATES_HZ.items() for rate in rates])
def test_durations_survive_the_way_there_and_back(encoding: str, rate: int) -> None:
    audio = media_format(StreamFormat(encoding, rate))
    assert audio.duration_ms(audio.octets(1_260)) == 1_260


@pytest.mark.parametrize(
    ("packet", "samples"),
    [
        (OPUS_20_MS, 960),
        (OPUS_2_5_MS, 120),
        (b"\x08", 960),  # SILK, 20 ms
        (b"\x18", 2880),  # SILK, 60 ms
        (b"\x19\x00", 5760),  # two of them
        (b"\x68\x00", 960),  # hybrid, 20 ms
        (b"\x1b\x02", 5760),
        (b"\x1b\x03", 0),  # 180 ms
        (b"\x03", 0),  # no count
        (b"\x03\x00", 0),  # no frames
        (b"", 0),
        (bytes(MOST_OCTETS + 1), 0),
    ],
)
def test_how_long_a_packet_is(packet: bytes, samples: int) -> None:
    """RFC 6716, table 2 and section 3.2."""
    assert samples_of(packet) == samples


def test_media_of_a_participant_letter_by_letter() -> None:
    session = opened(tracks=("participant",))
    joined = session.joined(7, CALL, 'the "boss"')
    assert joined.decode() == (
        f'{{"event":"participant","sequenceNumber":"2","streamSid":"{STREAM}","participant":{{"callSid":"{CALL}",'
        '"label":"the \\"boss\\"","status":"joined"}}'
    )
    assert session.heard(7, b"\x7e" * 3, tick=10).decode() == (
        '{"event":"media","sequenceNumber":"3","media":{"track":"participant","chunk":"1","timestamp":"20",'
        f'"payload":"fn5+","participant":"{CALL}"}},"streamSid":"{STREAM}"}}'
    )
    assert json.loads(session.left(7))["participant"] == {"callSid": CALL, "label": 'the "boss"', "status": "left"}
    assert not session.hears(7)


def test_a_packet_a_message_and_a_mark_behind_it() -> None:
    session = opened("audio/opus", 48_000)
    for _ in range(3):
        assert session.received(media(OPUS_20_MS)) == ([], None)
    session.received(mark("end"))
    assert session.playout.take_audio() == (b"\x00\x03" + OPUS_20_MS) * 3
    assert session.played(0, 1920) == []
    (answer,) = session.played(0, 2880)
    assert json.loads(answer)["mark"] == {"name": "end"}


def test_played_is_told_in_milliseconds() -> None:
    session = opened("audio/opus", 48_000)
    for _ in range(50):
        session.received(media(OPUS_20_MS))
    session.playout.take_audio()
    session.received(json.dumps({"event": "clear", "streamSid": STREAM}).encode())
    (message,) = session.played(~0, 9_600)
    assert json.loads(message)["played"] == {"saidMs": "1000", "playedMs": "200"}


@pytest.mark.parametrize("payload", [b"", b"\x03\x00", bytes(8_000)])
def test_what_is_no_packet_is_dropped_and_told_once(payload: bytes) -> None:
    session = opened("audio/opus", 48_000)
    _, fault = session.received(media(payload))
    assert fault is not None
    assert fault.code == MALFORMED
    assert session.received(media(payload)) == ([], None)
    assert not session.playout.is_waiting


def test_half_a_sample_is_dropped_and_what_follows_is_whole() -> None:
    session = opened("audio/x-l16", 16_000)
    _, fault = session.received(media(b"\x01\x02\x03"))
    assert fault is not None
    assert fault.code == MALFORMED
    session.received(media(b"\x04\x05"))
    assert session.playout.take_audio() == b"\x01\x02\x04\x05"


def test_ten_minutes_may_wait_and_short_large_packets_do_not_fill_the_memory() -> None:
    session = opened("audio/opus", 48_000)
    packet = media(OPUS_20_MS)
    for _ in range(30_000):
        assert session.received(packet) == ([], None)
    _, fault = session.received(packet)
    assert fault is not None
    assert fault.code == BUFFER_FULL
    playout = PacketPlayout(9_600, 28_800_000)
    large = OPUS_2_5_MS + bytes(7_000)
    lost = sum(bool(playout.say(large)) for _ in range(5_000))
    assert 5_000 - lost == MOST_WAITING_OCTETS // len(large)


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("say"), st.sampled_from([OPUS_20_MS, OPUS_2_5_MS, b"\x18", b"\x1b\x02"])),
            st.tuples(st.just("mark"), st.just(b"")),
            st.tuples(st.just("tick"), st.just(b"")),
            st.tuples(st.just("clear"), st.just(b"")),
        ),
        max_size=60,
    )
)
def test_marks_of_packets_come_back_once_in_order_and_never_early(story: list[tuple[str, bytes]]) -> None:
    playout = PacketPlayout(9_600, 28_800_000)
    said = ring = played = epoch = 0
    sent: list[tuple[int, int]] = []
    back = 0

    def collect() -> None:
        nonlocal back
        for name in playout.take_due():
            assert name == str(back)
            mark_epoch, position = sent[back]
            assert epoch > mark_epoch or played >= position
            back += 1

    for what, packet in story:
        if what == "say":
            assert playout.say(packet) == 0
            said += samples_of(packet)
        elif what == "mark":
            playout.mark(str(len(sent)))
            sent.append((epoch, said))
        elif what == "clear":
            playout.clear()
            if playout.epoch != epoch:
                epoch, said, ring, played = playout.epoch, 0, 0, 0
        else:
            given_now, audio = 0, playout.take_audio()
            while audio:
                size = int.from_bytes(audio[:2])
                given_now, audio = given_now + samples_of(audio[2 : 2 + size]), audio[2 + size :]
            ring += given_now
            assert ring < 9_600 + 5_760
            step = min(960, ring)
            ring, played = ring - step, played + step
            playout.played(epoch, played)
        collect()
    assert playout.pending == said - played


# --- who heard it --------------------------------------------------------------------------------------------------

ANN, BOB, CID = (Sid("CA" + letter * 32) for letter in "abc")


def cleared(session: StreamSession) -> None:
    session.received(json.dumps({"event": "clear", "streamSid": STREAM}).encode())


def test_who_heard_how_much_is_counted_as_it_is_played() -> None:
    session = opened()
    session.heard_by.change((Listener(ANN, "ann", True), Listener(BOB, None, False)))
    session.received(media(bytes(8_000)))
    session.playout.take_audio()
    session.played(0, 400)
    session.heard_by.change((Listener(BOB, None, True), Listener(CID, "cid", False)))
    session.played(0, 800)
    cleared(session)
    (message,) = session.played(~0, 1_200)
    assert json.loads(message)["played"] == {
        "saidMs": "1000",
        "playedMs": "150",
        "heardBy": [
            {"callSid": ANN, "label": "ann", "heardMs": "50"},
            {"callSid": BOB, "label": None, "heardMs": "100"},
            {"callSid": CID, "label": "cid", "heardMs": "0"},
        ],
    }


def test_the_next_utterance_begins_at_nothing() -> None:
    session = opened()
    session.heard_by.change((Listener(ANN, None, True),))
    for number in range(2):
        session.received(media(bytes(1_600)))
        session.playout.take_audio()
        session.played(number, 160)
        cleared(session)
        (message,) = session.played(~number, 320)
        assert json.loads(message)["played"]["heardBy"] == [{"callSid": ANN, "label": None, "heardMs": "40"}]


def test_outside_a_conference_nobody_is_named() -> None:
    session = opened()
    session.received(media(bytes(1_600)))
    session.playout.take_audio()
    cleared(session)
    (message,) = session.played(~0, 160)
    assert json.loads(message)["played"] == {"saidMs": "200", "playedMs": "20"}


@given(st.lists(st.sampled_from([OPUS_20_MS, OPUS_2_5_MS]), min_size=1, max_size=40), st.integers(0, 40))
def test_packets_that_were_given_ahead_are_taken_back_whole(packets: list[bytes], played_ms: int) -> None:
    """Nobody can begin in the middle of one: the one that was cut is played again."""
    playout = PacketPlayout(9_600, 28_800_000)
    playout.begin_recalls()
    for packet in packets:
        playout.say(packet, 1)
    playout.mark("end")
    total = playout.pending
    first = playout.take_audio()
    given_now = sum(samples_of(packet) for packet in packets) - sum(samples for _, samples in playout._packets)
    stop = min(48 * played_ms, given_now)
    playout.played(0, stop)
    if not playout.recall():
        assert stop == given_now
        return
    assert not playout.is_waiting
    assert playout.take_audio() == b""
    playout.played(~0, stop)
    left = [packet for packet, _ in playout._packets]
    assert packets[len(packets) - len(left) :] == left
    whole = sum(samples_of(packet) for packet in packets[: len(packets) - len(left)])
    assert whole <= stop
    assert not left or stop < whole + samples_of(left[0])
    assert playout.is_loud
    assert playout.take_due() == []
    while playout.take_audio():
        playout.played(1, total - whole)
    playout.played(1, total - whole)
    assert first
    assert playout.take_due() == ["end"]
    assert not playout.is_loud
