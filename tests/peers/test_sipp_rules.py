"""Each rule of docs/sip.md as SIPp plays it, which nobody here wrote (issue 5, Shows 2)."""

import asyncio
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.peers.exchange import LOOPBACK, NUMBER, exchange, until
from tests.peers.sipp_scenarios import (
    GOES,
    HOLD,
    RINGING,
    SDP,
    TAGGED,
    answer,
    answers_invite,
    calls,
    hears,
    is_asked,
    is_invited,
    may_hear,
    request,
    scenario,
)
from tests.peers.test_sipp import is_bound, sipp

from mixminus.calls.records import CallStatus

pytestmark = [
    pytest.mark.peers,
    pytest.mark.network,
    pytest.mark.skipif(shutil.which("sipp") is None, reason="SIPp is not installed (Debian: sip-tester)"),
]

TIMER = "Supported: timer"
DTMF = "application/dtmf-relay"

CALLERS: Mapping[str, tuple[str, ...]] = {
    "session timer that the caller keeps": (
        *calls(TIMER, "Session-Expires: 1800;refresher=uac", Session_Expires="1800;refresher=uac", Require="timer"),
        request("UPDATE", 2, TIMER, "Session-Expires: 1800;refresher=uac"),
        hears(200, Session_Expires="1800;refresher=uac"),
        *GOES,
    ),
    "session timer that we keep": (*calls(TIMER, "Session-Expires: 600", Session_Expires="600;refresher=uas"), *GOES),
    "session interval that is too brief": (
        request("INVITE", 1, TIMER, "Session-Expires: 30", body=SDP),
        hears(422, Min_SE="90"),
        request("ACK", 1, to=TAGGED),
        request("INVITE", 2, TIMER, "Session-Expires: 90", "Min-SE: 90", body=SDP),
        *RINGING,
        hears(200, Session_Expires="90"),
        request("ACK", 2, to=TAGGED),
        *GOES,
    ),
    "hold by re-INVITE": (
        *calls(),
        request("INVITE", 11, body=HOLD),
        may_hear(100),
        hears(200, body="recvonly"),
        request("ACK", 11),
        *GOES,
    ),
    "hold by UPDATE": (*calls(), request("UPDATE", 2, body=HOLD), hears(200, body="recvonly"), *GOES),
    "re-INVITE without an offer": (
        *calls(),
        request("INVITE", 11),
        may_hear(100),
        hears(200, body="m=audio"),
        request("ACK", 11, body=SDP),
        *GOES,
    ),
    "call without an offer": (
        request("INVITE", 1),
        *RINGING,
        hears(200, body="m=audio"),
        request("ACK", 1, to=TAGGED, body=SDP),
        *GOES,
    ),
    "provisional answers that must be reliable": (
        request("INVITE", 1, "Require: 100rel", body=SDP),
        may_hear(100),
        hears(180, Require="100rel", RSeq="[0-9]+"),
        hears(200),
        request("ACK", 1, to=TAGGED),
        *GOES,
    ),
    "extension that nobody knows": (
        request("INVITE", 1, "Require: time-travel", body=SDP),
        hears(420, Unsupported="time-travel"),
        request("ACK", 1, to=TAGGED),
    ),
    "OPTIONS inside a call": (*calls(), request("OPTIONS", 2), hears(200, Allow="UPDATE", Supported="100rel"), *GOES),
    "key by INFO": (*calls(), request("INFO", 2, body="Signal=5\nDuration=160", kind=DTMF), hears(200), *GOES),
    "INFO that is not a key": (*calls(), request("INFO", 2, body="x", kind="text/plain"), hears(415), *GOES),
    "method that nobody knows": (*calls(), request("JUGGLE", 2), hears(405, Allow="INVITE"), *GOES),
    "number that does not grow": (*calls(), request("OPTIONS", 1), hears(500), *GOES),
    "goodbye to a stranger": (request("BYE", 1, to=";tag=nobody"), hears(481)),
}

UP = (is_asked("ACK"), is_asked("BYE"), answer("200 OK", tag=""))

CALLEES: Mapping[str, tuple[CallStatus, tuple[str, ...]]] = {
    "redirection": (
        CallStatus.COMPLETED,
        (
            is_asked("INVITE"),
            answer(
                "302 Moved", "Contact: <sip:late@[local_ip]:[local_port]>;q=0.1, <sip:new@[local_ip]:[local_port]>"
            ),
            is_asked("ACK"),
            is_asked("INVITE", CSeq="2 INVITE", To="sip:sipp@"),
            answer("200 OK", body=SDP),
            *UP,
        ),
    ),
    "longer session interval": (
        CallStatus.COMPLETED,
        (
            is_asked("INVITE", Session_Expires="1800", Supported="timer"),
            answer("422 Session Interval Too Small", "Min-SE: 2000"),
            is_asked("ACK"),
            is_asked("INVITE", Session_Expires="2000", Min_SE="2000"),
            answer("200 OK", "Session-Expires: 2000;refresher=uac", body=SDP),
            *UP,
        ),
    ),
    "early media that is confirmed": (
        CallStatus.COMPLETED,
        (
            is_invited(Supported="100rel"),
            answer("183 Session Progress", "Require: 100rel", "RSeq: 77", body=SDP),
            is_asked("PRACK", RAck="77 1 INVITE"),
            answer("200 OK", tag=""),
            answers_invite("200 OK"),
            *UP,
        ),
    ),
    "busy": (CallStatus.BUSY, (is_asked("INVITE"), answer("486 Busy Here"), is_asked("ACK"))),
    "not now": (
        CallStatus.FAILED,
        (is_asked("INVITE"), answer("503 Service Unavailable", "Retry-After: 60"), is_asked("ACK")),
    ),
    "redirection in circles": (
        CallStatus.FAILED,
        (
            is_asked("INVITE"),
            answer("302 Moved", "Contact: <sip:sipp@[local_ip]:[local_port]>"),
            is_asked("ACK"),
        ),
    ),
}


@pytest.mark.parametrize("name", CALLERS)
async def test_sipp_calls_and_the_node_keeps_to_the_rule(tmp_path: Path, name: str) -> None:
    (tmp_path / "ours.xml").write_text(scenario(*CALLERS[name]))
    async with exchange(tmp_path / "node") as at:
        server = f"{LOOPBACK}:{at.sip_port}"
        await sipp(tmp_path, "-sf", "ours.xml", "-s", NUMBER, "-m", "1", "-timeout", "15", server, within_s=20)
        await at.quiet()
        assert {call.status for call in await at.calls()} <= {CallStatus.COMPLETED}


@pytest.mark.parametrize("name", CALLEES)
async def test_sipp_is_called_and_the_node_keeps_to_the_rule(tmp_path: Path, unused_tcp_port: int, name: str) -> None:
    status, steps = CALLEES[name]
    (tmp_path / "ours.xml").write_text(scenario(*steps))
    async with exchange(tmp_path / "node") as at:
        uas = ("-sf", "ours.xml", "-p", str(unused_tcp_port), "-m", "1", "-timeout", "15")
        answering = asyncio.create_task(sipp(tmp_path, *uas, within_s=20))
        await until(lambda: is_bound(unused_tcp_port, "udp"))
        address = f"sip:sipp@{LOOPBACK}:{unused_tcp_port};transport=udp"
        participants = at.twilio.conferences("hall").participants
        made = await asyncio.to_thread(participants.create, from_=NUMBER, to=address)
        if status is CallStatus.COMPLETED:
            await until(lambda: any(call.is_answered for call in at.node.world.node.exchange.live_calls))
            await asyncio.to_thread(at.twilio.calls(made.call_sid).update, status="completed")
        await answering
        await at.quiet()
        assert (await at.call(made.call_sid)).status is status


async def test_a_key_that_sipp_tells_by_info_reaches_the_application(tmp_path: Path) -> None:
    steps = (*calls(), request("INFO", 2, body="Signal=5\nDuration=160", kind=DTMF), hears(200), is_asked("BYE"))
    (tmp_path / "ours.xml").write_text(scenario(*steps, answer("200 OK", tag="")))
    async with exchange(tmp_path / "node") as at:
        at.app.answers("/voice", '<Response><Gather numDigits="1" action="/keys" timeout="5"/></Response>')
        at.app.answers("/keys", "<Response><Hangup/></Response>")
        server = f"{LOOPBACK}:{at.sip_port}"
        await sipp(tmp_path, "-sf", "ours.xml", "-s", NUMBER, "-m", "1", "-timeout", "15", server, within_s=20)
        await at.quiet()
        [told] = at.app.received("/keys")
        assert told["Digits"] == "5"


async def test_who_calls_and_who_sent_the_call_on_reaches_the_application(tmp_path: Path) -> None:
    diverted = ("P-Asserted-Identity: <sip:+15550000001@carrier.example>", "Diversion: <tel:+15550000003>")
    (tmp_path / "ours.xml").write_text(scenario(*calls(*diverted), *GOES))
    async with exchange(tmp_path / "node") as at:
        server = f"{LOOPBACK}:{at.sip_port}"
        await sipp(tmp_path, "-sf", "ours.xml", "-s", NUMBER, "-m", "1", "-timeout", "15", server, within_s=20)
        await at.quiet()
        [told] = at.app.received("/voice")
        assert (told["From"], told["ForwardedFrom"]) == ("+15550000001", "+15550000003")
        [call] = await at.calls()
        assert (call.from_, call.forwarded_from) == ("+15550000001", "+15550000003")
