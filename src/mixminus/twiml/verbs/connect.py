"""`<Connect>`: the call is somebody else's until that ends."""

from dataclasses import dataclass
from typing import ClassVar, Final, Self

from mixminus.twiml.attributes import SCHEMA, Attribute, Reader, Table, WarnOf
from mixminus.twiml.context import Context
from mixminus.twiml.effects import ConnectRelay, ConnectStream, GoTo, Relayed, Steps, Warn
from mixminus.twiml.element import Element
from mixminus.twiml.nouns.conversation_relay import ConversationRelay
from mixminus.twiml.nouns.stream import Stream, stream_in
from mixminus.twiml.values import METHOD as HTTP_METHOD
from mixminus.twiml.values import URL

ACTION: Final[Attribute[str | None]] = Attribute("action", URL, None, 11100)
METHOD: Final = Attribute("method", HTTP_METHOD, "POST")


@dataclass(frozen=True, slots=True)
class Connect:
    """`action` as written. Without anybody to connect there is nothing to wait for."""

    noun: Stream | ConversationRelay | None
    action: str | None = None
    method: str = "POST"

    ATTRIBUTES: ClassVar[Table] = (ACTION, METHOD)

    @classmethod
    def parse(cls, element: Element, warn: WarnOf) -> Self:
        read = Reader(element, cls.ATTRIBUTES, warn)
        return cls(_noun(element, warn), read(ACTION) or None, read(METHOD))

    def steps(self, context: Context) -> Steps:
        """When the stream or the session has ended, the action is asked, or else the next verb runs (4.6)."""
        match self.noun:
            case Stream() as stream:
                return (yield from self._stream(stream, context))
            case ConversationRelay() as relay:
                return (yield from self._relay(relay, context))
            case None:
                return None

    def _stream(self, stream: Stream, context: Context) -> Steps:
        warnings: list[Warn] = []
        attributes = stream.attributes_in(context, lambda code, message: warnings.append(Warn(code, message)))
        action = context.url(self.action) if self.action else None
        yield from warnings
        yield ConnectStream(attributes)
        return GoTo(action, self.method) if action else None

    def _relay(self, relay: ConversationRelay, context: Context) -> Steps:
        action = context.url(self.action) if self.action else None
        relayed: Relayed = yield ConnectRelay(relay.attributes_in(context))
        return GoTo(action, self.method, _result(relayed)) if action else None


def _noun(element: Element, warn: WarnOf) -> Stream | ConversationRelay | None:
    """The first one counts: a call is connected to one of them."""
    first = next((child for child in element.elements() if child.name in ("Stream", "ConversationRelay")), None)
    if first is None or first.name == "Stream":
        return stream_in(element, warn)
    for child in element.elements():
        if child is not first:
            warn(SCHEMA, f"Line {child.line}: only <{first.name}> counts in this <Connect>, not <{child.name[:60]}>")
    return ConversationRelay.parse(first, warn)


def _result(relayed: Relayed) -> tuple[tuple[str, str], ...]:
    """What the action is told (5.4)."""
    told = (
        ("SessionId", relayed.session_id),
        ("SessionStatus", relayed.status),
        ("SessionDuration", relayed.duration_s),
        ("HandoffData", relayed.handoff_data),
        ("ErrorCode", relayed.error_code),
        ("ErrorMessage", relayed.error_message),
    )
    return tuple((name, str(value)) for name, value in told if value is not None)
