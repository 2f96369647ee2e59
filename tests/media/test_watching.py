"""What the engine tells of the plans that are in force: the truth of a ledger."""

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.media.studio import Studio

from mixminus.media.contract import (
    Applied,
    AppliedRow,
    ChangeRoom,
    CloseLeg,
    Command,
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
    assert applied(studio) == [Applied(ROOM, 1, 2, (), (), gone=(1,))]


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
    assert applied(studio) == [Applied(ROOM, 2, 1, (AppliedRow(plain(1)),), (), gone=(2,))]


def test_private_and_common_sounds_are_told_from_their_first_to_their_last_tick(studio: Studio) -> None:
    studio.phone(1)
    studio.apply(WatchRoom(ROOM), SetRoom(ROOM, (plain(1),)))
    studio.tick()
    studio.apply(Play(5, (Tone((400.0,), 60),), leg=1), Play(6, (Silence(100),), loops=0, room=ROOM))
    studio.tick(6)
    studio.apply(StopPlayer(6))
    studio.tick()
    told = [(event.tick, [row.players for row in event.rows], event.players) for event in applied(studio)]
    assert told == [(1, [()], ()), (2, [(5,)], (6,)), (5, [()], (6,)), (8, [], ())]


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


def test_only_what_has_changed_is_told(studio: Studio) -> None:
    for leg in (1, 2, 3):
        studio.phone(leg)
    studio.apply(WatchRoom(ROOM), SetRoom(ROOM, (plain(1), plain(2)), plan=1))
    studio.tick()
    studio.apply(ChangeRoom(ROOM, (plain(3),), gone=(1,), plan=2))
    studio.tick()
    assert applied(studio)[1:] == [Applied(ROOM, 2, 2, (AppliedRow(plain(3)),), (), gone=(1,))]


def test_whoever_begins_to_watch_is_told_of_everybody(studio: Studio) -> None:
    studio.phone(1)
    studio.apply(SetRoom(ROOM, (plain(1),)))
    studio.tick()
    studio.apply(WatchRoom(ROOM))
    studio.tick()
    assert applied(studio) == [Applied(ROOM, 2, 0, (AppliedRow(plain(1)),), ())]


LEGS = range(1, 5)
legs = st.sampled_from(LEGS)
rows = st.builds(
    LegRow,
    legs,
    st.booleans(),
    st.booleans(),
    st.lists(legs, max_size=2, unique=True).map(lambda x: tuple(sorted(x))),
)
several_rows = st.lists(rows, max_size=3, unique_by=lambda row: row.leg).map(tuple)
commands = st.one_of(
    st.builds(SetRoom, st.sampled_from([ROOM, 2]), several_rows),
    st.builds(ChangeRoom, st.sampled_from([ROOM, 2]), several_rows, st.lists(legs, max_size=2).map(tuple)),
    st.builds(CloseLeg, legs),
)


def model(plan: dict[int, LegRow], command: Command) -> dict[int, LegRow]:
    """What is in force in ROOM afterwards, worked out without thinking."""
    match command:
        case SetRoom(room, rows) if room == ROOM:
            return {row.leg: row for row in rows}
        case ChangeRoom(room, rows, gone) if room == ROOM:
            return {leg: row for leg, row in plan.items() if leg not in gone} | {row.leg: row for row in rows}
        case SetRoom(_, rows) | ChangeRoom(_, rows):
            return {leg: row for leg, row in plan.items() if leg not in {row.leg for row in rows}}
        case CloseLeg(closed):
            return {leg: row for leg, row in plan.items() if leg != closed}
    raise AssertionError(command)


@settings(deadline=None, max_examples=100)
@given(st.lists(st.lists(commands, max_size=3), max_size=6))
def test_what_is_told_adds_up_to_what_is_in_force(steps: list[list[Command]]) -> None:
    studio = Studio()
    for leg in LEGS:
        studio.phone(leg)
    studio.apply(WatchRoom(ROOM))
    plan: dict[int, LegRow] = {}
    told: dict[int, LegRow] = {}
    for step in steps:
        for command in step:
            studio.apply(command)
            open_legs = {leg for leg in LEGS if leg in studio.engine.legs.slots}
            after = {leg: row for leg, row in model(plan, command).items() if leg in open_legs}
            plan = {leg: without_closed(row, open_legs) for leg, row in after.items()}
        studio.tick()
        for event in applied(studio):
            told = {leg: row for leg, row in told.items() if leg not in event.gone}
            told |= {row.row.leg: row.row for row in event.rows}
        assert told == plan == {leg: studio.engine.rooms.plan_of(leg) for leg in studio.engine.rooms.members(ROOM)}


def without_closed(row: LegRow, open_legs: set[int]) -> LegRow:
    return LegRow(row.leg, row.on_bus, row.hears_bus, tuple(leg for leg in row.plus if leg in open_legs))
