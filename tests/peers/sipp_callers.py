"""Calls that SIPp places, one a rule of docs/sip.md."""

from collections.abc import Mapping
from dataclasses import dataclass

from tests.peers.exchange import LOOPBACK, NUMBER
from tests.peers.sipp_scenarios import (
    GOES,
    HERE,
    HOLD,
    NEXT,
    OWN,
    RINGING,
    SDP,
    TAGGED,
    THERE,
    answer,
    calls,
    compact,
    folded,
    gives_up,
    hears,
    is_asked,
    is_challenged,
    may_hear,
    proves,
    request,
    waits,
)

SLOW = "+15550001001"
"""A number whose application takes its time: it rings."""
BRIEF = "+15550001002"
"""One that hangs up after a second."""
USER, PASSWORD = "alice", "a-secret-of-hers"

TIMER = "Supported: timer"
DTMF = "application/dtmf-relay"
VIDEO = "m=video 7000 RTP/AVP 34\na=rtpmap:34 H263/90000\n"
G729 = SDP.replace("RTP/AVP 0", "RTP/AVP 18").replace("rtpmap:0 PCMU", "rtpmap:18 G729")


@dataclass(frozen=True)
class Caller:
    """What SIPp does. `calls` is how many calls the node counts afterwards."""

    steps: tuple[str, ...]
    number: str = NUMBER
    transport: str = "u1"
    calls: int = 1
    proven: str = ""
    """The address that credentials are for (RFC 7616 3.4.6), where it is not that of the node."""


def caller(*steps: str, number: str = NUMBER, transport: str = "u1", calls: int = 1, proven: str = "") -> Caller:
    return Caller(steps, number, transport, calls, proven)


def register(cseq: int, *headers: str) -> str:
    """Of whoever is called otherwise; to the node as such (RFC 3261 10.2)."""
    return request("REGISTER", cseq, *headers, to="", uri=f"sip:{THERE}")


TIMERS: Mapping[str, Caller] = {
    "session timer that the caller keeps": caller(
        *calls(TIMER, "Session-Expires: 1800;refresher=uac", Session_Expires="1800;refresher=uac", Require="timer"),
        request("UPDATE", 2, TIMER, "Session-Expires: 1800;refresher=uac"),
        hears(200, Session_Expires="1800;refresher=uac"),
        *GOES,
    ),
    "session timer that we keep": caller(
        *calls(TIMER, "Session-Expires: 600", Session_Expires="600;refresher=uas"), *GOES
    ),
    "session interval that is too brief": caller(
        request("INVITE", 1, TIMER, "Session-Expires: 30", body=SDP),
        hears(422, Min_SE="90"),
        request("ACK", 1, to=TAGGED),
        request("INVITE", 2, TIMER, "Session-Expires: 90", "Min-SE: 90", body=SDP),
        *RINGING,
        hears(200, Session_Expires="90"),
        request("ACK", 2, to=TAGGED),
        *GOES,
    ),
}

OFFERS: Mapping[str, Caller] = {
    "hold by re-INVITE, and back": caller(
        *calls(),
        request("INVITE", 11, body=HOLD),
        may_hear(100),
        hears(200, body="recvonly"),
        request("ACK", 11),
        request("INVITE", 12, body=SDP),
        may_hear(100),
        hears(200, body="m=audio [1-9]"),
        request("ACK", 12),
        *GOES,
    ),
    "hold by UPDATE": caller(*calls(), request("UPDATE", 2, body=HOLD), hears(200, body="recvonly"), *GOES),
    "re-INVITE without an offer": caller(
        *calls(),
        request("INVITE", 11),
        may_hear(100),
        hears(200, body="m=audio"),
        request("ACK", 11, body=SDP),
        *GOES,
    ),
    "call without an offer": caller(
        request("INVITE", 1),
        *RINGING,
        hears(200, body="m=audio"),
        request("ACK", 1, to=TAGGED, body=SDP),
        *GOES,
    ),
    "audio beside video": caller(
        request("INVITE", 1, body=SDP + VIDEO),
        *RINGING,
        hears(200, body="m=video 0"),
        request("ACK", 1, to=TAGGED),
        *GOES,
    ),
    "codec that nobody speaks": caller(
        request("INVITE", 1, body=G729, branch=OWN),
        may_hear(100),
        hears(488),
        request("ACK", 1, to=TAGGED, branch=OWN),
        calls=0,
    ),
    "body that is no offer": caller(
        request("INVITE", 1, body="hello", kind="text/plain"), hears(415, Accept="application/sdp"), calls=0
    ),
    "caller that cannot read our answer": caller(
        request("INVITE", 1, "Accept: text/plain", body=SDP), hears(406, Accept="application/sdp"), calls=0
    ),
    "second offer before the first call is confirmed": caller(
        request("INVITE", 1, body=SDP),
        *RINGING,
        hears(200),
        request("INVITE", 11, body=HOLD, branch=NEXT),
        hears(491),
        request("ACK", 11, branch=NEXT),
        request("ACK", 1, to=TAGGED),
        *GOES,
    ),
}

ENDINGS: Mapping[str, Caller] = {
    "caller that gives up": caller(
        request("INVITE", 1, body=SDP, branch=OWN), may_hear(100), hears(180), *gives_up(), number=SLOW
    ),
    "CANCEL that comes after the answer": caller(
        request("INVITE", 1, body=SDP, branch=OWN),
        *RINGING,
        hears(200),
        request("CANCEL", 1, to="", branch=OWN),
        hears(200, CSeq="CANCEL"),
        request("ACK", 1, to=TAGGED),
        *GOES,
    ),
    "CANCEL of nothing": caller(request("CANCEL", 1, to=""), hears(481), calls=0),
    "BYE before the answer": caller(
        request("INVITE", 1, body=SDP, branch=OWN),
        may_hear(100),
        hears(180),
        request("BYE", 2),
        hears(200),
        hears(487),
        request("ACK", 1, to=TAGGED, branch=OWN),
        number=SLOW,
    ),
    "BYE instead of the ACK": caller(request("INVITE", 1, body=SDP), *RINGING, hears(200), *GOES),
    "BYE twice": caller(*calls(), *GOES, request("BYE", 91), hears(481)),
    "goodbye to a stranger": caller(request("BYE", 1, to=";tag=nobody"), hears(481), calls=0),
    "node that hangs up": caller(*calls(), is_asked("BYE"), answer("200 OK", tag=""), number=BRIEF),
    "ACK that comes late": caller(
        request("INVITE", 1, body=SDP),
        *RINGING,
        hears(200),
        waits(1_200),
        request("ACK", 1, to=TAGGED),
        *GOES,
    ),
}

RELIABLE: Mapping[str, Caller] = {
    "provisional answers that must be reliable": caller(
        request("INVITE", 1, "Require: 100rel", body=SDP),
        may_hear(100),
        hears(180, Require="100rel", RSeq="[0-9]+"),
        hears(200),
        request("ACK", 1, to=TAGGED),
        *GOES,
    ),
    "PRACK of nothing": caller(
        request("INVITE", 1, body=SDP, branch=OWN),
        may_hear(100),
        hears(180),
        request("PRACK", 2, "RAck: 9 1 INVITE"),
        hears(481),
        *gives_up(),
        number=SLOW,
    ),
    "INVITE that comes twice": caller(
        request("INVITE", 1, body=SDP, branch=OWN),
        may_hear(100),
        hears(180),
        request("INVITE", 1, body=SDP, branch=OWN, once=True),
        waits(200),
        request("CANCEL", 1, to="", branch=OWN),
        may_hear(180),  # the answer to the second one
        hears(200),
        hears(487),
        request("ACK", 1, to=TAGGED, branch=OWN),
        number=SLOW,
    ),
    "INVITE that comes on two ways": caller(
        request("INVITE", 1, body=SDP, branch=OWN),
        may_hear(100),
        hears(180),
        request("INVITE", 1, body=SDP, branch=NEXT),
        hears(482),
        request("ACK", 1, to=TAGGED, branch=NEXT),
        *gives_up(),
        number=SLOW,
    ),
}

ROUTES: Mapping[str, Caller] = {
    "proxies that stay in the way": caller(
        *calls(
            f"Record-Route: <sip:near@{HERE};lr>",
            "Record-Route: <sip:far.example.com;lr>",
            Record_Route="near@.*lr",
        ),
        is_asked("BYE", Route="near@.*lr", To="sipp@"),
        answer("200 OK", tag=""),
        number=BRIEF,
    ),
    "proxy that routes strictly": caller(
        *calls(f"Record-Route: <sip:strict@{HERE}>", Record_Route="strict@"),
        is_asked("BYE", Route="sip:sipp@"),
        answer("200 OK", tag=""),
        number=BRIEF,
    ),
    "INVITE of six kilobytes over TCP": caller(*calls("X-Long: " + "x" * 6_000), *GOES, transport="t1"),
    "last hop": caller(
        request("INVITE", 1, body=SDP, hops="0"), *RINGING, hears(200), request("ACK", 1, to=TAGGED), *GOES
    ),
    "hops that are no number": caller(request("INVITE", 1, body=SDP, hops="many"), hears(400), calls=0),
    "number as a tel address": caller(
        request("INVITE", 1, body=SDP, uri="tel:+15550001000"),
        *RINGING,
        hears(200),
        request("ACK", 1, to=TAGGED),
        *GOES,
    ),
    "address of another scheme": caller(request("INVITE", 1, body=SDP, uri="fax:+15550001000"), hears(416), calls=0),
    "number that nobody has": caller(
        request("INVITE", 1, body=SDP, branch=OWN),
        may_hear(100),
        hears(404),
        request("ACK", 1, to=TAGGED, branch=OWN),
        number="+15559999999",
        calls=0,
    ),
}

SPELLINGS: Mapping[str, Caller] = {
    "header names of one letter": caller(
        compact(request("INVITE", 1, body=SDP)),
        *RINGING,
        hears(200),
        compact(request("ACK", 1, to=TAGGED)),
        compact(request("BYE", 90)),
        hears(200),
    ),
    "headers on two lines": caller(
        folded(request("INVITE", 1, body=SDP)),
        *RINGING,
        hears(200),
        folded(request("ACK", 1, to=TAGGED)),
        folded(request("BYE", 90)),
        hears(200),
    ),
}

METHODS: Mapping[str, Caller] = {
    "OPTIONS outside of calls": caller(
        request("OPTIONS", 1), hears(200, Allow="INVITE", Accept="application/sdp", Supported="timer"), calls=0
    ),
    "OPTIONS inside a call": caller(
        *calls(), request("OPTIONS", 2), hears(200, Allow="UPDATE", Supported="100rel"), *GOES
    ),
    "key by INFO": caller(*calls(), request("INFO", 2, body="Signal=5\nDuration=160", kind=DTMF), hears(200), *GOES),
    "INFO that is not a key": caller(*calls(), request("INFO", 2, body="x", kind="text/plain"), hears(415), *GOES),
    "INFO, UPDATE and PRACK to a stranger": caller(
        request("INFO", 1, to=";tag=nobody"),
        hears(481),
        request("UPDATE", 2, to=";tag=nobody"),
        hears(481),
        request("PRACK", 3, "RAck: 1 1 INVITE", to=";tag=nobody"),
        hears(481),
        calls=0,
    ),
    "method that nobody knows": caller(*calls(), request("JUGGLE", 2), hears(405, Allow="INVITE"), *GOES),
    "extension that nobody knows": caller(
        request("INVITE", 1, "Require: time-travel", body=SDP),
        hears(420, Unsupported="time-travel"),
        request("ACK", 1, to=TAGGED),
        calls=0,
    ),
    "number that does not grow": caller(*calls(), request("OPTIONS", 1), hears(500), *GOES),
}

TRANSFERS: Mapping[str, Caller] = {
    "transfer by a stranger": caller(
        *calls(), request("REFER", 2, f"Refer-To: <sip:{BRIEF}@{THERE}>"), hears(403), *GOES
    ),
    "transfer to nowhere": caller(*calls(), request("REFER", 2), hears(400), *GOES),
    "transfer outside of calls": caller(
        request("REFER", 1, f"Refer-To: <sip:{BRIEF}@{THERE}>", to=";tag=nobody"), hears(481), calls=0
    ),
    "news that nobody asked for": caller(
        *calls(),
        request(
            "NOTIFY",
            2,
            "Event: refer",
            "Subscription-State: active",
            body="SIP/2.0 200 OK",
            kind="message/sipfrag",
        ),
        hears(481),
        *GOES,
    ),
    "call in place of one that is not there": caller(
        request("INVITE", 1, "Replaces: nobody;from-tag=a;to-tag=b", body=SDP, branch=OWN),
        may_hear(100),
        hears(481),
        request("ACK", 1, to=TAGGED, branch=OWN),
        calls=0,
    ),
}

DIALOG_LAMP = ("Event: dialog", "Expires: 600")
MAILBOX = ("Event: message-summary", "Expires: 600")
PLAIN = "text/plain"
WATCHED = f"{USER}@{LOOPBACK}"

EVENTS: Mapping[str, Caller] = {
    "text to a number": caller(request("MESSAGE", 1, body="Hello", kind=PLAIN), hears(202), calls=0),
    "text inside a call": caller(*calls(), request("MESSAGE", 2, body="Hello", kind=PLAIN), hears(202), *GOES),
    "text that is none": caller(
        request("MESSAGE", 1, body="<p/>", kind="text/html"), hears(415, Accept="text/plain"), calls=0
    ),
    "text to nobody": caller(
        request("MESSAGE", 1, body="Hello", kind=PLAIN), hears(404), number="+15559999999", calls=0
    ),
    "lamp of a user, until it is switched off": caller(
        request("SUBSCRIBE", 1, *DIALOG_LAMP, to=""),
        is_challenged(401),
        request("SUBSCRIBE", 2, *DIALOG_LAMP, proves(USER, PASSWORD), to=""),
        hears(200, Expires="600", Contact="sip:"),
        is_asked("NOTIFY", Event="dialog", Subscription_State="active;expires=", Contact="sip:"),
        answer("200 OK", tag=""),
        request("SUBSCRIBE", 3, "Event: dialog", "Expires: 0"),
        hears(200, Expires="0"),
        is_asked("NOTIFY", Subscription_State="terminated;reason=timeout"),
        answer("200 OK", tag=""),
        number=USER,
        calls=0,
        proven=WATCHED,
    ),
    "messages that wait, which are none": caller(
        request("SUBSCRIBE", 1, *MAILBOX, to=""),
        is_challenged(401),
        request("SUBSCRIBE", 2, *MAILBOX, proves(USER, PASSWORD), to=""),
        hears(200),
        is_asked("NOTIFY", Content_Type="application/simple-message-summary"),
        answer("481 Subscription does not exist", tag=""),
        number=USER,
        calls=0,
        proven=WATCHED,
    ),
    "event that nobody knows": caller(
        request("SUBSCRIBE", 1, "Event: weather", to=""),
        is_challenged(401),
        request("SUBSCRIBE", 2, "Event: weather", proves(USER, PASSWORD), to=""),
        hears(489, Allow_Events="dialog, message-summary"),
        number=USER,
        calls=0,
        proven=WATCHED,
    ),
}

REGISTRATIONS: Mapping[str, Caller] = {
    "registration with a password": caller(
        register(1, "Expires: 600"),
        is_challenged(401, WWW_Authenticate="Digest"),
        register(2, "Expires: 600", proves(USER, PASSWORD)),
        hears(200, Contact="expires="),
        number=USER,
        calls=0,
    ),
    "registration with a wrong password": caller(
        register(1, "Expires: 600"),
        is_challenged(401),
        register(2, "Expires: 600", proves(USER, "a-guess")),
        hears(403),
        number=USER,
        calls=0,
    ),
    "registration that is too brief": caller(
        register(1, "Expires: 5"),
        is_challenged(401),
        register(2, "Expires: 5", proves(USER, PASSWORD)),
        hears(423, Min_Expires="[0-9]+"),
        number=USER,
        calls=0,
    ),
}

CALLERS: Mapping[str, Caller] = {
    **TIMERS,
    **OFFERS,
    **ENDINGS,
    **RELIABLE,
    **ROUTES,
    **SPELLINGS,
    **METHODS,
    **TRANSFERS,
    **EVENTS,
    **REGISTRATIONS,
}
