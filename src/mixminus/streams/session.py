"""One stream's conversation with its agent, from the upgrade to `stop`: bytes in, bytes out, and no clock.

Order is guaranteed: `connected`, `start`, then the rest; `stop` is last (Twilio Docs, WebSocket Messages).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, auto
from itertools import count
from typing import Final

from mixminus.base.stream_formats import LINEAR, OPUS
from mixminus.base.types import FormPairs, Sid
from mixminus.streams.contract import Fault
from mixminus.streams.faults import BUFFER_FULL, MALFORMED
from mixminus.streams.heard_by import HeardBy
from mixminus.streams.loudness import loud_octets
from mixminus.streams.messages import (
    CONNECTED,
    PARTICIPANT,
    Dtmf,
    DtmfBody,
    ListenerBody,
    Mark,
    MarkBody,
    Media,
    MediaBody,
    Participant,
    ParticipantBody,
    Played,
    PlayedBody,
    RoleBody,
    RoleMessage,
    Start,
    StartBody,
    Stop,
    StopBody,
    StreamFacts,
    encode,
)
from mixminus.streams.opus import samples_of
from mixminus.streams.packet_playout import PacketPlayout
from mixminus.streams.playout import LEAD_MS, MOST_MS, Interruption, Playout
from mixminus.streams.reading import Cleared, Marked, Said, read

FRAME_MS: Final = 20

DTMF_TRACK: Final = "inbound_track"
"""Not `inbound`, as media's (twiml-and-streams.md 4.3)."""


class StreamState(Enum):
    CONNECTING = auto()
    STREAMING = auto()
    STOPPED = auto()


class Step(Enum):
    OPEN = auto()
    TALK = auto()
    STOP = auto()


STEPS: Final[dict[StreamState, dict[Step, StreamState]]] = {
    StreamState.CONNECTING: {Step.OPEN: StreamState.STREAMING, Step.STOP: StreamState.STOPPED},
    StreamState.STREAMING: {Step.TALK: StreamState.STREAMING, Step.STOP: StreamState.STOPPED},
    StreamState.STOPPED: {},
}


@dataclass(slots=True)
class Voice:
    """A track that is sent."""

    track: str
    participant: Sid | None = None
    label: str | None = None
    chunks: int = 0


class LocalStreamError(Exception):
    """We tried to say something that the protocol forbids now."""


class StreamSession:
    """All messages of one stream."""

    def __init__(self, facts: StreamFacts) -> None:
        self.facts = facts
        self.state = StreamState.CONNECTING
        playout = PacketPlayout if facts.media_format.encoding == OPUS else Playout
        self.playout = playout(facts.media_format.octets(LEAD_MS), facts.media_format.octets(MOST_MS))
        self.heard_by = HeardBy()
        self.tells_speech = False
        """Whether `playout.is_loud` is to be known."""
        self.refused = 0
        """Messages of the agent that were not obeyed, or not wholly."""
        self._numbers = count(1)
        tracks = () if facts.has_participant_tracks else facts.tracks
        self._voices = {number: Voice(track) for number, track in enumerate(tracks)}
        """By the engine's number of the track."""
        self._began_at: int | None = None
        """The tick before the first one that was heard."""
        self._told: set[int] = set()
        """Codes of faults that the owner knows."""

    # --- to the agent ---------------------------------------------------------------------------------------------

    def open(self, parameters: FormPairs = ()) -> list[bytes]:
        """The WebSocket is up: the first two messages. *parameters* are told beyond those of the document."""
        self._step(Step.OPEN)
        facts = self.facts
        start = StartBody(
            facts.account_sid,
            facts.sid,
            facts.call_sid,
            facts.tracks,
            facts.media_format,
            dict((*facts.parameters, *parameters)),
        )
        return [CONNECTED, encode(Start(self._number(), start, facts.sid))]

    def heard(self, track: int, audio: bytes, tick: int) -> bytes:
        """20 ms of a track. The timestamp follows the ticks, so a frame that was left out is a gap, not a delay."""
        if self.state is not StreamState.STREAMING:
            self._step(Step.TALK)  # which it is not; this is asked 50 times a second and track
        if self._began_at is None:
            self._began_at = tick - 1
        timestamp, voice = FRAME_MS * (tick - self._began_at), self._voices[track]
        voice.chunks += 1
        body = MediaBody(voice.track, str(voice.chunks), str(timestamp), audio, voice.participant)
        return encode(Media(str(next(self._numbers)), body, self.facts.sid))

    def skipped(self, track: int, tick: int) -> None:
        """20 ms of a track are not sent: the agent reads too slowly."""
        if self._began_at is None:
            self._began_at = tick - 1
        self._voices[track].chunks += 1

    def hears(self, track: int) -> bool:
        """Whether the agent is still sent that track: when a participant goes, frames may be under way."""
        return track in self._voices

    def joined(self, track: int, participant: Sid, label: str | None) -> bytes:
        """Somebody is heard on a track of that number from now on."""
        self._step(Step.TALK)
        voice = self._voices[track] = Voice(PARTICIPANT, participant, label)
        return self._told_of(voice, "joined")

    def left(self, track: int) -> bytes:
        """And is not any more."""
        self._step(Step.TALK)
        return self._told_of(self._voices.pop(track), "left")

    def pressed(self, digit: str) -> list[bytes]:
        """A key; unidirectional streams are not told of keys."""
        self._step(Step.TALK)
        if not self.facts.is_bidirectional:
            return []
        return [encode(Dtmf(self.facts.sid, self._number(), DtmfBody(DTMF_TRACK, digit)))]

    def role(self, body: RoleBody) -> list[bytes]:
        """The agent stands otherwise in its conference than before; only those are told that have asked for it."""
        self._step(Step.TALK)
        if not self.facts.reports_role:
            return []
        return [encode(RoleMessage(self._number(), self.facts.sid, body))]

    def stop(self) -> list[bytes]:
        """The last message; none if there was no first one."""
        was_open = self.state is StreamState.STREAMING
        self._step(Step.STOP)
        if not was_open:
            return []
        body = StopBody(self.facts.account_sid, self.facts.call_sid)
        return [encode(Stop(self._number(), self.facts.sid, body))]

    # --- from the agent -------------------------------------------------------------------------------------------

    def received(self, data: bytes, *, is_text: bool = True) -> tuple[list[bytes], Fault | None]:
        """One message. Returns what is answered at once, and a fault if the owner has not heard of its kind yet.

        What the agent said is in `playout` then; a new epoch there tells of a `clear`.
        """
        request, fault = read(data, self.facts.sid, is_text=is_text)
        if fault is not None:
            self.refused += 1
        if self.state is not StreamState.STREAMING or not self.facts.is_bidirectional:
            return [], self.news(fault)
        match request:
            case Said(audio):
                fault = self._said(audio) or fault
            case Marked(name):
                if not self.playout.mark(name):
                    fault = fault or Fault(BUFFER_FULL, "Too many marks wait; the rest is discarded")
            case Cleared():
                self.playout.clear()
        return self._marks(), self.news(fault)

    def news(self, fault: Fault | None) -> Fault | None:
        """The fault, if none of its kind was told: each is, once a stream (twiml-and-streams.md 4.4)."""
        if fault is None or fault.code in self._told:
            return None
        self._told.add(fault.code)
        return fault

    def forget(self) -> list[bytes]:
        """Drop what was not played, as if the agent had said `clear`; the marks, which are all due."""
        self.playout.clear()
        return self._marks() if self.state is StreamState.STREAMING else []

    # --- from the engine ------------------------------------------------------------------------------------------

    def played(self, epoch: int, octets: int) -> list[bytes]:
        """The engine has played that much of what was said since *epoch* began: the marks that are due.

        For an epoch that was cleared it is the last figure, of which agents are told that asked for it.
        """
        if self.facts.reports_played and (reached := self.playout.reached(epoch, octets)) is not None:
            self.heard_by.played(reached)
        interruption = self.playout.played(epoch, octets)
        if self.state is not StreamState.STREAMING:
            return []
        if interruption is not None and self.facts.reports_played:
            return [self._played(interruption), *self._marks()]
        return self._marks()

    # --- inside ---------------------------------------------------------------------------------------------------

    def _said(self, audio: bytes) -> Fault | None:
        encoding, fault = self.facts.media_format.encoding, None
        if encoding == OPUS and not samples_of(audio):
            return Fault(MALFORMED, "The payload is not one Opus packet of at most 120 ms")
        if encoding == LINEAR and len(audio) % 2:
            audio, fault = audio[:-1], Fault(MALFORMED, "The payload ends in the middle of a sample of 16 bits")
        loud = loud_octets(audio, encoding) if self.tells_speech else 0
        if self.playout.say(audio, loud):
            return Fault(BUFFER_FULL, "More than 10 minutes of audio wait; the rest is discarded")
        return fault

    def _told_of(self, voice: Voice, status: str) -> bytes:
        body = ParticipantBody(voice.participant or "", voice.label, status)
        return encode(Participant(self._number(), self.facts.sid, body))

    def _played(self, interruption: Interruption) -> bytes:
        duration_ms = self.facts.media_format.duration_ms
        heard_by = (
            ListenerBody(one.call_sid, one.label, str(duration_ms(heard))) for one, heard in self.heard_by.take()
        )
        body = PlayedBody(str(duration_ms(interruption.said)), str(duration_ms(interruption.played)), tuple(heard_by))
        return encode(Played(self._number(), self.facts.sid, body))

    def _marks(self) -> list[bytes]:
        if not self.playout.has_marks:
            return []
        return [encode(mark) for mark in self._numbered(self.playout.take_due())]

    def _numbered(self, names: Iterable[str]) -> Iterable[Mark]:
        return (Mark(self._number(), self.facts.sid, MarkBody(name)) for name in names)

    def _number(self) -> str:
        return str(next(self._numbers))

    def _step(self, step: Step) -> None:
        try:
            self.state = STEPS[self.state][step]
        except KeyError:
            raise LocalStreamError(f"{step.name} is not legal while {self.state.name}") from None
