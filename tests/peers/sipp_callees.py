"""Calls that SIPp takes, one a rule of docs/sip.md."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto

from tests.peers.sipp_callers import DTMF, PASSWORD, USER
from tests.peers.sipp_scenarios import (
    HERE,
    HOLD,
    SDP,
    answer,
    answers_invite,
    asks_back,
    compact,
    hears,
    is_asked,
    is_invited,
    may_hear,
)

from mixminus.calls.records import CallStatus

CARRIED = "+17775550000"
"""A number that goes over the trunk, whose password is that of `sipp_callers`."""
CHALLENGE = 'Digest realm="carrier", qop="auth", algorithm=MD5, nonce='


class We(Enum):
    """What the node's user does about the call."""

    HANG_UP = auto()
    """A second after it was answered."""
    GIVE_UP = auto()
    """While it rings."""
    WAIT = auto()


@dataclass(frozen=True)
class Callee:
    """What SIPp does, and what the node says of the call."""

    status: CallStatus
    steps: tuple[str, ...]
    we: We = We.WAIT
    over_trunk: bool = False


def answered(*steps: str, over_trunk: bool = False) -> Callee:
    """A call that we hang up."""
    return Callee(CallStatus.COMPLETED, steps, We.HANG_UP, over_trunk)


def refused(status: CallStatus, *steps: str, over_trunk: bool = False) -> Callee:
    return Callee(status, steps, We.WAIT, over_trunk)


def declined(status: str) -> tuple[str, ...]:
    return (is_asked("INVITE"), answer(status), is_asked("ACK"))


UP = (is_asked("ACK"), is_asked("BYE"), answer("200 OK", tag=""))
ANSWERS = (is_invited(), answers_invite("200 OK", body=SDP), is_asked("ACK"))
IS_LEFT = (is_asked("BYE"), answer("200 OK", tag=""))

CALLEES: Mapping[str, Callee] = {
    "redirection": answered(
        is_asked("INVITE"),
        answer("302 Moved", f"Contact: <sip:late@{HERE}>;q=0.1, <sip:new@{HERE}>"),
        is_asked("ACK"),
        is_asked("INVITE", CSeq="2 INVITE", To="sip:sipp@"),
        answer("200 OK", body=SDP),
        *UP,
    ),
    "redirection in circles": refused(
        CallStatus.FAILED, is_asked("INVITE"), answer("302 Moved", f"Contact: <sip:sipp@{HERE}>"), is_asked("ACK")
    ),
    "redirection to two, of whom the first is busy": answered(
        is_asked("INVITE"),
        answer("302 Moved", f"Contact: <sip:late@{HERE}>;q=0.1, <sip:new@{HERE}>;q=0.9"),
        is_asked("ACK"),
        is_asked("INVITE", CSeq="2 INVITE"),
        answer("486 Busy Here", tag="b"),
        is_asked("ACK"),
        is_asked("INVITE", CSeq="3 INVITE"),
        answer("200 OK", body=SDP, tag="c"),
        *UP,
    ),
    "longer session interval": answered(
        is_asked("INVITE", Session_Expires="1800", Supported="timer"),
        answer("422 Session Interval Too Small", "Min-SE: 2000"),
        is_asked("ACK"),
        is_asked("INVITE", Session_Expires="2000", Min_SE="2000"),
        answer("200 OK", "Session-Expires: 2000;refresher=uac", body=SDP),
        *UP,
    ),
    "early media that is confirmed": answered(
        is_invited(Supported="100rel"),
        answer("183 Session Progress", "Require: 100rel", "RSeq: 77", body=SDP),
        is_asked("PRACK", RAck="77 1 INVITE"),
        answer("200 OK", tag=""),
        answers_invite("200 OK"),
        *UP,
    ),
    "early media that is not": answered(
        is_invited(), answers_invite("183 Session Progress", body=SDP), answers_invite("200 OK", body=SDP), *UP
    ),
    "two phones that answer": answered(
        is_invited(),
        answers_invite("180 Ringing", tag="a"),
        answers_invite("180 Ringing", tag="b"),
        answers_invite("200 OK", body=SDP, tag="b"),
        is_asked("ACK", To="tag=b"),
        answers_invite("200 OK", body=SDP, tag="a"),
        is_asked("ACK", To="tag=a"),
        is_asked("BYE", To="tag=a"),
        answer("200 OK", tag=""),
        is_asked("BYE", To="tag=b"),
        answer("200 OK", tag=""),
    ),
    "proxies that stay in the way": answered(
        is_invited(),
        answers_invite(
            "200 OK", "Record-Route: <sip:far.example.com;lr>", f"Record-Route: <sip:near@{HERE};lr>", body=SDP
        ),
        is_asked("ACK", Route="near@.*lr"),
        is_asked("BYE", Route="near@.*lr"),
        answer("200 OK", tag=""),
    ),
    "answers with header names of one letter": answered(
        is_invited(),
        compact(answers_invite("180 Ringing")),
        compact(answers_invite("200 OK", body=SDP)),
        is_asked("ACK"),
        *IS_LEFT,
    ),
    "call that we give up": Callee(
        CallStatus.CANCELED,
        (
            is_invited(),
            answers_invite("180 Ringing"),
            is_asked("CANCEL", CSeq="1 CANCEL"),
            answer("200 OK"),
            answers_invite("487 Request Terminated"),
            is_asked("ACK"),
        ),
        We.GIVE_UP,
    ),
    "answer that crosses our CANCEL": Callee(
        CallStatus.CANCELED,
        (
            is_invited(),
            answers_invite("180 Ringing"),
            is_asked("CANCEL"),
            answer("200 OK"),
            answers_invite("200 OK", body=SDP),
            is_asked("ACK"),
            *IS_LEFT,
        ),
        We.GIVE_UP,
    ),
    "phone that holds us, and takes us back": answered(
        *ANSWERS,
        asks_back("INVITE", 1, body=HOLD),
        may_hear(100),
        hears(200, body="recvonly"),
        asks_back("ACK", 1),
        asks_back("INVITE", 2, body=SDP),
        may_hear(100),
        hears(200, body="m=audio"),
        asks_back("ACK", 2),
        *IS_LEFT,
    ),
    "phone that moves by UPDATE": answered(
        *ANSWERS, asks_back("UPDATE", 1, body=SDP), hears(200, body="m=audio"), *IS_LEFT
    ),
    "phone that asks what we can": answered(*ANSWERS, asks_back("OPTIONS", 1), hears(200, Allow="PRACK"), *IS_LEFT),
    "phone that presses a key by INFO": answered(
        *ANSWERS, asks_back("INFO", 1, body="Signal=1\nDuration=100", kind=DTMF), hears(200), *IS_LEFT
    ),
    "phone that hangs up": refused(CallStatus.COMPLETED, *ANSWERS, asks_back("BYE", 1), hears(200)),
    "busy": refused(CallStatus.BUSY, *declined("486 Busy Here")),
    "declined": refused(CallStatus.BUSY, *declined("603 Decline")),
    "nobody there": refused(CallStatus.NO_ANSWER, *declined("480 Temporarily Unavailable")),
    "no such number": refused(CallStatus.FAILED, *declined("404 Not Found")),
    "not now": refused(
        CallStatus.FAILED, is_asked("INVITE"), answer("503 Service Unavailable", "Retry-After: 60"), is_asked("ACK")
    ),
    "carrier whose nonce grew old": answered(
        is_asked("INVITE", CSeq="1 INVITE"),
        answer("407 Proxy Authentication Required", f'Proxy-Authenticate: {CHALLENGE}"first"'),
        is_asked("ACK"),
        is_asked("INVITE", CSeq="2 INVITE", Proxy_Authorization=f'username="{USER}".*nonce="first".*nc=00000001'),
        answer("407 Proxy Authentication Required", f'Proxy-Authenticate: {CHALLENGE}"second", stale=true'),
        is_asked("ACK"),
        is_asked("INVITE", CSeq="3 INVITE", Proxy_Authorization='nonce="second".*nc=00000001'),
        answer("200 OK", body=SDP),
        is_asked("ACK"),
        is_asked("BYE", Proxy_Authorization='nonce="second".*nc=00000002'),
        answer("200 OK", tag=""),
        over_trunk=True,
    ),
    "carrier that does not take the password": refused(
        CallStatus.FAILED,
        is_asked("INVITE"),
        answer("401 Unauthorized", f'WWW-Authenticate: {CHALLENGE}"first"'),
        is_asked("ACK"),
        is_asked("INVITE", Authorization='nonce="first"'),
        answer("401 Unauthorized", f'WWW-Authenticate: {CHALLENGE}"other"'),
        is_asked("ACK"),
        over_trunk=True,
    ),
}

__all__ = ["CALLEES", "CARRIED", "PASSWORD", "USER", "Callee", "We"]
