"""MESSAGE (RFC 3428): texts in, one answer each, and texts out."""

import random

import pytest
from tests.sip.strangers import THERE, Stranger

from mixminus.sip.agent import SipAgent
from mixminus.sip.contract import Address, Credentials, DialogKey, Messaged, Replied, Transmit, Transport
from mixminus.sip.messages.message import Request, SipError, parse
from mixminus.sip.services.texting import MAX_TEXT_BYTES, PATIENCE_S, text_question
from mixminus.sip.settings import SipSettings

TRUNK = SipSettings(trusted_hosts=frozenset({THERE.host}), users={"bob": "secret"})
PLAIN = "Content-Type: text/plain"


def message_of(stranger: Stranger) -> Messaged:
    [event] = [event for event in stranger.events if isinstance(event, Messaged)]
    return event


def test_a_text_is_told_and_its_sender_hears_what_the_owner_says() -> None:
    trunk = Stranger(TRUNK)
    assert trunk.says("MESSAGE", PLAIN, uri="sip:+15550001111@node", body="Grüße".encode()) == []
    told = message_of(trunk)
    assert (told.called, told.text, told.user, told.source) == ("+15550001111", "Grüße", None, THERE)
    trunk.agent.reply(told.message, 202, 0.1)
    [answer] = trunk.heard()
    assert not isinstance(answer, Request)
    assert (answer.status, answer.get("Contact")) == (202, None)
    trunk.agent.reply(told.message, 500, 0.2)
    assert trunk.heard() == []


def test_a_user_proves_who_it_is() -> None:
    bob = Stranger(SipSettings(users={"bob": "secret"}))
    bob.proves(Credentials("bob", "secret"), "MESSAGE", PLAIN)
    assert message_of(bob).user == "bob"


def test_a_stranger_may_not() -> None:
    assert [answer.status for answer in Stranger(SipSettings()).says("MESSAGE", PLAIN, body=b"hi")] == [403]


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("text/html", b"<b>hi</b>", 415),
        ("message/cpim", b"hi", 415),
        ("text/plain", b"x" * (MAX_TEXT_BYTES + 1), 413),
    ],
)
def test_what_is_no_short_plain_text_is_refused(kind: str, body: bytes, status: int) -> None:
    trunk = Stranger(TRUNK)
    [answer] = trunk.says("MESSAGE", f"Content-Type: {kind}", body=body)
    assert answer.status == status
    assert (answer.get("Accept") == "text/plain") is (status == 415)
    assert trunk.events == []


def test_bytes_that_are_no_utf8_are_replaced() -> None:
    trunk = Stranger(TRUNK)
    trunk.says("MESSAGE", PLAIN, body=b"a\xffb")
    assert message_of(trunk).text == "a\ufffdb"


def test_an_owner_that_says_nothing_is_spoken_for() -> None:
    trunk = Stranger(TRUNK)
    trunk.says("MESSAGE", PLAIN, body=b"hi")
    trunk.agent.handle_timeout(PATIENCE_S)
    assert [getattr(answer, "status", None) for answer in trunk.heard()] == [500]
    trunk.passes(100.0)
    assert trunk.agent.open_transactions == 0


def test_a_text_of_ours_arrives_at_another_agent() -> None:
    us, them = (SipAgent(SipSettings(open_to_loopback=True), random.Random(n).randbytes) for n in (1, 2))
    here, there = (Address(Transport.UDP, "127.0.0.1", port) for port in (5060, 5070))
    us.ask(text_question(DialogKey("t"), "sip:bob@127.0.0.1:5070", there, "sip:us@127.0.0.1", "Hallo", "c1"), 0.0)
    sent = us.poll()
    assert isinstance(sent, Transmit)
    assert parse(sent.data).get("Contact") is None  # RFC 3428 4
    them.receive(sent.data, here, 0.0)
    told = them.poll()
    assert isinstance(told, Messaged)
    assert (told.text, told.called) == ("Hallo", "bob")
    them.reply(told.message, 202, 0.0)
    answer = them.poll()
    assert isinstance(answer, Transmit)
    us.receive(answer.data, there, 0.0)
    replied = us.poll()
    assert isinstance(replied, Replied)
    assert replied.status == 202


def test_a_text_of_ours_is_not_too_long() -> None:
    with pytest.raises(SipError):
        text_question(DialogKey("t"), "sip:b@h", THERE, "sip:us@h", "ü" * MAX_TEXT_BYTES, "c1")
