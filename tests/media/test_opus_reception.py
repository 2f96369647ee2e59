"""Opus as it arrives: lost, late, in other lengths, resting, hostile."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from tests.media.studio import Studio
from tests.media.wideband_phone import WidebandPhone, level, played, stream

from mixminus.rtp.packet import RtpPacket

LOUD = 1000.0


def note(frames: list[NDArray[np.int16]], hz: int) -> float:
    return level(np.concatenate(frames), hz, 48_000)


def test_every_packet_is_played_in_order_and_nothing_is_made_up(studio: Studio) -> None:
    phone = WidebandPhone(studio, 1, "opus", 700)
    frames = played(studio, phone, stream(phone, 30))
    assert note(frames[10:], 700) > 2500
    assert phone.phone.count("concealed_samples") == phone.phone.count("resynced") == 0


@pytest.mark.parametrize("frame_ms", [10, 20, 40, 60])
def test_packets_of_any_length_make_frames_of_20_ms(studio: Studio, frame_ms: int) -> None:
    phone = WidebandPhone(studio, 1, "opus", 700, frame_ms=frame_ms)
    sent = iter([packet for packets in stream(phone, 1200 // frame_ms) for packet in packets])
    ticks: list[list[RtpPacket]] = []
    for tick in range(50):
        due = (20 * (tick + 1)) // frame_ms - (20 * tick) // frame_ms
        ticks.append(list(itertools.islice(sent, due)))
    frames = played(studio, phone, ticks)
    assert note(frames[20:], 700) > 2500
    gaps = [frame for frame in frames[20:] if np.abs(frame.astype(int)).max() < LOUD]
    assert not gaps


def test_reordered_packets_are_put_in_order(studio: Studio) -> None:
    straight = WidebandPhone(studio, 1, "opus", 700)
    ticks = stream(straight, 40)
    shuffled = WidebandPhone(studio, 2, "opus", 700)
    theirs = [[], *([RtpPacket(p.payload_type, p.sequence, p.timestamp, 2, p.payload)] for [p] in ticks)]
    for at in range(8, 36, 4):
        theirs[at], theirs[at + 1] = theirs[at + 1], theirs[at]
    played(studio, straight, ticks)
    frames = played(studio, shuffled, theirs)
    assert note(frames[20:], 700) > 2500
    assert shuffled.phone.count("concealed_samples") <= 320


def test_rfc6716_2_1_7_a_lost_packet_is_recovered_from_the_copy_in_the_next_one(studio: Studio) -> None:
    """Each fourth is lost, and it alone has another note, which is heard once the first loss has made the delay."""
    phone = WidebandPhone(studio, 1, "opus", opus={"fec": "1", "packet_loss": "30"})
    ticks: list[list[RtpPacket]] = []
    for at in range(60):
        phone.hums = (1900,) if at % 4 == 2 else (700,)
        packets = phone.packets(phone.hum())
        ticks.append([] if at % 4 == 2 and at > 8 else packets)
    frames = played(studio, phone, ticks)
    assert phone.phone.count("concealed_samples") <= 2 * 160
    recovered = [note([frame], 1900) for at, frame in enumerate(frames) if at > 20 and at % 4 == 3]
    assert min(recovered) > LOUD
    between = [note([frame], 1900) for at, frame in enumerate(frames) if at > 20 and at % 4 == 1]
    assert max(between) < LOUD


def test_what_cannot_be_recovered_is_made_up_and_fades(studio: Studio) -> None:
    phone = WidebandPhone(studio, 1, "opus", 700)
    frames = played(studio, phone, [*stream(phone, 30), *([[]] * 60)])
    assert np.abs(frames[30].astype(int)).max() > LOUD, "the first 20 ms without a packet are made up"
    assert np.abs(frames[-1].astype(int)).max() == 0, "a second later there is silence"
    assert 0 < phone.phone.count("concealed_samples") <= 480
    frames = played(studio, phone, stream(phone, 30))
    assert note(frames[15:], 700) > 2500


def test_rfc6716_2_1_9_a_resting_phone_is_not_a_lossy_one(studio: Studio) -> None:
    """It says so in a packet without a frame, then sends one every 400 ms."""
    phone = WidebandPhone(studio, 1, "opus", 700)
    ticks = stream(phone, 20)
    phone.hums = ()
    ticks += stream(phone, 10)
    toc = ticks[-1][0].payload[0] & 0xFC
    for at in range(60):
        ticks.append([phone.packet(bytes([toc]))] if at % 20 == 0 else [])
        if at % 20:
            phone.timestamp = (phone.timestamp + 960) % 2**32
    phone.hums = (900,)
    frames = played(studio, phone, [*ticks, *stream(phone, 30)])
    assert phone.phone.count("concealed_samples") == phone.phone.count("late") == 0
    assert np.abs(np.concatenate(frames[60:90]).astype(int)).max() < LOUD
    assert note(frames[105:], 900) > 2500


def test_a_late_packet_makes_the_delay_grow_once_and_is_played(studio: Studio) -> None:
    phone = WidebandPhone(studio, 1, "opus", 700)
    ticks = stream(phone, 40)
    ticks[20], ticks[21] = [], [*ticks[20], *ticks[21]]
    frames = played(studio, phone, [*ticks[:20], [], *ticks[20:]])
    assert note(frames[25:], 700) > 2500
    assert phone.phone.count("late") == 0


def test_the_clock_wraps(studio: Studio) -> None:
    """The phone's first packets are at the end of both the timestamps and the sequence numbers."""
    phone = WidebandPhone(studio, 1, "opus", 700)
    assert phone.timestamp + 960 * 30 > 2**32
    frames = played(studio, phone, stream(phone, 30))
    assert note(frames[10:], 700) > 2500
    assert phone.phone.count("concealed_samples") == 0


def test_packets_that_cannot_be_opus_are_counted_and_do_no_harm(studio: Studio) -> None:
    phone = WidebandPhone(studio, 1, "opus", 700)
    played(studio, phone, stream(phone, 10))
    hostile = [b"", b"\xff", b"\xff\xff\xff\xff", b"\x03", b"\x03\x00", bytes([0x7B, 63]), bytes(1400)]
    for payload in hostile:
        phone.phone.send(phone.packet(payload))
        studio.tick()
    assert phone.phone.count("malformed") >= 4
    frames = played(studio, phone, stream(phone, 30))
    assert note(frames[15:], 700) > 2500


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.binary(max_size=60), st.integers(0, 5), st.integers(-3000, 9000)), max_size=30))
def test_no_payload_and_no_timestamp_takes_the_engine_down(sent: list[tuple[bytes, int, int]]) -> None:
    studio = Studio()
    phone, other = WidebandPhone(studio, 1, "opus", 700), studio.phone(2, hums=400)
    studio.room(1, 1, 2)
    for payload, skipped, jump in sent:
        phone.timestamp = (phone.timestamp + jump) % 2**32
        phone.sequence = (phone.sequence + skipped) % 2**16
        phone.phone.send(phone.packet(payload))
        studio.tick()
    for packets in stream(phone, 15):
        for packet in packets:
            phone.phone.send(packet)
        studio.tick()
    assert phone.hears(400) == {400}
    assert other.count("sent") == len(sent) + 15
    studio.engine.close()


def test_mono_is_made_of_stereo(studio: Studio) -> None:
    """A stereo encoder's packets are decoded to one channel (RFC 6716 section 2.1.2)."""
    import av

    phone = WidebandPhone(studio, 1, "opus")
    encoder = av.CodecContext.create("libopus", "w")
    encoder.sample_rate, encoder.layout, encoder.format = 48_000, "stereo", "s16"
    encoder.open()
    ticks = []
    for at in range(30):
        tone = 3000 * np.sin(2 * np.pi * 700 * (np.arange(960) + 960 * at) / 48_000)
        both = np.stack([tone, tone], axis=1).reshape(1, -1).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(both, format="s16", layout="stereo")
        frame.sample_rate = 48_000
        ticks.append([phone.packet(bytes(packet)) for packet in encoder.encode(frame)])
    assert note(played(studio, phone, ticks)[10:], 700) > 2500
