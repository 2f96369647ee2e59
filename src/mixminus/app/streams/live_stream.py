"""One stream that is live: an agent's WebSocket, the conversation with it, and the leg in the engine."""

import asyncio
from collections.abc import Callable
from typing import Final

from mixminus.app.conferences.roles import Turns
from mixminus.app.streams.stream_link import StreamLink
from mixminus.base.stream_formats import LINEAR, MULAW, OPUS
from mixminus.base.types import FormPairs, Sid
from mixminus.calls.floor import Move
from mixminus.media.contract import Tap
from mixminus.streams.contract import AgentSocket, Fault
from mixminus.streams.heard_by import Listener
from mixminus.streams.messages import OUTBOUND, TELEPHONE, RoleBody, StreamFacts
from mixminus.streams.session import StreamSession, StreamState

ENCODINGS: Final = {MULAW: "mulaw", LINEAR: "linear", OPUS: "opus"}
"""As `OpenFormatted` has them."""


class LiveStream:
    """An `AgentListener` and a `StreamOwner`. Nothing in here waits."""

    def __init__(
        self, facts: StreamFacts, name: str, leg: int, link: StreamLink, warn: Callable[[Fault], None]
    ) -> None:
        self.facts = facts
        self.name = name
        self.session = StreamSession(facts)
        self.ended: asyncio.Future[Fault | None] = asyncio.get_running_loop().create_future()
        """The WebSocket is gone."""
        self.skipped_frames = 0
        """That a slow agent was not sent."""
        self._leg = leg
        self._link = link
        self._warn = warn
        self._socket: AgentSocket | None = None
        self._stream: int | None = None
        self._turns: Turns | None = None
        self._speaks_for = facts.call_sid
        self._has_asked = self._is_held_back = False

    @property
    def has_begun(self) -> bool:
        """The agent was introduced to the call, whether it still listens or not."""
        return self._stream is not None

    @property
    def is_live(self) -> bool:
        """The agent is there, as far as is known."""
        return self._stream is not None and not self.ended.done()

    # --- its life -------------------------------------------------------------------------------------------------

    def begin(self, socket: AgentSocket, parameters: FormPairs = ()) -> None:
        """The agent has answered: introduce the call, and listen."""
        self._socket = socket
        self._tell(self.session.open(parameters))
        self._stream = self._link.open(self._taps, self._speaks_to, self, self._form)

    def move(self, leg: int, *, forgets: bool) -> None:
        """Go on at another leg, with what waits to be said, unless it *forgets* that, as at a `clear`."""
        self._leg = leg
        if self._stream is None:
            return
        if forgets:
            self.forget()
        self._link.move(self._stream, self._taps, self._speaks_to)

    def add_track(self, number: int, taps: tuple[Tap, ...], participant: Sid, label: str | None) -> None:
        """Announce a participant, and listen to it."""
        if self._stream is not None:
            self._tell([self.session.joined(number, participant, label)])
            self._link.add_track(self._stream, number, taps)

    def drop_track(self, number: int) -> None:
        """Listen to a participant no more, and tell so."""
        if self._stream is not None:
            self._link.drop_track(self._stream, number)
            self._tell([self.session.left(number)])

    def heard_by(self, listeners: tuple[Listener, ...]) -> None:
        """Who is there from now on, and hears what the agent says."""
        self.session.heard_by.change(listeners)

    def warn_once(self, fault: Fault) -> None:
        """Tell of this kind of fault, unless that has been done."""
        if (news := self.session.news(fault)) is not None:
            self._warn(news)

    def end(self) -> None:
        """Say `stop`, and close; harmless when that has happened."""
        if self.session.state is not StreamState.STOPPED:
            self._tell(self.session.stop())
        if self._stream is not None:
            self._link.close(self._stream)
            self._stream = None
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def forget(self) -> None:
        """Drop what waits, as if the agent had said `clear`."""
        epoch = self.session.playout.epoch
        marks = self.session.forget()
        if self._stream is not None and self.session.playout.epoch != epoch:
            self._link.clear(self._stream, self.session.playout.epoch)
        self._tell(marks)

    def press(self, digit: str) -> None:
        """A key of the leg."""
        if self.session.state is StreamState.STREAMING:
            self._tell(self.session.pressed(digit))

    def tell_role(self, body: RoleBody) -> None:
        """How the agent stands in its conference."""
        if self.session.state is StreamState.STREAMING:
            self._tell(self.session.role(body))

    # --- one speaks at a time -------------------------------------------------------------------------------------

    def ask_turns(self, call_sid: Sid, turns: Turns | None) -> None:
        """From now on, tell when there is speech for that call, and do as `take_turn` says; None: just speak."""
        playout = self.session.playout
        self._turns, self._speaks_for, self._has_asked = turns, call_sid, False
        self.session.tells_speech = turns is not None
        if turns is None:
            playout.can_recall = False
            self.take_turn(Move.GO_ON)
        elif not playout.can_recall:
            playout.begin_recalls()
        self._ask()

    def take_turn(self, move: Move) -> None:
        """The floor was given, or taken."""
        playout = self.session.playout
        self._is_held_back = move is Move.HOLD_BACK
        if move is Move.HOLD_BACK:
            if playout.recall() and self._stream is not None:
                self._link.clear(self._stream, playout.epoch)
        elif move is Move.CLEAR:
            self.forget()
            self._ask()
        self._talk()

    def _ask(self) -> None:
        """Tell when speech begins, and when all of it was played."""
        if self._turns is not None and self.session.playout.is_loud is not self._has_asked:
            self._has_asked = not self._has_asked
            (self._turns.begins if self._has_asked else self._turns.pauses)(self._speaks_for)

    def _talk(self) -> None:
        if self._stream is not None and self.has_audio:
            self._link.talks(self._stream)

    # --- AgentListener --------------------------------------------------------------------------------------------

    def received(self, data: bytes, *, is_text: bool) -> None:
        session, playout = self.session, self.session.playout
        epoch = playout.epoch
        answers, fault = session.received(data, is_text=is_text)
        if self._stream is not None and playout.epoch != epoch:
            self._link.clear(self._stream, playout.epoch)
        self._ask()
        self._talk()
        self._tell(answers)
        if fault is not None:
            self._warn(fault)

    def closed(self, fault: Fault | None) -> None:
        if not self.ended.done():
            self.ended.set_result(fault)

    # --- StreamOwner ----------------------------------------------------------------------------------------------

    def heard(self, track: int, audio: bytes, tick: int) -> None:
        socket = self._socket
        if socket is None or not self.session.hears(track):
            return
        if socket.is_congested:
            self.skipped_frames += 1
            self.session.skipped(track, tick)
        else:
            socket.send(self.session.heard(track, audio, tick))

    def played(self, epoch: int, octets: int) -> None:
        self._tell(self.session.played(epoch, octets))
        if self._turns is not None:
            self._ask()
            self._talk()  # what was recalled is here again

    @property
    def has_audio(self) -> bool:
        return self.session.playout.is_waiting and not self._is_held_back

    def take_audio(self) -> bytes:
        return b"" if self._is_held_back else self.session.playout.take_audio()

    # --- inside ---------------------------------------------------------------------------------------------------

    @property
    def _taps(self) -> tuple[tuple[Tap, ...], ...]:
        if self.facts.has_participant_tracks:
            return ()
        return tuple((Tap("leg_out" if track == OUTBOUND else "leg_in", self._leg),) for track in self.facts.tracks)

    @property
    def _speaks_to(self) -> int | None:
        return self._leg if self.facts.is_bidirectional else None

    @property
    def _form(self) -> tuple[str, int] | None:
        audio = self.facts.media_format
        if audio == TELEPHONE and not self.facts.has_participant_tracks:
            return None
        return ENCODINGS[audio.encoding], audio.sample_rate

    def _tell(self, messages: list[bytes]) -> None:
        if self._socket is not None:
            for message in messages:
                self._socket.send(message)
