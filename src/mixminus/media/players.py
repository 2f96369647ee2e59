"""Players: programmes of clips, on a leg or on a room's bus."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from mixminus.audio.frames import samples_of
from mixminus.media.bundles import grown, zeroed
from mixminus.media.clips import ClipStore, LoadedClip
from mixminus.media.contract import Clip, Play, PlayerFinished, Silence, Tone
from mixminus.media.legs import Legs
from mixminus.media.rooms import Rooms
from mixminus.media.slots import Chains, Slots
from mixminus.media.state import PlayerRows, Segments

MAX_SILENCE_MS: Final = 24 * 3600 * 1000
"""The longest call is a day."""
MAX_TONE_MS: Final = 600 * 1000
"""Tones are kept as samples; longer ones are for `loops`."""

MAX_LOOPS: Final = 1_000_000
MAX_FREQUENCIES: Final = 16

Target = tuple[int | None, int | None]
"""The leg, or the room."""


@dataclass(frozen=True, slots=True)
class _Programme:
    """What a player plays: leased clips, and None for a silence."""

    play: Play
    clips: tuple[LoadedClip | None, ...]

    @property
    def leased(self) -> Iterator[LoadedClip]:
        return (clip for clip in self.clips if clip is not None)

    @property
    def is_ready(self) -> bool:
        return all(clip.is_ready for clip in self.leased)

    @property
    def error(self) -> str | None:
        return next((clip.error for clip in self.leased if clip.error), None)

    @property
    def lengths(self) -> list[int]:
        """Samples of each clip."""
        return [
            samples_of(source.duration_ms) if isinstance(source, Silence) else _length(clip)
            for source, clip in zip(self.play.clips, self.clips, strict=True)
        ]


class Players:
    """Starts players as soon as their clips are loaded, and frees what they used when they end."""

    def __init__(self, capacity: int, legs: Legs, rooms: Rooms, store: ClipStore) -> None:
        self.slots: Slots[int] = Slots(capacity)
        self.rows = zeroed(PlayerRows, capacity)
        self.segments = zeroed(Segments, capacity)
        self._segment_rows = Chains(capacity)
        self._legs = legs
        self._rooms = rooms
        self._store = store
        self._programmes: dict[int, _Programme] = {}
        self._playing_on: dict[Target, set[int]] = {}
        self._loading: list[int] = []

    def play(self, play: Play) -> PlayerFinished | None:
        """Take a player in; an event if it is over before it began."""
        self.stop(play.player)
        if (fault := self._fault(play)) is not None:
            return PlayerFinished(play.player, fault)
        clips = tuple(None if isinstance(c, Silence) else self._store.lease(c) for c in play.clips)
        programme = self._programmes[play.player] = _Programme(play, clips)
        self._playing_on.setdefault(_target(play), set()).add(play.player)
        if self.slots.is_full:
            self.slots.grow(2 * self.slots.capacity)
            self.rows = grown(self.rows, self.slots.capacity)
        row = self.slots.take(play.player)
        self.rows.segment[row] = self.rows.first[row] = -1
        self.rows.room[row] = -1 if play.room is None else self._rooms.hold(play.room)
        leg_row = None if play.leg is None else self._legs.slots.row(play.leg)
        self.rows.leg[row] = -1 if leg_row is None else leg_row
        self.rows.loops_left[row] = play.loops
        if programme.is_ready:
            return self._start(play.player)
        self._loading.append(play.player)
        return None

    def start_loaded(self) -> Iterator[PlayerFinished]:
        """Start those whose clips have arrived meanwhile."""
        if not self._loading:
            return
        for player in tuple(self._loading):
            if self._programmes[player].is_ready:
                self._loading.remove(player)
                if (finished := self._start(player)) is not None:
                    yield finished

    def stop(self, player: int) -> None:
        """Free the player. An unknown one is ignored."""
        programme = self._programmes.pop(player, None)
        if programme is None:
            return
        if player in self._loading:
            self._loading.remove(player)
        neighbours = self._playing_on[_target(programme.play)]
        neighbours.remove(player)
        if not neighbours:
            del self._playing_on[_target(programme.play)]
        row = self.slots.release(player)
        segment = int(self.rows.first[row])
        while segment >= 0:
            self._segment_rows.release(segment)
            segment = int(self.segments.next[segment])
        self.rows.first[row] = self.rows.segment[row] = -1
        for clip in programme.leased:
            self._store.give_back(clip)
        self._rooms.touch(programme.play.leg, programme.play.room)
        if programme.play.room is not None:
            self._rooms.release(programme.play.room)

    def sounding(self, *, leg: int | None = None, room: int | None = None) -> tuple[int, ...]:
        """Those that play to a leg or to a room in this tick, and not only load."""
        here = self._playing_on.get((leg, room), ())
        return tuple(sorted(player for player in here if self.rows.segment[self.slots.row(player)] >= 0))

    def stop_on(self, *, leg: int | None = None, room: int | None = None) -> None:
        """Stop all that play to a leg, or to a room."""
        for player in tuple(self._playing_on.get((leg, room), ())):
            self.stop(player)

    def _fault(self, play: Play) -> str | None:
        if (play.leg is None) == (play.room is None):
            return "a player needs one leg or one room"
        if play.leg is not None and play.leg not in self._legs.slots:
            return "the leg is gone"
        if not 0 <= play.loops <= MAX_LOOPS:
            return f"loops must be from 0 to {MAX_LOOPS}"
        if not all(_is_bearable(clip) for clip in play.clips):
            return "a number is out of range"
        return None

    def _start(self, player: int) -> PlayerFinished | None:
        programme = self._programmes[player]
        lengths = programme.lengths
        error = programme.error
        if error is None and not any(lengths) and programme.play.loops == 0:
            error = "there is nothing to play for ever"
        if error is not None or not any(lengths):
            self.stop(player)
            return PlayerFinished(player, error)
        row = self.slots.row(player)
        assert row is not None
        following = -1
        for clip, samples in reversed(list(zip(programme.clips, lengths, strict=True))):
            if samples:
                following = self._add_segment(0 if clip is None else clip.address, samples, following)
        self.rows.first[row] = self.rows.segment[row] = following
        self.rows.position[row] = 0
        self._rooms.touch(programme.play.leg, programme.play.room)
        return None

    def _add_segment(self, address: int, samples: int, following: int) -> int:
        if self._segment_rows.is_full:
            self._segment_rows.grow(2 * self._segment_rows.capacity)
            self.segments = grown(self.segments, self._segment_rows.capacity)
        segment = self._segment_rows.take()
        self.segments.address[segment] = address
        self.segments.samples[segment] = samples
        self.segments.next[segment] = following
        return segment


def _target(play: Play) -> Target:
    return play.leg, play.room


def _is_bearable(clip: Clip) -> bool:
    match clip:
        case Silence(duration_ms):
            return 0 <= duration_ms <= MAX_SILENCE_MS
        case Tone(frequencies_hz, duration_ms, level_dbfs):
            numbers = (*frequencies_hz, level_dbfs)
            bearable = len(frequencies_hz) <= MAX_FREQUENCIES and all(map(math.isfinite, numbers))
            return bearable and 0 <= duration_ms <= MAX_TONE_MS
    return True


def _length(clip: LoadedClip | None) -> int:
    return 0 if clip is None or clip.samples is None else len(clip.samples)
