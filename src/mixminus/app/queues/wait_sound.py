"""What a call hears while it waits in a queue: music, silence, or a document that is asked for again and again."""

import asyncio
from collections.abc import Awaitable, Callable

from mixminus.app.documents.documents import Opened
from mixminus.app.documents.options_from_twiml import sound
from mixminus.app.documents.stage import Stage
from mixminus.app.queues.waiting_line import Place
from mixminus.app.sounds.prompting import Loudspeaker
from mixminus.app.sounds.sounds import MEDIA_FOLDER, SoundSystem
from mixminus.calls.options import AudioDocument
from mixminus.twiml.document import AudioBody
from mixminus.twiml.effects import Effect, GoTo, HangUp, Outcome, Result
from mixminus.twiml.interpreter import run
from mixminus.twiml.queue_effects import EnqueueCall, LeaveQueue
from mixminus.twiml.restricted import QUEUE_WAIT, only

Perform = Callable[[Stage, Effect], Awaitable[Result]]


class HungUp(Exception):
    """`<Hangup>`: the document that the call hears ends it."""


class WaitSound:
    """Of one call."""

    def __init__(self, stage: Stage, effect: EnqueueCall, place: Place, perform: Perform) -> None:
        self._stage = stage
        self._sound = sound(effect.wait_url, effect.wait_method)
        self._place = place
        self._perform = perform

    async def play(self) -> None:
        """Returns when the call leaves the queue. Raises `HungUp`; `Refusal` or `TwimlError` for a bad document."""
        match self._sound:
            case AudioDocument(url, method) if not url.startswith(MEDIA_FOLDER):
                await self._documents(GoTo(url, method))
            case _:
                services = self._stage.services
                loudspeaker = Loudspeaker(services.media, leg=self._stage.leg)
                await SoundSystem(services.prompts, services.documents).play(self._sound, loudspeaker, ())
                await asyncio.Event().wait()

    async def _documents(self, first: GoTo) -> None:
        """When a document has come to its end it all begins again, with new figures."""
        stage = self._stage
        trail = stage.services.documents.trail(lambda: (*stage.about, *self._place.parameters))
        wanted = first
        while True:
            opened = await trail.open(wanted)
            outcome = await self._run(opened)
            if isinstance(outcome, LeaveQueue):
                return
            if isinstance(outcome, HangUp) and not isinstance(opened.document, AudioBody):
                raise HungUp
            wanted = outcome if isinstance(outcome, GoTo) else first

    async def _run(self, opened: Opened) -> Outcome | LeaveQueue | None:
        steps = run(only(opened.document, QUEUE_WAIT), opened.context)
        try:
            effect = next(steps)
            while not isinstance(effect, LeaveQueue):
                effect = steps.send(await self._perform(self._stage, effect))
        except StopIteration as end:
            outcome: Outcome | None = end.value
            return outcome
        finally:
            steps.close()
        return effect
