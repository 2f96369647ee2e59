"""`<Enqueue>`: a call waits in a queue until it is taken, leaves, or has had enough."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from mixminus.app.documents.interrupted import Interrupted, Parted
from mixminus.app.documents.stage import Stage
from mixminus.app.queues.queues import Queues
from mixminus.app.queues.wait_sound import HungUp, Perform, WaitSound
from mixminus.app.queues.waiting_line import Place, Summons
from mixminus.app.tasks import cancelled
from mixminus.base.errors import Refusal
from mixminus.calls.queue import QueueFull, QueueMember
from mixminus.twiml.effects import GoTo
from mixminus.twiml.errors import TwimlError
from mixminus.twiml.queue_effects import Dequeued, EnqueueCall

Whisper = Callable[[Stage, GoTo], Awaitable[bool]]
"""Runs the document that a call hears before it is joined to another; whether it agrees to be."""


async def enqueue(stage: Stage, effect: EnqueueCall, queues: Queues, perform: Perform, whisper: Whisper) -> Dequeued:
    """Returns when the call goes on: at the next verb, or at the action URL. Raises `Parted` when it hangs up."""
    await stage.answer()
    line = queues.named(effect.queue)
    try:
        place = line.enter(stage.sid, effect.max_size)
    except Refusal as refusal:
        stage.warn(refusal.code, refusal.message)
        result = "queue-full" if isinstance(refusal, QueueFull) else "error"
        return Dequeued(result, line.queue.record.sid)
    queued = _Queued(stage, place, WaitSound(stage, effect, place, perform), whisper)
    try:
        return queued.told(await queued.until_out())
    except HungUp as end:
        raise Parted(queued.told("hangup")) from end
    except (Refusal, TwimlError) as error:
        stage.warn(error.code, error.message)
        return queued.told("error")
    except asyncio.CancelledError as cancellation:
        raise Interrupted(queued.told(queued.cut_short())) from cancellation
    finally:
        line.leave(stage.sid)


@dataclass
class _Queued:
    """A call from its coming into the queue to its going out."""

    stage: Stage
    place: Place
    sound: WaitSound
    whisper: Whisper
    joined_as: QueueMember | None = None
    """Once it is joined to somebody: how it waited."""

    async def until_out(self) -> str:
        """Returns the word for it."""
        while (summons := await self._until_called()) is not None:
            try:
                if await self._meet(summons):
                    return "bridged"
            finally:
                if summons.joined:
                    summons.part()
            if not summons.over.is_set():
                return "error"
            self.place.wait_on()
        return "leave"

    def told(self, result: str) -> Dequeued:
        """What the action is told."""
        member = self.joined_as or self.place.member
        return Dequeued(result, member.queue_sid, member.wait_time_s)

    def cut_short(self) -> str:
        """The call hung up, or does something else now."""
        if self.joined_as is not None:
            return "redirected-from-bridged" if self.stage.live else "bridged"
        if self.place.summons is not None:
            return "bridging-in-process"
        return "redirected" if self.stage.live else "hangup"

    async def _until_called(self) -> Summons | None:
        """Hear the wait sound until somebody wants the call, or (None) it leaves. The sound is over by then."""
        called, sound = self.place.called, asyncio.ensure_future(self.sound.play())
        either: set[asyncio.Future[Any]] = {called, sound}
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await cancelled(sound)
        if called.done():
            return called.result()
        sound.result()
        return None

    async def _meet(self, summons: Summons) -> bool:
        """Hear the whisper, then talk until one of the two goes. False: it did not come to that."""
        if summons.whisper is not None and not await self._agrees(summons, summons.whisper):
            return False
        if summons.over.is_set():
            return False
        self.joined_as = self.place.member
        summons.join(self.joined_as, self.stage.leg, self.stage.services.clock.utc())
        self.place.out()
        await summons.over.wait()
        return True

    async def _agrees(self, summons: Summons, whisper: GoTo) -> bool:
        """Also false when who dialled has gone meanwhile."""
        member = self.place.member
        told = (
            ("QueueSid", member.queue_sid),
            ("QueueTime", str(member.wait_time_s)),
            ("DequeingCallSid", summons.dialler.sid),
        )
        hearing = asyncio.ensure_future(self.whisper(self.stage, GoTo(whisper.url, whisper.method, told)))
        gone = asyncio.ensure_future(summons.over.wait())
        try:
            await asyncio.wait({hearing, gone}, return_when=asyncio.FIRST_COMPLETED)
            return hearing.done() and hearing.result()
        finally:
            await cancelled(hearing)
            await cancelled(gone)
