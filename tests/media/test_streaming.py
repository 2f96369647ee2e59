"""What streams hear and say, tick by tick."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from tests.media.studio import FRAME, Studio, hum, notes
from tests.media.wideband_phone import WidebandPhone

from mixminus.audio import g711
from mixminus.media.contract import (
    ClearStream,
    CloseLeg,
    CloseStream,
    MoveStream,
    OpenPipe,
    OpenStream,
    StreamsHeard,
    StreamsSay,
    Tap,
)
from mixminus.media.kernels.streams import FADE_SAMPLES
from mixminus.media.stream_state import SAID_SAMPLES
from mixminus.media.stream_terms import PLAYED_NUMBERS, TRACK_NUMBERS

Samples = NDArray[np.int16]


def say(stream: int, samples: Samples) -> StreamsSay:
    return StreamsSay((stream,), (len(samples),), g711.encode_ulaw(samples))


def inbound(leg: int) -> tuple[Tap, ...]:
    return (Tap("leg_in", leg),)


def outbound(leg: int) -> tuple[Tap, ...]:
    return (Tap("leg_out", leg),)


def messages(studio: Studio) -> list[StreamsHeard]:
    return [event for event in studio.events if isinstance(event, StreamsHeard)]


def frames(studio: Studio) -> Iterator[tuple[int, int, int, Samples]]:
    """Stream, track, tick and audio of all frames, as they came."""
    for message in messages(studio):
        numbers, at = np.frombuffer(message.tracks, np.int64).reshape(-1, TRACK_NUMBERS), 0
        for stream, track, tick, octets in numbers.tolist():
            yield stream, track, tick, g711.decode_ulaw(message.audio[at : at + octets])
            at += octets
        assert at == len(message.audio)


def heard(studio: Studio) -> dict[tuple[int, int], Samples]:
    """What each track heard in the last tick."""
    ticks = studio.engine.ticks
    return {(stream, track): frame for stream, track, tick, frame in frames(studio) if tick == ticks}


def played(studio: Studio) -> list[tuple[int, ...]]:
    """Stream, epoch and octets of all ticks."""
    rows = [np.frombuffer(message.played, np.int64).reshape(-1, PLAYED_NUMBERS) for message in messages(studio)]
    return [tuple(row.tolist()) for rows_of_beat in rows for row in rows_of_beat]


def test_a_stream_hears_its_leg_from_the_next_tick_on(studio: Studio) -> None:
    studio.phone(1, hums=400)
    studio.tick(3)
    studio.apply(OpenStream(50, (inbound(1),)))
    assert messages(studio) == []
    studio.tick()
    assert notes(heard(studio)[50, 0]) == {400}
    studio.tick(4)
    assert [tick for _, _, tick, _ in frames(studio)] == [4, 5, 6, 7, 8]


def test_each_beat_brings_the_frames_of_its_own_legs(studio: Studio) -> None:
    legs = range(1, 13)
    for leg in legs:
        studio.phone(leg)
        studio.apply(OpenStream(100 + leg, (inbound(leg), outbound(leg))))
    studio.tick(5)
    of_beats = [
        {(stream, track) for stream, track, _, _ in np.frombuffer(m.tracks, np.int64).reshape(-1, 4).tolist()}
        for m in messages(studio)
    ]
    assert len(of_beats) == 5 * 4
    assert all(len(tracks) == 6 for tracks in of_beats)
    assert all(now == before for before, now in zip(of_beats, of_beats[4:], strict=False)), "a stream keeps its beat"


def test_a_stream_moves_with_its_room_and_no_frame_is_missing(studio: Studio) -> None:
    """The room goes round all beats, either way; each time its legs are heard 5 ms sooner or later."""
    studio.phone(1, hums=400)
    studio.room(9, 1)
    studio.tick(5)
    studio.apply(OpenStream(50, (inbound(1),)))
    turns, row = studio.engine.rooms.turns, studio.engine.rooms.slots.row(9)
    for step in (1, 1, 1, 1, -1, -1, -1, -1):
        studio.tick(3)
        turns.beat[row] = (int(turns.beat[row]) + step) % 4
    studio.tick(3)
    ticks = [tick for _, _, tick, _ in frames(studio)]
    assert all(later - sooner == 1 for sooner, later in pairwise(ticks))
    assert len(ticks) >= 25


def test_both_directions_of_a_leg_are_two_tracks(studio: Studio) -> None:
    studio.phone(1, hums=400)
    studio.phone(2, hums=700)
    studio.room(9, 1, 2)
    studio.apply(OpenStream(50, (inbound(1), outbound(1))))
    studio.tick(4)
    assert {track: notes(frame) for track, frame in heard(studio).items()} == {(50, 0): {400}, (50, 1): {700}}


def test_what_a_stream_says_is_heard_by_its_leg_and_nobody_else(studio: Studio) -> None:
    alice, bob = studio.phone(1), studio.phone(2)
    studio.room(9, 1, 2)
    studio.apply(OpenStream(50, (inbound(1),), leg=1), say(50, hum(400, samples=480)))
    studio.tick(3)
    assert alice.hears(3) == {400}
    assert bob.hears(3) == set()
    studio.tick()
    assert alice.hears() == set()
    assert played(studio) == [(50, 0, 160), (50, 0, 320), (50, 0, 480)]


def test_audio_comes_out_as_it_went_in_whatever_its_pieces(studio: Studio) -> None:
    alice = studio.phone(1)
    studio.tick()
    before = len(alice.audio)
    studio.apply(OpenStream(50, (), leg=1))
    music = g711.decode_ulaw(np.random.default_rng(3).integers(0, 256, 1_200, np.uint8).tobytes())
    for start, end in ((0, 1), (1, 160), (160, 500), (500, 1_200)):
        studio.apply(say(50, music[start:end]))
    studio.tick(8)
    assert np.array_equal(alice.audio[before : before + 1_200], music)
    assert not alice.audio[before + 1_200 :].any()


def test_a_stream_and_a_room_and_another_stream_add_up(studio: Studio) -> None:
    alice = studio.phone(1)
    studio.phone(2, hums=700)
    studio.room(9, 1, 2)
    studio.apply(OpenStream(50, (), leg=1), OpenStream(51, (), leg=1))
    studio.tick(2)
    studio.apply(StreamsSay((50, 51), (160, 160), g711.encode_ulaw(hum(400)) + g711.encode_ulaw(hum(1100))))
    studio.tick()
    assert alice.hears() == {400, 700, 1100}


def test_an_application_in_a_room_is_a_pipe_with_a_stream_at_its_end(studio: Studio) -> None:
    alice = studio.phone(1, hums=400)
    studio.apply(OpenPipe(7, 8), OpenStream(50, (inbound(8),), leg=8))
    studio.room(9, 1, 7)
    studio.tick(3)
    assert notes(heard(studio)[50, 0]) == {400}
    studio.apply(say(50, hum(700, samples=3 * FRAME)))
    studio.tick(3)
    assert alice.hears() == {700}, "one tick later than its application says it"


@pytest.mark.parametrize("codec", ["G722", "opus"])
def test_a_wideband_leg_hears_what_a_stream_says_and_is_heard_by_it(studio: Studio, codec: str) -> None:
    phone = WidebandPhone(studio, 1, codec, 1000)
    studio.apply(OpenStream(50, (inbound(1), outbound(1)), leg=1))

    def each() -> None:
        phone.speak()
        studio.apply(say(50, hum(400)))

    studio.tick(30, each)
    assert phone.hears(400, 1000) == {400}
    assert notes(heard(studio)[50, 0]) == {1000}
    assert notes(heard(studio)[50, 1]) == {400}


def test_clear_drops_what_waits_and_fades_instead_of_clicking(studio: Studio) -> None:
    alice = studio.phone(1)
    studio.apply(OpenStream(50, (), leg=1))
    studio.tick()
    studio.apply(say(50, np.full(1_600, 8_000, np.int16)))
    studio.tick(2)
    studio.apply(ClearStream(50, 1), say(50, np.full(160, -8_000, np.int16)))
    studio.tick(3)
    after = alice.audio[-3 * FRAME :]
    fade = after[:FADE_SAMPLES].astype(int)
    assert (np.diff(fade) <= 0).all()
    assert fade[0] > 7_000
    assert fade[-1] < 500
    assert (after[FADE_SAMPLES : FADE_SAMPLES + 160] < -7_000).all()
    assert not after[FADE_SAMPLES + 160 :].any()
    assert played(studio) == [(50, 0, 160), (50, 0, 320), (50, ~0, 320), (50, 1, 120), (50, 1, 160)]


def test_clear_when_nothing_waits(studio: Studio) -> None:
    alice = studio.phone(1)
    studio.apply(OpenStream(50, (), leg=1), ClearStream(50, 3), ClearStream(51, 1))
    studio.tick(2)
    assert played(studio) == [(50, ~0, 0)]
    assert not alice.audio.any()


def test_a_closed_stream_hears_and_says_nothing_more(studio: Studio) -> None:
    alice = studio.phone(1, hums=400)
    studio.apply(OpenStream(50, (inbound(1),), leg=1), say(50, hum(700, samples=1_600)))
    studio.tick(2)
    studio.apply(CloseStream(50), CloseStream(50))
    told = len(messages(studio))
    studio.tick(2)
    assert len(messages(studio)) == told
    assert alice.hears() == set()


def test_when_the_leg_goes_the_stream_hears_silence_and_the_next_leg_is_not_spoken_to(studio: Studio) -> None:
    studio.phone(1, hums=400)
    studio.apply(OpenStream(50, (inbound(1),), leg=1))
    studio.tick(2)
    studio.apply(say(50, hum(700, samples=1_600)), CloseLeg(1))
    newcomer = studio.phone(2, hums=1100)
    studio.tick(3)
    assert notes(heard(studio)[50, 0]) == set()
    assert newcomer.hears() == set()
    ticks = [tick for _, _, tick, _ in frames(studio)]
    assert ticks == list(range(ticks[0], ticks[0] + 5))


def test_many_streams_come_and_go(studio: Studio) -> None:
    legs = range(1, 41)
    phones = {leg: studio.phone(leg, hums=50 * leg) for leg in legs}
    for leg in legs:
        studio.apply(OpenStream(1_000 + leg, (inbound(leg), outbound(leg)), leg=leg))
    studio.apply(*(CloseStream(1_000 + leg) for leg in legs if leg % 3 == 0))
    left = [leg for leg in legs if leg % 3]
    studio.apply(*(say(1_000 + leg, hum(50 * (41 - leg), samples=5 * FRAME)) for leg in left))
    studio.tick(5)
    assert {(stream - 1_000, track): notes(frame) for (stream, track), frame in heard(studio).items()} == {
        **{(leg, 0): {50 * leg} for leg in left},
        **{(leg, 1): {50 * (41 - leg)} for leg in left},
    }
    assert all(phones[leg].hears() == ({50 * (41 - leg)} if leg % 3 else set()) for leg in legs)


@pytest.mark.parametrize(
    "wrong",
    [StreamsSay((50,), (161,), bytes(160)), StreamsSay((50,), (), b""), StreamsSay((99,), (160,), bytes(160))],
)
def test_what_does_not_add_up_is_ignored(studio: Studio, wrong: StreamsSay) -> None:
    studio.phone(1)
    studio.apply(OpenStream(50, (), leg=1), wrong, StreamsSay((50, 50), (-1, 1), b""))
    studio.tick(2)
    assert played(studio) == []


def test_what_is_sent_too_far_ahead_is_lost_and_counted(studio: Studio) -> None:
    studio.phone(1)
    studio.apply(OpenStream(50, (), leg=1), say(50, hum(400, samples=SAID_SAMPLES + 7)))
    assert studio.engine.streaming.overflowed == 7


@given(st.lists(st.tuples(st.integers(0, 600), st.integers(0, 3), st.booleans()), max_size=25))
def test_every_octet_that_was_said_is_played_once_or_cleared(story: list[tuple[int, int, bool]]) -> None:
    studio = Studio()
    studio.phone(1)
    studio.apply(OpenStream(50, (), leg=1))
    epoch, said, totals = 0, 0, {}
    for octets, ticks, clears in story:
        room = SAID_SAMPLES - FADE_SAMPLES - said
        octets = min(octets, max(0, room))
        studio.apply(say(50, np.full(octets, 500, np.int16)))
        said += octets
        studio.tick(ticks)
        if clears:
            totals[epoch] = said
            epoch, said = epoch + 1, 0
            studio.apply(ClearStream(50, epoch))
    totals[epoch] = said
    studio.tick(30)
    by_epoch: dict[int, list[int]] = {}
    for _, number, octets in played(studio):
        by_epoch.setdefault(number if number >= 0 else ~number, []).append(octets)
    assert all(numbers == sorted(numbers) and numbers[-1] <= totals[n] for n, numbers in by_epoch.items())
    assert by_epoch.get(epoch, [0])[-1] == totals[epoch]


# --- moved ----------------------------------------------------------------------------------------------------------


def test_a_moved_stream_listens_and_speaks_elsewhere_from_the_next_tick_on(studio: Studio) -> None:
    alice, bob = studio.phone(1, hums=400), studio.phone(2, hums=700)
    studio.apply(OpenStream(50, (inbound(1),), leg=1), say(50, hum(1100, samples=20 * FRAME)))
    studio.tick(4)
    assert (notes(heard(studio)[50, 0]), alice.hears(), bob.hears()) == ({400}, {1100}, set())
    studio.apply(MoveStream(50, (inbound(2),), leg=2))
    studio.tick()
    assert (notes(heard(studio)[50, 0]), alice.hears(), bob.hears()) == ({700}, set(), {1100})


def test_not_a_sample_of_what_it_says_is_lost_or_said_twice(studio: Studio) -> None:
    alice, bob = studio.phone(1), studio.phone(2)
    said = hum(400, samples=4 * FRAME)
    studio.apply(OpenStream(50, (), leg=1), say(50, said))
    studio.tick(2)
    studio.apply(MoveStream(50, (), leg=2))
    studio.tick(3)
    both = alice.audio.astype(int) + bob.audio.astype(int)
    assert np.array_equal(both[: len(said)], g711.decode_ulaw(g711.encode_ulaw(said)))
    assert played(studio)[-1] == (50, 0, len(said)), "and it is counted on"


def test_the_fade_of_what_was_cleared_is_not_heard_where_it_goes(studio: Studio) -> None:
    studio.phone(1)
    bob = studio.phone(2)
    studio.apply(OpenStream(50, (), leg=1), say(50, hum(400, samples=10 * FRAME)))
    studio.tick(2)
    studio.apply(ClearStream(50, 1), MoveStream(50, (), leg=2))
    studio.tick(3)
    assert not bob.audio.any()
    studio.apply(say(50, hum(700, samples=2 * FRAME)))
    studio.tick(2)
    assert bob.hears() == {700}
    assert played(studio)[-1][:2] == (50, 1)


def test_nor_is_what_was_under_way_in_a_pipe(studio: Studio) -> None:
    room = studio.phone(9)
    studio.apply(OpenPipe(1, 2), OpenStream(50, (), leg=2), say(50, hum(400, samples=10 * FRAME)))
    studio.tick(3)
    studio.room(5, 1, 9)
    studio.apply(ClearStream(50, 1), MoveStream(50, (), leg=2))
    studio.tick(4)
    assert not room.audio.any()


def test_a_leg_that_it_left_may_close_and_one_where_it_is_may_too(studio: Studio) -> None:
    studio.phone(1)
    bob = studio.phone(2, hums=700)
    studio.apply(OpenStream(50, (inbound(1),), leg=1))
    studio.tick(2)
    studio.apply(MoveStream(50, (inbound(2),), leg=2), CloseLeg(1), say(50, hum(400, samples=10 * FRAME)))
    studio.tick(4)
    assert bob.hears() == {400}
    assert notes(heard(studio)[50, 0]) == {700}
    studio.apply(CloseLeg(2))
    studio.tick(2)
    assert notes(heard(studio)[50, 0]) == set()
    studio.apply(CloseStream(50))
    studio.tick()


def test_a_move_of_no_stream_or_with_other_tracks_is_nothing(studio: Studio) -> None:
    studio.phone(1, hums=400)
    studio.phone(2, hums=700)
    studio.apply(OpenStream(50, (inbound(1),), leg=1))
    studio.apply(MoveStream(51, (inbound(2),), leg=2), MoveStream(50, (), leg=2))
    studio.apply(MoveStream(50, (inbound(2), outbound(2)), leg=2))
    studio.tick(3)
    assert notes(heard(studio)[50, 0]) == {400}


def test_a_move_to_a_leg_that_is_gone_is_silence(studio: Studio) -> None:
    studio.phone(1, hums=400)
    studio.apply(OpenStream(50, (inbound(1),), leg=1))
    studio.apply(MoveStream(50, (inbound(9),), leg=9), say(50, hum(400, samples=2 * FRAME)))
    studio.tick(3)
    assert notes(heard(studio)[50, 0]) == set()
