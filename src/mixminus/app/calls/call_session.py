"""One live call: the only writer of its state (law 4), and the one who ends it.

A session joins three things: the machine that knows the call's status, the line to its far end, and the *errand* that
says what the call is for. The errand runs as a task; a redirect replaces it, and the end of the call cancels it.
"""

import asyncio
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Protocol

import structlog

from mixminus.app.callbacks import facts
from mixminus.app.calls.line import Line, Unreached, parting
from mixminus.app.documents.collecting import Keys
from mixminus.app.media_link import LegListener
from mixminus.app.services import Services
from mixminus.app.tasks import cancelled
from mixminus.base.errors import Refusal
from mixminus.base.types import FormPairs, Sid
from mixminus.calls.call import Call
from mixminus.calls.endings import Departure
from mixminus.calls.options import Callback, RecordingOptions
from mixminus.calls.records import (
    FINAL_CALL_STATUSES,
    CallRecord,
    CallStatus,
    Direction,
    RecordingRecord,
    RecordingSource,
    RecordingStatus,
)
from mixminus.streams.contract import Fault
from mixminus.twiml.parameters import voice_request


class Errand(Protocol):
    """What a call is for. `run` starts when the call begins (incoming) or is answered (outgoing)."""

    def dialling(self, session: "CallSession") -> None: ...

    def ringing(self, session: "CallSession") -> None: ...

    def early_media(self, session: "CallSession") -> None: ...

    async def run(self, session: "CallSession") -> None:
        """Do it. When it returns, the call is hung up. Cancelled when the call ends or is redirected."""

    def unreached(self, session: "CallSession", unreached: Unreached) -> None: ...


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a call ended. The first one stands."""

    status: CallStatus
    reason: str
    sip_code: int | None = None
    error_code: int | None = None


TIME_LIMIT_S: Final = 14_400.0
"""4 hours (twilio-conference-api.md, section 10)."""


@dataclass(frozen=True, slots=True)
class CallWishes:
    """What somebody asked about a call besides its errand."""

    callback: Callback | None = None
    recording: RecordingOptions | None = None
    timeout_s: float = 60.0
    time_limit_s: float = TIME_LIMIT_S
    send_digits: str | None = None
    sip_parameters: FormPairs = ()
    """`SipCallId`, `SipHeader_X-…`: what the INVITE said, for every TwiML request."""


class CallSession(LegListener):
    """One call from the first INVITE to the last callback."""

    def __init__(self, services: Services, call: Call, line: Line, errand: Errand, wishes: CallWishes) -> None:
        self.services = services
        self.line = line
        self.keys = Keys()
        self.wishes = wishes
        self.departure = Departure.HUNG_UP
        """Why a conference that this call sits in loses it, should the errand be cancelled now."""
        self.ended = asyncio.Event()
        self.log = structlog.get_logger("mixminus.calls").bind(call_sid=call.record().sid)
        self._call = call
        self._errand = errand
        self._program: asyncio.Task[None] | None = None
        self._began = False
        self._answered = asyncio.Event()
        self._verdict: Verdict | None = None
        self._star: asyncio.Event | None = None
        self._nothing_left = "The call had nothing left to do."
        self._answered_at = 0.0
        self._timer: asyncio.TimerHandle | None = None
        """Of the ringing, and from the answer on of the whole call."""

    # --- what it is -----------------------------------------------------------------------------------------------

    @property
    def sid(self) -> Sid:
        return self._call.record().sid

    @property
    def record(self) -> CallRecord:
        return self._call.record()

    @property
    def about(self) -> FormPairs:
        """What every request about this call carries, as it stands now."""
        return voice_request(facts(self.record), self.wishes.sip_parameters)

    @property
    def live(self) -> bool:
        return self._verdict is None

    @property
    def why(self) -> str | None:
        """Why the call ends, for people; None while it lives."""
        return None if self._verdict is None else self._verdict.reason

    @property
    def call_status(self) -> CallStatus:
        """How the call stands; when it is about to end, how it will have ended."""
        if self._verdict is None:
            return self.record.status
        return _final(self._verdict.status, answered=self.is_answered)

    @property
    def is_answered(self) -> bool:
        return self._answered.is_set()

    @property
    def leg(self) -> int:
        """The media leg: where TwiML plays, and what sits in rooms."""
        leg = self.line.leg
        assert leg is not None, "a call without media was asked to play"
        return leg

    # --- beginning ------------------------------------------------------------------------------------------------

    def begin_incoming(self) -> None:
        """Run the errand at once; it decides when to answer."""
        self._publish()
        self._run()

    async def begin_outgoing(self) -> None:
        """Dial, when it is the call's turn. The errand runs when the far end answers."""
        queue_time_ms = 0
        if (turn := self.line.turn()) is not None:
            self._publish()
            since = self._now()
            try:
                await turn
            except Refusal as refusal:
                return self.line_unreached(Unreached(CallStatus.FAILED, None, refusal.message, refusal.code))
            queue_time_ms = round(1_000 * (self._now() - since))
        if not self.live:
            return None
        self._call.dialling(self._at(), queue_time_ms)
        self._publish()
        self._errand.dialling(self)
        self._end_at(self._now() + self.wishes.timeout_s, self._ring_timed_out)
        await self.line.dial(self)
        return None

    def begin_answered(self) -> None:
        """The far end is there already."""
        self._call.dialling(self._at())
        self._connected()
        self._run()

    async def open(self) -> None:
        """Have media: an incoming call is answered for that."""
        await self.answer()

    async def answer(self) -> None:
        """Pick up an incoming call, once; outgoing calls are answered by the far end."""
        if self._answered.is_set():
            return
        await self.line.answer()
        self._connected()

    # --- what the line tells --------------------------------------------------------------------------------------

    def line_ringing(self) -> None:
        if self.live and not self.is_answered:
            self._call.ringing(self._at())
            self._publish()
            self._errand.ringing(self)

    def line_early_media(self) -> None:
        if self.live:
            self._errand.early_media(self)

    def line_answered(self) -> None:
        if self.live:
            self._connected()
            self._run()

    def line_unreached(self, unreached: Unreached) -> None:
        self.end(Verdict(unreached.status, unreached.reason, unreached.sip_code, unreached.error_code))

    def line_gone(self, reason: str) -> None:
        status = CallStatus.COMPLETED if self.is_answered else CallStatus.CANCELED
        if self.record.direction is Direction.INBOUND and not self.is_answered:
            status = CallStatus.NO_ANSWER
        self.end(Verdict(status, reason))

    # --- what the leg tells ---------------------------------------------------------------------------------------

    def digit(self, digit: str) -> None:
        if digit == "*" and self._star is not None:
            self._star.set()
        self.keys.press(digit)

    def rtp_timed_out(self) -> None:
        self.end(Verdict(CallStatus.COMPLETED, "The phone sent no audio for too long and was taken for gone."))

    def securing_failed(self, reason: str) -> None:
        self.end(Verdict(CallStatus.FAILED, f"There are no keys for the call's audio: {reason}."))

    def size_jitter_buffer(self, size: str) -> None:
        """`jitterBufferSize`: `off`, `small`, `medium` or `large`."""
        self.line.size_jitter_buffer(size)

    def listen_for_star(self) -> asyncio.Event:
        """An event that is set when `*` is pressed (`hangupOnStar`)."""
        self._star = asyncio.Event()
        return self._star

    # --- what others ask ------------------------------------------------------------------------------------------

    async def redirect(self, errand: Errand) -> None:
        """Drop what the call does now and run *errand* instead; it leaves the conference or bridge it is in."""
        dropped, self._errand = self._errand, errand
        self.departure = Departure.REDIRECTED
        await self._drop(dropped, Unreached(CallStatus.CANCELED, None, "The call was redirected."))
        # Of several redirects at once the last one stands, and it alone runs.
        if self.live and self._errand is errand:
            self.departure = Departure.HUNG_UP
            self._run()
        else:
            errand.unreached(self, Unreached(CallStatus.CANCELED, None, "The call was redirected, or ended."))

    def agent_gone(self, fault: Fault | None) -> None:
        self._nothing_left = parting(fault)

    def fails(self, code: int, message: str) -> bool:
        """Somebody is at the phone."""
        return False

    def refuse(self, reason: str) -> None:
        """Decline an incoming call that is not answered yet."""
        self.line.refuse(reason)
        status = CallStatus.BUSY if reason == "busy" else CallStatus.FAILED
        self.end(Verdict(status, f"The call was declined: {reason}."))

    def warn(self, code: int, message: str) -> None:
        """Something was wrong with what the application said; the call goes on."""
        self.log.warning("twiml", code=code, reason=message)
        self.services.callbacks.warned(self.sid, code, message)

    def set_status_callback(self, callback: Callback | None) -> None:
        self.wishes = _with_callback(self.wishes, callback)

    def limit_time(self, seconds: float) -> None:
        """End the call *seconds* after its answer, or earlier if the settings say so; what is said last stands."""
        self.wishes = replace(self.wishes, time_limit_s=seconds)
        if self.is_answered:
            longest_s = min(seconds, self.services.settings.max_call_s or math.inf, self.line.longest_s)
            self._end_at(self._answered_at + longest_s, self._time_is_up)

    def end(self, verdict: Verdict, departure: Departure | None = None) -> None:
        """End the call; what is said first stands."""
        if self._verdict is not None:
            return
        self._verdict = verdict
        if departure is not None:
            self.departure = departure
        self._cancel_timer()
        self.services.tasks.spawn(self._wind_up(verdict), f"end of {self.sid}")

    # --- inside ---------------------------------------------------------------------------------------------------

    def _connected(self) -> None:
        if self._answered.is_set():
            return
        self._answered.set()
        self._answered_at = self._now()
        self._call.carried(self.line.tariff)
        self._call.answered(self._at())
        self.services.media.listen(self.leg, self)
        if self.wishes.recording is not None:
            self.services.recordings.start_for_call(self, self.wishes.recording)
        self.limit_time(self.wishes.time_limit_s)
        self._publish()

    def _run(self) -> None:
        self._began = False
        self._program = self.services.tasks.spawn(self._run_errand(self._errand), f"errand of {self.sid}")

    async def _run_errand(self, errand: Errand) -> None:
        self._began = True
        try:
            if self.wishes.send_digits and self.is_answered:
                await self.services.media.send_digits(self.leg, self.wishes.send_digits)
            await errand.run(self)
            status = CallStatus.COMPLETED if self.is_answered else CallStatus.FAILED
            self.end(Verdict(status, self._nothing_left))
        except asyncio.CancelledError:
            raise
        except Exception as error:
            self.log.exception("the call failed", error=repr(error))
            self.end(Verdict(CallStatus.FAILED, f"Internal failure: {error}"))

    async def _drop(self, errand: Errand, unreached: Unreached) -> None:
        """Stop the errand; one that never began, whatever ended the call before, is told so instead."""
        await cancelled(self._program)
        if not self._began:
            errand.unreached(self, unreached)

    async def _wind_up(self, verdict: Verdict) -> None:
        await self._drop(
            self._errand, Unreached(verdict.status, verdict.sip_code, verdict.reason, verdict.error_code)
        )
        self.line.hang_up()
        self.services.streams.end_of_call(self.sid)
        recorded = await self.services.recordings.stop_for_call(self.sid)
        if self.line.leg is not None:
            self.services.qualities.remember(self.sid, self.line.leg)
        self.services.sip_traces.remember(self.sid, self.line.sip_call_ids)
        self.line.release()
        status = _final(verdict.status, answered=self.is_answered)
        self._call.ended(status, self._at(), verdict.reason, verdict.sip_code, verdict.error_code)
        self._publish(recorded)
        self.log.info("call ended", status=str(self.record.status), reason=verdict.reason)
        self.ended.set()

    def _publish(self, recorded: Sequence[RecordingRecord] = ()) -> None:
        """Write down the call's state, then tell whoever subscribed; its end tells of the recording asked for."""
        self.services.store.save_soon(self.record)
        for watch in self.services.watches:
            watch(self.record)
        asked_for = next(filter(_was_asked_for, recorded), None)
        for happened in self._call.drain():
            self.services.callbacks.call_happened(self.record, happened, self.wishes.callback, asked_for)

    def _ring_timed_out(self) -> None:
        if not self.is_answered:
            self.line_unreached(Unreached(CallStatus.NO_ANSWER, 487, "Nobody answered in time."))

    def _time_is_up(self) -> None:
        self.end(Verdict(CallStatus.COMPLETED, "The time limit of the call was reached."))

    def _end_at(self, when: float, action: Callable[[], None]) -> None:
        self._cancel_timer()
        if self.live:
            self._timer = asyncio.get_running_loop().call_at(when, action)

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _now(self) -> float:
        return asyncio.get_running_loop().time()

    def _at(self) -> datetime:
        return self.services.clock.utc()


def _final(status: CallStatus, *, answered: bool) -> CallStatus:
    """An answered call that ends is completed, whatever ended it, unless it failed."""
    if answered and status not in (CallStatus.COMPLETED, CallStatus.FAILED):
        return CallStatus.COMPLETED
    return status if status in FINAL_CALL_STATUSES else CallStatus.COMPLETED


def _was_asked_for(recording: RecordingRecord) -> bool:
    """Whether it is that of `Record=true`, and there is something in it."""
    return recording.source is RecordingSource.OUTBOUND_API and recording.status is RecordingStatus.COMPLETED


def _with_callback(wishes: CallWishes, callback: Callback | None) -> CallWishes:
    return replace(wishes, callback=callback)
