"""Rooms of every codec: who hears what, and how high."""

import itertools
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.media.studio import Studio, hum
from tests.media.wideband_phone import HEARD, HUM, WidebandPhone, level

from mixminus.media.contract import (
    CloseLeg,
    LegRow,
    Play,
    SetRoom,
    Tone,
)


def plain(leg: int) -> LegRow:
    return LegRow(leg, on_bus=True, hears_bus=True)


def talk(studio: Studio, phones: list[WidebandPhone], ticks: int = 20) -> None:
    def speak() -> None:
        for phone in phones:
            phone.speak()

    studio.tick(ticks, speak)


def test_an_opus_leg_and_a_pcmu_leg_talk(studio: Studio) -> None:
    opus, pcmu = WidebandPhone(studio, 1, "opus", 1000), studio.phone(2, hums=400)
    studio.room(1, 1, 2)
    talk(studio, [opus], 30)
    assert opus.hears(400, 1000) == {400}
    assert pcmu.hears(5) == {1000}


@pytest.mark.parametrize(("speaker", "listener"), list(itertools.product(("G722", "opus"), repeat=2)))
def test_shows_4_a_wideband_leg_hears_6_khz_of_another_one(studio: Studio, speaker: str, listener: str) -> None:
    high = WidebandPhone(studio, 1, speaker, 6000, 500)
    ear = WidebandPhone(studio, 2, listener)
    telephone = studio.phone(3, hums=1200)
    studio.room(9, 1, 2, 3)
    talk(studio, [high, ear], 30)
    assert ear.hears(500, 1200, 6000) == {500, 1200, 6000}
    assert telephone.hears(5) == {500}, "and a telephone hears no alias of it"


def test_opus_to_opus_is_full_band(studio: Studio) -> None:
    high, ear = WidebandPhone(studio, 1, "opus", 500, 11_000), WidebandPhone(studio, 2, "opus")
    studio.room(9, 1, 2)
    talk(studio, [high, ear], 30)
    assert ear.hears(500, 11_000) == {500, 11_000}


def test_what_telephones_say_has_no_images_above_4_khz(studio: Studio) -> None:
    ears = [WidebandPhone(studio, 1, "G722"), WidebandPhone(studio, 2, "opus")]
    studio.phone(3, hums=3000)
    studio.room(9, 1, 2, 3)
    talk(studio, ears, 30)
    for ear in ears:
        sound = ear.audio_end(200)
        assert level(sound, 3000, ear.rate_hz) > 2000
        assert level(sound, 5000, ear.rate_hz) < 10


def test_a_whisper_is_heard_by_its_coachee_alone_on_every_plane(studio: Studio) -> None:
    caller, agent = WidebandPhone(studio, 1, "G722", 5100), WidebandPhone(studio, 2, "opus", 5700)
    coach, telephone = WidebandPhone(studio, 3, "G722", 6300), studio.phone(4, hums=900)
    whispering = LegRow(3, on_bus=False, hears_bus=True)
    studio.apply(SetRoom(9, (plain(1), LegRow(2, True, True, plus=(3,)), whispering, plain(4))))
    talk(studio, [caller, agent, coach], 30)
    notes = (900, 5100, 5700, 6300)
    assert caller.hears(*notes) == {900, 5700}
    assert agent.hears(*notes) == {900, 5100, 6300}
    assert coach.hears(*notes) == {900, 5100, 5700}
    assert telephone.hears(5) == set()


def test_players_are_heard_on_every_plane_and_end_without_a_rest(studio: Studio) -> None:
    wide, full = WidebandPhone(studio, 1, "G722"), WidebandPhone(studio, 2, "opus")
    telephone = studio.phone(3)
    studio.room(9, 1, 2, 3)
    studio.apply(Play(5, (Tone((1000.0,), 400),), room=9), Play(6, (Tone((2000.0,), 400),), leg=1))
    talk(studio, [], 20)
    assert wide.hears(1000, 2000) == {1000, 2000}
    assert full.hears(1000, 2000) == {1000}
    assert telephone.hears() == {1000}
    talk(studio, [], 20)
    assert wide.hears(1000, 2000) == full.hears(1000, 2000) == set()


def test_a_player_that_is_mixed_up_in_rate_has_no_seams(studio: Studio) -> None:
    ear = WidebandPhone(studio, 1, "opus")
    studio.room(9, 1)
    studio.apply(Play(5, (Tone((1000.0,), 2000),), room=9))
    row = studio.engine.legs.slots.row(1)
    heard = []
    for _ in range(20):
        studio.tick()
        heard.append(studio.engine.legs.coded.planes.heard_full[row].copy())
    sound = np.concatenate(heard)[960:].astype(float)
    assert np.abs(np.diff(sound, 2)).max() < 1.2 * np.abs(np.diff(sound[2000:3000], 2)).max()
    assert ear.phone.count("sent") == 20


def test_a_wideband_leg_that_comes_and_goes_makes_no_click_for_those_who_are_there(studio: Studio) -> None:
    """Frame by frame: what a telephone hears of another one is the very same, whoever else listens."""
    studio.phone(1, hums=450)
    alone, together = studio.phone(2), studio.phone(3)
    studio.apply(SetRoom(1, (plain(1), LegRow(2, False, True), LegRow(3, False, True))))
    studio.tick(10)
    guest = WidebandPhone(studio, 4, "opus")
    studio.apply(SetRoom(1, (plain(1), LegRow(2, False, True), LegRow(3, False, True), plain(4))))
    talk(studio, [guest], 10)
    studio.apply(CloseLeg(4))
    studio.tick(10)
    expected = np.concatenate([hum(450, 50_000 + 160 * n) for n in range(30)])
    assert np.abs(alone.audio.astype(int) - expected).max() < 200
    assert np.array_equal(alone.audio, together.audio)


def test_a_row_that_a_wideband_leg_left_is_a_telephones_next(studio: Studio) -> None:
    listener = studio.phone(9)
    leaving = WidebandPhone(studio, 1, "opus", 500)
    studio.room(1, 9, 1)
    talk(studio, [leaving], 10)
    studio.apply(CloseLeg(1))
    del studio.phones[1]
    newcomer = studio.phone(2, hums=700)
    studio.room(1, 9, 2)
    assert studio.engine.wideband.is_idle
    studio.tick(5)
    assert listener.hears() == {700}
    assert {packet.payload_type for packet in newcomer.packets} == {0}


def test_a_codec_may_change_in_the_middle_of_a_call(studio: Studio) -> None:
    changing, other = WidebandPhone(studio, 1, "G722", 1000), studio.phone(2, hums=400)
    studio.room(1, 1, 2)
    talk(studio, [changing], 20)
    assert other.hears(3) == {1000}
    studio.negotiate(1, codec="PCMU")
    changing.phone.packets.clear()
    changing.phone.hums = 700
    studio.tick(20)
    assert other.hears(3) == {700}
    assert changing.phone.hears(3) == {400}
    studio.negotiate(1, codec="G722", payload_type=9)
    changing.phone.hums = None
    talk(studio, [changing], 20)
    assert other.hears(3) == {1000}
    assert changing.hears(400, 700) == {400}


def test_engines_grow_while_wideband_legs_talk(studio: Studio) -> None:
    high, ear = WidebandPhone(studio, 1, "opus", 6000), WidebandPhone(studio, 2, "G722")
    studio.room(9, 1, 2)
    talk(studio, [high, ear], 20)
    for leg in range(3, 20):
        studio.phone(leg)
        studio.room(100 + leg, leg)
    talk(studio, [high, ear], 10)
    assert ear.hears(6000) == {6000}
    assert ear.phone.count("concealed_samples") == high.phone.count("concealed_samples") == 0


CODECS = ("PCMU", "PCMA", "G722", "opus")
NOTES = (450, 800, 1250, 1700)


def assert_sounds(studio: Studio, ear: WidebandPhone, times: Counter[int]) -> None:
    """The codec is given each note as often as the row says, for a row is a sum; and its far end makes these out.

    What a speech codec adds grows with what it is given: libopus alone, at 32 kbit/s with FEC, makes 540 at 1250 Hz
    of 6000 at 800 and 3000 at 1700. Of three notes it has made one 1.65 times as loud; a decoder that is out of step
    makes them ten times as loud.
    """
    row = studio.engine.legs.slots.row(ear.phone.leg)
    planes = studio.engine.legs.coded.planes
    given_to_it = (planes.heard_wide if ear.codec == "G722" else planes.heard_full)[row]
    far_end = ear.audio_end(100)
    loudest = max(times.values(), default=1)
    for hz in NOTES:
        assert abs(level(given_to_it, hz, ear.rate_hz) - HUM * times[hz]) < 0.1 * HUM, (hz, times)
        heard = level(far_end, hz, ear.rate_hz)
        low, high = (HEARD, 2.5 * HUM * times[hz]) if times[hz] else (-1.0, HEARD * loudest)
        assert low < heard < high, (hz, heard, times)


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_shows_5_the_plan_is_obeyed_with_every_mix_of_codecs(data: st.DataObject) -> None:
    """Each leg hums a note of its own; every listener hears exactly whom its row says, after each change."""
    studio, legs = Studio(), (1, 2, 3, 4)
    codecs = {leg: data.draw(st.sampled_from(CODECS)) for leg in legs}
    wide = {
        leg: WidebandPhone(studio, leg, codec, NOTES[leg - 1]) for leg, codec in codecs.items() if codec[0] != "P"
    }
    for leg in legs:
        if leg not in wide:
            studio.phone(leg, codec=codecs[leg], hums=NOTES[leg - 1])
    others = st.sets(st.sampled_from(legs), max_size=2).map(tuple)
    for _ in range(3):
        rows = []
        for leg in legs:
            on_bus, hears_bus, plus = data.draw(st.booleans()), data.draw(st.booleans()), data.draw(others)
            rows.append(LegRow(leg, on_bus, hears_bus, plus=tuple(o for o in plus if o != leg)))
        studio.apply(SetRoom(1, tuple(rows)))
        talk(studio, list(wide.values()), 15)
        for row in rows:
            buses = [other.leg for other in rows if other.on_bus and other.leg != row.leg] if row.hears_bus else []
            times = Counter(NOTES[leg - 1] for leg in (*buses, *row.plus))
            if row.leg in wide:
                assert_sounds(studio, wide[row.leg], times)
            else:
                assert studio.phones[row.leg].hears(5) & set(NOTES) == set(times)
    studio.engine.close()
