"""What each TwiML request carries (Twilio Docs, TwiML Voice: "Twilio's request to your application")."""

from dataclasses import dataclass
from typing import Final

from mixminus.base.types import FormPairs

API_VERSION: Final = "2010-04-01"


@dataclass(frozen=True, slots=True)
class CallFacts:
    """A call, in the words of a webhook. None: not sent."""

    call_sid: str
    account_sid: str
    from_: str
    to: str
    call_status: str
    direction: str
    api_version: str = API_VERSION
    caller_name: str | None = None
    forwarded_from: str | None = None
    parent_call_sid: str | None = None
    answered_by: str | None = None
    sip_call_id: str | None = None
    sip_domain: str | None = None
    sip_source_ip: str | None = None
    sip_headers: FormPairs = ()
    """`X-…` and `User-to-User` headers of the INVITE."""


def voice_request(facts: CallFacts, verb_parameters: FormPairs = ()) -> FormPairs:
    """The parameters of every TwiML request, then those of the verb or address that asked for it.

    `Caller` and `Called` repeat `From` and `To`, as they always have.
    """
    always = (
        ("CallSid", facts.call_sid),
        ("AccountSid", facts.account_sid),
        ("From", facts.from_),
        ("To", facts.to),
        ("Caller", facts.from_),
        ("Called", facts.to),
        ("CallStatus", facts.call_status),
        ("ApiVersion", facts.api_version),
        ("Direction", facts.direction),
    )
    known = (
        ("CallerName", facts.caller_name),
        ("ForwardedFrom", facts.forwarded_from),
        ("ParentCallSid", facts.parent_call_sid),
        ("AnsweredBy", facts.answered_by),
        ("SipCallId", facts.sip_call_id),
        ("SipDomain", facts.sip_domain),
        ("SipSourceIp", facts.sip_source_ip),
    )
    headers = ((f"SipHeader_{name}", value) for name, value in facts.sip_headers)
    return (*always, *((name, value) for name, value in known if value is not None), *headers, *verb_parameters)


def fallback_request(facts: CallFacts, error_code: int, error_url: str) -> FormPairs:
    """What the fallback URL is told besides: what went wrong, and where."""
    return voice_request(facts, (("ErrorCode", str(error_code)), ("ErrorUrl", error_url)))
