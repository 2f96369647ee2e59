"""Rooms are served on beats of a tick, and follow the arrivals of their legs."""

import random
from collections.abc import Sequence

import pytest
from tests.media.studio import FRAME, Studio

from mixminus.media.contract import CloseLeg, LegRow, OpenLeg, SetLegMedia, SetRoom
from mixminus.media.engine import Engine, EngineSettings
from mixminus.media.kernels.timing import CALM_WINDOWS
from mixminus.media.kernels.turns import MOST_JITTER, PATIENCE_TICKS, wait_of

BEAT = FRAME // 4


def plain(leg: int) -> LegRow:
    return LegRow(leg, on_bus=True, hears_bus=True)


def beat_of_room(studio: Studio, room: int) -> int:
    row = studio.engine.rooms.slots.row(room)
    assert row is not None
    return int(studio.engine.rooms.turns.beat[row])


def arrive_at(studio: Studio, *phases: int) -> None:
    """Have the packets of legs 1, 2, ... come so many samples after the beginning of each tick."""
    for leg, phase in enumerate(phases, 1):
        row = studio.engine.legs.slots.row(leg)
        assert row is not None
        studio.engine.legs.reception.phase[row] = 16 * phase


def room_of(legs: int, **settings: int) -> Studio:
    """One room; all of its legs hum."""
    studio = Studio(**settings)
    for leg in range(1, legs + 1):
        studio.phone(leg, hums=200 + 150 * leg)
    studio.room(1, *range(1, legs + 1))
    studio.tick()
    return studio


@pytest.mark.parametrize(
    ("phase", "beat", "wait"),
    [(0, 0, 160), (0, 1, 40), (30, 1, 10), (38, 1, 162), (38, 2, 42), (150, 0, 10), (159, 1, 41)],
)
def test_packets_wait_for_the_next_beat_with_a_margin(phase: int, beat: int, wait: int) -> None:
    assert wait_of(16 * phase, 0, beat, 4) == wait


def test_jitter_asks_for_more_of_a_margin() -> None:
    assert wait_of(16 * 20, 0, 1, 4) == 20
    assert wait_of(16 * 20, 16 * 10, 1, 4) == 180


@pytest.mark.parametrize(("phases", "beat"), [((10, 12, 20), 1), ((90, 100, 105), 3), ((140, 145), 0), ((50, 60), 2)])
def test_a_room_follows_the_arrivals_of_its_legs(phases: Sequence[int], beat: int) -> None:
    studio = room_of(len(phases))
    arrive_at(studio, *phases)
    studio.tick(100)
    assert beat_of_room(studio, 1) == beat


def test_a_room_does_not_move_for_little_nor_twice_in_a_short_time() -> None:
    studio = room_of(1)
    arrive_at(studio, 50)
    studio.tick(99)
    assert beat_of_room(studio, 1) == 2
    arrive_at(studio, 10)
    studio.tick(PATIENCE_TICKS - 100)
    assert beat_of_room(studio, 1) == 2
    studio.tick(150)
    assert beat_of_room(studio, 1) == 1


def test_packets_that_come_at_any_time_have_no_say() -> None:
    studio = room_of(2)
    before = beat_of_room(studio, 1)
    arrive_at(studio, 40 * (before + 2) % 160 + 20, -1)
    studio.engine.legs.reception.jitter[:] = 16 * (MOST_JITTER + 1)
    studio.engine.beats.follow(studio.engine.beat)
    assert beat_of_room(studio, 1) == before


@pytest.mark.parametrize("moves", [(0, 1), (0, 2), (0, 3), (1, 0), (2, 0), (3, 0), (3, 2)])
def test_a_move_costs_no_tick_beyond_the_one_it_is_made_in(moves: tuple[int, int]) -> None:
    studio = room_of(2)
    turns, (before, after) = studio.engine.rooms.turns, moves
    turns.beat[0] = before
    studio.tick(10)
    phone = studio.phones[1]
    sent = len(phone.packets)
    turns.beat[0] = after
    studio.tick(20)
    # 20 ticks, less or more the part of one by which the room moved.
    assert 19 <= len(phone.packets) - sent <= 21
    assert phone.hears(last_frames=5) == {500}


def test_what_a_move_spares_is_given_back_soon() -> None:
    studio = room_of(1)
    studio.engine.legs.reception.calm_windows[:] = 0
    arrive_at(studio, 90)
    studio.tick(60)
    assert beat_of_room(studio, 1) == 3
    assert studio.engine.legs.reception.calm_windows[0] > CALM_WINDOWS


def test_every_leg_is_served_once_a_tick() -> None:
    studio = room_of(9)
    for room in (2, 3):
        studio.room(room, *range(3 * room - 2, 3 * room + 1))
    studio.tick(5)
    before = [len(phone.packets) for phone in studio.phones.values()]
    studio.tick(10)
    assert [len(phone.packets) - sent for phone, sent in zip(studio.phones.values(), before, strict=True)] == [10] * 9


def test_who_comes_from_another_beat_brings_nothing_along_that_was_said_elsewhere() -> None:
    studio = Studio()
    one, other, listener = (studio.phone(leg, hums=hums) for leg, hums in ((1, 400), (2, 700), (3, None)))
    studio.room(1, 1, 2)
    studio.room(2, 3)
    turns = studio.engine.rooms.turns
    for here, there in ((0, 1), (1, 0), (3, 0), (2, 3)):
        studio.room(1, 1, 2)
        studio.room(2, 3)
        turns.beat[:2] = here, there
        studio.tick(4)
        heard = len(listener.packets)
        one.hums = 1100
        studio.apply(SetRoom(2, (plain(3), plain(1))))
        studio.tick(3)
        assert all(notes <= {1100} for notes in (listener.hears(n) for n in range(1, len(listener.packets) - heard)))
        one.hums = 400
    assert other.hears() == set()


def test_new_legs_are_spread_over_beats_and_lanes() -> None:
    engine = Engine(EngineSettings(legs=64, lanes=2, lone_legs=8), random.Random(1).randbytes)
    engine.apply(OpenLeg(leg) for leg in range(1, 41))
    crowd = engine.seats.crowd
    assert crowd.sum() == 40
    assert crowd[0].sum() == 20
    assert crowd.min() >= 4
    engine.apply(CloseLeg(leg) for leg in range(1, 41))
    engine.beats.follow(engine.beat)
    assert not engine.seats.crowd.any()


def test_a_few_legs_keep_to_one_lane() -> None:
    engine = Engine(EngineSettings(legs=64, lanes=4), random.Random(1).randbytes)
    engine.apply(OpenLeg(leg) for leg in range(1, 41))
    assert [lane.is_idle for lane in engine.lanes] == [False, True, True, True]


def test_legs_without_a_room_follow_their_own_packets() -> None:
    studio = Studio()
    studio.phone(1)
    studio.apply(SetLegMedia(1, "192.0.2.1", 5000, "PCMU", None, sends=True, receives=True))
    arrive_at(studio, 90)
    studio.tick(60)
    assert studio.engine.legs.turns.beat[0] == 3
