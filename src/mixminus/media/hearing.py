"""Legs that are listened to: for speech, and for keys that sound as tones. Who is not costs nothing."""

from collections.abc import Iterator
from typing import Final

import numpy as np

from mixminus.audio.frames import FRAMES_PER_SECOND
from mixminus.audio.key_tones import KEYPAD, tones
from mixminus.media.bundles import clear_row, grown, zeroed
from mixminus.media.contract import DigitPressed, Event, SpeechStarted, SpeechStopped, WatchKeys, WatchSpeech
from mixminus.media.kernels.keys import hear_keys
from mixminus.media.kernels.speech import hear_speech
from mixminus.media.legs import Legs
from mixminus.media.state import I32, KEY_SOUNDED, SPEECH_STARTED, SPEECH_STOPPED, Happenings, Keys, Speech
from mixminus.media.turn import Turn

SAME_KEY_TICKS: Final = FRAMES_PER_SECOND // 2
"""A gateway that sends a key as an event lets the beginning of its tone through; some let all of it."""


class Watched:
    """Legs, and their rows for the kernels."""

    def __init__(self, legs: Legs) -> None:
        self._legs = legs
        self._ids: dict[int, None] = {}
        self.rows = np.zeros(0, np.int32)

    def __contains__(self, leg: int) -> bool:
        return leg in self._ids

    def add(self, leg: int) -> None:
        self._ids[leg] = None
        self._refresh()

    def remove(self, leg: int) -> None:
        """Harmless for one that is not watched."""
        if leg in self._ids:
            del self._ids[leg]
            self._refresh()

    def _refresh(self) -> None:
        self.rows = np.array([self._legs.slots.row(leg) for leg in self._ids], np.int32)


class Hearing:
    """Which legs are watched, and what was heard of them. Rows are those of the legs."""

    def __init__(self, capacity: int, legs: Legs) -> None:
        self._legs = legs
        self._speech, self._speakers = zeroed(Speech, capacity), Watched(legs)
        self._keys, self._keypads = zeroed(Keys, capacity), Watched(legs)
        self._sounded: dict[int, tuple[str, int]] = {}
        """The last key of a leg that was reported for its tone, and the tick."""
        self._frequencies = tones()

    @property
    def is_idle(self) -> bool:
        """Whether nobody is watched."""
        return not (len(self._speakers.rows) or len(self._keypads.rows))

    def watch_speech(self, wish: WatchSpeech) -> Iterator[Event]:
        """Begin or cease to listen; who was speaking is told to have stopped."""
        row = self._legs.slots.row(wish.leg)
        if row is None or wish.on == (wish.leg in self._speakers):
            return
        if wish.on:
            if row >= len(self._speech.speaking):
                self._speech = grown(self._speech, self._legs.slots.capacity)
            clear_row(self._speech, row)
            self._speakers.add(wish.leg)
        else:
            self._speakers.remove(wish.leg)
            if self._speech.speaking[row]:
                yield SpeechStopped(wish.leg)

    def watch_keys(self, wish: WatchKeys) -> None:
        """Begin or cease to listen to tones."""
        row = self._legs.slots.row(wish.leg)
        if row is None:
            return
        if row >= len(self._keys.mutes):
            self._keys = grown(self._keys, self._legs.slots.capacity)
        line = self._legs.line
        has_nothing_else = line.has_media[row] == 1 and line.event_payload_type[row] < 0
        if (wish.on or has_nothing_else) and wish.leg not in self._keypads:
            clear_row(self._keys, row)
            self._keypads.add(wish.leg)
        elif not wish.on and not has_nothing_else:
            self._keypads.remove(wish.leg)
            self._sounded.pop(wish.leg, None)
        self._keys.mutes[row] = wish.on and wish.muted

    def forget(self, leg: int) -> None:
        """The leg is about to be closed."""
        self._speakers.remove(leg)
        self._keypads.remove(leg)
        self._sounded.pop(leg, None)

    def warm_up(self, turn: Turn, happenings: Happenings) -> None:
        """Compile, or load, the kernels before the first leg needs them in the middle of a beat."""
        nobody = np.zeros(0, np.int32)
        self._listen(nobody, nobody, turn, happenings)

    def hear(self, turn: Turn, happenings: Happenings) -> None:
        """Those whose turn it is, after the playout and before the mix."""
        speakers, keypads = turn.among(self._speakers.rows), turn.among(self._keypads.rows)
        if len(speakers) or len(keypads):
            self._listen(speakers, keypads, turn, happenings)

    def _listen(self, speakers: I32, keypads: I32, turn: Turn, happenings: Happenings) -> None:
        mixing = self._legs.mixing
        hear_speech(speakers, len(speakers), self._speech, mixing, happenings)
        levels, work = turn.scratch.levels, turn.scratch.space.work
        hear_keys(keypads, len(keypads), self._keys, mixing, happenings, self._frequencies, levels, work)

    def tell(self, kind: int, row: int, value: int, tick: int) -> Iterator[Event]:
        """What a happening of these kernels means."""
        leg = self._legs.slots.key(row)
        if kind == SPEECH_STARTED:
            yield SpeechStarted(leg)
        elif kind == SPEECH_STOPPED:
            yield SpeechStopped(leg)
        elif kind == KEY_SOUNDED and self._legs.reception.event_code[row] < 0:
            # A far end that has sent one key as an event sends all of them so.
            self._sounded[leg] = KEYPAD[value], tick
            yield DigitPressed(leg, KEYPAD[value])

    def pressed(self, leg: int, digit: str, tick: int) -> Iterator[Event]:
        """A key came as an event (RFC 4733); its tone may have told of it already."""
        sounded, when = self._sounded.pop(leg, ("", 0))
        if sounded != digit or tick - when > SAME_KEY_TICKS:
            yield DigitPressed(leg, digit)
