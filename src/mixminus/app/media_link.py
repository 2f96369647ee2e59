"""The control plane's hold on the media plane: ids drawn, answers awaited, events sent to whoever asked."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import Protocol, TypeVar

from mixminus.app.calls.key_ways import KeyWays
from mixminus.app.streams.stream_link import StreamLink
from mixminus.base.errors import Refusal
from mixminus.media.contract import (
    Applied,
    AskStatistics,
    Clip,
    CloseLeg,
    Command,
    DigitPressed,
    DigitsSent,
    Event,
    LegOpened,
    LegRefused,
    MediaPlane,
    OpenLeg,
    OpenPipe,
    Play,
    PlayerFinished,
    RecordingStopped,
    RtpTimedOut,
    SecuringFailed,
    SendDigits,
    SetRoom,
    SpeechStarted,
    SpeechStopped,
    Statistics,
    StopPlayer,
    StreamsHeard,
    Ticked,
    WatchKeys,
    WatchRoom,
    WatchSpeech,
    WorkerLost,
)
from mixminus.media.figures import WorkerHealth

T = TypeVar("T")


class NoMedia(Refusal):
    """The media plane has no port left, or is gone."""

    def __init__(self, reason: str) -> None:
        super().__init__(10004, 503, f"No media for another call: {reason}")


@dataclass(frozen=True, slots=True)
class OpenedLeg:
    """A leg and the address where it takes RTP."""

    leg: int
    host: str
    port: int


class Playback:
    """A player that is at work. `finished` resolves with an error text or None; it is cancelled by a stop."""

    def __init__(self, player: int, finished: asyncio.Future[str | None], media: "MediaLink") -> None:
        self.finished = finished
        self.player = player
        self._media = media

    def hush(self) -> tuple[Command, ...]:
        """What stops it; the caller applies it. Nothing when it has ended already.

        `finished` does not tell: who waits for it and is cancelled has cancelled it, and the player plays on.
        """
        self.finished.cancel()
        return (StopPlayer(self.player),) if self._media.forget_player(self.player) else ()

    def stop(self) -> None:
        """End it at the next tick; harmless when it has ended already."""
        self._media.apply(*self.hush())


@dataclass(frozen=True, slots=True)
class Playing:
    """Who waits for a player, and where it plays."""

    finished: asyncio.Future[str | None]
    leg: int | None
    room: int | None


class LegListener:
    """What a leg's owner wants to hear of it."""

    def digit(self, digit: str) -> None:
        """A key was pressed."""

    def rtp_timed_out(self) -> None:
        """The phone has said nothing for too long."""

    def securing_failed(self, reason: str) -> None:
        """There will be no audio: the phone and we did not agree on keys."""


class RoomWatcher(Protocol):
    """What wants to know what is in force in a room."""

    def applied(self, event: Applied) -> None: ...

    def ticked(self, tick: int) -> None:
        """Until this tick, inclusive, what was applied last still holds."""


class MediaLink:
    """One per node."""

    def __init__(self, plane: MediaPlane, *, on_worker_lost: Callable[[str], None] = lambda reason: None) -> None:
        self._plane = plane
        self._ids = count(1)
        self._opening: dict[int, asyncio.Future[OpenedLeg]] = {}
        self._players: dict[int, Playing] = {}
        self._sending: dict[int, asyncio.Future[None]] = {}
        self._recordings: dict[str, asyncio.Future[RecordingStopped]] = {}
        self._asked: dict[int, asyncio.Future[Statistics]] = {}
        self._listeners: dict[int, LegListener] = {}
        self._keys = KeyWays()
        self._watchers: dict[int, RoomWatcher] = {}
        self._speech: dict[int, Callable[[bool], None]] = {}
        self.streams = StreamLink(self.apply)
        self._gathered: list[Command] | None = None
        """What is to be carried out together."""
        self.on_worker_lost = on_worker_lost
        plane.listen(self._heard)

    def new_id(self) -> int:
        """An id for a room, a leg or a player."""
        return next(self._ids)

    def apply(self, *commands: Command) -> None:
        """Carry out these commands between the same two ticks."""
        if self._gathered is not None:
            self._gathered.extend(commands)
        elif commands:
            self._plane.apply(*commands)
        for command in commands:
            match command:
                case CloseLeg(leg):
                    self._silenced(leg=leg)
                    if sending := self._sending.pop(leg, None):
                        sending.cancel()
                case SetRoom(room, rows) if not rows:
                    self._silenced(room=room)

    @contextmanager
    def together(self) -> Iterator[None]:
        """All that is applied meanwhile is carried out between the same two ticks. Nobody waits in there."""
        assert self._gathered is None, "one thing at a time"
        self._gathered = []
        try:
            yield
        finally:
            gathered, self._gathered = self._gathered, None
            if gathered:
                self._plane.apply(*gathered)

    # --- legs -----------------------------------------------------------------------------------------------------

    async def open_leg(self) -> OpenedLeg:
        """Bind a port for a new leg. Raises `NoMedia`."""
        leg = self.new_id()
        opened: asyncio.Future[OpenedLeg] = asyncio.get_running_loop().create_future()
        self._opening[leg] = opened
        self.apply(OpenLeg(leg))
        try:
            return await opened
        except asyncio.CancelledError:
            self.apply(CloseLeg(leg))
            raise

    def open_pipe(self) -> tuple[int, int]:
        """Two legs, back to back: the one that sits in a room and the one that runs a document."""
        near, far = self.new_id(), self.new_id()
        self.apply(OpenPipe(near, far))
        return near, far

    def close_leg(self, leg: int) -> None:
        self._listeners.pop(leg, None)
        self._keys.forget(leg)
        self._speech.pop(leg, None)
        self.apply(CloseLeg(leg))

    def listen(self, leg: int, listener: LegListener) -> None:
        """From now on *listener* hears of this leg's keys and time-outs."""
        self._listeners[leg] = listener

    def watch_speech(self, leg: int, heard: Callable[[bool], None] | None) -> None:
        """Call *heard* with True when the leg begins to speak, with False when it ceases; None: not any more."""
        if heard is None:
            self._speech.pop(leg, None)
        else:
            self._speech[leg] = heard
        self.apply(WatchSpeech(leg, heard is not None))

    @contextmanager
    def collecting_keys(self, leg: int) -> Iterator[None]:
        """Meanwhile keys are understood that sound as tones, too, and nobody else hears them."""
        self.apply(WatchKeys(leg, on=True, muted=True))
        try:
            yield
        finally:
            self.apply(WatchKeys(leg, on=False))

    # --- rooms ----------------------------------------------------------------------------------------------------

    def watch(self, room: int, watcher: RoomWatcher) -> None:
        """From now on *watcher* hears what is in force in the room."""
        self._watchers[room] = watcher
        self.apply(WatchRoom(room))

    def unwatch(self, room: int) -> None:
        """Nobody listens any more to what is told of the room."""
        self._watchers.pop(room, None)

    # --- players --------------------------------------------------------------------------------------------------

    def play(
        self, clips: tuple[Clip, ...], *, loops: int = 1, leg: int | None = None, room: int | None = None
    ) -> Playback:
        """Start a player on a leg or a room."""
        player = self.new_id()
        finished: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        self._players[player] = Playing(finished, leg, room)
        self.apply(Play(player, clips, loops, leg=leg, room=room))
        return Playback(player, finished, self)

    def forget_player(self, player: int) -> bool:
        """Nobody waits for this player any more. Returns whether it was still at work."""
        return self._players.pop(player, None) is not None

    def _silenced(self, *, leg: int | None = None, room: int | None = None) -> None:
        """What played there was stopped with it; no event tells."""
        stopped = [player for player, playing in self._players.items() if (playing.leg, playing.room) == (leg, room)]
        for player in stopped:
            self._players.pop(player).finished.cancel()

    async def send_digits(self, leg: int, digits: str) -> None:
        """Press keys towards the far end; returns when the last one is out."""
        sent: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sending[leg] = sent
        self.apply(SendDigits(leg, digits))
        await sent

    # --- recordings -----------------------------------------------------------------------------------------------

    def recorded(self, recording: str) -> asyncio.Future[RecordingStopped]:
        """Resolves when the file is complete of the recording of that name, which is about to be started."""
        stopped: asyncio.Future[RecordingStopped] = asyncio.get_running_loop().create_future()
        self._recordings[recording] = stopped
        return stopped

    # --- figures --------------------------------------------------------------------------------------------------

    def statistics(self, *legs: int) -> asyncio.Future[Statistics]:
        """How the worker keeps up, and how these legs fare as of now: what is applied next does not change it."""
        query = self.new_id()
        asked: asyncio.Future[Statistics] = asyncio.get_running_loop().create_future()
        self._asked[query] = asked
        self.apply(AskStatistics(query, legs))
        return asked

    def key_told(self, leg: int, key: str) -> None:
        """A phone told by SIP that a key was pressed; the audio of the leg need not say so."""
        if self._keys.told(leg, key):
            self._pressed(leg, key)

    def _pressed(self, leg: int, key: str) -> None:
        if listener := self._listeners.get(leg):
            listener.digit(key)

    # --- events ---------------------------------------------------------------------------------------------------

    def _heard(self, event: Event) -> None:
        match event:
            case LegOpened(leg, host, port):
                _resolve(self._opening.pop(leg, None), OpenedLeg(leg, host, port))
            case LegRefused(leg, reason):
                _fail(self._opening.pop(leg, None), NoMedia(reason))
            case DigitPressed(leg, digit):
                if self._keys.heard(leg, digit):
                    self._pressed(leg, digit)
            case RtpTimedOut(leg):
                if listener := self._listeners.get(leg):
                    listener.rtp_timed_out()
            case SecuringFailed(leg, reason):
                if listener := self._listeners.get(leg):
                    listener.securing_failed(reason)
            case SpeechStarted(leg) | SpeechStopped(leg):
                if heard := self._speech.get(leg):
                    heard(isinstance(event, SpeechStarted))
            case PlayerFinished(player, error):
                if playing := self._players.pop(player, None):
                    _resolve(playing.finished, error)
            case DigitsSent(leg):
                _resolve(self._sending.pop(leg, None), None)
            case RecordingStopped():
                _resolve(self._recordings.pop(event.recording, None), event)
            case Statistics(query):
                _resolve(self._asked.pop(query, None), event)
            case StreamsHeard():
                self.streams.heard(event)
            case Applied(room):
                if watcher := self._watchers.get(room):
                    watcher.applied(event)
            case Ticked(tick):
                for watcher in tuple(self._watchers.values()):
                    watcher.ticked(tick)
            case WorkerLost(reason):
                self._lost(reason)

    def _lost(self, reason: str) -> None:
        for opening in self._opening.values():
            _fail(opening, NoMedia(reason))
        for playing in self._players.values():
            _resolve(playing.finished, reason)
        for sending in self._sending.values():
            _resolve(sending, None)
        for query, asked in self._asked.items():
            _resolve(asked, Statistics(query, WorkerHealth()))
        for recording, stopped in self._recordings.items():
            _resolve(stopped, RecordingStopped(recording, 0, 0, False, error=reason))
        for waiting in (self._opening, self._players, self._sending, self._recordings, self._asked):
            waiting.clear()
        self._watchers.clear()
        self.on_worker_lost(reason)


def _resolve(future: asyncio.Future[T] | None, value: T) -> None:
    if future is not None and not future.done():
        future.set_result(value)


def _fail(future: asyncio.Future[T] | None, error: Exception) -> None:
    if future is not None and not future.done():
        future.set_exception(error)
