"""Streams that want to know who else is in the conference that their call is in, whenever it is in one.

Here it is settled who has a track. Whether somebody is heard on it the engine finds out, tick by tick, from the
routing plan: the agent hears on a track what it could hear in the mix, and nothing else (law 1). Who hears the agent
is told for its reports of what was played.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Final

from mixminus.app.streams.live_stream import LiveStream
from mixminus.base.types import Sid
from mixminus.calls.outputs import Seat
from mixminus.media.contract import Tap
from mixminus.streams.contract import Fault
from mixminus.streams.faults import BAD_TRACKS
from mixminus.streams.heard_by import Listener

MOST_TRACKS: Final = 64
"""Of a stream: 3,200 frames a second. Who comes later waits, unannounced, until somebody leaves."""


@dataclass(frozen=True, slots=True)
class Roster:
    """Who is in a conference now."""

    legs: Mapping[Sid, int]
    seats: Mapping[Sid, Seat]
    """The rows of the routing plan."""
    label_of: Callable[[Sid], str | None]

    def leg(self, call_sid: Sid) -> int | None:
        return self.legs.get(call_sid) if call_sid in self.seats else None

    def others(self, call_sid: Sid) -> dict[Sid, int]:
        """Their legs."""
        return {sid: leg for sid, leg in self.legs.items() if sid != call_sid and sid in self.seats}

    def listeners(self, call_sid: Sid) -> tuple[Listener, ...]:
        """The others, and whether each one hears this one."""
        is_public = self.seats[call_sid].recorded
        return tuple(
            Listener(sid, self.label_of(sid), (is_public and seat.hears_bus) or call_sid in seat.plus)
            for sid in self.others(call_sid)
            if (seat := self.seats[sid])
        )


@dataclass(slots=True)
class Attendance:
    """What one stream hears of a conference."""

    stream: LiveStream
    call_sid: Callable[[], Sid]
    """Of the call at whose leg the stream is now."""
    room: int | None = None
    ear: int | None = None
    tracks: dict[Sid, tuple[int, int]] = field(default_factory=dict)
    """By call: its leg, and the number of its track."""
    numbers: "count[int]" = field(default_factory=count)

    def follow(self, room: int | None, ear: int | None, legs: Mapping[Sid, int], roster: Roster | None) -> None:
        """These are heard now, by the leg *ear* in *room*."""
        moved = (room, ear) != (self.room, self.ear)
        self.room, self.ear = room, ear
        for call_sid, (leg, number) in tuple(self.tracks.items()):
            if moved or legs.get(call_sid) != leg:
                del self.tracks[call_sid]
                self.stream.drop_track(number)
        for call_sid, leg in legs.items():
            if call_sid in self.tracks or roster is None:
                continue
            if len(self.tracks) == MOST_TRACKS:
                self.stream.warn_once(Fault(BAD_TRACKS, f"A stream has at most {MOST_TRACKS} tracks of participants"))
                break
            number = next(self.numbers)
            self.tracks[call_sid] = leg, number
            tap = Tap("to_ear", leg, room, ear=ear)
            self.stream.add_track(number, (tap,), call_sid, roster.label_of(call_sid))


class ParticipantTracks:
    """All of a node."""

    def __init__(self) -> None:
        self._rosters: dict[int, Roster] = {}
        self._attending: dict[Sid, Attendance] = {}
        """By stream."""

    def begin(self, stream: LiveStream, call_sid: Callable[[], Sid]) -> None:
        """A stream has begun; harmless for one that does not care. *call_sid*: of the call where it is."""
        if stream.facts.has_participant_tracks or stream.facts.reports_played:
            attendance = self._attending[stream.facts.sid] = Attendance(stream, call_sid)
            self._find(attendance)

    def moved(self, stream: LiveStream) -> None:
        """It is at another call's leg now."""
        if attendance := self._attending.get(stream.facts.sid):
            self._find(attendance)

    def end(self, stream: LiveStream) -> None:
        """It is about to stop; harmless when it has not begun."""
        self._attending.pop(stream.facts.sid, None)

    def rewired(self, room: int, roster: Roster | None) -> None:
        """A conference has another plan; None: it is over."""
        if roster is None:
            self._rosters.pop(room, None)
        else:
            self._rosters[room] = roster
        for attendance in tuple(self._attending.values()):
            if roster is not None and roster.leg(attendance.call_sid()) is not None:
                _attend(attendance, room, roster)
            elif attendance.room == room:
                self._find(attendance)

    def _find(self, attendance: Attendance) -> None:
        """The conference that the stream's call is in, if it is in one."""
        call_sid = attendance.call_sid()
        for room, roster in self._rosters.items():
            if roster.leg(call_sid) is not None:
                _attend(attendance, room, roster)
                return
        attendance.follow(None, None, {}, None)
        attendance.stream.heard_by(())


def _attend(attendance: Attendance, room: int, roster: Roster) -> None:
    mine, facts = attendance.call_sid(), attendance.stream.facts
    if facts.has_participant_tracks:
        attendance.follow(room, roster.leg(mine), roster.others(mine), roster)
    else:
        attendance.room = room
    if facts.reports_played:
        attendance.stream.heard_by(roster.listeners(mine))
