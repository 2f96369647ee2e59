"""Players: on legs and on buses, back to back, in loops, to the sample."""

from pathlib import Path

import numpy as np
import pytest
from tests.media.studio import FRAME, Samples, Studio, hum

from mixminus.audio import g711
from mixminus.audio.tones import tone
from mixminus.media.clips import ClipStore
from mixminus.media.contract import (
    CloseLeg,
    LegRow,
    Pcm,
    Play,
    PlayerFinished,
    SetRoom,
    Silence,
    StopPlayer,
    Tone,
)
from mixminus.media.disk import Job
from mixminus.media.files import Files, SystemFiles


def coded(samples: Samples) -> Samples:
    return g711.decode_ulaw(g711.encode_ulaw(samples))


@pytest.fixture
def ramp(tmp_path: Path) -> Pcm:
    """A file of 400 samples: two and a half frames."""
    np.arange(0, 20_000, 50, dtype="<i2").tofile(tmp_path / "ramp.pcm")
    return Pcm(str(tmp_path / "ramp.pcm"))


RAMP = np.arange(0, 20_000, 50, dtype=np.int16)


def test_a_leg_hears_its_player_and_nobody_else_does(studio: Studio) -> None:
    one, other = studio.phone(1), studio.phone(2)
    studio.room(1, 1, 2)
    studio.apply(Play(7, (Tone((400.0,), 100),), leg=1))
    studio.tick(3)
    assert one.hears() == {400}
    assert other.hears() == set()


def test_a_player_is_added_to_what_the_leg_hears(studio: Studio) -> None:
    one, _ = studio.phone(1), studio.phone(2, hums=700)
    studio.room(1, 1, 2)
    studio.apply(Play(7, (Tone((400.0,), 100),), leg=1))
    studio.tick()
    assert one.hears() == {400, 700}


def test_a_rooms_player_is_heard_by_all_who_hear_the_bus(studio: Studio) -> None:
    one, held = studio.phone(1), studio.phone(2)
    studio.apply(SetRoom(1, (LegRow(1, True, True), LegRow(2, False, False))), Play(7, (Tone((400.0,), 60),), room=1))
    studio.tick()
    assert one.hears() == {400}
    assert held.hears() == set()


def test_clips_follow_each_other_to_the_sample_and_the_end_is_told_with_the_last_one(
    studio: Studio, ramp: Pcm
) -> None:
    phone = studio.phone(1)
    studio.apply(Play(7, (ramp, Silence(10), ramp), leg=1))
    samples = 400 + 80 + 400
    for tick in range(1, 9):
        studio.tick()
        assert bool(studio.events) == (tick >= -(-samples // FRAME))
    assert studio.events == [PlayerFinished(7)]
    want = np.concatenate([RAMP, np.zeros(80, np.int16), RAMP])
    assert np.array_equal(phone.audio[:samples], coded(want))
    assert not phone.audio[samples:].any()


def test_a_player_that_ends_with_a_frame_ends_in_that_tick(studio: Studio) -> None:
    studio.phone(1)
    studio.apply(Play(7, (Silence(40),), leg=1))
    studio.tick()
    assert studio.events == []
    studio.tick()
    assert studio.events == [PlayerFinished(7)]


def test_loops_are_gapless_and_counted(studio: Studio, ramp: Pcm) -> None:
    phone = studio.phone(1)
    studio.apply(Play(7, (ramp,), loops=3, leg=1))
    studio.tick(9)
    assert studio.events == [PlayerFinished(7)]
    assert np.array_equal(phone.audio[:1200], coded(np.tile(RAMP, 3)))
    assert not phone.audio[1200:].any()


def test_no_number_of_loops_is_for_ever_until_stopped(studio: Studio) -> None:
    phone = studio.phone(1)
    studio.apply(Play(7, (Tone((400.0,), 5),), loops=0, leg=1))
    studio.tick(200)
    assert phone.hears(last_frames=100) == {400}
    studio.apply(StopPlayer(7), StopPlayer(7))
    studio.tick()
    assert phone.hears() == set()
    assert studio.events == []


@pytest.mark.parametrize(
    ("play", "reason"),
    [
        (Play(7, (Pcm("/nowhere/x.pcm"),), leg=1), "cannot be read"),
        (Play(7, (Pcm("/nowhere/\0.pcm"),), leg=1), "cannot be read"),
        (Play(7, (Pcm("/tmp"),), leg=1), "cannot be read"),
        (Play(7, (Silence(20), Pcm("/nowhere/x.pcm")), leg=1), "cannot be read"),
        (Play(7, (Pcm("x.pcm", rate_hz=44_100),), leg=1), "8000"),
        (Play(7, (Silence(20),), leg=99), "gone"),
        (Play(7, (Silence(20),)), "one leg or one room"),
        (Play(7, (Silence(20),), leg=1, room=1), "one leg or one room"),
        (Play(7, (Silence(0),), loops=0, leg=1), "nothing to play"),
        (Play(7, (Silence(-5),), leg=1), "out of range"),
        (Play(7, (Tone((400.0,), 10**9),), leg=1), "out of range"),
        (Play(7, (Tone((float("nan"),), 20),), leg=1), "out of range"),
        (Play(7, (Tone((400.0,), 20, level_dbfs=float("inf")),), leg=1), "out of range"),
        (Play(7, (Tone((400.0,) * 99, 20),), leg=1), "out of range"),
        (Play(7, (Silence(20),), loops=-1, leg=1), "loops must be"),
        (Play(7, (Silence(20),), loops=2**40, leg=1), "loops must be"),
    ],
)
def test_what_cannot_be_played_says_why(studio: Studio, play: Play, reason: str) -> None:
    studio.phone(1)
    studio.apply(play)
    studio.tick()
    (finished,) = studio.events
    assert isinstance(finished, PlayerFinished)
    assert reason in (finished.error or "")
    assert studio.engine.players.slots.count == 0


def test_an_odd_file_is_an_error(studio: Studio, tmp_path: Path) -> None:
    (tmp_path / "odd").write_bytes(b"abc")
    studio.phone(1)
    studio.apply(Play(7, (Pcm(str(tmp_path / "odd")),), leg=1))
    studio.tick()
    assert "odd" in (studio.events[0].error or "")  # type: ignore[union-attr]


def test_nothing_to_play_is_over_at_once(studio: Studio) -> None:
    studio.phone(1)
    studio.apply(Play(7, (), leg=1), Play(8, (Silence(0),), leg=1))
    studio.tick()
    assert studio.events == [PlayerFinished(7), PlayerFinished(8)]


def test_players_of_a_closed_leg_and_of_an_ended_room_stop_without_an_event(studio: Studio) -> None:
    studio.phone(1)
    studio.room(5, 1)
    studio.apply(Play(7, (Tone((400.0,), 60),), leg=1), Play(8, (Tone((400.0,), 60),), room=5))
    studio.tick()
    studio.apply(SetRoom(5, ()), CloseLeg(1))
    studio.tick(10)
    assert studio.events == []
    assert studio.engine.players.slots.count == studio.engine.rooms.slots.count == 0


def test_many_players_come_and_go(studio: Studio) -> None:
    phone = studio.phone(1)
    studio.apply(*(Play(n, (Silence(10), Tone((400.0,), 20, -60.0), Silence(10)), loops=2, leg=1) for n in range(30)))
    studio.tick(5)
    assert {event.player for event in studio.events} == set(range(30))  # type: ignore[union-attr]
    studio.apply(Play(99, (Tone((700.0,), 40),), leg=1))
    studio.tick()
    assert phone.hears() == {700}


class SlowDisk:
    """Keeps jobs until they are asked for."""

    overdue_syncs: int = 0

    def __init__(self) -> None:
        self.files: Files = SystemFiles()
        self.jobs: list[Job] = []

    def offer(self, job: Job, size_bytes: int = 0) -> bool:
        self.jobs.append(job)
        return True

    def insist(self, job: Job) -> None:
        self.jobs.append(job)

    def sync(self, folder: str) -> None:
        pass

    def close(self) -> None:
        pass


def test_a_player_waits_for_its_clips_without_holding_up_a_tick(ramp: Pcm, studio: Studio) -> None:
    disk = SlowDisk()
    studio.engine.players._store = ClipStore(disk, budget_bytes=0)
    phone = studio.phone(1)
    studio.apply(Play(7, (ramp,), leg=1), Play(8, (ramp,), leg=1), StopPlayer(8))
    studio.tick(3)
    assert not phone.audio.any()
    assert len(disk.jobs) == 1, "two players share what is being loaded"
    disk.jobs.pop()()
    studio.tick(3)
    assert np.array_equal(phone.audio[3 * FRAME :][:400], coded(RAMP))
    assert studio.events == [PlayerFinished(7)]


def test_clips_are_shared_and_forgotten_within_the_budget(tmp_path: Path) -> None:
    from mixminus.media.disk import InlineDisk

    store = ClipStore(InlineDisk(), budget_bytes=2500)
    sources = []
    for name in "abc":
        hum(400, samples=500).tofile(tmp_path / name)
        sources.append(Pcm(str(tmp_path / name)))
    a, b, c = (store.lease(source) for source in sources)
    assert store.lease(sources[0]) is a
    for clip in (a, a, b, c):
        store.give_back(clip)
    assert store.lease(sources[2]) is c
    assert store.lease(sources[1]) is b
    assert store.lease(sources[0]) is not a, "the first one to be idle made room"


def test_a_file_that_changed_is_read_again(studio: Studio, tmp_path: Path) -> None:
    phone, path = studio.phone(1), tmp_path / "news"
    for hz, seconds in ((400, 1), (700, 2)):
        hum(hz, samples=FRAME * seconds).tofile(path)
        studio.apply(Play(hz, (Pcm(str(path)),), leg=1))
        studio.tick()
        assert phone.hears() == {hz}
        studio.tick()


def test_a_tone_sounds_as_asked(studio: Studio) -> None:
    phone = studio.phone(1)
    studio.apply(Play(7, (Tone((350.0, 450.0), 60, level_dbfs=-20.0),), leg=1))
    studio.tick(3)
    assert np.array_equal(phone.audio, coded(tone((350.0, 450.0), 60, -20.0)))
