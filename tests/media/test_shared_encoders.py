"""Listeners who share an encoder of G.722 or Opus, against an engine in which nobody shares anything."""

from random import Random
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.media.studio import FRAME, TELEPHONE_EVENT, Phone, Samples, Studio

from mixminus.audio import g722
from mixminus.media.codec_terms import OpusMedia
from mixminus.media.coded_state import FULL, WIDE
from mixminus.media.contract import CloseLeg, Command, LegRow, Play, SendDigits, SetRoom, StopPlayer, Tone
from mixminus.media.encoder_sharing import KEPT_TICKS
from mixminus.media.kernels.libopus import decode_packet
from mixminus.media.kernels.sharing import SETTLING_TICKS
from mixminus.media.opus_library import opus_library

PAYLOAD_TYPES = {"PCMU": 0, "G722": 9, "opus": 111}
TERMS = (OpusMedia(), OpusMedia(rate_hz=16_000), OpusMedia(rate_hz=8_000, complexity=2))
LEGS = 6


def voice(leg: int, at: int) -> Samples:
    """A voiced sound with a pitch of the leg's own, four syllables a second."""
    time = (np.arange(FRAME) + at) / 8000
    sound = sum((np.sin(2 * np.pi * (90 + 20 * leg) * n * time) / n for n in range(1, 12)), np.zeros(FRAME))
    return np.asarray(np.round(2500 * sound * np.sin(2 * np.pi * 2 * time + leg) ** 2), np.int16)


def on_bus(leg: int) -> LegRow:
    return LegRow(leg, on_bus=True, hears_bus=True)


def muted(leg: int) -> LegRow:
    return LegRow(leg, on_bus=False, hears_bus=True)


def agreed(studio: Studio, leg: int, codec: str, terms: OpusMedia = TERMS[0], **media: Any) -> None:
    studio.negotiate(leg, codec=codec, payload_type=PAYLOAD_TYPES[codec], opus=terms, **media)


def phone(studio: Studio, leg: int, codec: str, **media: Any) -> Phone:
    """It hears by its codec, and speaks PCMU, which everybody understands."""
    one = studio.phone(leg, codec=codec, payload_type=PAYLOAD_TYPES[codec], **media)
    one.payload_type = 0
    return one


def follows(studio: Studio, *legs: int) -> list[bool]:
    rows = [studio.engine.legs.slots.row(leg) for leg in legs]
    return [bool(studio.engine.legs.coded.coders.follows[row]) for row in rows]


def heard_on_plane(studio: Studio, row: int) -> Samples:
    """What the leg of that row hears, as its codec gets it."""
    legs = studio.engine.legs
    planes = legs.coded.planes
    wide = {1 << WIDE: planes.heard_wide, 1 << FULL: planes.heard_full}
    return np.asarray(wide.get(int(planes.ears[row]), legs.mixing.heard)[row])


def played(payloads: list[bytes], codec: str, rate_hz: int = 48_000) -> Samples:
    """What the far end makes of it."""
    if codec == "G722":
        sound, state = np.zeros(320 * len(payloads), np.int16), g722.new_state()
        for n, payload in enumerate(payloads):
            g722.decode(state, np.frombuffer(payload, np.uint8), sound[320 * n : 320 * (n + 1)])
        return sound
    opus = opus_library()
    assert opus is not None
    frame, decoder = rate_hz // 50, opus.new_decoder(rate_hz)
    sound = np.zeros(frame * len(payloads), np.int16)
    for n, payload in enumerate(payloads):
        coded = np.frombuffer(payload, np.uint8)
        decode_packet(opus.decode_address, decoder.ctypes.data, coded, sound[frame * n : frame * (n + 1)])
    return sound


class Twins:
    """Two studios that do the same; in the second one nobody shares."""

    def __init__(self) -> None:
        self.ours, self.plain = Studio(), Studio()
        self.plain.engine.wideband.sharing.seat = lambda leg: None  # type: ignore[method-assign]
        self.both = self.ours, self.plain
        self.at = 0

    def apply(self, *commands: Command) -> None:
        for studio in self.both:
            studio.apply(*commands)

    def call(self, leg: int, codec: str) -> None:
        """A phone; every other one knows no telephone events, and is sent tones."""
        for studio in self.both:
            studio.phones.pop(leg, None)
            phone(studio, leg, codec, telephone_event_payload_type=TELEPHONE_EVENT if leg % 2 else None)

    def agree(self, leg: int, codec: str, terms: OpusMedia = TERMS[0], **media: Any) -> None:
        for studio in self.both:
            agreed(studio, leg, codec, terms, **media)

    def tick(self, ticks: int, speakers: set[int]) -> None:
        for _ in range(ticks):
            for studio in self.both:
                for leg, one in studio.phones.items():
                    one.say(voice(leg, self.at) if leg in speakers else np.zeros(FRAME, np.int16))
                studio.tick()
            self.at += FRAME
            self.check()

    def check(self) -> None:
        """Whoever got a shared packet heard, to the sample, what all who got it heard."""
        legs = self.ours.engine.legs
        heard: dict[int, tuple[bytes, bytes]] = {}
        for leg, one in self.ours.phones.items():
            row = legs.slots.row(leg)
            assert row is not None
            shared = int(legs.coded.coders.follows[row])
            if not shared:
                continue
            planes = legs.coded.planes
            plane = {2: planes.heard_wide, 4: planes.heard_full}.get(int(planes.ears[row]), legs.mixing.heard)
            mine = plane[row].tobytes(), one.packets[-1].payload
            assert heard.setdefault(shared, mine) == mine
            assert legs.mixing.on_bus[row] == 0
            assert legs.mixing.edge[row] < 0
            twin = self.plain.engine.legs.coded.planes
            theirs = {2: twin.heard_wide, 4: twin.heard_full}.get(
                int(twin.ears[row]), self.plain.engine.legs.mixing.heard
            )
            assert plane[row].tolist() == theirs[row].tolist()


def differences(one: Phone, other: Phone, codec: str, rate_hz: int = 48_000) -> NDArray[np.float64]:
    """How loud the difference of what the two played is, to the second one's loudness, by pieces of 100 ms.

    What a codec makes of the end of a sound is in the next piece; -55 dBFS are taken as silence.
    """
    payloads = [[p.payload for p in phone.packets if p.payload_type != TELEPHONE_EVENT] for phone in (one, other)]
    whole = len(payloads[0]) // 5 * 5
    if not whole:
        return np.zeros(0)
    ours, plain = (played(of_one[:whole], codec, rate_hz).astype(float) for of_one in payloads)
    error, sound = ((wave**2).reshape(whole // 5, -1).mean(axis=1) for wave in (ours - plain, plain))
    return np.asarray(error / (np.maximum(sound, np.append(0, sound[:-1])) + 3000))


def some_row(rng: Random, leg: int) -> LegRow:
    """As in a webinar, more or less: most listeners are muted."""
    speaks = rng.randrange(2 if leg < 3 else 6) == 0
    return LegRow(leg, speaks, rng.random() < 0.9, plus=rng.choice([(), (), (), (1,)]))


def change(twins: Twins, rng: Random, codecs: dict[int, str], step: int) -> None:
    """Something that may let a leg share, or not share any more."""
    leg = rng.randint(1, LEGS)
    match rng.choice(["rows", "rows", "play", "play to all", "stop", "digits", "hold", "terms", "anew"]):
        case "rows":
            twins.apply(SetRoom(1, tuple(some_row(rng, one) for one in range(1, LEGS + 1) if rng.random() < 0.9)))
        case "play":
            twins.apply(Play(step, (Tone((500.0,), 60),), 2, leg=leg))
        case "play to all":
            twins.apply(Play(step, (Tone((500.0,), 60),), 2, room=1))
        case "stop":
            twins.apply(StopPlayer(step - 1))
        case "digits":
            twins.apply(SendDigits(leg, "5"))
        case "hold":
            twins.agree(leg, codecs[leg], sends=False)
        case "terms":
            twins.agree(leg, codecs[leg], terms=rng.choice(TERMS))
        case "anew":
            twins.apply(CloseLeg(leg))
            twins.call(leg, codecs[leg])


@pytest.mark.parametrize("seed", range(16))
def test_nobody_gets_a_packet_that_is_not_its_own_row_whatever_changes(seed: int) -> None:
    twins, rng = Twins(), Random(seed)
    codecs = {
        leg: rng.choice(["PCMU", "G722", "opus"] if leg < 3 else ["G722", "opus"]) for leg in range(1, LEGS + 1)
    }
    for leg, codec in codecs.items():
        twins.call(leg, codec)
    twins.apply(SetRoom(1, tuple(on_bus(leg) if leg < 3 else muted(leg) for leg in codecs)))
    for step in range(rng.randint(3, 8)):
        speakers = {leg for leg in codecs if rng.random() < 0.5}
        twins.tick(rng.choice([1, 3, SETTLING_TICKS, SETTLING_TICKS + 4]), speakers)
        change(twins, rng, codecs, step)
    for leg, one in twins.ours.phones.items():
        other = twins.plain.phones[leg]
        assert [bytes(packet)[:12] for packet in one.packets] == [bytes(packet)[:12] for packet in other.packets]
        if codecs[leg] == "PCMU":
            assert [packet.payload for packet in one.packets] == [packet.payload for packet in other.packets]
        else:
            assert (differences(one, other, codecs[leg]) < 0.25).all()


@pytest.mark.parametrize("codec", ["G722", "opus"])
@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 48_000])
def test_who_is_muted_and_unmuted_hears_no_seam(codec: str, rate_hz: int) -> None:
    """A listener joins after a second of its own and leaves after three; another one is there all the time."""
    if codec == "G722" and rate_hz != 16_000:
        pytest.skip("G.722 has one rate")
    twins = Twins()
    twins.call(1, "PCMU")
    for leg in (2, 3):
        twins.call(leg, codec)
        twins.agree(leg, codec, OpusMedia(rate_hz=rate_hz))
    twins.apply(SetRoom(1, (on_bus(1), on_bus(2), muted(3))))
    twins.tick(50, {1})
    assert follows(twins.ours, 2, 3) == [False, True]
    twins.apply(SetRoom(1, (on_bus(1), muted(2), muted(3))))
    twins.tick(100, {1})
    assert follows(twins.ours, 2, 3) == [True, True]
    twins.apply(SetRoom(1, (on_bus(1), on_bus(2), muted(3))))
    twins.tick(100, {1})
    assert follows(twins.ours, 2, 3) == [False, True]
    assert (differences(twins.ours.phones[2], twins.plain.phones[2], codec, rate_hz) < 0.03).all()


def test_of_many_listeners_one_is_encoded_for_all(studio: Studio) -> None:
    speaker, *listeners = [phone(studio, leg, "opus") for leg in range(1, 7)]
    studio.apply(SetRoom(1, (on_bus(1), *(muted(leg) for leg in range(2, 7)))))
    for _ in range(SETTLING_TICKS + 2):
        speaker.say(voice(1, speaker.timestamp))
        studio.tick()
    assert follows(studio, *range(1, 7)) == [False] + 5 * [True]
    assert len({one.packets[-1].payload for one in listeners}) == 1
    assert len({one.packets[-1].ssrc for one in listeners}) == 5


def test_terms_that_differ_are_not_shared_and_rooms_are_not(studio: Studio) -> None:
    terms = (OpusMedia(), OpusMedia(), OpusMedia(bitrate_bps=20_000), OpusMedia(complexity=9), OpusMedia(fec=False))
    for leg, wanted in enumerate(terms, 2):
        phone(studio, leg, "opus")
        agreed(studio, leg, "opus", wanted)
    phone(studio, 7, "G722")
    phone(studio, 8, "opus")
    for leg in (1, 9):
        studio.phone(leg, hums=400)
    studio.apply(SetRoom(1, (on_bus(1), *(muted(leg) for leg in range(2, 8)))), SetRoom(2, (on_bus(9), muted(8))))
    studio.tick(SETTLING_TICKS + 2)
    legs = studio.engine.legs
    shared = [int(legs.coded.coders.follows[legs.slots.row(leg)]) for leg in range(2, 9)]
    assert all(shared)
    assert len(set(shared)) == 6
    assert shared[0] == shared[1]


def test_a_player_of_ones_own_is_heard_by_nobody_else(studio: Studio) -> None:
    speaker = studio.phone(1, hums=400)
    for leg in (2, 3):
        phone(studio, leg, "G722")
    studio.apply(SetRoom(1, (on_bus(1), muted(2), muted(3))))
    studio.tick(SETTLING_TICKS + 5)
    assert follows(studio, 2, 3) == [True, True]
    speaker.hums = None
    studio.tick(20)
    studio.apply(Play(1, (Tone((500.0,), 200),), leg=2))
    studio.tick()
    assert follows(studio, 2, 3) == [False, True]
    studio.tick(9)
    assert np.abs(played([p.payload for p in studio.phones[2].packets], "G722")[-1000:]).max() > 1000
    assert np.abs(played([p.payload for p in studio.phones[3].packets], "G722")[-20 * 320 :]).max() < 10
    speaker.hums = 400
    studio.tick(SETTLING_TICKS + 3)
    assert follows(studio, 2, 3) == [True, True]


def test_encoders_that_nobody_shares_any_more_are_freed(studio: Studio) -> None:
    studio.phone(1)
    for leg in range(2, 30):
        phone(studio, leg, "opus")
    for room in range(2, 30):
        studio.apply(SetRoom(room, (muted(room),)), Play(room, (Tone((500.0,), 400),), room=room))
    studio.tick(SETTLING_TICKS + 2)
    sharing = studio.engine.wideband.sharing
    assert len(sharing._memory) == 28
    studio.apply(*(CloseLeg(leg) for leg in range(2, 29)), SetRoom(29, (on_bus(29),)))
    del studio.phones[29]
    studio.tick(KEPT_TICKS + 1)
    assert not sharing._memory
    assert not sharing._row_of
    assert not sharing.encoders.opus_encoder.any()
