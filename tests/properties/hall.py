"""A conference with everything it has in a node but the signalling: the machine, its room, the engine, far ends.

Every person hums a note of its own, a packet a tick, in the conference or not; every packet sent back is kept. One of
them is no person: an agent, whose stream hums and hears at the far end of a pipe, a tick later than a phone would.
A second agent only listens to both tracks of one of the phones (`<Start><Stream>`).
"""

import asyncio
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final, cast
from unittest import mock

from tests.properties import notes
from tests.properties.law import BEEP_TICKS, NOTICE_TICKS
from tests.properties.notes import Note

from mixminus.app.callbacks import Callbacks
from mixminus.app.calls.call_qualities import CallQualities
from mixminus.app.calls.sip_traces import SipTraces
from mixminus.app.conferences import conference_room
from mixminus.app.conferences.conference_room import ConferenceRoom
from mixminus.app.conferences.conferences import Conferences
from mixminus.app.conferences.roles import Roles
from mixminus.app.documents.documents import Documents
from mixminus.app.eventlog.event_log import EventLog
from mixminus.app.media_link import MediaLink
from mixminus.app.recordings.recordings import Recordings
from mixminus.app.services import Services
from mixminus.app.sounds.sounds import SoundSystem
from mixminus.app.streams.stream_link import StreamLink
from mixminus.app.streams.streams import Streams
from mixminus.app.tasks import Tasks
from mixminus.base.clock import Clock
from mixminus.base.settings import Settings
from mixminus.base.sids import ACCOUNT, CALL, Sids
from mixminus.base.types import Sid
from mixminus.calls.options import ConferenceOptions
from mixminus.calls.records import RecordingRecord
from mixminus.media.contract import CloseLeg, OpenLeg, SetLegMedia, Tap
from mixminus.media.engine import Engine, EngineSettings
from mixminus.media.in_process import InProcessPlane
from mixminus.rtp.packet import RtpPacket
from mixminus.sip.tracing.trace import SipTrace
from mixminus.store.contract import Store
from mixminus.streams.heard_by import Listener
from mixminus.testing.g711 import PCMU

EPOCH: Final = datetime(2026, 1, 2, tzinfo=UTC)
ON_THE_BEAT: Final = EngineSettings(legs=8, rooms=2, players=8, recorders=2, happenings=64, beats=1)
"""Everybody is served in the same beat of every tick: what the law says of ticks holds to the frame."""
SPREAD: Final = replace(ON_THE_BEAT, beats=4, lanes=3, lone_legs=0)
"""Legs come from other beats and lanes than their room's, and may sit out the tick in which they come."""
SIDS: Final = {name: Sid(f"{CALL}{number:032x}") for number, name in enumerate(notes.VOICES)}
SILENCE: Final = PCMU.encode(notes.hummed(notes.VOICES[0]) * 0)
AGENT: Final = "dot"
TRACKING: Final = (AGENT, "bob")
"""Who else hears each of the others on a track of its own."""
TAPPED: Final = "ann"
"""Whose phone the agent listens to that only listens."""
LOOP_FRAMES: Final = 7
"""Of music: short, so that it goes round in every test."""


@dataclass
class FarEnd:
    """A phone that hums, tick after tick."""

    name: Note
    leg: int
    port: int
    address: tuple[str, int]
    ssrc: int
    sent: int = 0
    payload: bytes = b""

    def packet(self) -> bytes:
        self.sent += 1
        return bytes(RtpPacket(0, self.sent & 0xFFFF, self.sent * notes.FRAME, self.ssrc, self.payload))


class Agent:
    """What hums and hears by a stream (see `app.stream_link.StreamOwner`)."""

    has_audio = True

    def __init__(self, payload: bytes) -> None:
        self._payload = payload
        self.frame = b""
        """The last one that it heard."""

    def heard(self, track: int, audio: bytes, tick: int) -> None:
        self.frame = audio

    def played(self, epoch: int, octets: int) -> None:
        assert octets % notes.FRAME == 0, "it hums without a gap"

    def take_audio(self) -> bytes:
        return self._payload


class Tracker:
    """What hears each other participant on a track of its own, for one of them (see `app.live_stream.LiveStream`)."""

    has_audio = False

    def __init__(self, name: Note, link: StreamLink) -> None:
        self.facts = SimpleNamespace(sid=Sid(f"MZ{name}"), has_participant_tracks=True, reports_played=False)
        self.frames: dict[Note, bytes] = {}
        """Of this tick, by speaker."""
        self._link = link
        self._speakers: dict[int, Note] = {}
        self._stream = link.open((), None, self, ("mulaw", notes.RATE_HZ))

    def add_track(self, number: int, taps: tuple[Tap, ...], participant: Sid, label: str | None) -> None:
        self._speakers[number] = next(name for name, sid in SIDS.items() if sid == participant)
        self._link.add_track(self._stream, number, taps)

    def drop_track(self, number: int) -> None:
        del self._speakers[number]
        self._link.drop_track(self._stream, number)

    def heard_by(self, listeners: tuple[Listener, ...]) -> None:
        """It says nothing."""

    def heard(self, track: int, audio: bytes, tick: int) -> None:
        if speaker := self._speakers.get(track):
            self.frames[speaker] = audio

    def played(self, epoch: int, octets: int) -> None:
        raise AssertionError("it says nothing")

    def take_audio(self) -> bytes:
        return b""

    def close(self) -> None:
        self._link.close(self._stream)


class Eavesdropper:
    """Hears both tracks of a phone, and says nothing."""

    has_audio = False

    def __init__(self) -> None:
        self.frames = {0: SILENCE, 1: SILENCE}
        """The last ones: of what the phone says, and of what it is played."""

    def heard(self, track: int, audio: bytes, tick: int) -> None:
        self.frames[track] = audio

    def played(self, epoch: int, octets: int) -> None:
        raise AssertionError("it says nothing")

    def take_audio(self) -> bytes:
        return b""


class WrittenNotes:
    """Prompts that are notes: `media:hold file` hums the note of that name."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        for sound in notes.SOUNDS:
            notes.write_note(self._path(sound), sound, NOTICE_TICKS if "notice" in sound else LOOP_FRAMES)

    async def music(self) -> "NoteFile":
        return NoteFile(self._path(notes.MUSIC))

    async def audio(self, url: str) -> "NoteFile":
        return NoteFile(self._path(url.removeprefix("media:")))

    async def speech(self, text: str, voice: str | None, language: str | None) -> "NoteFile":
        raise NotImplementedError

    def _path(self, sound: Note) -> Path:
        return self._folder / f"{sound}.pcm"


@dataclass(frozen=True)
class NoteFile:
    path: Path
    rate_hz: int = notes.RATE_HZ


@dataclass
class Recorded:
    """A recording of a conference, and the tick of the hall at which it began."""

    record: RecordingRecord
    began: int


class Memory:
    """A store that remembers recordings only."""

    def __init__(self) -> None:
        self.recordings: dict[Sid, RecordingRecord] = {}

    def save_soon(self, *records: object) -> None:
        self.recordings |= {record.sid: record for record in records if isinstance(record, RecordingRecord)}


@dataclass
class Hall:
    """People come and go; conferences are opened and end. One at a time."""

    folder: Path
    prompts: WrittenNotes
    settings: EngineSettings = ON_THE_BEAT
    ticks: int = 0
    people: dict[Note, FarEnd] = field(default_factory=dict)
    heard: list[dict[Note, bytes]] = field(default_factory=list)
    """What every person was sent, tick by tick: one µ-law frame each."""
    served: list[set[Note]] = field(default_factory=list)
    """Who was sent one, and listened to."""
    tracked: list[dict[tuple[Note, Note], bytes]] = field(default_factory=list)
    """Frames by listener and speaker, tick by tick, of those who track."""
    overheard: list[tuple[bytes, bytes]] = field(default_factory=list)
    """What the second agent was sent, tick by tick: inbound and outbound of its phone."""
    began: dict[Sid, int] = field(default_factory=dict)
    """Recordings, and the tick before which each one began."""

    def __post_init__(self) -> None:
        draw = random.Random(7)
        self.engine = Engine(self.settings, draw.randbytes)
        self.plane = InProcessPlane(self.engine, self._sent)
        self.media = MediaLink(self.plane)
        self.tasks = Tasks()
        self.memory = Memory()
        self._by_port: dict[int, bytes] = {}
        self._tap: int | None = None
        self.conferences = self._conferences(draw)
        self.trackers = {name: Tracker(name, self.media.streams) for name in TRACKING}
        for name, tracker in self.trackers.items():
            self.streams.participants.begin(cast(Any, tracker), lambda name=name: SIDS[name])  # type: ignore[misc]
        for name in notes.VOICES:
            if name == AGENT:
                self._connect_agent()
            else:
                self.connect(name)

    def _conferences(self, draw: random.Random) -> Conferences:
        account, clock, store = Sid(ACCOUNT + "0" * 32), Clock(lambda: 0.0, lambda: EPOCH), cast(Store, self.memory)
        sids = Sids(draw.randbytes)
        callbacks = Callbacks(
            account, lambda: "http://node", EventLog(store), cast(Any, None), clock, lambda *_: None
        )
        recordings = Recordings(self.folder, self.media, store, callbacks, clock, sids, self.tasks)
        documents = Documents(cast(Any, None))
        self.streams = Streams(self.media, callbacks, clock, sids, self.tasks, *[cast(Any, None)] * 5)
        services = Services(
            account_sid=account,
            settings=Settings(data=self.folder),
            clock=clock,
            sids=sids,
            store=store,
            media=self.media,
            prompts=self.prompts,
            documents=documents,
            callbacks=callbacks,
            recordings=recordings,
            streams=self.streams,
            roles=Roles(),
            qualities=CallQualities(self.media),
            sip_traces=SipTraces(SipTrace(0), clock),
            tasks=self.tasks,
            relays=cast(Any, None),
            media_fingerprint=bytes(32),
            watches=(),
        )
        return Conferences(services, SoundSystem(self.prompts, documents))

    # --- people -----------------------------------------------------------------------------------------------

    def connect(self, name: Note) -> None:
        """A call comes up: a leg, and the phone at its far end. A second time: a new call.

        The agent's stream outlives its calls.
        """
        if name == AGENT:
            return
        if name in self.people:
            self.plane.apply(CloseLeg(self.people[name].leg))
        leg = self.media.new_id()
        address = ("192.0.2.1", 40_000 + 2 * leg)
        media = SetLegMedia(leg, *address, "PCMU", None, sends=True, receives=True, jitter_buffer="off")
        self.plane.apply(OpenLeg(leg), media)
        self.plane.deliver()
        row = self.engine.legs.slots.row(leg)
        assert row is not None
        port = self.engine.ports.port_of[row]  # type: ignore[attr-defined]
        self.people[name] = FarEnd(name, leg, port, address, leg, payload=PCMU.encode(notes.hummed(name)))
        if name == TAPPED:
            self._eavesdrop(leg)

    def _eavesdrop(self, leg: int) -> None:
        if self._tap is not None:
            self.media.streams.close(self._tap)
        self.eavesdropper = Eavesdropper()
        self._tap = self.media.streams.open(((Tap("leg_in", leg),), (Tap("leg_out", leg),)), None, self.eavesdropper)

    def _connect_agent(self) -> None:
        near, self._far = self.media.open_pipe()
        payload = PCMU.encode(notes.hummed(AGENT))
        self.people[AGENT] = FarEnd(AGENT, near, 0, ("192.0.2.1", 40_000), near, payload=payload)
        self.agent = Agent(payload)
        self._stream = self.media.streams.open(((Tap("leg_in", self._far),),), self._far, self.agent)
        self.media.streams.talks(self._stream)
        for _ in range(3):  # until its voice has come through the pipe
            self.plane.tick()

    def _sent(self, port: int, _: tuple[str, int], packet: bytes) -> None:
        self._by_port[port] = packet[12:]

    # --- the conference ---------------------------------------------------------------------------------------

    @property
    def room(self) -> ConferenceRoom | None:
        """The live conference."""
        live = self.conferences.all()
        return live[0] if live else None

    def opened(self, options: ConferenceOptions) -> ConferenceRoom:
        """The live conference, or a new one."""
        return self.conferences.named("hall", options)

    # --- time -------------------------------------------------------------------------------------------------

    def tick(self) -> None:
        """Everybody hums for 20 ms, and is sent what it hears."""
        self._by_port = {}
        for sid in self.memory.recordings.keys() - self.began.keys():
            self.began[sid] = self.ticks
        for person in self._phones():
            self.plane.receive(person.port, person.packet(), person.address)
        for tracker in self.trackers.values():
            tracker.frames = {}
        self.plane.tick()
        self.tracked.append(
            {(name, who): frame for name, one in self.trackers.items() for who, frame in one.frames.items()}
        )
        self._agent_heard()
        phones = self._phones()
        self.heard.append({person.name: self._by_port.get(person.port, SILENCE) for person in phones})
        self.served.append({person.name for person in phones if person.port in self._by_port})
        self.overheard.append((self.eavesdropper.frames[0], self.eavesdropper.frames[1]))
        self.ticks += 1

    def settle(self) -> None:
        """What was sent to the agent in the last tick reaches it."""
        self.plane.tick()
        self._agent_heard()

    def _phones(self) -> list[FarEnd]:
        return [person for person in self.people.values() if person.name != AGENT]

    def _agent_heard(self) -> None:
        """What comes out of a pipe went into it in the tick before."""
        if self.heard:
            in_step = self.settings == ON_THE_BEAT  # otherwise it may be a tick earlier
            self.heard[-1][AGENT] = self.agent.frame if in_step else SILENCE

    async def close(self) -> None:
        """Everybody goes home; raises if anything is left behind."""
        if self.room is not None:
            self.room.end()
        await asyncio.sleep(0)
        self.tick()
        for person in self.people.values():
            self.plane.apply(CloseLeg(person.leg))
        self.plane.apply(CloseLeg(self._far))
        self.media.streams.close(self._stream)
        for tracker in self.trackers.values():
            self.streams.participants.end(cast(Any, tracker))
            tracker.close()
        assert self._tap is not None
        self.media.streams.close(self._tap)
        for _ in range(5):
            await asyncio.sleep(0)
        self.plane.tick()
        for _ in range(5):
            await asyncio.sleep(0)
        self._assert_nothing_is_left()
        self.engine.close()

    def _assert_nothing_is_left(self) -> None:
        engine = self.engine
        slots = (engine.legs.slots, engine.rooms.slots, engine.players.slots, engine.recorders.slots)
        assert [part.count for part in slots] == [0, 0, 0, 0], "legs, rooms, players, recorders"
        waiting = {name: dict(found) for name, found in vars(self.media).items() if isinstance(found, dict) and found}
        assert not waiting, f"the control plane still waits for {waiting}"
        assert not self.tasks._running, f"still running: {self.tasks._running}"
        assert self.room is None
        assert engine.formatted.is_idle
        assert not vars(self.streams.participants)["_rosters"]


@contextmanager
def note_beeps() -> Iterator[None]:
    """Beeps that are notes, while this is open."""
    enter, leave = (notes.beep(sound, BEEP_TICKS) for sound in ("enter beep", "exit beep"))
    with mock.patch.multiple(conference_room, ENTER_BEEP=enter, EXIT_BEEP=leave):
        yield
