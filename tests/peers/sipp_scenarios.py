"""What SIPp says and expects, written down as steps and put out as the XML that it reads."""

from collections.abc import Iterator
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

CONTACT = "Contact: <sip:sipp@[local_ip]:[local_port]>"
TAGGED = "[peer_tag_param]"
"""Of the phone that answered; an ACK is part of its call."""

_VARIABLES = count(1)


def request(
    method: str, cseq: int, *headers: str, body: str = "", kind: str = "application/sdp", to: str = ""
) -> str:
    """A request by who called; inside the call once somebody answered with a tag."""
    in_dialog = "" if method == "INVITE" and cseq < 10 else "[peer_tag_param]"
    lines = [
        f"{method} sip:[service]@[remote_ip]:[remote_port] SIP/2.0",
        "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]",
        "From: <sip:sipp@[local_ip]:[local_port]>;tag=[pid]s[call_number]",
        f"To: <sip:[service]@[remote_ip]:[remote_port]>{to or in_dialog}",
        "Call-ID: [call_id]",
        f"CSeq: {cseq} {method}",
        CONTACT,
        "Max-Forwards: 70",
        *headers,
    ]
    return _send(lines, body, kind, again=method != "ACK")


def answer(status: str, *headers: str, body: str = "", tag: str = "a") -> str:
    """A response to the last request."""
    to = "[last_To:]" if not tag else f"[last_To:];tag={tag}[call_number]"
    last = ["[last_Via:]", "[last_From:]", to, "[last_Call-ID:]", "[last_CSeq:]"]
    contact = [] if any(header.startswith("Contact") for header in headers) else [CONTACT]
    return _send([f"SIP/2.0 {status}", *last, *contact, *headers], body, "application/sdp", again=False)


def hears(status: int, **headers: str) -> str:
    """A response whose headers contain these patterns; provisional ones before it may come or not."""
    return _recv(f'response="{status}"', headers)


def may_hear(status: int) -> str:
    return f'<recv response="{status}" optional="true"/>'


def is_asked(method: str, **headers: str) -> str:
    return _recv(f'request="{method}"', headers)


def is_invited(**headers: str) -> str:
    """An INVITE that is answered after other requests, with `answers_invite`."""
    keep = '<ereg regexp=".*" search_in="hdr" header="Via:" assign_to="via"/>'
    return is_asked("INVITE", **headers).replace("</action>", f"{keep}</action>")


def answers_invite(status: str, *headers: str, body: str = "") -> str:
    """In place of what the last request's Via and CSeq would say."""
    known = ["Via:[$via]", "[last_From:]", "[last_To:]", "[last_Call-ID:]", "CSeq: 1 INVITE"]
    return _send([f"SIP/2.0 {status}", *known, CONTACT, *headers], body, "application/sdp", again=False)


def scenario(*steps: str) -> str:
    return "\n".join(
        ['<?xml version="1.0" encoding="ISO-8859-1" ?>', '<scenario name="ours">', *steps, "</scenario>"]
    )


def calls(*headers: str, body: str = SDP, **heard: str) -> Iterator[str]:
    """A call that is answered."""
    yield from (
        request("INVITE", 1, *headers, body=body),
        *RINGING,
        hears(200, **heard),
        request("ACK", 1, to=TAGGED),
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
