"""Run a call's TwiML: fetch a document, perform its verbs, go where it leads."""

from collections.abc import Generator
from typing import Any

from mixminus.app.documents.documents import Opened, Trail
from mixminus.app.documents.interrupted import Interrupted, Parted, ask_action
from mixminus.app.documents.perform import Performer
from mixminus.app.documents.stage import Stage
from mixminus.base.errors import Refusal
from mixminus.calls.options import Instructions
from mixminus.twiml.effects import Effect, GoTo, HangUp, Outcome, RanOut, Rejected, SayText
from mixminus.twiml.errors import TwimlError
from mixminus.twiml.interpreter import run
from mixminus.twiml.restricted import WHISPER, check

APOLOGY = "We are sorry, an application error has occurred. Goodbye."


class TwimlRunner:
    """Drives documents on a stage until the call has nothing left to run."""

    def __init__(self, performer: Performer) -> None:
        self._performer = performer

    async def run(self, stage: Stage, instructions: Instructions) -> None:
        """Returns when the call is to be hung up. Errors that no fallback mends end with an apology."""
        trail = stage.services.documents.trail(lambda: stage.about)
        try:
            await self._follow(stage, trail, instructions)
        except (Refusal, TwimlError) as error:
            stage.warn(error.code, error.message)
            if not stage.fails(error.code, error.message):
                await self._apologise(stage)

    async def whisper(self, stage: Stage, where: GoTo) -> bool:
        """Run the document that a dialled leg hears before it is bridged; whether it agrees to be."""
        trail = stage.services.documents.trail(lambda: stage.about)
        goes_to: GoTo = where
        try:
            while True:
                opened = await trail.open(goes_to)
                check(opened.document, WHISPER)
                outcome = await self._perform(stage, opened)
                if not isinstance(outcome, GoTo):
                    return isinstance(outcome, RanOut)
                goes_to = outcome
        except (Refusal, TwimlError) as error:
            stage.warn(error.code, error.message)
            return False

    async def _follow(self, stage: Stage, trail: Trail, instructions: Instructions) -> None:
        outcome: Outcome | Instructions = instructions
        while isinstance(outcome, GoTo | Instructions):
            try:
                outcome = await self._perform(stage, await _next(trail, outcome))
            except (Refusal, TwimlError) as error:
                if not trail.has_fallback:
                    raise
                stage.warn(error.code, error.message)
                opened = await trail.fallback(error.code)
                outcome = await self._perform(stage, opened)
        _finish(stage, outcome)

    async def _perform(self, stage: Stage, opened: Opened) -> Outcome:
        return await _drive(run(opened.document, opened.context), self._performer, stage)

    async def _apologise(self, stage: Stage) -> None:
        try:
            await stage.answer()
            await self._performer.prompt(stage, (SayText(APOLOGY),))
        except Refusal as refusal:
            stage.warn(refusal.code, refusal.message)


async def _next(trail: Trail, where: GoTo | Instructions) -> Opened:
    return await (trail.first(where) if isinstance(where, Instructions) else trail.open(where))


async def _drive(steps: "Generator[Effect, Any, Outcome | None]", performer: Performer, stage: Stage) -> Outcome:
    try:
        effect = next(steps)
        while True:
            effect = steps.send(await performer.perform(stage, effect))
    except StopIteration as end:
        return end.value or RanOut()
    except Parted as end:
        ask_action(steps, end, stage)
        return HangUp()
    except Interrupted as cut:
        ask_action(steps, cut, stage)
        raise


def _finish(stage: Stage, outcome: Outcome) -> None:
    """What is left to do when a document led nowhere: an unanswered call is declined."""
    if stage.is_answered:
        return
    match outcome:
        case Rejected(reason):
            stage.refuse(reason)
        case HangUp() | RanOut():
            stage.refuse("busy" if isinstance(outcome, HangUp) else "rejected")
