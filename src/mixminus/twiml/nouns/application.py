"""`<Application>`: a TwiML application takes the call."""

from dataclasses import dataclass
from typing import Any, ClassVar, Final, Self

from mixminus.base.sids import APPLICATION, is_sid
from mixminus.twiml.attributes import SCHEMA, Attribute, Reader, Table, WarnOf, shortened
from mixminus.twiml.context import Context
from mixminus.twiml.effects import CallbackTo, Target, TargetKind
from mixminus.twiml.element import Element
from mixminus.twiml.nouns import callbacks
from mixminus.twiml.nouns.parameter import child_text, parameters
from mixminus.twiml.values import BOOLEAN, TEXT

ALIAS: Final = "TW"
"""A prefix met in the wild for the same 32 digits."""


@dataclass(frozen=True, slots=True)
class Application:
    sid: str
    parameters: tuple[tuple[str, str], ...] = ()
    callback: CallbackTo | None = None

    ATTRIBUTES: ClassVar[Table] = (
        *callbacks.CALL.table,
        Attribute[Any]("url", TEXT, None, offered=False),
        Attribute[Any]("method", TEXT, "POST", offered=False),
        Attribute[Any]("customerId", TEXT, None, offered=False),
        Attribute[Any]("copyParentTo", BOOLEAN, False, offered=False),
    )

    @classmethod
    def parse(cls, element: Element, warn: WarnOf) -> Self | None:
        read = Reader(element, cls.ATTRIBUTES, warn)
        written = child_text(element, "ApplicationSid") or element.text
        sid = APPLICATION + written.removeprefix(ALIAS) if written.startswith(ALIAS) else written
        given = parameters(element, {"ApplicationSid"}, warn)
        if not is_sid(APPLICATION, sid):
            warn(SCHEMA, f'Line {element.line}: "{shortened(written)}" is not the SID of an application')
            return None
        return cls(sid, given, callbacks.CALL.read(read))

    def target(self, context: Context, warn: WarnOf) -> Target:
        """Parameters reach the application as `Param_NAME` (TwiML: Application)."""
        return Target(
            TargetKind.APPLICATION,
            self.sid,
            parameters=tuple((f"Param_{name}", value) for name, value in self.parameters),
            callback=callbacks.resolved(self.callback, callbacks.CALL, context, warn),
        )
