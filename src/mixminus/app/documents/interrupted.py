"""What a `<Dial>`, a `<Record>`, a relay or a queue still has to say when its caller goes meanwhile."""

import asyncio
from collections.abc import Generator
from typing import Any

from mixminus.app.documents.stage import Stage
from mixminus.calls.options import Webhook
from mixminus.twiml.effects import ConferenceLeft, Dialled, Effect, GoTo, Outcome, Recorded, ReferOutcome, Relayed
from mixminus.twiml.errors import TwimlError
from mixminus.twiml.queue_effects import Dequeued


class Interrupted(asyncio.CancelledError):
    """The effect was cancelled; `result` is how far it had come."""

    def __init__(self, result: Dialled | ConferenceLeft | Recorded | Relayed | ReferOutcome | Dequeued) -> None:
        super().__init__()
        self.result = result


class Parted(Exception):
    """The effect ended the call itself; `result` is how far it had come."""

    def __init__(self, result: Dequeued) -> None:
        super().__init__()
        self.result = result


def ask_action(steps: "Generator[Effect, Any, Outcome | None]", cut: Interrupted | Parted, stage: Stage) -> None:
    """Ask the action URL all the same: it wants to know how that ended. What it answers is ignored.

    (twiml-and-streams.md 1.5 and 3; before a redirect, too: twilio-conference-api.md 5.3.) Asked in order with the
    status callbacks of the call, which nobody waits for.
    """
    try:
        steps.send(cut.result)
    except StopIteration as end:
        if isinstance(end.value, GoTo):
            status = ("CallStatus", stage.call_status.value)
            about = (status if pair[0] == status[0] else pair for pair in stage.about)
            where = Webhook(end.value.url, end.value.method)
            stage.services.callbacks.ask_action(stage.sid, where, (*about, *end.value.parameters))
    except TwimlError as error:
        stage.warn(error.code, error.message)
    finally:
        steps.close()
