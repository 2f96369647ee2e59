"""What the application is told: one JSON object a text frame (Twilio Docs, ConversationRelay WebSocket messages)."""

from dataclasses import dataclass
from typing import Final

import msgspec

from mixminus.base.types import FormPairs, Sid


@dataclass(frozen=True, slots=True)
class Facts:
    """Of the call, as they were when the session began."""

    session_id: Sid
    account_sid: Sid
    call_sid: Sid
    from_: str
    to: str
    direction: str
    call_status: str
    """As TwiML requests have it: `in-progress`."""
    parent_call_sid: str = ""
    forwarded_from: str = ""
    caller_name: str = ""
    parameters: FormPairs = ()


class Setup(msgspec.Struct, frozen=True, tag="setup", tag_field="type", rename="camel"):
    session_id: str
    account_sid: str
    parent_call_sid: str
    call_sid: str
    from_: str = msgspec.field(name="from")
    to: str
    forwarded_from: str
    call_type: str
    caller_name: str
    direction: str
    call_status: str
    custom_parameters: dict[str, str]


class Prompt(msgspec.Struct, frozen=True, tag="prompt", tag_field="type", rename="camel"):
    voice_prompt: str
    lang: str
    last: bool


class Dtmf(msgspec.Struct, frozen=True, tag="dtmf", tag_field="type"):
    digit: str


class Interrupt(msgspec.Struct, frozen=True, tag="interrupt", tag_field="type", rename="camel"):
    utterance_until_interrupt: str
    duration_until_interrupt_ms: int


class Error(msgspec.Struct, frozen=True, tag="error", tag_field="type"):
    description: str


class Info(msgspec.Struct, frozen=True, tag="info", tag_field="type"):
    name: str
    value: str | int


ToApplication = Setup | Prompt | Dtmf | Interrupt | Error | Info

encode: Final = msgspec.json.Encoder().encode


def setup(facts: Facts) -> Setup:
    """The first message."""
    return Setup(
        facts.session_id,
        facts.account_sid,
        facts.parent_call_sid,
        facts.call_sid,
        facts.from_,
        facts.to,
        facts.forwarded_from,
        call_type(facts.to if facts.direction.startswith("outbound") else facts.from_),
        facts.caller_name,
        facts.direction,
        facts.call_status.upper().replace("-", "_"),
        dict(facts.parameters),
    )


def call_type(far_end: str) -> str:
    """How the person is reached."""
    scheme = far_end.partition(":")[0].lower()
    return {"sip": "SIP", "sips": "SIP", "client": "CLIENT"}.get(scheme, "PSTN")
