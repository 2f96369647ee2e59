"""What comes and goes on the wire, byte for byte (twiml-and-streams.md 5.2, 5.3)."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixminus.base.types import Sid
from mixminus.relay.messages import Dtmf, Error, Facts, Info, Interrupt, Prompt, call_type, encode, setup
from mixminus.relay.reading import End, Ignored, Malformed, Play, SendDigits, Switch, Text, read
from mixminus.relay.terms import Input

FACTS = Facts(
    session_id=Sid("VX" + "0" * 31 + "a"),
    account_sid=Sid("AC" + "0" * 31 + "1"),
    call_sid=Sid("CA" + "0" * 31 + "7"),
    from_="+4930111",
    to="+4930222",
    direction="inbound",
    call_status="ringing",
    parameters=(("ticket", "55"),),
)


def said(**message: Any) -> Any:
    return read(json.dumps(message).encode())


def test_setup_is_the_documented_one() -> None:
    assert json.loads(encode(setup(FACTS))) == {
        "type": "setup",
        "sessionId": "VX0000000000000000000000000000000a",
        "accountSid": FACTS.account_sid,
        "callSid": FACTS.call_sid,
        "parentCallSid": "",
        "from": "+4930111",
        "to": "+4930222",
        "forwardedFrom": "",
        "callType": "PSTN",
        "callerName": "",
        "direction": "inbound",
        "callStatus": "RINGING",
        "customParameters": {"ticket": "55"},
    }


def test_the_other_messages() -> None:
    assert [json.loads(encode(one)) for one in (
        Prompt("I would like to change my address", "en-US", last=True),
        Interrupt("Sure, the first", 1240),
        Dtmf("5"),
        Error("no"),
        Info("agentSpeaking", "on"),
        Info("roundTripDelayMs", 120),
    )] == [
        {"type": "prompt", "voicePrompt": "I would like to change my address", "lang": "en-US", "last": True},
        {"type": "interrupt", "utteranceUntilInterrupt": "Sure, the first", "durationUntilInterruptMs": 1240},
        {"type": "dtmf", "digit": "5"},
        {"type": "error", "description": "no"},
        {"type": "info", "name": "agentSpeaking", "value": "on"},
        {"type": "info", "name": "roundTripDelayMs", "value": 120},
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("address", "kind"),
    [("+1555", "PSTN"), ("client:ana", "CLIENT"), ("sip:a@b", "SIP"), ("SIPS:a@b", "SIP"), ("", "PSTN")],
)
def test_how_the_person_is_reached(address: str, kind: str) -> None:
    assert call_type(address) == kind


def test_text_with_everything_and_with_nothing() -> None:
    assert said(type="text", token="Hi") == Text("Hi")
    assert said(type="text", token="Hi", last=True, lang="de-DE", interruptible=False, preemptible=True) == Text(
        "Hi", True, "de-DE", Input.NONE, True
    )
    assert said(type="text", token="Hi", last=None, lang=None, interruptible="dtmf", new="field") == Text(
        "Hi", interruptible=Input.DTMF
    )


def test_the_other_requests() -> None:
    assert said(type="play", source=" http://a/b.wav ") == Play("http://a/b.wav")
    assert said(type="play", source="x", loop=0, interruptible=True) == Play("x", 1_000, Input.ANY)
    assert said(type="sendDigits", digits="1w#") == SendDigits("1w#")
    assert said(type="language", ttsLanguage="de-DE") == Switch("de-DE", None)
    assert said(type="end") == End("")
    assert said(type="end", handoffData='{"a":1}') == End('{"a":1}')
    assert said(type="interrupt", anything=1) == Ignored()


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"{}",
        b'{"type":5}',
        b'{"type":"dance"}',
        b'{"type":"text"}',
        b'{"type":"text","token":5}',
        b'{"type":"text","token":"a","interruptible":"perhaps"}',
        b'{"type":"text","token":"a","lang":"not a tag"}',
        b'{"type":"text","token":"' + b"a" * 70_000 + b'"}',
        b'{"type":"play","source":" "}',
        b'{"type":"play","source":"a","loop":-1}',
        b'{"type":"play","source":"a","loop":1001}',
        b'{"type":"sendDigits","digits":"12x"}',
        b'{"type":"sendDigits","digits":""}',
        b'{"type":"language"}',
        b'{"type":"language","ttsLanguage":"\xff"}',
        b'{"type":"end","handoffData":{"a":1}}',
        b"[" * 100_000,
        b'{"type":"text","token":"' + b"a" * (2 << 20),
    ],
)
def test_what_makes_no_sense_is_malformed_and_nothing_worse(message: bytes) -> None:
    with pytest.raises(Malformed):
        read(message)


def test_a_binary_message_is_malformed() -> None:
    with pytest.raises(Malformed):
        read(b'{"type":"end"}', is_text=False)


@given(st.binary(max_size=200))
def test_any_bytes(message: bytes) -> None:
    with contextlib.suppress(Malformed):
        read(message)
