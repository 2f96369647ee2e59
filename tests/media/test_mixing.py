"""Who hears whom: by tones, and sample by sample against a naive mix."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.media.studio import FRAME, Samples, Studio, hum

from mixminus.audio import g711
from mixminus.media.contract import CloseLeg, LegRow, SetRoom


def coded(samples: Samples) -> Samples:
    return g711.decode_ulaw(g711.encode_ulaw(samples))


def plain(leg: int) -> LegRow:
    return LegRow(leg, on_bus=True, hears_bus=True)


def test_everybody_hears_everybody_but_oneself(studio: Studio) -> None:
    phones = {hz: studio.phone(hz, hums=hz) for hz in (400, 700, 1100)}
    studio.room(1, *phones)
    studio.tick()
    for hz, phone in phones.items():
        assert phone.hears() == phones.keys() - {hz}


def test_a_coach_is_heard_by_the_agent_alone(studio: Studio) -> None:
    caller, agent, coach = (studio.phone(hz, hums=hz) for hz in (400, 700, 1100))
    whispering = LegRow(1100, on_bus=False, hears_bus=True)
    studio.apply(SetRoom(1, (plain(400), LegRow(700, True, True, plus=(1100,)), whispering)))
    studio.tick()
    assert caller.hears() == {700}
    assert agent.hears() == {400, 1100}
    assert coach.hears() == {400, 700}


def test_less_takes_somebody_out_of_what_one_listener_hears(studio: Studio) -> None:
    one, other, _ = (studio.phone(hz, hums=hz) for hz in (400, 700, 1100))
    studio.apply(SetRoom(1, (LegRow(400, True, True, minus=(1100,)), plain(700), plain(1100))))
    studio.tick()
    assert one.hears() == {700}
    assert other.hears() == {400, 1100}


def test_rooms_do_not_hear_each_other(studio: Studio) -> None:
    phones = {hz: studio.phone(hz, hums=hz) for hz in (400, 700, 1100, 1500)}
    studio.room(1, 400, 700)
    studio.room(2, 1100, 1500)
    studio.tick()
    assert [phone.hears() for phone in phones.values()] == [{700}, {400}, {1500}, {1100}]


def test_a_leg_in_no_room_hears_silence_and_is_not_heard(studio: Studio) -> None:
    inside, outside = studio.phone(400, hums=400), studio.phone(700, hums=700)
    studio.room(1, 400)
    studio.tick(3)
    assert not inside.audio.any()
    assert not outside.audio.any()


def test_a_row_takes_a_leg_out_of_the_room_that_it_was_in(studio: Studio) -> None:
    phones = [studio.phone(hz, hums=hz) for hz in (400, 700, 1100)]
    studio.room(1, 400, 700)
    studio.room(2, 700, 1100)
    studio.tick()
    assert [phone.hears() for phone in phones] == [set(), {1100}, {700}]
    studio.room(1, 400)
    studio.tick()
    assert [phone.hears() for phone in phones] == [set(), {1100}, {700}]


def test_no_rows_end_the_room(studio: Studio) -> None:
    phones = [studio.phone(hz, hums=hz) for hz in (400, 700)]
    studio.room(1, 400, 700)
    studio.tick()
    studio.room(1)
    studio.tick()
    assert [phone.hears() for phone in phones] == [set(), set()]
    assert studio.engine.rooms.slots.count == 0


def test_a_plan_is_swapped_at_one_tick_for_all(studio: Studio) -> None:
    """Frame by frame: nobody ever hears a mixture of two plans."""
    caller, agent, coach = (studio.phone(hz, hums=hz) for hz in (400, 700, 1100))
    barging = SetRoom(1, (plain(400), plain(700), plain(1100)))
    whispering = SetRoom(
        1, (plain(400), LegRow(700, True, True, plus=(1100,)), LegRow(1100, on_bus=False, hears_bus=True))
    )
    for n in range(20):
        studio.apply(whispering if n % 2 else barging)
        studio.tick()
        assert caller.hears() == ({700} if n % 2 else {700, 1100})
        assert agent.hears() == {400, 1100}
        assert coach.hears() == {400, 700}


def test_commands_that_belong_together_take_effect_together(studio: Studio) -> None:
    phones = [studio.phone(hz, hums=hz) for hz in (400, 700, 1100)]
    studio.room(1, 400, 700)
    studio.room(2, 1100)
    studio.tick()
    studio.apply(SetRoom(1, (plain(400),)), SetRoom(2, (plain(700), plain(1100))))
    studio.tick()
    assert [phone.hears() for phone in phones] == [set(), {1100}, {700}]


def test_the_sum_of_loud_voices_is_clipped_and_does_not_wrap(studio: Studio) -> None:
    for leg in (1, 2, 3):
        studio.phone(leg)
    listener = studio.phone(9)
    studio.room(1, 1, 2, 3, 9)
    for leg in (1, 2, 3):
        studio.phones[leg].say(np.full(FRAME, 30_000, np.int16))
    studio.tick()
    assert set(listener.audio) == {32124}


def test_a_closed_leg_is_heard_no_more_and_its_row_is_silent_for_the_next_one(studio: Studio) -> None:
    listener = studio.phone(1)
    leaving = studio.phone(2, hums=400)
    studio.apply(SetRoom(1, (LegRow(1, True, True, plus=(2,)), plain(2))))
    studio.tick(2)
    assert listener.hears() == {400}
    leaving.say(hum(400, leaving.timestamp))  # still on its way when the leg is closed
    del studio.phones[2]
    studio.apply(CloseLeg(2))
    newcomer = studio.phone(3)
    assert studio.engine.legs.slots.row(3) == 1, "the row is used again"
    studio.tick(3)
    assert listener.hears() == set()
    assert not newcomer.said().any()
    assert newcomer.count("received") == 0
    newcomer.hums = 700
    studio.tick(3)
    assert listener.hears() == set(), "the exception was for the leg that left"


def test_closing_twice_and_unknown_legs_do_no_harm(studio: Studio) -> None:
    phone = studio.phone(1, hums=400)
    studio.apply(CloseLeg(77), CloseLeg(77), SetRoom(1, (plain(1), plain(78))))
    studio.tick()
    assert phone.hears() == set()


@st.composite
def plans(draw: st.DrawFn, legs: int) -> tuple[LegRow, ...]:
    others = st.sets(st.integers(1, legs), max_size=3).map(tuple)
    rows = [
        LegRow(leg, draw(st.booleans()), draw(st.booleans()), plus=draw(others), minus=draw(others))
        for leg in range(1, legs + 1)
        if draw(st.integers(0, 4))
    ]
    return tuple(rows)


def naive_mix(said: dict[int, Samples], rows: tuple[LegRow, ...], listener: int) -> list[int]:
    row = next((row for row in rows if row.leg == listener), LegRow(listener, False, False))
    sums = [0] * FRAME
    for speaker, frame in said.items():
        on_bus = any(other.leg == speaker and other.on_bus for other in rows)
        weight = int(row.hears_bus and on_bus and speaker != listener)
        weight += (speaker in row.plus) - (speaker in row.minus)
        sums = [total + weight * int(sample) for total, sample in zip(sums, frame, strict=True)]
    return [max(-32768, min(32767, total)) for total in sums]


@settings(max_examples=60, deadline=None)
@given(st.data(), st.integers(0, 2**32 - 1))
def test_the_kernel_equals_the_naive_mix(data: st.DataObject, seed: int) -> None:
    studio, legs = Studio(beats=1), data.draw(st.integers(1, 6))  # legs of other rooms would be served at other times
    rng = np.random.default_rng(seed)
    for leg in range(1, legs + 1):
        studio.phone(leg)
    for _ in range(2):
        rows = data.draw(plans(legs))
        studio.apply(SetRoom(1, rows))
        said = {leg: coded(rng.integers(-32768, 32768, FRAME).astype(np.int16)) for leg in studio.phones}
        for leg, phone in studio.phones.items():
            phone.say(said[leg])
        studio.tick()
        for leg in studio.phones:
            heard = studio.engine.legs.mixing.heard[studio.engine.legs.slots.row(leg)]
            assert heard.tolist() == naive_mix(said, rows, leg)


@pytest.mark.parametrize("size", [3, 40])
def test_engines_grow_with_their_legs(studio: Studio, size: int) -> None:
    phones = [studio.phone(leg) for leg in range(1, size + 1)]
    studio.room(1, *(phone.leg for phone in phones))
    phones[0].hums = 400
    studio.tick()
    assert all(phone.hears() == {400} for phone in phones[1:])
