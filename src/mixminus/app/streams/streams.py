"""Media Streams: from `<Stream>` or REST to the agent's WebSocket, and to the last callback."""

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from mixminus.app.callbacks import Callbacks
from mixminus.app.conferences.company import Company
from mixminus.app.conferences.moderators import ModeratorKeys
from mixminus.app.conferences.participant_tracks import ParticipantTracks
from mixminus.app.conferences.roles import Roles
from mixminus.app.documents.collecting import Keys
from mixminus.app.media_link import MediaLink
from mixminus.app.streams.live_stream import LiveStream
from mixminus.app.streams.stream_role import StreamRole
from mixminus.app.tasks import Tasks, cancelled
from mixminus.base.clock import Clock
from mixminus.base.errors import not_found
from mixminus.base.sids import STREAM, Sids
from mixminus.base.stream_formats import OPUS
from mixminus.base.types import Sid
from mixminus.calls.records import CallRecord
from mixminus.calls.streams import StreamRecord, StreamStatus, StreamWish
from mixminus.media.opus_library import speakable
from mixminus.streams.contract import DialAgent, Fault, Sign, StreamError
from mixminus.streams.faults import BAD_TRACKS
from mixminus.streams.messages import INBOUND, OUTBOUND, PARTICIPANT, StreamFacts, media_format
from mixminus.streams.upgrade import upgrade

TRACKS: Final = {
    "inbound_track": (INBOUND,),
    "outbound_track": (OUTBOUND,),
    "both_tracks": (INBOUND, OUTBOUND),
    "participant_tracks": (PARTICIPANT,),
}

OPUS_NAME: Final = "opus"
"""In SDP."""

MAX_TRACKS: Final = 4
"""Of the unidirectional streams of a call (twiml-and-streams.md 4.1)."""


class StreamedCall(Protocol):
    """What is needed of a call to stream a leg of it."""

    @property
    def record(self) -> CallRecord: ...

    @property
    def leg(self) -> int: ...

    @property
    def keys(self) -> Keys: ...

    async def answer(self) -> None:
        """Pick up, if that has not happened yet."""


@dataclass(slots=True, eq=False)
class Held:
    """A stream, and where it is."""

    stream: LiveStream
    place: StreamedCall
    call: CallRecord
    """In which it began: `CallSid` of `start`, `stop` and the callbacks, wherever it is moved."""
    wish: StreamWish
    left: asyncio.Future[None]
    """It is not at this place any more."""
    life: asyncio.Task[Fault | None] | None = None
    hooks: ExitStack = field(default_factory=ExitStack)
    """What is to be undone where it is."""
    role: StreamRole | None = None
    """Of a stream that speaks: it stands for the call where it is."""

    @property
    def sid(self) -> Sid:
        return self.stream.facts.sid

    @property
    def is_bidirectional(self) -> bool:
        return self.stream.facts.is_bidirectional


class Streams:
    """All streams of a node."""

    def __init__(
        self,
        media: MediaLink,
        callbacks: Callbacks,
        clock: Clock,
        sids: Sids,
        tasks: Tasks,
        dial: DialAgent,
        sign: Sign,
        roles: Roles,
        moderators: ModeratorKeys,
        api_url: Callable[[], str],
    ) -> None:
        self._media = media
        self._callbacks = callbacks
        self._clock = clock
        self._sids = sids
        self._tasks = tasks
        self._dial = dial
        self._sign = sign
        self._roles = roles
        self._moderators = moderators
        self._api_url = api_url
        self._held: dict[Sid, Held] = {}
        self.company = Company()
        self.participants = ParticipantTracks()
        self.failures: Counter[int] = Counter()
        """Streams that did not begin or broke off, by Twilio's number."""
        self._skipped_frames = self._refused_messages = 0
        """Of streams that have ended."""

    def __len__(self) -> int:
        return len(self._held)

    @property
    def skipped_frames(self) -> int:
        """That agents read too slowly for, since the start."""
        return self._skipped_frames + sum(held.stream.skipped_frames for held in self._held.values())

    @property
    def refused_messages(self) -> int:
        """Of agents, that were not understood or not obeyed wholly."""
        return self._refused_messages + sum(held.stream.session.refused for held in self._held.values())

    # --- what is asked --------------------------------------------------------------------------------------------

    def connect(self, call: StreamedCall, wish: StreamWish) -> Held:
        """Both ways, until the agent or the call ends it; the call is answered as soon as it is up. See `stay`.

        Raises `StreamError` for what cannot even be tried.
        """
        if TRACKS.get(wish.track) not in ((INBOUND,), (PARTICIPANT,)):
            raise StreamError(BAD_TRACKS, "A stream of <Connect> has the inbound track alone, or participants'")
        held = self._hold(call, wish, is_bidirectional=True)
        self._follow_keys(held)
        held.life = self._tasks.spawn(self._live(held, wish.url), f"stream {held.sid}")
        return held

    async def stay(self, place: StreamedCall, held: Held) -> Fault | None:
        """Until the stream is over, or was moved. Returns what was wrong. Whoever is cancelled takes it with it."""
        life, left = held.life, held.left
        assert life is not None
        ends: tuple[asyncio.Future[Any], ...] = (life, left)
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            if held.place is place:
                self._end(held)
                await cancelled(life)
            raise
        return life.result() if life.done() and not life.cancelled() else None

    def at(self, place: StreamedCall) -> Held | None:
        """The stream that has this leg to itself."""
        return next((held for held in self._held.values() if held.place is place and held.is_bidirectional), None)

    def live(self, sid: str) -> Held:
        """The stream of that SID that talks both ways. Raises 20404 when it does not live."""
        held = self._held.get(Sid(sid))
        if held is None or not held.is_bidirectional or not held.stream.is_live:
            raise not_found(f"/mixminus/v1/Streams/{sid}")
        return held

    def all(self) -> tuple[Held, ...]:
        """Those that talk both ways, in the order in which they began."""
        return tuple(held for held in self._held.values() if held.is_bidirectional and held.stream.is_live)

    def move(self, held: Held, place: StreamedCall, *, forgets: bool = False) -> None:
        """From the next tick on it is there, with what it has still to say, unless it *forgets* that."""
        held.hooks.close()
        left, held.left = held.left, asyncio.get_running_loop().create_future()
        held.place = place
        held.stream.move(place.leg, forgets=forgets)
        self.participants.moved(held.stream)
        if held.role is not None:
            held.role.move(place.record.sid)
        self._follow_keys(held)
        left.set_result(None)

    def forget(self, held: Held) -> None:
        """Nothing of what it has still to say is heard by anybody, also what is on the way already."""
        held.stream.move(held.place.leg, forgets=True)

    def start(self, call: StreamedCall, wish: StreamWish) -> StreamRecord:
        """One way, beside whatever the call does. Raises `StreamError`."""
        tracks = TRACKS.get(wish.track)
        if tracks is None:
            raise StreamError(BAD_TRACKS, f"There is no track {wish.track[:40]!r}; there are {', '.join(TRACKS)}")
        beside = (held for held in self._of_call(call.record.sid) if not held.is_bidirectional)
        if sum(len(held.stream.facts.tracks) for held in beside) + len(tracks) > MAX_TRACKS:
            raise StreamError(BAD_TRACKS, f"A call has at most {MAX_TRACKS} tracks that are streamed")
        held = self._hold(call, wish, is_bidirectional=False)
        held.life = self._tasks.spawn(self._live(held, wish.url), f"stream {held.sid}")
        return self._record(held, StreamStatus.IN_PROGRESS)

    def stop(self, call_sid: Sid, name: str) -> StreamRecord | None:
        """End what `start` began, by its name or SID. None: there is no such stream."""
        for held in self._of_call(call_sid):
            if not held.is_bidirectional and name in (held.stream.name, held.sid):
                self.end(held)
                return self._record(held, StreamStatus.STOPPED)
        return None

    def end(self, held: Held) -> None:
        """Say `stop`, and close."""
        self._end(held)
        if held.life is not None:
            held.life.cancel()

    def end_of_call(self, call_sid: Sid) -> None:
        """Its leg is about to go."""
        for held in self._of_call(call_sid):
            self.end(held)

    # --- inside ---------------------------------------------------------------------------------------------------

    def _of_call(self, call_sid: Sid) -> list[Held]:
        return [held for held in self._held.values() if held.place.record.sid == call_sid]

    def _follow_keys(self, held: Held) -> None:
        held.hooks.enter_context(self._media.collecting_keys(held.place.leg))
        held.hooks.enter_context(held.place.keys.followed_by(held.stream.press))

    def _hold(self, call: StreamedCall, wish: StreamWish, *, is_bidirectional: bool) -> Held:
        record, sid = call.record, self._sids.new(STREAM)
        name = wish.name or sid
        if any(name == held.stream.name for held in self._of_call(record.sid)):
            raise StreamError(BAD_TRACKS, f"The call has a stream of that name already: {name[:60]!r}")
        if wish.audio.encoding == OPUS and OPUS_NAME not in speakable((OPUS_NAME,)):
            raise StreamError(BAD_TRACKS, "There is no Opus on this machine (`mixminus doctor`)")
        facts = StreamFacts(
            account_sid=record.account_sid,
            call_sid=record.sid,
            sid=sid,
            tracks=TRACKS[wish.track],
            parameters=wish.parameters,
            media_format=media_format(wish.audio),
            is_bidirectional=is_bidirectional,
            reports_played=wish.report_played,
            reports_role=wish.report_role,
        )

        def warn(fault: Fault) -> None:
            self._callbacks.warned(held.place.record.sid, fault.code, fault.message)

        stream = LiveStream(facts, name, call.leg, self._media.streams, warn)
        left: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        held = self._held[sid] = Held(stream, call, record, wish, left)
        if is_bidirectional:
            held.role = StreamRole(record.sid, stream, self._roles, self._moderators, self._api_url)
        return held

    async def _live(self, held: Held, url: str) -> Fault | None:
        """From the upgrade to the end."""
        stream = held.stream
        fault: Fault | None = None
        try:
            socket = await self._dial(upgrade(url, self._sign), stream)
            if held.sid in self._held:
                stream.begin(socket, held.role.begin() if held.role is not None else ())
                self.participants.begin(stream, lambda: held.place.record.sid)
                if held.role is not None:
                    held.role.introduce()
                self._tell(held, "stream-started")
                await held.place.answer()
                fault = await stream.ended
            else:  # the call came to its end meanwhile
                socket.close()
        except StreamError as error:
            fault = error.fault
        finally:  # also when it is cancelled: `<Stop>`, a redirect, the end of the call
            if fault is not None and held.sid in self._held:
                self.failures[fault.code] += 1
                self._callbacks.warned(held.place.record.sid, fault.code, fault.message)
                self._tell(held, "stream-error", f"{fault.code}: {fault.message}")
            self._end(held)
        return fault

    def _end(self, held: Held) -> None:
        """Once, whoever comes first."""
        if self._held.pop(held.sid, None) is None:
            return
        held.hooks.close()
        self._skipped_frames += held.stream.skipped_frames
        self._refused_messages += held.stream.session.refused
        if held.role is not None:
            held.role.end()
        has_begun = held.stream.has_begun
        self.participants.end(held.stream)
        held.stream.end()
        if has_begun:
            self._tell(held, "stream-stopped")

    def _record(self, held: Held, status: StreamStatus) -> StreamRecord:
        facts, now = held.stream.facts, self._clock.utc()
        return StreamRecord(held.sid, facts.account_sid, facts.call_sid, held.wish.name, status, now)

    def _tell(self, held: Held, event: str, error: str | None = None) -> None:
        self._callbacks.stream_happened(held.call, held.sid, held.stream.name, event, held.wish.webhook, error)
