"""Recordings, read back with the standard library."""

import wave
from pathlib import Path

import numpy as np
import pytest
from tests.media.studio import FRAME, Samples, Studio, hum, notes

from mixminus.audio.wav import HEADER_BYTES
from mixminus.media.contract import (
    CloseLeg,
    LegRow,
    PauseRecording,
    Play,
    RecordingStopped,
    ResumeRecording,
    SetRoom,
    StartRecording,
    StopRecording,
    Tap,
    Tone,
)


def read(path: Path) -> Samples:
    """One row a channel."""
    with wave.open(str(path)) as file:
        assert (file.getsampwidth(), file.getframerate()) == (2, 8000)
        data = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        return data.reshape(-1, file.getnchannels()).T


def record(studio: Studio, path: Path, *channels: tuple[Tap, ...], trim: bool = False) -> None:
    studio.apply(StartRecording("RE1", str(path), channels, trim))


def stopped(studio: Studio) -> RecordingStopped:
    studio.apply(StopRecording("RE1"))
    studio.plane.deliver()
    (event,) = studio.events_of(RecordingStopped)
    assert isinstance(event, RecordingStopped)
    return event


def test_a_bus_is_recorded_with_its_players_and_without_whispers(studio: Studio, tmp_path: Path) -> None:
    for hz in (400, 700, 1100):
        studio.phone(hz, hums=hz)
    whispering = LegRow(1100, on_bus=False, hears_bus=True)
    studio.apply(SetRoom(1, (LegRow(400, True, True), LegRow(700, True, True, plus=(1100,)), whispering)))
    studio.apply(Play(5, (Tone((1500.0,), 1000),), room=1))
    record(studio, tmp_path / "bus.wav", (Tap("bus", 1),))
    studio.tick(60)
    event = stopped(studio)
    (bus,) = read(tmp_path / "bus.wav")
    assert notes(bus[:FRAME]) == {400, 700, 1500}
    assert notes(bus[-FRAME:]) == {400, 700}
    assert event == RecordingStopped("RE1", 1200, HEADER_BYTES + 2 * 60 * FRAME, silent=False)
    assert (tmp_path / "bus.wav").stat().st_size == event.size_bytes


def test_two_channels_hold_what_a_leg_says_and_what_it_hears(studio: Studio, tmp_path: Path) -> None:
    studio.phone(400, hums=400)
    studio.phone(700, hums=700)
    studio.room(1, 400, 700)
    record(studio, tmp_path / "dual.wav", (Tap("leg_in", 400),), (Tap("leg_out", 400),))
    studio.tick(10)
    stopped(studio)
    said, heard = read(tmp_path / "dual.wav")
    assert notes(said) == {400}
    assert notes(heard) == {700}


def test_taps_of_a_channel_are_added_up(studio: Studio, tmp_path: Path) -> None:
    studio.phone(400, hums=400)
    studio.phone(700, hums=700)
    record(studio, tmp_path / "sum.wav", (Tap("leg_in", 400), Tap("leg_in", 700)))
    studio.tick(10)
    stopped(studio)
    assert notes(read(tmp_path / "sum.wav")[0]) == {400, 700}


def test_the_file_is_right_at_any_time_and_at_most_a_second_behind(studio: Studio, tmp_path: Path) -> None:
    studio.phone(400, hums=400)
    record(studio, tmp_path / "live.wav", (Tap("leg_in", 400),))
    for tick in range(1, 120):
        studio.tick()
        (said,) = read(tmp_path / "live.wav")
        assert tick * FRAME - len(said) <= 8000
        assert not len(said) or notes(said) == {400}


@pytest.mark.parametrize(("skip", "frames"), [(True, 20), (False, 30)])
def test_a_pause_is_silence_or_nothing(studio: Studio, tmp_path: Path, skip: bool, frames: int) -> None:
    studio.phone(400, hums=400)
    record(studio, tmp_path / "pause.wav", (Tap("leg_in", 400),))
    studio.tick(10)
    studio.apply(PauseRecording("RE1", skip))
    studio.tick(10)
    studio.apply(ResumeRecording("RE1"))
    studio.tick(10)
    stopped(studio)
    (said,) = read(tmp_path / "pause.wav")
    assert len(said) == frames * FRAME
    assert notes(said[: 10 * FRAME]) == notes(said[-10 * FRAME :]) == {400}
    if not skip:
        assert not said[10 * FRAME : 20 * FRAME].any()


def test_silence_at_both_ends_is_trimmed_and_in_between_is_not(studio: Studio, tmp_path: Path) -> None:
    phone = studio.phone(400)
    phone.hums = None
    record(studio, tmp_path / "trim.wav", (Tap("leg_in", 400),), trim=True)
    studio.tick(40)
    for spoken in (True, False, True):
        for _ in range(30):
            phone.say(hum(400, phone.timestamp) if spoken else np.zeros(FRAME, np.int16))
            studio.tick()
    for _ in range(70):
        phone.say(np.zeros(FRAME, np.int16))
        studio.tick()
    event = stopped(studio)
    (said,) = read(tmp_path / "trim.wav")
    assert event.duration_ms == 90 * 20
    assert len(said) == 90 * FRAME
    assert notes(said[:FRAME]) == notes(said[-FRAME:]) == {400}
    assert not said[45 * FRAME : 50 * FRAME].any()


@pytest.mark.parametrize(("trim", "duration_ms"), [(False, 1200), (True, 0)])
def test_a_recording_in_which_nobody_was_heard_says_so(
    studio: Studio, tmp_path: Path, trim: bool, duration_ms: int
) -> None:
    studio.phone(1)
    studio.room(1, 1)
    record(studio, tmp_path / "silent.wav", (Tap("bus", 1),), trim=trim)
    studio.tick(60)
    event = stopped(studio)
    assert event.silent
    assert event.duration_ms == duration_ms
    assert read(tmp_path / "silent.wav").shape == (1, 8 * duration_ms)


@pytest.mark.parametrize(
    ("start", "reason"),
    [
        (StartRecording("RE1", "/nowhere/x.wav", ((Tap("bus", 1),),)), "cannot be written"),
        (StartRecording("RE1", "/tmp/\0.wav", ((Tap("bus", 1),),)), "cannot be written"),
        (StartRecording("RE1", "/tmp/x.wav", ()), "channels"),
        (StartRecording("RE1", "/tmp/x.wav", ((),) * 65), "channels"),
        (StartRecording("RE1", "/tmp/x.wav", ((Tap("ceiling", 1),),)), "no tap 'ceiling'"),
    ],
)
def test_what_cannot_be_recorded_says_why_once(studio: Studio, start: StartRecording, reason: str) -> None:
    studio.apply(start)
    studio.tick(30)
    studio.apply(StopRecording("RE1"))
    studio.tick()
    (event,) = studio.events
    assert isinstance(event, RecordingStopped)
    assert reason in (event.error or "")
    assert studio.engine.recorders.slots.count == 0


def test_starting_a_recording_twice_is_refused_and_the_first_one_goes_on(studio: Studio, tmp_path: Path) -> None:
    studio.phone(400, hums=400)
    for _ in range(2):
        record(studio, tmp_path / "twice.wav", (Tap("leg_in", 400),))
    studio.tick(10)
    (refused,) = studio.events
    assert isinstance(refused, RecordingStopped)
    assert "already" in (refused.error or "")
    studio.events.clear()
    assert stopped(studio).duration_ms == 200


def test_a_full_disk_ends_the_recording_with_an_error(studio: Studio) -> None:
    studio.phone(400, hums=400)
    record(studio, Path("/dev/full"), (Tap("leg_in", 400),))
    studio.tick(30)
    (event,) = studio.events_of(RecordingStopped)
    assert isinstance(event, RecordingStopped)
    assert "No space left" in (event.error or "")


def test_a_leg_that_left_is_silent_and_the_next_one_in_its_row_is_not_recorded(
    studio: Studio, tmp_path: Path
) -> None:
    studio.phone(400, hums=400)
    record(studio, tmp_path / "left.wav", (Tap("leg_in", 400),))
    studio.tick(10)
    del studio.phones[400]
    studio.apply(CloseLeg(400))
    studio.phone(700, hums=700)
    studio.tick(10)
    stopped(studio)
    (said,) = read(tmp_path / "left.wav")
    assert notes(said[: 10 * FRAME]) == {400}
    assert not said[10 * FRAME :].any()


def test_a_room_may_empty_and_fill_again_while_it_is_recorded(studio: Studio, tmp_path: Path) -> None:
    studio.phone(400, hums=400)
    record(studio, tmp_path / "room.wav", (Tap("bus", 1),))
    for _ in range(2):
        studio.room(1, 400)
        studio.tick(10)
        studio.room(1)
        studio.tick(10)
    stopped(studio)
    (bus,) = read(tmp_path / "room.wav")
    assert [bool(bus[at * FRAME : at * FRAME + 800].any()) for at in (0, 10, 20, 30)] == [True, False, True, False]
    studio.tick()
    assert studio.engine.rooms.slots.count == 0


def test_closing_the_engine_completes_recordings(studio: Studio, tmp_path: Path) -> None:
    studio.phone(400, hums=400)
    record(studio, tmp_path / "end.wav", (Tap("leg_in", 400),))
    studio.tick(7)
    studio.engine.close()
    assert read(tmp_path / "end.wav").shape == (1, 7 * FRAME)


def test_more_recordings_than_rows(studio: Studio, tmp_path: Path) -> None:
    studio.phone(400, hums=400)
    names = [f"RE{n}" for n in range(5)]
    for name in names:
        studio.apply(StartRecording(name, str(tmp_path / name), ((Tap("leg_in", 400), Tap("bus", 1)),)))
    studio.tick(30)
    studio.apply(*(StopRecording(name) for name in names))
    studio.plane.deliver()
    assert len(studio.events_of(RecordingStopped)) == 5
    for name in names:
        assert notes(read(tmp_path / name)[0]) == {400}
