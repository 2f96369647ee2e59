"""A stream as the far end of a call: an agent that talked with one caller alone, and is brought to a conference."""

import asyncio
from collections.abc import Callable

from mixminus.app.calls.application_line import ApplicationStage
from mixminus.app.calls.line import LineOwner, Unlimited, parting
from mixminus.app.services import Services
from mixminus.app.streams.streams import Held
from mixminus.app.tasks import cancelled
from mixminus.calls.records import CallRecord


class StreamLine(Unlimited):
    """Up from the beginning; hangs up when the agent is gone. A stream that is moved away is nothing to it."""

    def __init__(self, services: Services, record: Callable[[], CallRecord]) -> None:
        self._services = services
        self._record = record
        self._legs: tuple[int, int] | None = services.media.open_pipe()
        self._watch: asyncio.Task[None] | None = None
        self._over = False

    @property
    def leg(self) -> int | None:
        return self._legs[0] if self._legs else None

    @property
    def sip_call_ids(self) -> tuple[str, ...]:
        return ()

    def stage(self, owner: LineOwner) -> ApplicationStage:
        """Where the stream is to be: the inner leg."""
        assert self._legs is not None
        stage = ApplicationStage(self._services, self._record, self._legs[1], owner)
        stage.is_answered = True
        self._services.media.listen(stage.leg, stage)
        return stage

    def follow(self, stage: ApplicationStage, held: Held, owner: LineOwner) -> None:
        """The stream is there."""
        self._watch = self._services.tasks.spawn(self._until_gone(stage, held, owner), f"agent of {stage.sid}")

    async def _until_gone(self, stage: ApplicationStage, held: Held, owner: LineOwner) -> None:
        fault = None
        while held.place is stage and self._services.streams.at(stage) is held:
            fault = await self._services.streams.stay(stage, held)
        if held.place is stage and not self._over:
            owner.line_gone(parting(fault))

    async def dial(self, owner: LineOwner) -> None:
        raise AssertionError("a stream is there before its call")

    async def answer(self) -> None:
        """The agent has answered long ago."""

    def refuse(self, reason: str) -> None:
        self.hang_up()

    def hang_up(self) -> None:
        if not self._over and self._watch is not None:
            self._services.tasks.spawn(cancelled(self._watch), "end of an agent")
        self._over = True

    def take_leave(self) -> None:
        """The agent is told before anybody else (ai-and-desk.md 3.3)."""
        self._over = True
        self._services.streams.end_of_call(self._record().sid)

    def size_jitter_buffer(self, size: str) -> None:
        """There is no network between a stream and its call."""

    def release(self) -> None:
        if self._legs is not None:
            for leg in self._legs:
                self._services.media.close_leg(leg)
            self._legs = None
