"""What a `<Dial>` still has to say when its caller hangs up or is redirected meanwhile."""

import asyncio
from collections.abc import Generator
from typing import Any

from mixminus.app.callbacks import facts
from mixminus.app.stage import Stage
from mixminus.twiml.effects import ConferenceLeft, Dialled, Effect, GoTo, Outcome
from mixminus.twiml.errors import TwimlError
from mixminus.twiml.parameters import voice_request


class Interrupted(asyncio.CancelledError):
    """The effect was cancelled; `result` is how far it had come."""

    def __init__(self, result: Dialled | ConferenceLeft) -> None:
        super().__init__()
        self.result = result


def ask_action(steps: "Generator[Effect, Any, Outcome | None]", cut: Interrupted, stage: Stage) -> None:
    """Ask the action URL all the same: it wants to know how the dial ended. What it answers is ignored.

    (twiml-and-streams.md 1.5 and 3; before a redirect, too: twilio-conference-api.md 5.3.) Asked in order with the
    status callbacks of the call, which nobody waits for.
    """
    try:
        steps.send(cut.result)
    except StopIteration as end:
        if isinstance(end.value, GoTo):
            about = voice_request(facts(stage.record, stage.call_status.value), end.value.parameters)
            stage.services.callbacks.ask_action(stage.sid, end.value.url, end.value.method, about)
    except TwimlError as error:
        stage.warn(error.code, error.message)
    finally:
        steps.close()
