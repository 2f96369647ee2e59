"""`<Refer>`: the far end of a SIP leg is told to call somebody else, and says how that goes."""

from dataclasses import dataclass
from typing import ClassVar, Final, Self

from mixminus.base.types import FormPairs
from mixminus.twiml.attributes import SCHEMA, Attribute, Reader, Table, WarnOf
from mixminus.twiml.context import Context
from mixminus.twiml.effects import GoTo, ReferCaller, ReferOutcome, Steps
from mixminus.twiml.element import Element
from mixminus.twiml.nouns.sip import Sip
from mixminus.twiml.values import METHOD as HTTP_METHOD
from mixminus.twiml.values import URL

ACTION: Final[Attribute[str | None]] = Attribute("action", URL, None, 11100)
METHOD: Final = Attribute("method", HTTP_METHOD, "POST")

BUSY: Final = frozenset({486, 600, 603})
NO_ANSWER: Final = frozenset({408, 480, 487})


@dataclass(frozen=True, slots=True)
class Refer:
    """`action` as written. Without a SIP address there is nobody to send anybody to."""

    noun: Sip | None
    action: str | None = None
    method: str = "POST"

    ATTRIBUTES: ClassVar[Table] = (ACTION, METHOD)

    @classmethod
    def parse(cls, element: Element, warn: WarnOf) -> Self:
        read = Reader(element, cls.ATTRIBUTES, warn)
        return cls(_noun(element, warn), read(ACTION) or None, read(METHOD))

    def steps(self, context: Context) -> Steps:
        """When the outcome is known the action is asked, or else the next verb runs (2.10)."""
        if self.noun is None:
            return None
        action = context.url(self.action) if self.action else None
        outcome: ReferOutcome = yield ReferCaller(self.noun.address, self.noun.headers)
        return GoTo(action, self.method, refer_parameters(outcome)) if action else None


def refer_parameters(outcome: ReferOutcome) -> FormPairs:
    """What the action is told: of what did not happen, nothing (Twilio Docs, Refer: action)."""
    told = (
        ("ReferCallStatus", _status(outcome)),
        ("ReferSipResponseCode", outcome.refer_code),
        ("NotifySipResponseCode", outcome.notify_code),
    )
    return tuple((name, str(value)) for name, value in told if value is not None)


def _status(outcome: ReferOutcome) -> str | None:
    """How the call stands to which the REFER led, as far as we know."""
    refer, notify = outcome.refer_code, outcome.notify_code
    if outcome.hung_up and (notify is None or notify < 200):
        return "canceled"
    if refer is not None and refer >= 300:
        return "failed"
    if notify is None:
        return None
    if notify < 200:
        return "ringing"
    if notify < 300:
        return "in-progress"
    if notify in BUSY:
        return "busy"
    return "no-answer" if notify in NO_ANSWER else "failed"


def _noun(element: Element, warn: WarnOf) -> Sip | None:
    found = [child for child in element.elements() if child.name == "Sip"]
    for child in element.elements():
        if child not in found[:1]:
            warn(SCHEMA, f"Line {child.line}: <Refer> has one <Sip>, and <{child.name[:60]}> is left out")
    if not found:
        warn(SCHEMA, f"Line {element.line}: <Refer> has no <Sip>")
        return None
    return Sip.parse(found[0], warn)
