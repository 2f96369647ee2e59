"""Packets tell when they came; a tick that is late reads some too early, and must not be misled by it."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.media.studio import FRAME, Phone, Studio
from tests.media.wideband_phone import WidebandPhone

from mixminus.audio import g711
from mixminus.media.bundles import zeroed
from mixminus.media.kernels.arrivals import arrival_phase, watch_arrival
from mixminus.media.state import Reception

TICKS: Final = 120
PUNCTUAL: Final = (0.0,) * TICKS


def voice(frames: int) -> list[np.ndarray]:
    noise = np.random.default_rng(3).integers(-8000, 8000, (frames, FRAME)).astype(np.int16)
    return [g711.decode_ulaw(g711.encode_ulaw(frame)) for frame in noise]


def age_of(nominal_ms: float, arrival_ms: float) -> int:
    """In samples, away from zero."""
    samples = int(np.floor((nominal_ms - arrival_ms) * 8))
    return samples + 1 if samples >= 0 else samples


def said(
    phone: Phone, arrivals_ms: Sequence[float], lateness_ms: Sequence[float], tells: bool = True
) -> list[np.ndarray]:
    """What the engine takes from the phone: a frame a tick. Ticks are due every 20 ms, and so late."""
    frames, sent, taken = voice(len(arrivals_ms)), 0, []
    for tick, late_ms in enumerate(lateness_ms):
        while sent < len(frames) and arrivals_ms[sent] <= 20 * tick + late_ms:
            age = age_of(20 * tick, arrivals_ms[sent]) if tells else 0
            phone.studio.engine.receive(phone.leg, bytes(phone.packet(frames[sent])), phone.address, age)
            sent += 1
        phone.studio.tick()
        taken.append(phone.said())
    return taken


def reception(phone: Phone) -> tuple[Reception, int]:
    legs = phone.studio.engine.legs
    row = legs.slots.row(phone.leg)
    assert row is not None
    return legs.reception, row


def delay_samples(phone: Phone) -> int:
    _, row = reception(phone)
    return phone.studio.engine.legs.playout_delay(row)


def even(first_ms: float, packets: int = TICKS) -> list[float]:
    return [first_ms + 20 * n for n in range(packets)]


def disturbed(seed: int) -> list[float]:
    """Every third tick or so is late."""
    luck = random.Random(seed)
    return [luck.uniform(0, 15) if luck.random() < 0.3 else 0.0 for _ in range(TICKS)]


@dataclass(frozen=True)
class Fate:
    """How a leg fared."""

    said: list[np.ndarray]
    late: int
    concealed: int
    delay: int


def fate(arrivals_ms: Sequence[float], lateness_ms: Sequence[float], tells: bool = True) -> Fate:
    with (studio := Studio()).engine:
        phone = studio.phone(1)
        taken = said(phone, arrivals_ms, lateness_ms, tells)
        return Fate(taken, phone.count("late"), phone.count("concealed_samples"), delay_samples(phone))


def alike(one: list[np.ndarray], other: list[np.ndarray]) -> bool:
    """But for the first word, which may be faded in."""
    return all(np.array_equal(a, b) for a, b in zip(one[2:], other[2:], strict=True))


def test_late_ticks_do_not_lengthen_the_delay_of_a_leg_whose_packets_are_on_time() -> None:
    disturbed_one, punctual = fate(even(7.0), disturbed(1)), fate(even(7.0), PUNCTUAL)
    assert alike(disturbed_one.said, punctual.said)
    assert disturbed_one.late == disturbed_one.concealed == disturbed_one.delay == punctual.delay == 0


def test_without_arrival_times_they_would() -> None:
    assert fate(even(7.0), disturbed(1), tells=False).delay == FRAME


@given(
    first_ms=st.floats(0, 20),
    jitter_ms=st.lists(st.floats(0, 3), min_size=TICKS, max_size=TICKS),
    lateness_ms=st.lists(st.floats(0, 15), min_size=TICKS, max_size=TICKS),
)
@settings(max_examples=30, deadline=None)
def test_ticks_that_are_late_change_nothing_for_packets_that_come_between_the_same_two(
    first_ms: float, jitter_ms: list[float], lateness_ms: list[float]
) -> None:
    arrivals_ms = [at + off for at, off in zip(even(first_ms), jitter_ms, strict=True)]
    assume(first_ms > 0 and first_ms + max(jitter_ms) < 20)
    late, punctual = fate(arrivals_ms, lateness_ms), fate(arrivals_ms, PUNCTUAL)
    assert alike(late.said, punctual.said)
    assert late.late == late.concealed == 0
    assert late.delay == punctual.delay


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("around_ms", [18.0, 20.0, 22.0])
def test_late_ticks_do_not_harm_legs_whose_packets_come_before_and_after_a_deadline(
    seed: int, around_ms: float
) -> None:
    luck = random.Random(seed)
    arrivals_ms = [at + luck.uniform(-4, 4) for at in even(around_ms)]
    late, punctual = fate(arrivals_ms, disturbed(seed)), fate(arrivals_ms, PUNCTUAL)
    assert late.late <= punctual.late
    assert late.concealed <= punctual.concealed
    assert late.delay <= punctual.delay


@pytest.mark.parametrize("jitter_buffer", ["off", "small", "large"])
def test_a_stream_that_begins_after_its_deadline_in_a_late_tick_waits_for_the_next_one(
    studio: Studio, jitter_buffer: str
) -> None:
    phone = studio.phone(1, jitter_buffer=jitter_buffer)
    taken = said(phone, even(2.0), [5.0] + [0.0] * (TICKS - 1))
    assert not taken[0].any()
    assert all(np.array_equal(a, b) for a, b in zip(taken[2:], voice(TICKS)[1:], strict=False))
    assert phone.count("late") == phone.count("concealed_samples") == phone.count("resynced") == 0


@pytest.mark.parametrize(("codec", "frame_ms"), [("G722", 20), ("opus", 20), ("opus", 10)])
def test_coded_streams_are_not_misled_either(studio: Studio, codec: str, frame_ms: int) -> None:
    wideband = WidebandPhone(studio, 1, codec, 700, frame_ms=frame_ms)
    phone = wideband.phone
    lateness_ms, at_ms = [5.0, *disturbed(7)[1:]], 2.0
    for tick, late_ms in enumerate(lateness_ms):
        while at_ms <= 20 * tick + late_ms:
            for packet in wideband.packets(wideband.hum()):
                studio.engine.receive(phone.leg, bytes(packet), phone.address, age_of(20 * tick, at_ms))
            at_ms += frame_ms
        studio.tick()
    assert phone.count("late") == phone.count("concealed_samples") == phone.count("resynced") == 0
    assert delay_samples(phone) == FRAME - 8 * frame_ms


def test_a_stream_that_begins_just_before_a_deadline_has_room_for_packets_just_after_it(studio: Studio) -> None:
    phone = studio.phone(1)
    arrivals_ms = [at + (1.2 if n % 7 == 3 else 0) for n, at in enumerate(even(19.5))]
    said(phone, arrivals_ms, PUNCTUAL)
    assert phone.count("late") == phone.count("concealed_samples") == 0


def test_a_stream_that_begins_well_before_a_deadline_waits_for_nothing(studio: Studio) -> None:
    phone = studio.phone(1)
    taken = said(phone, even(18.5), PUNCTUAL)
    assert np.array_equal(taken[1], voice(1)[0])


def test_what_the_network_held_up_still_lengthens_the_delay(studio: Studio) -> None:
    phone = studio.phone(1)
    arrivals_ms = [at + (25 if n == 40 else 0) for n, at in enumerate(even(10.0))]
    said(phone, arrivals_ms, disturbed(2)[:40] + [0.0] * 60)
    assert phone.count("concealed_samples") > 0
    assert delay_samples(phone) == FRAME


@pytest.mark.parametrize("off_ms", [0.0, 3.0])
def test_jitter_is_that_of_the_network_not_that_of_the_ticks(studio: Studio, off_ms: float) -> None:
    phone = studio.phone(1)
    arrivals_ms = [at + off_ms * (n % 2) for n, at in enumerate(even(4.0, 200))]
    said(phone, arrivals_ms, disturbed(4) + disturbed(5))
    kept, row = reception(phone)
    assert abs(int(kept.jitter[row]) / 16 - 8 * off_ms) <= 1.5


@pytest.mark.parametrize("at_ms", [0.2, 4.0, 10.0, 19.9])
def test_the_phase_of_a_leg_is_where_between_two_ticks_its_packets_come(studio: Studio, at_ms: float) -> None:
    phone = studio.phone(1)
    luck = random.Random(9)
    said(phone, [at + luck.uniform(-2, 2) for at in even(20 + at_ms)], disturbed(6))
    off = (arrival_phase(*reception(phone)) - 8 * at_ms + 80) % 160 - 80
    assert abs(off) <= 6


def test_nothing_is_known_of_the_phase_before_audio_came_and_after_another_stream_began(studio: Studio) -> None:
    phone = studio.phone(1)
    assert arrival_phase(*reception(phone)) == -1
    said(phone, even(5.0, 5), [0.0] * 5, tells=False)
    assert arrival_phase(*reception(phone)) == -1, "nobody told when they came"
    said(phone, even(5.0, 5), [0.0] * 5)
    assert arrival_phase(*reception(phone)) in (39, 40)
    phone.ssrc, phone.sequence = 99, 7
    said(phone, [9.0, 9.0], [0.0, 0.0])
    assert arrival_phase(*reception(phone)) in (71, 72)


def test_packets_out_of_order_do_not_move_the_phase() -> None:
    rows = zeroed(Reception, 1)
    rows.phase[0] = -1
    rows.sequence[0] = 6
    watch_arrival(rows, 0, 5, 800, 10, 0, 30)
    assert arrival_phase(rows, 0) == -1
    watch_arrival(rows, 0, 6, 960, 10, 0, 30)
    assert arrival_phase(rows, 0) == 130


def test_legs_that_have_their_turn_later_are_read_later() -> None:
    rows = zeroed(Reception, 1)
    rows.phase[0] = rows.transit[0] = -1
    watch_arrival(rows, 0, 0, 0, 10, 0, 10)
    watch_arrival(rows, 0, 0, 160, 11, 80, 90)
    assert int(rows.jitter[0]) == 0
    assert arrival_phase(rows, 0) == 150
