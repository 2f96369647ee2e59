"""Runs documents by hand: effects come out, the results that a test wants go in."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from mixminus.twiml.context import Context
from mixminus.twiml.document import read_answer
from mixminus.twiml.effects import (
    CollectDigits,
    Collected,
    ConferenceLeft,
    ConnectRelay,
    Dialled,
    DialQueue,
    DialTargets,
    JoinConference,
    RecordCaller,
    ReferCaller,
    ReferOutcome,
    Relayed,
    Warn,
)
from mixminus.twiml.interpreter import run
from mixminus.twiml.queue_effects import Dequeue, Dequeued, EnqueueCall

DEFAULTS = {
    CollectDigits: Collected(""),
    JoinConference: ConferenceLeft(),
    DialTargets: Dialled("completed", "CA1", 7, True),
    DialQueue: Dialled("no-answer", dequeue=Dequeue("queue-empty")),
    EnqueueCall: Dequeued("leave", "QU1", 3),
    ConnectRelay: Relayed("VX1", "ended"),
    RecordCaller: None,
    ReferCaller: ReferOutcome(202, 200),
}


@dataclass
class Ran:
    """What a document did."""

    effects: list[Any]
    warnings: list[int]
    outcome: Any

    @property
    def effect(self) -> Any:
        """The only effect."""
        (effect,) = self.effects
        return effect


def run_twiml(
    verbs: str | bytes,
    *results: Any,
    url: str | None = "https://app.test/voice/in?tenant=7",
    content_type: str = "text/xml",
) -> Ran:
    """Run verbs (the root is added), or a whole body in bytes; *results* for the effects that want one, in order."""
    body = verbs if isinstance(verbs, bytes) else f"<Response>{verbs}</Response>".encode()
    steps = run(read_answer(body, content_type), Context(url))
    waiting, ran, result = list(results), Ran([], [], None), None
    while True:
        try:
            effect = steps.send(result)
        except StopIteration as stop:
            assert not waiting, f"nobody asked for {waiting}"
            ran.outcome = stop.value
            return ran
        result = None
        if isinstance(effect, Warn):
            ran.warnings.append(effect.code)
            continue
        ran.effects.append(effect)
        if type(effect) in DEFAULTS:
            result = waiting.pop(0) if waiting else DEFAULTS[type(effect)]


@pytest.fixture(scope="session")
def twiml() -> Callable[..., Ran]:
    return run_twiml
