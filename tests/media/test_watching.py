"""What the engine tells of the plans that are in force: the truth of a ledger."""

from tests.media.studio import Studio

from mixminus.media.contract import (
    Applied,
    AppliedRow,
    CloseLeg,
    LegRow,
    Play,
    SetRoom,
    Silence,
    StopPlayer,
    Ticked,
    Tone,
    WatchRoom,
)
from mixminus.media.watching import HEARTBEAT_TICKS

ROOM = 1


def plain(leg: int, *plus: int) -> LegRow:
    return LegRow(leg, on_bus=True, hears_bus=True, plus=plus)


def applied(studio: Studio) -> list[Applied]:
    """What was told since this was last asked."""
    told = [event for event in studio.events if isinstance(event, Applied)]
    studio.events.clear()
    return told


def test_a_plan_is_told_with_the_first_tick_that_it_is_mixed_in(studio: Studio) -> None:
    studio.phone(1)
    studio.phone(2)
    studio.tick(3)
    studio.apply(WatchRoom(ROOM), SetRoom(ROOM, (plain(1), plain(2)), plan=7))
    assert applied(studio) == []
    studio.tick(5)
    assert applied(studio) == [Applied(ROOM, 4, 7, (AppliedRow(plain(1)), AppliedRow(plain(2))), ())]


def test_only_the_last_of_two_plans_between_two_ticks_was_ever_in_force(studio: Studio) -> None:
    studio.phone(1)
    studio.apply(WatchRoom(ROOM), SetRoom(ROOM, (plain(1),), plan=1), SetRoom(ROOM, (), plan=2))
    studio.tick()
    assert applied(studio) == [Applied(ROOM, 1, 2, (), ())]


def test_rooms_that_nobody_watches_are_not_told_of(studio: Studio) -> None:
    studio.phone(1)
    studio.apply(SetRoom(2, (plain(1),)))
    studio.tick(HEARTBEAT_TICKS)
    assert studio.events == []


def test_a_leg_that_is_gone_is_gone_from_all_rows_at_that_tick(studio: Studio) -> None:
    for leg in (1, 2):
        studio.phone(leg)
    studio.apply(WatchRoom(ROOM), SetRoom(ROOM, (plain(1, 2), plain(2)), plan=1))
    studio.tick()
    assert applied(studio)[0].rows[0].row.plus == (2,)
    studio.apply(CloseLeg(2))
    studio.tick()
    assert applied(studio) == [Applied(ROOM, 2, 1, (AppliedRow(plain(1)),), ())]


def test_private_and_common_sounds_are_told_from_their_first_to_their_last_tick(studio: Studio) -> None:
    studio.phone(1)
    studio.apply(WatchRoom(ROOM), SetRoom(ROOM, (plain(1),)))
    studio.tick()
    studio.apply(Play(5, (Tone((400.0,), 60),), leg=1), Play(6, (Silence(100),), loops=0, room=ROOM))
    studio.tick(6)
    studio.apply(StopPlayer(6))
    studio.tick()
    told = [(event.tick, event.rows[0].players, event.players) for event in applied(studio)]
    assert told == [(1, (), ()), (2, (5,), (6,)), (5, (), (6,)), (8, (), ())]


def test_time_that_passes_without_a_change_is_told_now_and_then(studio: Studio) -> None:
    studio.apply(WatchRoom(ROOM))
    studio.tick(2 * HEARTBEAT_TICKS)
    assert studio.events == [
        Applied(ROOM, 1, 0, (), ()),
        Ticked(HEARTBEAT_TICKS),
        Ticked(2 * HEARTBEAT_TICKS),
    ]


def test_when_the_watch_ends_the_room_is_told_of_once_more(studio: Studio) -> None:
    studio.phone(1)
    studio.apply(WatchRoom(ROOM), SetRoom(ROOM, (plain(1),), plan=1))
    studio.tick()
    studio.apply(WatchRoom(ROOM, False), SetRoom(ROOM, (), plan=2))
    studio.tick()
    studio.apply(SetRoom(ROOM, (plain(1),), plan=3))
    studio.tick(HEARTBEAT_TICKS)
    assert [(event.tick, event.plan) for event in applied(studio)] == [(1, 1), (2, 2)]
