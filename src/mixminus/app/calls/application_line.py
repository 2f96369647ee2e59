"""A TwiML application as the far end of a call: its document runs on a leg back to back with the call's."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import structlog

from mixminus.app.callbacks import facts
from mixminus.app.calls.line import LineOwner, Unlimited, Unreached, parting
from mixminus.app.documents.collecting import Keys
from mixminus.app.documents.stage import Stage
from mixminus.app.media_link import LegListener
from mixminus.app.services import Services
from mixminus.base.types import FormPairs, Sid
from mixminus.calls.endings import Departure
from mixminus.calls.options import Instructions
from mixminus.calls.records import CallRecord, CallStatus
from mixminus.streams.contract import Fault
from mixminus.twiml.parameters import voice_request

LoadInstructions = Callable[[], Awaitable[Instructions | None]]
RunDocument = Callable[[Stage, Instructions], Coroutine[Any, Any, None]]


class ApplicationStage(LegListener):
    """Where the application's document is performed: the inner leg of the pair."""

    def __init__(self, services: Services, record: Callable[[], CallRecord], leg: int, owner: LineOwner) -> None:
        self.services = services
        self.leg = leg
        self.keys = Keys()
        self.departure = Departure.HUNG_UP
        self.call_status = CallStatus.COMPLETED
        self.live = False
        """What a document here does ends with the call that it speaks for."""
        self.why = "The application's document came to its end."
        self.is_answered = False
        self._record = record
        self._owner = owner
        self._fault: Fault | None = None
        """Why there is no agent."""
        self._star = asyncio.Event()

    @property
    def record(self) -> CallRecord:
        return self._record()

    @property
    def about(self) -> FormPairs:
        return voice_request(facts(self._record()))

    @property
    def sid(self) -> Sid:
        return self._record().sid

    async def open(self) -> None:
        """A document hears and speaks from the beginning; nobody hears it before it has answered."""

    async def answer(self) -> None:
        """By the first verb that says or hears something; `<Connect>` does when its stream is up."""
        if not self.is_answered:
            self.is_answered = True
            self._owner.line_answered()

    def size_jitter_buffer(self, size: str) -> None:
        """There is no network between an application and its call."""

    def agent_gone(self, fault: Fault | None) -> None:
        self.why, self._fault = parting(fault), fault

    def fails(self, code: int, message: str) -> bool:
        """Nobody is there to be told; who dialled the application learns it from the call's status."""
        if not self.is_answered:
            self._owner.line_unreached(Unreached(CallStatus.FAILED, None, message, code))
        return not self.is_answered

    def refuse(self, reason: str) -> None:
        """The document ended before it answered: it wanted so, or it had no agent."""
        if self._fault is not None:
            self.fails(self._fault.code, self._fault.message)
        else:
            status = CallStatus.BUSY if reason == "busy" else CallStatus.FAILED
            self._owner.line_unreached(Unreached(status, None, f"The application declined the call: {reason}."))

    def digit(self, digit: str) -> None:
        if digit == "*":
            self._star.set()
        self.keys.press(digit)

    def listen_for_star(self) -> asyncio.Event:
        self._star = asyncio.Event()
        return self._star

    def warn(self, code: int, message: str) -> None:
        structlog.get_logger("mixminus.calls").warning("twiml", call_sid=self.sid, code=code, reason=message)
        self.services.callbacks.warned(self.sid, code, message)


class ApplicationLine(Unlimited):
    """Rings until the document answers; hangs up when that has come to its end."""

    def __init__(
        self,
        services: Services,
        record: Callable[[], CallRecord],
        load: LoadInstructions,
        run: RunDocument,
    ) -> None:
        self._services = services
        self._record = record
        self._load = load
        self._run = run
        self._legs: tuple[int, int] | None = None
        self._document: asyncio.Task[None] | None = None
        self._over = False

    @property
    def leg(self) -> int | None:
        return self._legs[0] if self._legs else None

    @property
    def sip_call_ids(self) -> tuple[str, ...]:
        """No phone is rung."""
        return ()

    async def dial(self, owner: LineOwner) -> None:
        instructions = await self._load()
        if instructions is None:
            owner.line_unreached(Unreached(CallStatus.FAILED, 404, "There is no such application."))
            return
        if self._over:
            return
        self._legs = self._services.media.open_pipe()
        stage = ApplicationStage(self._services, self._record, self._legs[1], owner)
        self._services.media.listen(stage.leg, stage)
        owner.line_ringing()
        performing = self._perform(stage, instructions, owner)
        self._document = self._services.tasks.spawn(performing, f"application of {stage.sid}")

    async def _perform(self, stage: ApplicationStage, instructions: Instructions, owner: LineOwner) -> None:
        try:
            await self._run(stage, instructions)
        finally:  # also when it failed: nobody else would end the call
            if self._over:
                pass
            elif stage.is_answered:
                owner.line_gone(stage.why)
            else:
                owner.line_unreached(Unreached(CallStatus.FAILED, None, stage.why))

    async def answer(self) -> None:
        """The application answers, not we."""

    def refuse(self, reason: str) -> None:
        self.hang_up()

    def hang_up(self) -> None:
        if not self._over and self._document is not None:
            self._document.cancel()
        self._over = True

    def take_leave(self) -> None:
        """Its agent is told before anybody else (ai-and-desk.md 3.3)."""
        self.hang_up()
        self._services.streams.end_of_call(self._record().sid)

    def size_jitter_buffer(self, size: str) -> None:
        """There is no network between an application and its call."""

    def release(self) -> None:
        if self._legs is not None:
            for leg in self._legs:
                self._services.media.close_leg(leg)
            self._legs = None
