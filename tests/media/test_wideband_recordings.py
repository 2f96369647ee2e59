"""A recording has the rate of those who are there when it begins."""

import wave
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.media.studio import Studio
from tests.media.wideband_phone import WidebandPhone, level

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


def read(path: Path) -> tuple[NDArray[np.int16], int]:
    """One row a channel, and the rate."""
    with wave.open(str(path)) as file:
        data = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        return data.reshape(-1, file.getnchannels()).T, file.getframerate()


def talk(studio: Studio, *phones: WidebandPhone, ticks: int = 20) -> None:
    def speak() -> None:
        for phone in phones:
            phone.speak()

    studio.tick(ticks, speak)


def stop(studio: Studio) -> RecordingStopped:
    studio.apply(StopRecording("RE1"))
    studio.plane.deliver()
    (event,) = studio.events_of(RecordingStopped)
    assert isinstance(event, RecordingStopped)
    return event


@pytest.mark.parametrize("codec", ["G722", "opus"])
def test_a_room_with_a_wideband_leg_is_recorded_at_16_khz(studio: Studio, tmp_path: Path, codec: str) -> None:
    high = WidebandPhone(studio, 1, codec, 6000)
    studio.phone(2, hums=400)
    studio.room(9, 1, 2)
    talk(studio, high, ticks=10)
    studio.apply(Play(5, (Tone((1000.0,), 5000),), room=9))
    studio.apply(StartRecording("RE1", str(tmp_path / "a.wav"), ((Tap("bus", 9),),)))
    talk(studio, high, ticks=60)
    event = stop(studio)
    [sound], rate_hz = read(tmp_path / "a.wav")
    assert (rate_hz, event.duration_ms, len(sound)) == (16_000, 1200, 1200 * 16)
    assert event.size_bytes == (tmp_path / "a.wav").stat().st_size
    assert all(level(sound, hz, rate_hz) > 1000 for hz in (400, 1000, 6000))


def test_a_room_of_telephones_is_recorded_at_8_khz_whoever_comes_later(studio: Studio, tmp_path: Path) -> None:
    studio.phone(2, hums=400)
    studio.room(9, 2)
    studio.apply(StartRecording("RE1", str(tmp_path / "a.wav"), ((Tap("bus", 9),),)))
    high = WidebandPhone(studio, 1, "G722", 1000)
    studio.room(9, 1, 2)
    talk(studio, high, ticks=40)
    stop(studio)
    [sound], rate_hz = read(tmp_path / "a.wav")
    assert rate_hz == 8000
    assert all(level(sound, hz, rate_hz) > 1000 for hz in (400, 1000))


def test_a_recording_at_16_khz_goes_on_when_only_telephones_are_left(studio: Studio, tmp_path: Path) -> None:
    high = WidebandPhone(studio, 1, "G722", 6000)
    studio.phone(2, hums=400)
    studio.room(9, 1, 2)
    talk(studio, high, ticks=10)
    studio.apply(StartRecording("RE1", str(tmp_path / "a.wav"), ((Tap("bus", 9),),)))
    talk(studio, high, ticks=20)
    studio.apply(CloseLeg(1))
    studio.tick(40)
    assert not studio.engine.wideband.is_idle
    stop(studio)
    studio.tick()
    assert studio.engine.wideband.is_idle
    [sound], rate_hz = read(tmp_path / "a.wav")
    assert len(sound) == 60 * 320
    assert level(sound[:6400], 6000, rate_hz) > 1000
    assert level(sound[-6400:], 6000, rate_hz) < 10
    assert level(sound[-6400:], 400, rate_hz) > 2000
    kinks = np.abs(np.diff(sound[8000:].astype(float), 2))
    assert kinks.max() < 1.5 * kinks[-2000:].max(), "nothing clicks when the wideband leg leaves"


def test_tracks_whispers_and_what_a_leg_hears_are_taken_on_the_wide_plane(studio: Studio, tmp_path: Path) -> None:
    """Caller and agent talk; the coach whispers to the agent; one channel each."""
    caller, agent = WidebandPhone(studio, 1, "G722", 5100), WidebandPhone(studio, 2, "opus", 5700)
    studio.phone(3, hums=900)
    plan = (LegRow(1, True, True), LegRow(2, True, True, plus=(3,)), LegRow(3, on_bus=False, hears_bus=True))
    studio.apply(SetRoom(9, plan))
    talk(studio, caller, agent, ticks=10)
    channels = ((Tap("voice", 1, room=9),), (Tap("whisper", 3, room=9),), (Tap("leg_in", 2),), (Tap("leg_out", 3),))
    studio.apply(StartRecording("RE1", str(tmp_path / "a.wav"), channels))
    talk(studio, caller, agent, ticks=40)
    studio.apply(PauseRecording("RE1", skip=False))
    talk(studio, caller, agent, ticks=10)
    studio.apply(ResumeRecording("RE1"))
    talk(studio, caller, agent, ticks=10)
    stop(studio)
    sounds, rate_hz = read(tmp_path / "a.wav")
    assert rate_hz == 16_000
    notes = (900, 5100, 5700)
    heard = [{hz for hz in notes if level(sound[: 40 * 320], hz, rate_hz) > 500} for sound in sounds]
    assert heard == [{5100}, {900}, {5700}, {5100, 5700}]
    assert not sounds[:, 41 * 320 : 49 * 320].any()


def test_a_recording_that_is_aligned_with_another_one_has_its_rate(studio: Studio, tmp_path: Path) -> None:
    studio.phone(2, hums=400)
    studio.room(9, 2)
    studio.apply(StartRecording("RE1", str(tmp_path / "a.wav"), ((Tap("bus", 9),),)))
    studio.tick(10)
    high = WidebandPhone(studio, 1, "G722", 1000)
    studio.room(9, 1, 2)
    studio.apply(StartRecording("RE2", str(tmp_path / "b.wav"), ((Tap("leg_in", 1),),), aligned_with="RE1"))
    talk(studio, high, ticks=20)
    studio.apply(StopRecording("RE1"), StopRecording("RE2"))
    first, second = read(tmp_path / "a.wav"), read(tmp_path / "b.wav")
    assert first[1] == second[1] == 8000
    assert first[0].shape == second[0].shape == (1, 30 * 160)
