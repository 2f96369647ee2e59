"""Requests outside of calls: OPTIONS and REGISTER of ours."""

import random
from dataclasses import replace

import pytest

from mixminus.sip.agent import SipAgent
from mixminus.sip.contract import Address, Credentials, DialogKey, Question, Replied, SipEvent, Transmit, Transport
from mixminus.sip.messages.message import Request, parse
from mixminus.sip.settings import SipSettings

US, THEM = Address(Transport.UDP, "10.0.0.1", 5060), Address(Transport.UDP, "10.0.0.2", 5060)
QUESTION = Question(
    DialogKey("q"), "REGISTER", "sip:10.0.0.2", THEM, "sip:me@10.0.0.2", "sip:me@10.0.0.2", "call-id", 7,
    headers=(("Contact", "<sip:me@10.0.0.1:5060>"), ("Expires", "600")),
    credentials=Credentials("me", "secret"),
    silence_s=6.0,
)  # fmt: skip


def agent(host: str, **settings: object) -> SipAgent:
    return SipAgent(SipSettings(host=host, **settings), random.Random(1).randbytes)  # type: ignore[arg-type]


def outputs(agent: SipAgent) -> list[Transmit | SipEvent]:
    return list(iter(agent.poll, None))


def exchange(ours: SipAgent, theirs: SipAgent, now: float) -> tuple[list[SipEvent], list[Request]]:
    """Carry everything both ways until nobody says anything; what ours told, and the requests that it sent."""
    told: list[SipEvent] = []
    sent: list[Request] = []
    while out := outputs(ours):
        for each in out:
            if isinstance(each, Transmit):
                request = parse(each.data)
                assert isinstance(request, Request)
                sent.append(request)
                theirs.receive(each.data, US, now)
            else:
                told.append(each)
        for back in outputs(theirs):
            if isinstance(back, Transmit):
                ours.receive(back.data, THEM, now)
    return told, sent


def test_a_challenge_is_met_and_cseq_counts_on() -> None:
    ours, theirs = agent("10.0.0.1"), agent("10.0.0.2", users={"me": "secret"})
    ours.ask(QUESTION, 0.0)
    told, sent = exchange(ours, theirs, 0.0)
    assert [event.status for event in told if isinstance(event, Replied)] == [200]
    assert [request.get("CSeq") for request in sent] == ["7 REGISTER", "8 REGISTER"]
    assert len(theirs.contacts("me", 1.0)) == 1


def test_a_wrong_password_is_tried_once() -> None:
    ours, theirs = agent("10.0.0.1"), agent("10.0.0.2", users={"me": "other"})
    ours.ask(QUESTION, 0.0)
    told, sent = exchange(ours, theirs, 0.0)
    assert [event.status for event in told if isinstance(event, Replied)] == [403]
    assert len(sent) == 2


def test_without_credentials_the_challenge_is_the_answer() -> None:
    ours, theirs = agent("10.0.0.1"), agent("10.0.0.2", users={"me": "secret"})
    ours.ask(replace(QUESTION, credentials=None), 0.0)
    told, _ = exchange(ours, theirs, 0.0)
    assert [event.status for event in told if isinstance(event, Replied)] == [401]


def test_silence_is_408_in_time_and_leaves_nothing() -> None:
    ours = agent("10.0.0.1")
    ours.ask(QUESTION, 0.0)
    told: list[object] = []
    while (due := ours.deadline()) is not None:
        ours.handle_timeout(due)
        told += [(due, event.status) for event in outputs(ours) if isinstance(event, Replied)]
    assert told == [(6.0, 408)]
    assert ours.open_transactions == 0


@pytest.mark.parametrize("transport", [Transport.TCP])
def test_a_broken_connection_is_503(transport: Transport) -> None:
    ours, there = agent("10.0.0.1"), replace(THEM, transport=transport)
    ours.ask(replace(QUESTION, via=there), 0.0)
    ours.connection_lost(there, 1.0)
    assert [event.status for event in outputs(ours) if isinstance(event, Replied)] == [503]
