"""A TwiML application as the far end of a call: its document runs on a leg back to back with the call's."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import structlog

from mixminus.app.callbacks import facts
from mixminus.app.collecting import Keys
from mixminus.app.line import LineOwner, Unreached
from mixminus.app.media_link import LegListener
from mixminus.app.services import Services
from mixminus.app.stage import Stage
from mixminus.app.tasks import cancelled
from mixminus.base.types import FormPairs, Sid
from mixminus.calls.endings import Departure
from mixminus.calls.options import Instructions
from mixminus.calls.records import CallRecord, CallStatus
from mixminus.twiml.parameters import voice_request

LoadInstructions = Callable[[], Awaitable[Instructions | None]]
RunDocument = Callable[[Stage, Instructions], Coroutine[Any, Any, None]]


class ApplicationStage(LegListener):
    """Where the application's document is performed: the inner leg of the pair."""

    def __init__(self, services: Services, record: Callable[[], CallRecord], leg: int) -> None:
        self.services = services
        self.leg = leg
        self.keys = Keys()
        self.departure = Departure.HUNG_UP
        self.call_status = CallStatus.COMPLETED
        self.is_answered = True
        self._record = record
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

    async def answer(self) -> None:
        """An application has answered already."""

    def size_jitter_buffer(self, size: str) -> None:
        """There is no network between an application and its call."""

    def refuse(self, reason: str) -> None:
        """Too late for that: the document simply ends."""

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


class ApplicationLine:
    """Answers at once; hangs up when the document has come to its end."""

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
        self._closing: asyncio.Task[None] | None = None
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
        stage = ApplicationStage(self._services, self._record, self._legs[1])
        self._services.media.listen(stage.leg, stage)
        owner.line_ringing()
        owner.line_answered()
        performing = self._perform(stage, instructions, owner)
        self._document = self._services.tasks.spawn(performing, f"application of {stage.sid}")

    async def _perform(self, stage: ApplicationStage, instructions: Instructions, owner: LineOwner) -> None:
        try:
            await self._run(stage, instructions)
        finally:  # also when it failed: nobody else would end the call
            owner.line_gone("The application's document came to its end.")

    async def answer(self) -> None:
        """The application answers, not we."""

    def refuse(self, reason: str) -> None:
        self.hang_up()

    def hang_up(self) -> None:
        self._over = True
        if self._document is not None and not self._document.done():
            self._closing = self._services.tasks.spawn(cancelled(self._document), "end of an application")

    def size_jitter_buffer(self, size: str) -> None:
        """There is no network between an application and its call."""

    def release(self) -> None:
        if self._legs is not None:
            for leg in self._legs:
                self._services.media.close_leg(leg)
            self._legs = None
