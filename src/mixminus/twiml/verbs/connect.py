"""`<Connect>`: the call is somebody else's until that ends."""

from dataclasses import dataclass
from typing import ClassVar, Final, Self

from mixminus.twiml.attributes import Attribute, Reader, Table, WarnOf
from mixminus.twiml.context import Context
from mixminus.twiml.effects import ConnectStream, GoTo, Steps, Warn
from mixminus.twiml.element import Element
from mixminus.twiml.nouns.stream import Stream, stream_in
from mixminus.twiml.values import METHOD as HTTP_METHOD
from mixminus.twiml.values import URL

ACTION: Final[Attribute[str | None]] = Attribute("action", URL, None, 11100)
METHOD: Final = Attribute("method", HTTP_METHOD, "POST")


@dataclass(frozen=True, slots=True)
class Connect:
    """`action` as written. Without a stream there is nothing to wait for."""

    stream: Stream | None
    action: str | None = None
    method: str = "POST"

    ATTRIBUTES: ClassVar[Table] = (ACTION, METHOD)

    @classmethod
    def parse(cls, element: Element, warn: WarnOf) -> Self:
        read = Reader(element, cls.ATTRIBUTES, warn)
        return cls(stream_in(element, warn), read(ACTION) or None, read(METHOD))

    def steps(self, context: Context) -> Steps:
        """When the stream has ended, the action is asked, or else the next verb runs (4.6)."""
        if self.stream is None:
            return None
        warnings: list[Warn] = []
        attributes = self.stream.attributes_in(context, lambda code, message: warnings.append(Warn(code, message)))
        action = context.url(self.action) if self.action else None
        yield from warnings
        yield ConnectStream(attributes)
        return GoTo(action, self.method) if action else None
