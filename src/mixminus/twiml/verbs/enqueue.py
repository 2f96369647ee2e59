"""`<Enqueue>`: wait in a queue until somebody dials it."""

from dataclasses import dataclass
from typing import Any, ClassVar, Final, Self

from mixminus.base.types import FormPairs
from mixminus.twiml.attributes import SCHEMA, Attribute, Reader, Table, WarnOf
from mixminus.twiml.context import Context
from mixminus.twiml.effects import GoTo, Steps
from mixminus.twiml.element import Element
from mixminus.twiml.nouns.queue import queue_name
from mixminus.twiml.queue_effects import Dequeued, EnqueueCall
from mixminus.twiml.values import METHOD as HTTP_METHOD
from mixminus.twiml.values import TEXT, URL, integer, optional

MOST_QUEUE_SIZE: Final = 5_000

ACTION: Final[Attribute[str | None]] = Attribute("action", URL, None, 11100)
METHOD: Final = Attribute("method", HTTP_METHOD, "POST")
MAX_QUEUE_SIZE: Final[Attribute[int | None]] = Attribute("maxQueueSize", optional(integer(1, MOST_QUEUE_SIZE)), None)
WAIT_URL: Final[Attribute[str | None]] = Attribute("waitUrl", URL, None, 11100)
WAIT_METHOD: Final = Attribute("waitUrlMethod", HTTP_METHOD, "POST")
WORKFLOW: Final = Attribute[Any]("workflowSid", TEXT, None, offered=False)

NO_WORKFLOWS: Final = "workflows of TaskRouter are not offered: the call is not enqueued"


@dataclass(frozen=True, slots=True)
class Enqueue:
    """URLs as written. Without a queue there is nowhere to wait, and the action is told of an error."""

    queue: str | None
    action: str | None = None
    method: str = "POST"
    max_queue_size: int | None = None
    wait_url: str | None = None
    """None: not said; empty: silence."""
    wait_method: str = "POST"

    ATTRIBUTES: ClassVar[Table] = (ACTION, METHOD, MAX_QUEUE_SIZE, WAIT_URL, WAIT_METHOD, WORKFLOW)

    @classmethod
    def parse(cls, element: Element, warn: WarnOf) -> Self:
        read = Reader(element, cls.ATTRIBUTES, warn)
        return cls(
            queue=_queue(element, read, warn),
            action=read(ACTION) or None,
            method=read(METHOD),
            max_queue_size=read(MAX_QUEUE_SIZE),
            wait_url=read(WAIT_URL),
            wait_method=read(WAIT_METHOD),
        )

    def steps(self, context: Context) -> Steps:
        dequeued = Dequeued("error")
        if self.queue is not None:
            wait_url = context.audio_url(self.wait_url) if self.wait_url else self.wait_url
            dequeued = yield EnqueueCall(self.queue, self.max_queue_size, wait_url, self.wait_method)
        if self.action is None:
            return None
        return GoTo(context.url(self.action), self.method, enqueue_parameters(dequeued))


def enqueue_parameters(dequeued: Dequeued) -> FormPairs:
    """What the action is told."""
    told = (
        ("QueueResult", dequeued.result),
        ("QueueSid", dequeued.queue_sid),
        ("QueueTime", dequeued.queue_time_s),
    )
    return tuple((name, str(value)) for name, value in told if value is not None)


def _queue(element: Element, read: Reader, warn: WarnOf) -> str | None:
    """None when TaskRouter is to choose it: a call must not wait where nobody ever comes."""
    if read.said(WORKFLOW) is not None:
        warn(SCHEMA, f"Line {element.line}: {NO_WORKFLOWS}")
        return None
    for child in element.elements():
        warn(SCHEMA, f"Line {child.line}: <{child.name[:60]}> in <Enqueue> is for TaskRouter and is left out")
    return queue_name(element, warn)
