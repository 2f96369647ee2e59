"""G.722 as it arrives: lost, late, reordered, in other lengths, changing places with G.711."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from tests.media.studio import Studio, hum
from tests.media.wideband_phone import WidebandPhone, level, played, stream

from mixminus.audio import g711
from mixminus.media.contract import SendDigits
from mixminus.rtp.packet import RtpPacket
from mixminus.rtp.telephone_event import TelephoneEvent


def note(frames: list[NDArray[np.int16]], hz: int) -> float:
    return level(np.concatenate(frames), hz, 16_000)


def jumps(frames: list[NDArray[np.int16]]) -> float:
    """The largest kink: how far a sample is from the line through its neighbours."""
    return float(np.abs(np.diff(np.concatenate(frames).astype(float), 2)).max())


def test_rfc3551_4_5_2_the_clock_runs_at_8000(studio: Studio) -> None:
    """160 octets are 20 ms, and 160 ticks of the RTP clock, both ways; across the wraps of both counters."""
    phone = WidebandPhone(studio, 1, "G722", 700)
    studio.room(1, 1)
    frames = played(studio, phone, stream(phone, 40))
    assert note(frames[5:], 700) > 2500
    assert phone.phone.count("concealed_samples") == 0
    stamps = [packet.timestamp for packet in phone.phone.packets]
    assert {(b - a) % 2**32 for a, b in itertools.pairwise(stamps)} == {160}
    assert {len(packet.payload) for packet in phone.phone.packets} == {160}


def test_what_is_lost_is_made_up_from_the_last_pitch_period(studio: Studio) -> None:
    phone = WidebandPhone(studio, 1, "G722", 200)
    ticks = stream(phone, 40)
    whole = jumps(played(studio, phone, ticks[:20]))
    ticks[25] = []
    frames = played(studio, phone, ticks[20:])
    assert np.abs(frames[5].astype(int)).max() > 1000
    assert jumps(frames) < 6 * whole
    assert phone.phone.count("concealed_samples") == 160


def test_reordered_packets_and_halves_are_put_together(studio: Studio) -> None:
    phone = WidebandPhone(studio, 1, "G722", 700)
    ticks = stream(phone, 40)
    frames = played(studio, phone, ticks[:10])
    halved = []
    for [packet] in ticks[10:]:
        first = RtpPacket(9, packet.sequence, packet.timestamp, 1, packet.payload[:80])
        second = RtpPacket(9, packet.sequence, (packet.timestamp + 80) % 2**32, 1, packet.payload[80:])
        halved.append([first, second])
    flat = [half for pair in halved for half in pair]
    numbered = [
        RtpPacket(9, (flat[0].sequence + n) % 2**16, half.timestamp, 1, half.payload) for n, half in enumerate(flat)
    ]
    pairs = [[numbered[n + 1], numbered[n]] for n in range(0, len(numbered), 2)]
    frames = played(studio, phone, pairs)
    assert note(frames[2:], 700) > 2500
    assert phone.phone.count("concealed_samples") == phone.phone.count("late") == 0


def test_a_far_end_may_fall_back_to_pcmu_and_return(studio: Studio) -> None:
    phone, other = WidebandPhone(studio, 1, "G722", 700), studio.phone(2)
    studio.room(1, 1, 2)
    played(studio, phone, stream(phone, 10))
    assert other.hears(3) == {700}
    for at in range(20):
        coded = g711.encode_ulaw(hum(1100, 160 * at))
        packet = phone.packet(coded)
        phone.phone.send(RtpPacket(0, packet.sequence, packet.timestamp, packet.ssrc, coded))
        studio.tick()
    assert other.hears(3) == {1100}
    played(studio, phone, stream(phone, 20))
    assert other.hears(3) == {700}


def test_g722_that_was_not_agreed_on_is_unwanted(studio: Studio) -> None:
    phone = studio.phone(1)
    phone.send(RtpPacket(9, 1, 160, 1, bytes(160)))
    studio.tick()
    assert phone.count("unwanted") == 1
    assert not phone.said().any()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.binary(max_size=400), st.integers(0, 3), st.integers(-900, 2000)), max_size=30))
def test_no_payload_and_no_timestamp_takes_the_engine_down(sent: list[tuple[bytes, int, int]]) -> None:
    studio = Studio()
    phone = WidebandPhone(studio, 1, "G722", 700)
    studio.phone(2, hums=400)
    studio.room(1, 1, 2)
    for payload, skipped, jump in sent:
        phone.timestamp = (phone.timestamp + jump) % 2**32
        phone.sequence = (phone.sequence + skipped) % 2**16
        phone.phone.send(phone.packet(payload))
        studio.tick()
    studio.tick(15)
    assert phone.hears(400) == {400}
    studio.engine.close()


@pytest.mark.parametrize(
    ("codec", "clock_hz", "step"), [("G722", 8000, 160), ("opus", 48_000, 960), ("opus", 8000, 160)]
)
def test_rfc4733_2_1_digits_are_timed_by_the_clock_that_was_agreed_on(
    studio: Studio, codec: str, clock_hz: int, step: int
) -> None:
    phone = WidebandPhone(studio, 1, codec)
    studio.negotiate(
        1,
        codec=codec,
        payload_type=phone.payload_type,
        telephone_event_payload_type=101,
        telephone_event_clock_hz=clock_hz,
    )
    studio.apply(SendDigits(1, "5"))
    studio.tick(20)
    packets = [packet for packet in phone.phone.packets if packet.payload_type == 101]
    durations = [TelephoneEvent.parse(packet.payload).duration for packet in packets]
    assert durations == [step, 2 * step, 3 * step, 4 * step, 5 * step, 5 * step, 5 * step]
    assert len({packet.timestamp for packet in packets}) == 1
    after = [packet for packet in phone.phone.packets if packet.payload_type == phone.payload_type]
    assert after[-1].timestamp != packets[0].timestamp
