"""Equal listeners share one packet, and nobody ever gets one that holds anything but its own row of the matrix."""

from collections.abc import Iterator

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.media.studio import FRAME, Samples, Studio, hum

from mixminus.audio import g711
from mixminus.audio.key_tones import key_tone
from mixminus.audio.tones import tone
from mixminus.media.contract import CloseLeg, LegRow, OpenPipe, Play, SendDigits, SetRoom, StopPlayer, Tone
from mixminus.media.shared_state import ITS_OWN, SILENCE, THE_BUS
from mixminus.rtp.telephone_event import TONE_TICKS

LEGS = 6
MUSIC = Tone((500.0,), 40)
SILENT_FRAME = np.zeros(FRAME, np.int16)


def on_bus(leg: int) -> LegRow:
    return LegRow(leg, on_bus=True, hears_bus=True)


def muted(leg: int) -> LegRow:
    return LegRow(leg, on_bus=False, hears_bus=True)


def hears(studio: Studio, leg: int) -> int:
    row = studio.engine.legs.slots.row(leg)
    return int(studio.engine.legs.mixing.hears[row])


def heard(studio: Studio, leg: int) -> Samples:
    return np.asarray(studio.engine.legs.mixing.heard[studio.engine.legs.slots.row(leg)])


def encoded(samples: Samples, payload_type: int) -> bytes:
    return g711.encode_alaw(samples) if payload_type == 8 else g711.encode_ulaw(samples)


class Law:
    """What everybody is to hear, worked out one listener at a time from the rows and players that were asked for."""

    def __init__(self, studio: Studio) -> None:
        self.studio = studio
        self.rows: dict[int, LegRow] = {}
        self.players: dict[int, tuple[Play, Iterator[Samples]]] = {}
        self.keys: dict[int, Iterator[Samples]] = {}

    def said(self, leg: int) -> Samples:
        return self.studio.phones[leg].said()

    def seat(self, *rows: LegRow) -> None:
        self.rows = {row.leg: row for row in rows}
        if not rows:  # the room is gone, and with it what played there
            self.players = {player: it for player, it in self.players.items() if it[0].room is None}
        self.studio.apply(SetRoom(1, rows))

    def play(self, play: Play) -> None:
        frames = tone((500.0,), 40).reshape(-1, FRAME)
        self.players[play.player] = play, iter(list(frames) * play.loops)
        self.studio.apply(play)

    def stop(self, player: int) -> None:
        self.players.pop(player, None)
        self.studio.apply(StopPlayer(player))

    def press(self, leg: int) -> None:
        self.keys[leg] = iter(key_tone("5", TONE_TICKS))
        self.studio.apply(SendDigits(leg, "5"))

    def check(self) -> None:
        """The frame and the packet of every leg in the tick that has just passed."""
        sounding = [
            (play, frame) for play, frames in self.players.values() if (frame := next(frames, None)) is not None
        ]
        bus = sum((frame.astype(int) for play, frame in sounding if play.room == 1), np.zeros(FRAME, int))
        bus = sum((self.said(leg).astype(int) for leg, row in self.rows.items() if row.on_bus), bus)
        for leg, phone in self.studio.phones.items():
            row = self.rows.get(leg, LegRow(leg, on_bus=False, hears_bus=False))
            total = bus - row.on_bus * self.said(leg) if row.hears_bus else np.zeros(FRAME, int)
            total = sum((self.said(other).astype(int) for other in row.plus), total)
            total = total - sum((self.said(other).astype(int) for other in row.minus), np.zeros(FRAME, int))
            total = sum((frame.astype(int) for play, frame in sounding if play.leg == leg), total)
            expected = np.clip(total, -32768, 32767).astype(np.int16)
            if (key := next(self.keys.get(leg, iter(())), None)) is not None:
                expected = key
            packet = phone.packets[-1]
            assert heard(self.studio, leg).tolist() == expected.tolist()
            assert packet.payload == encoded(expected, packet.payload_type)


@st.composite
def rows(draw: st.DrawFn) -> tuple[LegRow, ...]:
    """Mostly plain ones, so that there is something to share."""
    others = st.one_of(st.just(()), st.just(()), st.sets(st.integers(1, LEGS), max_size=2).map(tuple))
    return tuple(
        LegRow(leg, draw(st.booleans()), draw(st.sampled_from([True, True, True, False])), draw(others), draw(others))
        for leg in range(1, LEGS + 1)
        if draw(st.integers(0, 7))
    )


@settings(max_examples=50, deadline=None)
@given(st.data(), st.integers(0, 2**32 - 1))
def test_every_packet_of_g711_is_its_own_row_of_the_matrix(data: st.DataObject, seed: int) -> None:
    studio, rng = Studio(beats=1), np.random.default_rng(seed)
    law = Law(studio)
    for leg in range(1, LEGS + 1):
        codec = data.draw(st.sampled_from(["PCMU", "PCMA"]))
        studio.phone(leg, codec=codec, telephone_event_payload_type=None)
    for player in range(data.draw(st.integers(5, 12))):
        match data.draw(st.sampled_from(["rows", "rows", "play", "stop", "press", "nothing"])):
            case "rows":
                law.seat(*data.draw(rows()))
            case "play":
                target = data.draw(st.sampled_from([None, *studio.phones]))
                law.play(Play(player, (MUSIC,), data.draw(st.integers(1, 3)), target, None if target else 1))
            case "stop":
                law.stop(player - 1)
            case "press":
                if not law.keys:
                    law.press(data.draw(st.sampled_from([*studio.phones])))
        for phone in studio.phones.values():
            loud: bool = data.draw(st.booleans())
            phone.say(rng.integers(-20_000, 20_000, FRAME).astype(np.int16) if loud else SILENT_FRAME)
        studio.tick()
        law.check()


def test_muted_listeners_get_one_payload_and_headers_of_their_own(studio: Studio) -> None:
    speaker, one, other = studio.phone(1, hums=400), studio.phone(2), studio.phone(3)
    studio.apply(SetRoom(1, (on_bus(1), muted(2), muted(3))))
    studio.tick(3)
    assert [hears(studio, leg) for leg in (1, 2, 3)] == [SILENCE, THE_BUS, THE_BUS]
    assert one.hears() == other.hears() == {400}
    assert not speaker.audio.any()
    for packet, twin in zip(one.packets, other.packets, strict=True):
        assert packet.payload == twin.payload
        assert packet.ssrc != twin.ssrc
    assert one.packets[0].sequence != other.packets[0].sequence


def test_who_is_not_muted_but_silent_shares_too(studio: Studio) -> None:
    studio.phone(1, hums=400)
    for leg in (2, 3):
        studio.phone(leg)
    studio.room(1, 1, 2, 3)
    studio.tick(3)
    assert [hears(studio, leg) for leg in (2, 3)] == [THE_BUS, THE_BUS]
    studio.phones[3].hums = 700
    studio.tick(2)
    assert [hears(studio, leg) for leg in (1, 2, 3)] == [ITS_OWN, THE_BUS, ITS_OWN]
    assert [studio.phones[leg].hears() for leg in (1, 2, 3)] == [{700}, {400, 700}, {400}]


def test_a_coach_who_is_silent_costs_the_coachee_nothing(studio: Studio) -> None:
    for leg in (1, 2, 9):
        studio.phone(leg)
    studio.apply(SetRoom(1, (on_bus(1), LegRow(2, True, True, plus=(9,)), muted(9))))
    studio.phones[1].hums = 400
    studio.tick(2)
    assert hears(studio, 2) == THE_BUS
    studio.phones[9].hums = 700
    studio.tick(2)
    assert hears(studio, 2) == ITS_OWN
    assert [studio.phones[leg].hears() for leg in (1, 2, 9)] == [set(), {400, 700}, {400}]


def test_in_a_room_without_a_sound_nothing_is_mixed_or_encoded(studio: Studio) -> None:
    phones = [studio.phone(1), studio.phone(2, codec="PCMA")]
    studio.room(1, 1, 2)
    phones[0].say(hum(400))
    studio.tick(1)
    for _ in range(3):
        for phone in phones:
            phone.say(SILENT_FRAME)
        studio.tick()
    assert [hears(studio, leg) for leg in (1, 2)] == [SILENCE, SILENCE]
    assert [set(phone.packets[-1].payload) for phone in phones] == [{0xFF}, {0xD5}]


def test_a_pipe_hears_what_is_shared_and_carries_it_on(studio: Studio) -> None:
    studio.phone(1, hums=400)
    beyond = studio.phone(2)
    studio.phone(3)
    studio.apply(OpenPipe(8, 9), SetRoom(1, (on_bus(1), muted(3), muted(8))), SetRoom(2, (on_bus(9), muted(2))))
    studio.tick(4)
    assert hears(studio, 8) == THE_BUS
    assert beyond.hears() == {400}


def test_a_leg_that_closes_takes_nothing_of_the_others_with_it(studio: Studio) -> None:
    studio.phone(1, hums=400)
    listeners = [studio.phone(leg) for leg in (2, 3, 4)]
    studio.apply(SetRoom(1, (on_bus(1), *(muted(leg) for leg in (2, 3, 4)))))
    studio.tick(2)
    studio.apply(CloseLeg(2))
    studio.tick(2)
    assert [phone.hears() for phone in listeners[1:]] == [{400}, {400}]
