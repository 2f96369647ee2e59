"""Streams in other formats than µ-law, tick by tick: what they hear and say, and how high."""

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.media.studio import Studio
from tests.media.wideband_phone import HEARD, WidebandPhone, level

from mixminus.audio import g711
from mixminus.media.contract import (
    AddTrack,
    ChangeRoom,
    ClearStream,
    CloseLeg,
    CloseStream,
    DropTrack,
    LegRow,
    OpenFormatted,
    OpenPipe,
    Play,
    SayFormatted,
    SetRoom,
    StreamsHeard,
    Tap,
    Tone,
)
from mixminus.media.kernels.libopus import decode_packet, encode_frame
from mixminus.media.opus_library import OpusTerms, opus_library
from mixminus.media.stream_terms import PLAYED_NUMBERS, TRACK_NUMBERS

Samples = NDArray[np.int16]
FORMATS = (("mulaw", 8_000), ("linear", 8_000), ("linear", 16_000), ("linear", 24_000), ("opus", 48_000))
HIGH = (("linear", 16_000), ("linear", 24_000), ("opus", 48_000))


class Program:
    """An agent in one format: hums notes, keeps what it hears."""

    def __init__(self, studio: Studio, stream: int, encoding: str, rate_hz: int, *hums: int) -> None:
        self.studio, self.stream, self.encoding, self.rate_hz, self.hums = studio, stream, encoding, rate_hz, hums
        self.spoken = 0
        opus = opus_library()
        if encoding == "opus":
            assert opus is not None
            self.opus = opus
            self.encoder = opus.new_encoder(48_000, OpusTerms(40_000, 5, False))

    def speak(self, samples: Samples | None = None) -> None:
        frame = self.rate_hz // 50
        if samples is None:
            time = (np.arange(frame) + self.spoken) / self.rate_hz
            notes = [3000 * np.sin(2 * np.pi * hz * time) for hz in self.hums]
            samples = np.asarray(sum(notes, np.zeros(frame)), np.int16)
        self.spoken += len(samples)
        self.studio.apply(SayFormatted(self.stream, self.coded(samples)))

    def coded(self, samples: Samples) -> bytes:
        if self.encoding == "mulaw":
            return g711.encode_ulaw(samples)
        if self.encoding == "linear":
            return samples.astype("<i2").tobytes()
        packet = np.zeros(400, np.uint8)
        size = encode_frame(self.opus.encode_address, self.encoder.ctypes.data, samples, packet)
        return size.to_bytes(2) + packet[:size].tobytes()

    def told(self) -> list[StreamsHeard]:
        return [event for event in self.studio.events if isinstance(event, StreamsHeard)]

    def frames(self) -> dict[int, list[bytes]]:
        """What was heard, by track."""
        found: dict[int, list[bytes]] = {}
        for event in self.told():
            at = 0
            for stream, track, _, octets in np.frombuffer(event.tracks, np.int64).reshape(-1, TRACK_NUMBERS).tolist():
                if stream == self.stream:
                    found.setdefault(track, []).append(event.audio[at : at + octets])
                at += octets
        return found

    def heard(self, track: int = 0, last_ms: int = 200) -> Samples:
        frames = self.frames().get(track, [])
        if self.encoding == "mulaw":
            sound = g711.decode_ulaw(b"".join(frames))
        elif self.encoding == "linear":
            sound = np.frombuffer(b"".join(frames), "<i2").astype(np.int16)
        else:
            sound = self._decoded(frames)
        return sound[-self.rate_hz * last_ms // 1000 :]

    def _decoded(self, packets: list[bytes]) -> Samples:
        decoder, sound = self.opus.new_decoder(48_000), []
        for packet in packets:
            pcm = np.zeros(960, np.int16)
            data = np.frombuffer(packet, np.uint8).copy()
            assert decode_packet(self.opus.decode_address, decoder.ctypes.data, data, pcm) == 960
            sound.append(pcm)
        return np.concatenate(sound) if sound else np.zeros(0, np.int16)

    def hears(self, *candidates: int, track: int = 0, last_ms: int = 200) -> set[int]:
        sound = self.heard(track, last_ms)
        return {hz for hz in candidates if level(sound, hz, self.rate_hz) > HEARD}

    def played(self) -> list[tuple[int, ...]]:
        """Epoch and amount, event by event."""
        rows = [np.frombuffer(event.played, np.int64).reshape(-1, PLAYED_NUMBERS) for event in self.told()]
        return [(epoch, amount) for stream, epoch, amount in np.concatenate(rows).tolist() if stream == self.stream]


def application(studio: Studio, form: tuple[str, int], *hums: int, legs: tuple[int, int] = (7, 8)) -> Program:
    """A stream at the far end of a pipe."""
    program = Program(studio, 50 + legs[0], *form, *hums)
    studio.apply(OpenPipe(*legs), OpenFormatted(program.stream, *form, ((Tap("leg_in", legs[1]),),), legs[1]))
    return program


def talk(studio: Studio, *speakers: Program | WidebandPhone, ticks: int = 30) -> None:
    def speak() -> None:
        for speaker in speakers:
            speaker.speak()

    studio.tick(ticks, speak)


@pytest.mark.parametrize("form", FORMATS)
def test_an_application_and_a_telephone_talk_in_every_format(studio: Studio, form: tuple[str, int]) -> None:
    agent = application(studio, form, 700)
    alice = studio.phone(1, hums=400)
    studio.room(9, 1, 7)
    talk(studio, agent)
    assert agent.hears(400, 700) == {400}
    assert alice.hears(5) == {700}


@pytest.mark.parametrize(("form", "codec"), list(itertools.product(HIGH, ("G722", "opus"))))
def test_an_application_in_an_hd_room_hears_and_speaks_above_4_khz(
    studio: Studio, form: tuple[str, int], codec: str
) -> None:
    agent = application(studio, form, 700, 6000)
    high, telephone = WidebandPhone(studio, 1, codec, 500, 5500), studio.phone(2, hums=400)
    studio.room(9, 1, 2, 7)
    talk(studio, agent, high)
    assert high.hears(400, 700, 6000) == {400, 700, 6000}
    assert agent.hears(400, 500, 700, 5500, 6000) == {400, 500, 5500}
    assert telephone.hears(5) == {500, 700}, "and a telephone hears no alias of it"
    assert abs(level(agent.heard(), 500, agent.rate_hz) - 3000) < 600


@pytest.mark.parametrize("codec", ["PCMU", "G722", "opus"])
@pytest.mark.parametrize("form", HIGH)
def test_a_stream_on_a_phones_own_leg(studio: Studio, form: tuple[str, int], codec: str) -> None:
    high = 700 if codec == "PCMU" else 6000
    program = Program(studio, 50, *form, 400, high)
    telephone = studio.phone(1, hums=500) if codec == "PCMU" else None
    phone = None if telephone else WidebandPhone(studio, 1, codec, 500, 5500)
    studio.apply(OpenFormatted(50, *form, ((Tap("leg_in", 1),), (Tap("leg_out", 1),)), 1))
    talk(studio, program, *([phone] if phone else []))
    assert telephone is None or telephone.hears(5) == {400, high}
    assert phone is None or phone.hears(400, 500, 5500, 6000) == {400, high}
    assert program.hears(400, 500, 5500, 6000) == ({500} if codec == "PCMU" else {500, 5500})
    assert program.hears(400, 500, 6000, 700, track=1) == {400, high}


def test_two_applications_in_hd_hear_each_other_and_not_themselves(studio: Studio) -> None:
    one = application(studio, ("linear", 16_000), 6000)
    two = application(studio, ("opus", 48_000), 5000, legs=(17, 18))
    studio.room(9, 7, 17)
    talk(studio, one, two)
    assert one.hears(5000, 6000) == {5000}
    assert two.hears(5000, 6000) == {6000}


def test_a_stream_and_players_add_up_on_the_wide_plane_once_each(studio: Studio) -> None:
    phone = WidebandPhone(studio, 1, "G722")
    program = Program(studio, 50, "linear", 16_000, 900, 6000)
    studio.apply(OpenFormatted(50, "linear", 16_000, (), 1), Play(5, (Tone((1600.0,), 4000),), leg=1))
    talk(studio, program)
    sound = phone.audio_end(200)
    for hz, peak in ((900, 3000), (1600, level(sound, 1600, 16_000)), (6000, 3000)):
        assert abs(level(sound, hz, 16_000) - peak) < 300
    assert level(sound, 1600, 16_000) > 500


@pytest.mark.parametrize("form", FORMATS)
def test_what_was_played_is_counted_in_the_streams_own_units(studio: Studio, form: tuple[str, int]) -> None:
    studio.phone(1)
    program = Program(studio, 50, *form, 400)
    studio.apply(OpenFormatted(50, *form, (), 1))
    for _ in range(3):
        program.speak()
    studio.tick(5)
    unit = form[1] // 50 * (2 if form[0] == "linear" else 1)
    assert program.played() == [(0, unit), (0, 2 * unit), (0, 3 * unit)]


@pytest.mark.parametrize("form", FORMATS)
def test_clear_fades_within_5_ms_and_begins_an_epoch(studio: Studio, form: tuple[str, int]) -> None:
    alice = studio.phone(1)
    program = Program(studio, 50, *form, 400)
    studio.apply(OpenFormatted(50, *form, (), 1))
    for _ in range(20):
        program.speak()
    studio.tick(4)
    studio.apply(ClearStream(50, 1))
    studio.tick(3)
    unit = form[1] // 50 * (2 if form[0] == "linear" else 1)
    assert program.played()[-1] == (~0, 4 * unit)
    assert alice.audio[-3 * 160 :][:40].any()
    assert not alice.audio[-3 * 160 + 64 :].any(), "5 ms, and what filters need"
    program.speak()
    studio.tick()
    assert program.played()[-1] == (1, unit)


def test_silence_is_digital_in_linear_formats_and_a_packet_in_opus(studio: Studio) -> None:
    studio.phone(1)
    programs = [Program(studio, 50 + n, *form) for n, form in enumerate(FORMATS)]
    for program in programs:
        studio.apply(OpenFormatted(program.stream, program.encoding, program.rate_hz, ((Tap("leg_in", 1),),)))
    studio.tick(30)
    for program in programs:
        assert len(program.frames()[0]) == 30
        assert np.abs(program.heard().astype(int)).max() <= (1 if program.encoding == "opus" else 0)


@pytest.mark.parametrize("form", FORMATS)
def test_when_the_leg_goes_the_stream_hears_silence_at_its_pace(studio: Studio, form: tuple[str, int]) -> None:
    program = application(studio, form, 700)
    studio.phone(1, hums=400)
    studio.room(9, 1, 7)
    talk(studio, program, ticks=10)
    studio.apply(CloseLeg(7), CloseLeg(8))
    before = len(program.frames()[0])
    talk(studio, program, ticks=20)
    assert len(program.frames()[0]) == before + 20
    assert program.hears(400, 700) == set()
    studio.apply(CloseStream(program.stream))
    studio.tick(2)
    assert len(program.frames()[0]) == before + 20
    assert studio.engine.formatted.is_idle
    assert studio.engine.wideband.is_idle


def test_rows_that_a_pipe_left_are_a_telephones_next(studio: Studio) -> None:
    program = application(studio, ("opus", 48_000), 6000)
    studio.phone(1)
    studio.room(9, 1, 7)
    talk(studio, program, ticks=10)
    studio.apply(CloseStream(program.stream), CloseLeg(7), CloseLeg(8))
    newcomers = [studio.phone(leg, hums=100 * leg) for leg in (4, 5)]
    studio.room(9, 1, 4, 5)
    studio.tick(10)
    assert [phone.hears(5) for phone in newcomers] == [{500}, {400}]


@pytest.mark.parametrize("packet", [b"", b"\x00", b"\xff" * 3, bytes(range(200)), b"\xfb\xff" + bytes(20)])
def test_hostile_packets_are_silence_of_the_length_they_claim(studio: Studio, packet: bytes) -> None:
    alice = studio.phone(1, hums=400)
    studio.apply(OpenFormatted(50, "opus", 48_000, (), 1))
    sized = len(packet).to_bytes(2) + packet
    studio.apply(SayFormatted(50, sized), SayFormatted(50, sized[:-1]), SayFormatted(50, b"\xff\xff" + packet))
    studio.tick(10)
    assert not alice.audio[-160:].any()


def test_unknown_formats_streams_and_tracks_are_ignored(studio: Studio) -> None:
    studio.phone(1, hums=400)
    studio.apply(
        OpenFormatted(50, "speex", 8_000, (), 1),
        OpenFormatted(50, "linear", 44_100, (), 1),
        AddTrack(50, 0, ()),
        DropTrack(50, 0),
        SayFormatted(50, bytes(4)),
        OpenFormatted(51, "linear", 16_000, ((Tap("leg_in", 1),),), 99),
        AddTrack(51, 0, ()),
        DropTrack(51, 1),
        SayFormatted(51, bytes(5)),
    )
    studio.tick(2)
    assert studio.engine.formatted.slots.count == 1


def test_what_is_sent_too_far_ahead_is_lost_and_counted(studio: Studio) -> None:
    studio.phone(1)
    studio.apply(OpenFormatted(50, "linear", 8_000, (), 1), SayFormatted(50, bytes(2 * 32_768 + 14)))
    assert studio.engine.formatted.overflowed == 7


def test_on_any_beat_and_lane() -> None:
    studio = Studio(beats=4, lanes=3, lone_legs=0)
    forms = (("linear", 16_000), ("linear", 24_000), ("opus", 48_000))
    agents = [application(studio, form, 6000, legs=(20 + 2 * n, 21 + 2 * n)) for n, form in enumerate(forms)]
    phones = [WidebandPhone(studio, n + 1, "G722", 1000 * n + 2500) for n in range(3)]
    for n in range(3):
        studio.room(9 + n, n + 1, 20 + 2 * n)
        studio.apply(AddTrack(agents[n].stream, 5, of(n + 1, 20 + 2 * n, 9 + n)))
    talk(studio, *agents, *phones, ticks=60)
    for n in range(3):
        assert phones[n].hears(2500, 3500, 4500, 6000) == {6000}
        assert agents[n].hears(2500, 3500, 4500, 6000) == {1000 * n + 2500}
        assert agents[n].hears(2500, 3500, 4500, 6000, track=5) == {1000 * n + 2500}
        assert abs(len(agents[n].frames()[0]) - 60) <= 1


# --- one track for each participant --------------------------------------------------------------------------------


def of(leg: int, ear: int, room: int = 9) -> tuple[Tap, ...]:
    return (Tap("to_ear", leg, room, ear=ear),)


def plain(leg: int) -> LegRow:
    return LegRow(leg, on_bus=True, hears_bus=True)


@pytest.mark.parametrize("form", [("mulaw", 8_000), ("linear", 16_000), ("opus", 48_000)])
def test_each_track_has_one_voice_as_far_as_the_listener_hears_it(studio: Studio, form: tuple[str, int]) -> None:
    program = Program(studio, 50, *form)
    for leg, hz in ((1, 400), (2, 700), (3, 1100)):
        studio.phone(leg, hums=hz)
    studio.apply(OpenPipe(7, 8))
    studio.room(9, 1, 2, 3, 7)
    studio.apply(OpenFormatted(50, *form, (), 8), *(AddTrack(50, leg, of(leg, 7)) for leg in (1, 2, 3, 7)))

    def heard() -> list[set[int]]:
        studio.tick(15)
        return [program.hears(400, 700, 1100, track=leg, last_ms=80) for leg in (1, 2, 3, 7)]

    assert heard() == [{400}, {700}, {1100}, set()]
    rows = {leg: plain(leg) for leg in (1, 2, 3, 7)}
    muted = LegRow(2, on_bus=False, hears_bus=True)
    studio.apply(SetRoom(9, (rows[1], muted, rows[3], rows[7])))
    assert heard() == [{400}, set(), {1100}, set()], "2 is muted, or whispers to somebody else"
    studio.apply(SetRoom(9, (rows[1], muted, rows[3], LegRow(7, True, True, plus=(2,)))))
    assert heard() == [{400}, {700}, {1100}, set()], "2 whispers to the listener"
    studio.apply(SetRoom(9, (rows[1], rows[2], rows[3], LegRow(7, False, False))))
    assert heard() == [set(), set(), set(), set()], "the listener is held"
    studio.apply(ChangeRoom(9, (rows[7],), gone=(3,)))
    assert heard() == [{400}, {700}, set(), set()]
    studio.apply(CloseLeg(1))
    newcomer = studio.phone(4, hums=1100)
    studio.room(9, 2, 4, 7)
    assert heard() == [set(), {700}, set(), set()], "nobody is heard in another one's place"
    assert newcomer.hears() == {700}


def test_tracks_come_and_go_and_keep_their_numbers(studio: Studio) -> None:
    program = Program(studio, 50, "linear", 16_000)
    for leg in range(1, 12):
        studio.phone(leg, hums=100 * leg + 300)
    studio.room(9, *range(1, 12))
    studio.apply(OpenFormatted(50, "linear", 16_000, ()), *(AddTrack(50, n, of(n, 11)) for n in range(1, 11)))
    studio.tick(10)
    studio.apply(*(DropTrack(50, n) for n in (2, 5, 5, 9)))
    told = {track: len(frames) for track, frames in program.frames().items()}
    studio.tick(10)
    now = {track: len(frames) for track, frames in program.frames().items()}
    assert {track for track in now if now[track] > told[track]} == {1, 3, 4, 6, 7, 8, 10}
    assert all(program.hears(100 * n + 300, track=n, last_ms=100) for n in (1, 3, 4, 6, 7, 8, 10))


def test_the_tracks_add_up_to_the_mix(studio: Studio) -> None:
    program = Program(studio, 50, "linear", 8_000)
    for leg, hz in ((1, 400), (2, 700), (3, 1100)):
        studio.phone(leg, hums=hz)
    studio.room(9, 1, 2, 3)
    studio.apply(
        OpenFormatted(50, "linear", 8_000, ((Tap("leg_out", 3),),)),
        AddTrack(50, 1, of(1, 3)),
        AddTrack(50, 2, of(2, 3)),
    )
    studio.tick(10)
    assert np.array_equal(program.heard(1).astype(int) + program.heard(2), program.heard(0))
    assert program.heard(0).any()
