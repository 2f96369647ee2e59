"""The media engine: commands and packets in, a tick, events and packets out.

It knows no socket, clock or thread; shells bring packets, call `tick` every 20 ms, and carry packets away. A shell
that keeps time better does so beat by beat: `begin_beat`, the work of every lane, on threads if it likes, `end_beat`.
Commands take effect between two beats, all those of one `apply` together; every room is mixed once a tick (law 2).
"""

from collections.abc import Iterable, Iterator
from typing import Final, Self

import numpy as np

from mixminus.base.types import RandomBytes
from mixminus.media.beats import Beats
from mixminus.media.clips import ClipStore
from mixminus.media.contract import (
    AskStatistics,
    ChangeRoom,
    CloseLeg,
    Command,
    Event,
    OpenLeg,
    OpenPipe,
    PauseRecording,
    Play,
    PlayerFinished,
    PolishVoice,
    ResumeRecording,
    RtpTimedOut,
    SendDigits,
    SetLegMedia,
    SetRoom,
    SetTaps,
    StartRecording,
    StopPlayer,
    StopRecording,
    UseCertificate,
    WatchKeys,
    WatchRoom,
    WatchSpeech,
)
from mixminus.media.digits import DigitSenders
from mixminus.media.disk import Disk, InlineDisk
from mixminus.media.engine_settings import EngineSettings as EngineSettings
from mixminus.media.formatted_streaming import FormattedStreaming
from mixminus.media.handshakes import Datagram, Handshakes, NoHandshakes
from mixminus.media.health import Punctuality, statistics
from mixminus.media.hearing import Hearing
from mixminus.media.kernels.turns import pass_on
from mixminus.media.lane import Lane
from mixminus.media.leg_lives import close_leg, open_leg, open_pipe, set_media
from mixminus.media.legs import Legs
from mixminus.media.players import Players
from mixminus.media.polishing import Polishing
from mixminus.media.ports import ImaginaryPorts, Ports
from mixminus.media.recorders import Recorders
from mixminus.media.reports import Reports
from mixminus.media.rooms import Rooms
from mixminus.media.sealed_state import NOT_RTP
from mixminus.media.sealing import Sealing
from mixminus.media.seats import Seats
from mixminus.media.secure_bench import Bench, InlineBench
from mixminus.media.secure_far_ends import FarEnds
from mixminus.media.srtp_terms import SrtpKeys
from mixminus.media.state import CONTROL_ARRIVED, DIGIT, PACKET_BYTES, PLAYER_ENDED, TIMED_OUT
from mixminus.media.stream_terms import StreamCommand
from mixminus.media.streaming import Streaming
from mixminus.media.turn import Turn
from mixminus.media.watching import RoomWatch
from mixminus.media.wideband import Wideband
from mixminus.rtp.telephone_event import DIGITS

FOLLOW_TICKS: Final = 50
"""So often rooms may move to better beats."""


class Engine:
    """All legs and rooms of one worker."""

    def __init__(
        self,
        settings: EngineSettings,
        random_bytes: RandomBytes,
        ports: Ports | None = None,
        disk: Disk | None = None,
        bench: Bench | None = None,
    ) -> None:
        disk = disk or InlineDisk()
        self.ports = ports or ImaginaryPorts()
        self.seats = Seats(settings.beats, settings.lanes, settings.lone_legs)
        self.legs = Legs(settings.legs, self.seats, random_bytes)
        self.rooms = Rooms(settings.rooms, self.legs)
        self.players = Players(settings.players, self.legs, self.rooms, ClipStore(disk, settings.clip_cache_bytes))
        self.recorders = Recorders(settings.recorders, self.legs, self.rooms, disk)
        self.streaming = Streaming(self.legs, self.rooms)
        self.watch = RoomWatch(self.rooms, self.players)
        self.formatted = FormattedStreaming(self.legs, self.rooms)
        self.wideband = Wideband(self.legs, self.rooms, self.recorders, self.formatted)
        self.digits = DigitSenders(self.legs)
        self.hearing = Hearing(settings.legs, self.legs)
        self.polishing = Polishing(self.legs)
        self.sealing = Sealing(self.legs, settings.lanes)
        self.reports = Reports(self.legs, self.sealing, random_bytes)
        self.handshakes: Handshakes = NoHandshakes()
        """Whose results are `found`, `secure` and `tell`."""
        self._bench = bench or InlineBench()
        self._handed_up: list[tuple[int, bytes, tuple[str, int]]] = []
        self.punctuality = Punctuality()
        """The shell's to write."""
        self.beats = Beats(self.legs, self.rooms)
        self.lanes = tuple(self._lane(number, settings) for number in range(settings.lanes))
        self.inbox_overflows = 0
        self.ticks = 0
        self.beat = settings.beats - 1
        """Counted from the engine's beginning, which is not a tick."""
        self.max_legs = settings.max_legs
        self._events: list[Event] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Complete all recordings."""
        self.recorders.close()

    def apply(self, commands: Iterable[Command]) -> None:
        """Carry out commands, before the next tick."""
        for command in commands:
            self._carry_out(command)

    def take_events(self) -> list[Event]:
        """What happened since this was asked last, in order."""
        self._events.extend(self.recorders.take_ended())
        events, self._events = self._events, []
        return events

    def found(self, leg: int, host: str, port: int) -> None:
        """Checks say that the leg's far end is there."""
        self.legs.found(leg, host, port)

    def secure(self, leg: int, keys: SrtpKeys) -> None:
        """A handshake has agreed on these keys; until then nothing but handshakes goes in or out."""
        self.sealing.secure(leg, keys)

    def tell(self, *events: Event) -> None:
        """Have the control plane hear of this, too."""
        self._events.extend(events)

    def shake_hands(self) -> Iterator[Datagram]:
        """After each beat: bring what is not RTP to whom it is for. Yields what is to be sent."""
        arrived, self._handed_up = self._handed_up, []
        for leg, data, source in arrived:
            self.handshakes.receive(leg, data, source)
        if not self.handshakes.is_idle:
            yield from self.handshakes.exchange()

    def receive(self, leg: int, packet: bytes, source: tuple[str, int], age: int = 0) -> None:
        """Put one datagram into the inbox; the compiled socket loop does so for thousands. `age`: see `Inbox`."""
        row = self.legs.slots.row(leg)
        if row is None:
            return
        lane = self.lanes[int(self.legs.turns.lane[row])]
        at, inbox = lane.arrived, lane.inbox
        if at == len(inbox.slot):
            self.inbox_overflows += 1
            return
        kept = packet[:PACKET_BYTES]
        inbox.data[at, : len(kept)] = np.frombuffer(kept, np.uint8)
        inbox.bytes[at] = len(packet)
        inbox.slot[at] = row
        inbox.generation[at] = self.legs.line.generation[row]
        inbox.source[at] = self.legs.addresses.number(self.legs.line, row, *source)
        inbox.age[at] = age
        lane.arrived += 1

    def tick(self) -> None:
        """20 ms: what arrived is heard, what is heard departs."""
        for lane in self.lanes:
            lane.departing = 0
        for _ in range(self.seats.beats):
            self.begin_beat()
            for lane in self.lanes:
                self.serve(lane)
            self.end_beat()

    def serve(self, lane: Lane) -> None:
        """The work of one lane in this beat, with the packets that `receive` was given."""
        lane.choose()
        lane.work(self.ticks)

    def begin_beat(self) -> None:
        """The next beat: say whose turn it is, and what is in force from now on."""
        self.beat += 1
        if self.beat % self.seats.beats == 0:
            self.ticks += 1
            self._events.extend(self.digits.step())
            self.sealing.step(self.ticks)
            self.wideband.sharing.free(self.ticks)
            if self.ticks % FOLLOW_TICKS == 0:
                self.beats.follow(self.beat)
        self._events.extend(self.players.start_loaded())
        for lane in self.lanes:
            lane.begin(self.beat)
        if self.rooms.changed:
            self.wideband.sharing.settle(self.rooms.changed, self.ticks)
            self._events.extend(self.watch.report(self.ticks, self.beat))
        self.wideband.keep_up()

    @property
    def is_end_of_tick(self) -> bool:
        """Whether the tick's last beat is on, or was."""
        return self.beat % self.seats.beats == self.seats.beats - 1

    def end_beat(self) -> None:
        """All lanes have done their work."""
        legs = self.legs
        if len(legs.pipes):
            pass_on(legs.pipes, legs.line, legs.turns, legs.mixing, self.beat)
            if not self.wideband.is_idle:
                self.wideband.pass_on(self.beat)
        for lane in self.lanes:
            if lane.happenings.totals[0]:
                self._tell_happenings(lane)
            lane.arrived = 0
        self._events.extend(self.streaming.heard(self.beat))
        self._events.extend(self.formatted.heard(self.beat))
        if self.is_end_of_tick:
            self._events.extend(self.watch.go_on(self.ticks))
            self.recorders.flush(self.ticks)

    def _lane(self, number: int, settings: EngineSettings) -> Lane:
        return Lane(
            Turn(number, self.legs),
            settings.happenings,
            self.legs,
            self.rooms,
            self.players,
            self.recorders,
            self.wideband,
            self.digits,
            self.hearing,
            self.polishing,
            self.streaming,
            self.formatted,
            self.sealing,
        )

    def _tell_happenings(self, lane: Lane) -> None:
        happened = lane.happenings
        for at in range(int(happened.totals[0])):
            row = int(happened.row[at])
            match int(happened.kind[at]):
                case kind if kind == DIGIT:
                    leg = self.legs.slots.key(row)
                    self._events.extend(self.hearing.pressed(leg, DIGITS[int(happened.value[at])], self.ticks))
                case kind if kind == TIMED_OUT:
                    self._events.append(RtpTimedOut(self.legs.slots.key(row)))
                case kind if kind == CONTROL_ARRIVED:
                    leg, data, source = self._datagram(lane, row, int(happened.value[at]))
                    self.reports.arrived(leg, data, source)
                case kind if kind == NOT_RTP:
                    leg, data, source = self._datagram(lane, row, int(happened.value[at]))
                    if (address := self.legs.addresses.address(row, source)) is not None:
                        self._handed_up.append((leg, data, address))
                case kind if kind == PLAYER_ENDED:
                    player = self.players.slots.key(row)
                    self.players.stop(player)
                    self._events.append(PlayerFinished(player))
                case kind:
                    self._events.extend(self.hearing.tell(kind, row, int(happened.value[at]), self.ticks))
        happened.totals[0] = 0

    def _carry_out(self, command: Command) -> None:
        match command:
            case OpenLeg(leg):
                self._events.append(open_leg(self, leg))
            case OpenPipe(leg, other):
                self._events.extend(open_pipe(self, leg, other))
            case SetLegMedia():
                set_media(self, command)
            case UseCertificate():
                self.handshakes = FarEnds(self, self._bench, command)
            case PolishVoice():
                self.polishing.set(command)
            case WatchSpeech():
                self._events.extend(self.hearing.watch_speech(command))
            case WatchKeys():
                self.hearing.watch_keys(command)
            case AskStatistics():
                self._events.append(statistics(self, command))
            case CloseLeg(leg):
                close_leg(self, leg)
            case SetRoom(room, rows):
                self.rooms.set_plan(command)
                self.watch.note(command)
                if not rows:
                    self.players.stop_on(room=room)
            case ChangeRoom():
                self.rooms.change_plan(command)
                self.watch.note(command)
            case WatchRoom(room, on):
                self.watch.watch(room, on)
            case Play():
                if (finished := self.players.play(command)) is not None:
                    self._events.append(finished)
            case StopPlayer(player):
                self.players.stop(player)
            case SendDigits(leg, digits):
                self.digits.send(leg, digits)
            case StartRecording():
                self.recorders.start(command)
            case SetTaps(recording, channels):
                self.recorders.set_taps(recording, channels)
            case PauseRecording(recording, skip):
                self.recorders.pause(recording, skip)
            case ResumeRecording(recording):
                self.recorders.resume(recording)
            case StopRecording(recording):
                self.recorders.stop(recording)
            case StreamCommand():
                self.streaming.carry_out(command)
                self.formatted.carry_out(command)

    def _datagram(self, lane: Lane, row: int, at: int) -> tuple[int, bytes, int]:
        """For whom, what and from where; the inbox still holds this beat's packets."""
        inbox = lane.inbox
        return self.legs.slots.key(row), inbox.data[at, : int(inbox.bytes[at])].tobytes(), int(inbox.source[at])
