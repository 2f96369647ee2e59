"""What a room's wiring tells the engine: all that has changed, and nothing else."""

from hypothesis import given
from hypothesis import strategies as st

from mixminus.app.conferences.wiring import Wiring
from mixminus.base.types import Sid
from mixminus.calls.options import HouseMusic
from mixminus.calls.outputs import Ear, Seat
from mixminus.media.contract import LegRow

ALICE, BOB, BOSS = (Sid(name) for name in ("alice", "bob", "boss"))
LEGS = {ALICE: 1, BOB: 2, BOSS: 3}


def talks(sid: Sid, *coaches: Sid) -> Seat:
    return Seat(sid, Ear.ROOM, None, True, frozenset(coaches))


def test_who_comes_is_one_row_and_who_was_there_is_none() -> None:
    wiring, alice = Wiring(), talks(ALICE)
    assert wiring.change((alice,), LEGS).rows == {ALICE: LegRow(1, True, True)}
    change = wiring.change((alice, talks(BOB)), LEGS)
    assert (change.rows, change.gone) == ({BOB: LegRow(2, True, True)}, ())


def test_who_leaves_is_a_leg_that_is_gone() -> None:
    wiring, alice = Wiring(), talks(ALICE)
    wiring.change((alice, talks(BOB)), LEGS)
    change = wiring.change((alice,), LEGS)
    assert (change.rows, change.gone) == ({}, (2,))


def test_an_ear_that_hears_something_else_is_told_though_its_row_is_the_same() -> None:
    wiring = Wiring()
    wiring.change((Seat(ALICE, Ear.WAIT, HouseMusic(), False),), LEGS)
    assert wiring.change((Seat(ALICE, Ear.HOLD, HouseMusic(), False),), LEGS).rows == {ALICE: LegRow(1, False, False)}


def test_a_whisper_follows_its_coach_to_another_leg() -> None:
    wiring, seats = Wiring(), (talks(ALICE, BOSS), talks(BOSS))
    wiring.change(seats, LEGS)
    change = wiring.change(seats, LEGS | {BOSS: 9})
    assert change.rows[ALICE] == LegRow(1, True, True, (9,))


sids = st.sampled_from([ALICE, BOB, BOSS])
seats = st.builds(Seat, sids, st.sampled_from(Ear), st.none(), st.booleans(), st.frozensets(sids, max_size=2))
plans = st.lists(seats, max_size=3, unique_by=lambda seat: seat.call_sid).map(tuple)
legs_of = st.fixed_dictionaries({}, optional={ALICE: st.just(1), BOB: st.just(2), BOSS: st.sampled_from([3, 9])})


@given(st.lists(st.tuples(plans, legs_of), max_size=8))
def test_changes_add_up_to_the_plan(course: list[tuple[tuple[Seat, ...], dict[Sid, int]]]) -> None:
    wiring = Wiring()
    engine: dict[int, LegRow] = {}
    for plan, legs in course:
        change = wiring.change(plan, legs)
        engine = {leg: row for leg, row in engine.items() if leg not in change.gone}
        engine |= {row.leg: row for row in change.rows.values()}
        whole = {
            legs[seat.call_sid]: LegRow(
                legs[seat.call_sid],
                seat.recorded,
                seat.hears_bus,
                tuple(legs[sid] for sid in sorted(seat.plus) if sid in legs),
            )
            for seat in plan
            if seat.call_sid in legs
        }
        assert engine == whole
