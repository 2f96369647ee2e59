"""Tracks: voices apart, whispers apart, all of them aligned."""

from pathlib import Path

import numpy as np
from tests.media.studio import FRAME, Samples, Studio, notes
from tests.media.test_media_recorders import read

from mixminus.media.contract import (
    CloseLeg,
    LegRow,
    PauseRecording,
    Play,
    RecordingStopped,
    ResumeRecording,
    SetRoom,
    SetTaps,
    StartRecording,
    StopRecording,
    Tap,
    Tone,
)
from mixminus.media.disk import InlineDisk, Job
from mixminus.media.engine import Engine, EngineSettings

ROOM = 1


def plain(leg: int) -> LegRow:
    return LegRow(leg, on_bus=True, hears_bus=True)


def silenced(leg: int) -> LegRow:
    return LegRow(leg, on_bus=False, hears_bus=False)


def voice(leg: int, sign: int = 1) -> Tap:
    return Tap("voice", leg, ROOM, sign)


def stop(studio: Studio, *names: str) -> None:
    studio.apply(*(StopRecording(name) for name in names))
    studio.plane.deliver()


def frames(samples: Samples, first: int, end: int) -> Samples:
    return samples[first * FRAME : end * FRAME]


def test_a_conference_is_recorded_as_the_first_voice_and_everything_else(studio: Studio, tmp_path: Path) -> None:
    for hz in (400, 700, 1100):
        studio.phone(hz, hums=hz)
    studio.room(ROOM, 400, 700, 1100)
    studio.apply(Play(5, (Tone((1500.0,), 1000),), room=ROOM))
    path = tmp_path / "dual.wav"
    studio.apply(StartRecording("RE1", str(path), ((voice(400),), (Tap("bus", ROOM), voice(400, -1)))))
    studio.tick(10)
    stop(studio, "RE1")
    first, others = read(path)
    assert notes(first) == {400}
    assert notes(others) == {700, 1100, 1500}


def test_a_voice_is_in_its_track_exactly_at_the_ticks_at_which_the_plan_has_it_on_the_bus(
    studio: Studio, tmp_path: Path
) -> None:
    for hz in (400, 700):
        studio.phone(hz, hums=hz)
    studio.room(ROOM, 400, 700)
    studio.tick(5)  # the hum is up
    path = tmp_path / "voice.wav"
    studio.apply(StartRecording("RE1", str(path), ((voice(400),), (Tap("bus", ROOM), voice(400, -1)))))
    for rows in ((plain(400), plain(700)), (silenced(400), plain(700)), (plain(400), plain(700)), (plain(700),)):
        studio.apply(SetRoom(ROOM, rows))
        studio.tick(3)
    studio.apply(SetRoom(2, (plain(400),)))
    studio.tick(3)
    stop(studio, "RE1")
    said, others = read(path)
    heard = [bool(frames(said, tick, tick + 1).any()) for tick in range(15)]
    assert heard == [tick in range(3) or tick in range(6, 9) for tick in range(15)]
    assert notes(others) == {700}


def test_a_whisper_is_in_the_whisper_track_alone(studio: Studio, tmp_path: Path) -> None:
    for hz in (400, 700, 1100):
        studio.phone(hz, hums=hz)
    coach = LegRow(1100, on_bus=False, hears_bus=True)
    coached = LegRow(700, on_bus=True, hears_bus=True, plus=(1100,))
    channels = ((voice(400),), (voice(700),), (voice(1100),), (Tap("whisper", 1100, ROOM),))
    studio.apply(SetRoom(ROOM, (plain(400), coached, coach)))
    studio.tick(5)
    studio.apply(StartRecording("RE1", str(tmp_path / "w.wav"), channels))
    studio.tick(5)
    studio.apply(SetRoom(ROOM, (plain(400), plain(700), plain(1100))))  # the coach barges in
    studio.tick(5)
    stop(studio, "RE1")
    tracks = read(tmp_path / "w.wav")
    assert [notes(frames(track, 0, 5)) for track in tracks] == [{400}, {700}, set(), {1100}]
    assert [notes(frames(track, 5, 10)) for track in tracks] == [{400}, {700}, {1100}, set()]


def test_a_coach_who_hung_up_whispers_no_more_and_neither_does_the_next_leg_in_its_row(
    studio: Studio, tmp_path: Path
) -> None:
    studio.phone(700, hums=700)
    studio.phone(1100, hums=1100)
    coach, coached = LegRow(1100, False, True), LegRow(700, True, True, plus=(1100,))
    studio.apply(SetRoom(ROOM, (coached, coach)))
    studio.apply(CloseLeg(1100))
    del studio.phones[1100]
    studio.phone(400, hums=400)
    studio.apply(SetRoom(ROOM, (coached, LegRow(400, on_bus=False, hears_bus=True))))
    studio.apply(StartRecording("RE1", str(tmp_path / "w.wav"), ((Tap("whisper", 400, ROOM),),)))
    studio.tick(5)
    stop(studio, "RE1")
    assert not read(tmp_path / "w.wav").any()


def test_taps_are_changed_at_one_tick(studio: Studio, tmp_path: Path) -> None:
    for hz in (400, 700):
        studio.phone(hz, hums=hz)
    studio.tick(5)
    studio.apply(StartRecording("RE1", str(tmp_path / "taps.wav"), ((Tap("leg_in", 400),), ())))
    studio.tick(5)
    studio.apply(SetTaps("RE1", ((Tap("leg_in", 700),), (Tap("leg_in", 400), Tap("leg_in", 700)), ())))
    studio.tick(5)
    studio.apply(SetTaps("RE1", ()), SetTaps("RE2", ((Tap("leg_in", 400),),)))
    studio.tick(5)
    stop(studio, "RE1")
    one, other = read(tmp_path / "taps.wav")
    assert [notes(frames(one, at, at + 5)) for at in (0, 5, 10)] == [{400}, {700}, set()]
    assert [notes(frames(other, at, at + 5)) for at in (0, 5, 10)] == [set(), {400, 700}, set()]


def test_tracks_of_those_who_join_later_begin_with_the_silence_before_they_came(
    studio: Studio, tmp_path: Path
) -> None:
    for hz in (400, 700):
        studio.phone(hz, hums=hz)
    studio.room(ROOM, 400, 700)
    studio.tick(5)
    studio.apply(StartRecording("RE1", str(tmp_path / "1.wav"), ((voice(400),),)))
    studio.tick(62)
    track = (voice(700),), (voice(400),)
    studio.apply(StartRecording("RE2", str(tmp_path / "2.wav"), track, aligned_with="RE1"))
    studio.tick(30)
    stop(studio, "RE1", "RE2")
    leader, (later, same) = read(tmp_path / "1.wav")[0], read(tmp_path / "2.wav")
    assert len(leader) == len(later) == 92 * FRAME
    assert not frames(later, 0, 62).any()
    assert notes(frames(later, 62, 92)) == {700}
    assert np.array_equal(frames(same, 62, 92), frames(leader, 62, 92))


def test_a_track_that_begins_in_a_pause_is_paused_and_aligned(studio: Studio, tmp_path: Path) -> None:
    studio.phone(400, hums=400)
    studio.room(ROOM, 400)
    studio.tick(5)
    studio.apply(StartRecording("RE1", str(tmp_path / "1.wav"), ((voice(400),),)))
    studio.tick(10)
    studio.apply(PauseRecording("RE1", skip=True))
    studio.tick(10)
    studio.apply(StartRecording("RE2", str(tmp_path / "2.wav"), ((voice(400),),), aligned_with="RE1"))
    studio.tick(10)
    studio.apply(ResumeRecording("RE1"), ResumeRecording("RE2"))
    studio.tick(10)
    stop(studio, "RE1", "RE2")
    (leader,), (later,) = read(tmp_path / "1.wav"), read(tmp_path / "2.wav")
    assert len(leader) == len(later) == 20 * FRAME
    assert np.array_equal(frames(leader, 10, 20), frames(later, 10, 20))


def test_nothing_is_aligned_with_a_recording_that_does_not_run(studio: Studio, tmp_path: Path) -> None:
    studio.apply(StartRecording("RE2", str(tmp_path / "2.wav"), ((),), aligned_with="RE1"))
    studio.tick()
    (event,) = studio.events_of(RecordingStopped)
    assert isinstance(event, RecordingStopped)
    assert "RE1" in (event.error or "")


class BusyDisk(InlineDisk):
    """Takes what it is offered, but for some of it."""

    def __init__(self, *refused: int) -> None:
        super().__init__()
        self._offers, self._refused = 0, refused

    def offer(self, job: Job, size_bytes: int = 0) -> bool:
        self._offers += 1
        return self._offers not in self._refused and super().offer(job)


def test_what_a_slow_disk_does_not_take_becomes_silence_of_the_same_length(tmp_path: Path) -> None:
    engine = Engine(EngineSettings(legs=1, rooms=1, players=1, recorders=1), lambda n: bytes(n), disk=BusyDisk(2, 3))
    engine.apply(
        (
            Play(5, (Tone((400.0,), 20),), loops=0, room=ROOM),
            StartRecording("RE1", str(tmp_path / "lost.wav"), ((Tap("bus", ROOM),),)),
        )
    )
    for _ in range(140):
        engine.tick()
    engine.close()
    (bus,) = read(tmp_path / "lost.wav")
    heard = [bool(frames(bus, tick, tick + 1).any()) for tick in range(140)]
    assert len(bus) == 140 * FRAME
    assert heard.count(False) == 50
    assert "".join("x" if tick else " " for tick in heard).strip("x") == " " * 50
    assert engine.recorders.lost_flushes == 2


def test_taps_rows_and_rooms_are_free_again_afterwards(studio: Studio, tmp_path: Path) -> None:
    studio.phone(400, hums=400)
    for round_ in range(3):
        name = f"RE{round_}"
        channels = ((voice(400), Tap("bus", ROOM)), (Tap("whisper", 400, ROOM),), (Tap("leg_out", 400),))
        studio.apply(StartRecording(name, str(tmp_path / name), channels))
        studio.apply(SetTaps(name, (*channels[1:], channels[0])))
        studio.tick(3)
        stop(studio, name)
    studio.apply(CloseLeg(400))
    recorders = studio.engine.recorders
    assert (recorders.count, recorders.slots.count, studio.engine.rooms.slots.count) == (0, 0, 0)
