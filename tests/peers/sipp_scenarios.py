"""What SIPp says and expects, written down as steps and put out as the XML that it reads."""

import re
from collections.abc import Iterator, Sequence
from itertools import count
from xml.sax.saxutils import quoteattr

SDP = """v=0
o=sipp 1 1 IN IP[local_ip_type] [local_ip]
s=-
c=IN IP[media_ip_type] [media_ip]
t=0 0
m=audio [media_port] RTP/AVP 0
a=rtpmap:0 PCMU/8000
"""
HOLD = SDP + "a=sendonly\n"

HERE = "[local_ip]:[local_port]"
THERE = "[remote_ip]:[remote_port]"
CONTACT = f"Contact: <sip:sipp@{HERE}>"
TAGGED = "[peer_tag_param]"
"""Of the phone that answered; an ACK is part of its call."""
OWN = "z9hG4bKown[pid]x[call_number]"
"""The branch of an INVITE, for its CANCEL and the ACK of its refusal (RFC 3261 9.1, 17.1.1.3)."""
NEXT = "z9hG4bKnext[pid]x[call_number]"
"""Another one."""

_VARIABLES = count(1)
_COMPACT = {
    "Via": "v",
    "From": "f",
    "To": "t",
    "Call-ID": "i",
    "Contact": "m",
    "Content-Type": "c",
    "Content-Length": "l",
}
_KEPT = ("Via", "From", "To")
"""Of an INVITE, in variables, for answers and requests that come after other messages."""


def request(
    method: str,
    cseq: int,
    *headers: str,
    body: str = "",
    kind: str = "application/sdp",
    to: str | None = None,
    branch: str = "[branch]",
    uri: str = f"sip:[service]@{THERE}",
    hops: str = "70",
    once: bool = False,
) -> str:
    """A request by who called; inside the call once somebody answered with a tag. What is not said *once* is repeated
    until it is answered.
    """
    in_dialog = "" if method == "INVITE" and cseq < 10 else TAGGED
    lines = [
        f"{method} {uri} SIP/2.0",
        f"Via: SIP/2.0/[transport] {HERE};branch={branch}",
        f"From: <sip:sipp@{HERE}>;tag=[pid]s[call_number]",
        f"To: <sip:[service]@{THERE}>{in_dialog if to is None else to}",
        "Call-ID: [call_id]",
        f"CSeq: {cseq} {method}",
        CONTACT,
        f"Max-Forwards: {hops}",
        *headers,
    ]
    return _send(lines, body, kind, again=not once and method != "ACK")


def answer(status: str, *headers: str, body: str = "", tag: str = "a") -> str:
    """A response to the last request."""
    to = "[last_To:]" if not tag else f"[last_To:];tag={tag}[call_number]"
    last = ["[last_Via:]", "[last_From:]", to, "[last_Call-ID:]", "[last_CSeq:]"]
    contact = [] if any(header.startswith("Contact") for header in headers) else [CONTACT]
    return _send([f"SIP/2.0 {status}", *last, *contact, *headers], body, "application/sdp", again=False)


def hears(status: int, **headers: str) -> str:
    """A response whose headers contain these patterns; provisional ones before it may come or not."""
    return _recv(f'response="{status}"', headers)


def is_challenged(status: int, **headers: str) -> str:
    """A response that asks for what `proves` brings."""
    return _recv(f'response="{status}" auth="true"', headers)


def proves(user: str, password: str) -> str:
    """A header."""
    return f"[authentication username={user} password={password}]"


def may_hear(status: int) -> str:
    return f'<recv response="{status}" optional="true"/>'


def is_asked(method: str, **headers: str) -> str:
    return _recv(f'request="{method}"', headers)


def is_invited(**headers: str) -> str:
    """An INVITE that is answered after other requests, with `answers_invite`, or is followed by requests of ours."""
    keep = "".join(
        f'<ereg regexp=".*" search_in="hdr" header="{name}:" assign_to="{name.lower()}"/>' for name in _KEPT
    )
    asked = is_asked("INVITE", **headers)
    if "</action>" in asked:
        return asked.replace("</action>", f"{keep}</action>")
    return f'<recv request="INVITE"><action>{keep}</action></recv>'


def answers_invite(status: str, *headers: str, body: str = "", tag: str = "a") -> str:
    """In place of what the last request's headers would say."""
    known = ["Via:[$via]", "From:[$from]", f"To:[$to];tag={tag}[call_number]", "Call-ID: [call_id]", "CSeq: 1 INVITE"]
    return _send([f"SIP/2.0 {status}", *known, CONTACT, *headers], body, "application/sdp", again=False)


def asks_back(method: str, cseq: int, *headers: str, body: str = "", kind: str = "application/sdp") -> str:
    """A request by who was called, inside the call."""
    lines = [
        f"{method} sip:node@{THERE} SIP/2.0",
        f"Via: SIP/2.0/[transport] {HERE};branch=[branch]",
        "From:[$to];tag=a[call_number]",
        "To:[$from]",
        "Call-ID: [call_id]",
        f"CSeq: {cseq} {method}",
        CONTACT,
        "Max-Forwards: 70",
        *headers,
    ]
    return _send(lines, body, kind, again=method != "ACK")


def waits(milliseconds: int) -> str:
    return f'<pause milliseconds="{milliseconds}"/>'


def compact(step: str) -> str:
    """The same message with header names of one letter (RFC 3261 7.3.3)."""
    for name, letter in _COMPACT.items():
        step = re.sub(rf"^{name}:", f"{letter}:", step, flags=re.M)
    return step


def folded(step: str) -> str:
    """The same message with From and To on two lines each (RFC 3261 7.3.1)."""
    return re.sub(r"^(From|To): ", r"\1:\n\\x20", step, flags=re.M)


def scenario(*steps: str) -> str:
    told = "\n".join(steps)
    kept = [name.lower() for name in _KEPT if f'assign_to="{name.lower()}"' in told]
    used = [f'<Reference variables="{",".join(kept)}"/>'] if kept else []
    return "\n".join(
        ['<?xml version="1.0" encoding="ISO-8859-1" ?>', '<scenario name="ours">', told, *used, "</scenario>"]
    )


def calls(*headers: str, body: str = SDP, **heard: str) -> Iterator[str]:
    """A call that is answered."""
    yield from (
        request("INVITE", 1, *headers, body=body),
        *RINGING,
        hears(200, **heard),
        request("ACK", 1, to=TAGGED),
    )


def gives_up() -> Sequence[str]:
    """Takes an INVITE back that was sent with the branch `OWN`."""
    return (
        request("CANCEL", 1, to="", branch=OWN),
        hears(200),
        hears(487),
        request("ACK", 1, to=TAGGED, branch=OWN),
    )


def _send(lines: list[str], body: str, kind: str, *, again: bool) -> str:
    content = [f"Content-Type: {kind}"] if body else []
    text = "\n".join([*lines, *content, "Content-Length: [len]", "", body])
    retransmit = ' retrans="500"' if again else ""
    return f"<send{retransmit}><![CDATA[\n{text}\n]]></send>"


def _recv(what: str, headers: dict[str, str]) -> str:
    checks = [_check(name.replace("_", "-"), pattern) for name, pattern in headers.items()]
    return f"<recv {what}><action>{''.join(checks)}</action></recv>" if checks else f"<recv {what}/>"


def _check(name: str, pattern: str) -> str:
    variable = f"v{next(_VARIABLES)}"
    where = 'search_in="body"' if name == "body" else f'search_in="hdr" header="{name}:"'
    ereg = f'<ereg regexp={quoteattr(pattern)} {where} check_it="true" assign_to="{variable}"/>'
    return f'{ereg}<log message="{name} [${variable}]"/>'


RINGING = (may_hear(100), may_hear(180))
GOES = (request("BYE", 90), hears(200))
