"""Our registration at a carrier: renewed in time, whatever the carrier says (RFC 3261 10.2)."""

import itertools
import random

import pytest

from mixminus.sip.agent import SipAgent
from mixminus.sip.carriers.registration import Carrier, Registration
from mixminus.sip.contract import Address, Credentials, DialogKey, Replied, Transmit, Transport
from mixminus.sip.settings import SipSettings

KEY = DialogKey("r")
US, CARRIER = Address(Transport.UDP, "10.0.0.1", 5060), Address(Transport.UDP, "10.0.0.2", 5060)
HERE = Carrier("sip:h", 6.0)
CONTACT = "sip:me@10.0.0.1:5060"


def registration(expires_s: int = 600) -> Registration:
    return Registration("sip:me@10.0.0.2", CONTACT, Credentials("me", "secret"), expires_s, "call-id")


def granted(seconds: int) -> Replied:
    return Replied(KEY, 200, (("Contact", f"<sip:other@h>;expires=9, <{CONTACT}>;expires={seconds}"),))


@pytest.mark.parametrize(("granted_s", "renewed_s"), [(60, 45), (600, 450), (3_600, 3_300), (7_200, 6_900)])
def test_it_is_renewed_well_before_its_end(granted_s: int, renewed_s: float) -> None:
    ours = registration()
    ours.replied(granted(granted_s), 1_000.0)
    assert (ours.due, ours.expires_at) == (1_000.0 + renewed_s, 1_000.0 + granted_s)


def test_the_life_stands_at_our_contact_or_in_expires_or_is_what_we_asked_for() -> None:
    ours = registration(600)
    for headers, life_s in [
        ((("Contact", f"<{CONTACT}>;expires=120"), ("Expires", "60")), 120),
        ((("Contact", "<sip:other@h>;expires=120"), ("Expires", "60")), 60),
        ((("Contact", "nonsense <"), ("Contact", f"<{CONTACT}>;expires=soon")), 600),
        ((), 600),
    ]:
        ours.replied(Replied(KEY, 200, headers), 0.0)
        assert ours.expires_at == life_s


def test_an_interval_too_brief_is_asked_for_longer_at_once_and_once() -> None:
    ours = registration(30)
    ours.replied(Replied(KEY, 423, (("Min-Expires", "120"),)), 5.0)
    assert ours.due == 5.0
    assert ("Expires", "120") in ours.request(KEY, HERE, CARRIER).headers
    ours.replied(Replied(KEY, 423, (("Min-Expires", "120"),)), 5.0)
    assert ours.due > 100.0


def test_passing_failures_are_tried_again_ever_more_seldom() -> None:
    ours, waits = registration(), []
    for _ in range(9):
        ours.replied(Replied(KEY, 408), 0.0)
        waits.append(ours.due)
    assert waits[:4] == [5, 10, 20, 40]
    assert waits[-1] == 600


@pytest.mark.parametrize("status", [401, 403, 404, 407])
def test_who_is_refused_does_not_insist(status: int) -> None:
    ours = registration()
    ours.replied(Replied(KEY, status), 0.0)
    assert ours.due == 300


def test_retry_after_is_believed_within_a_bound() -> None:
    ours = registration()
    ours.replied(Replied(KEY, 503, (("Retry-After", "90 (busy)"),)), 0.0)
    assert ours.due == 90
    ours.replied(Replied(KEY, 503, (("Retry-After", "999999"),)), 0.0)
    assert ours.due == 600


def test_a_failure_does_not_end_a_registration_that_lives() -> None:
    ours = registration()
    ours.replied(granted(600), 0.0)
    ours.replied(Replied(KEY, 503), 450.0)
    assert ours.is_live(599.0)
    assert ours.due == 455.0
    assert not ours.is_live(600.0)


def test_call_id_stays_and_cseq_grows_beyond_the_retries_with_credentials() -> None:
    ours = registration()
    asked = [ours.request(KEY, HERE, CARRIER) for _ in range(3)]
    assert {question.call_id for question in asked} == {"call-id"}
    assert all(later.cseq - earlier.cseq >= 3 for earlier, later in itertools.pairwise(asked))


@pytest.mark.parametrize("loses", [0.0, 0.3])
def test_four_hours_long_the_carrier_never_forgets_us(loses: float) -> None:
    """In virtual time, against a registrar that challenges; with a third of the packets lost, too."""
    ours = SipAgent(SipSettings(host="10.0.0.1"), random.Random(1).randbytes)
    theirs = SipAgent(SipSettings(host="10.0.0.2", users={"me": "secret"}), random.Random(2).randbytes)
    kept, now, forgotten_s, asked = registration(600), 0.0, 0.0, 0
    luck, waits_for_reply = random.Random(3), False
    while now < 4 * 3_600:
        if not waits_for_reply and kept.due <= now:
            ours.ask(kept.request(KEY, Carrier("sip:10.0.0.2", 32.0), CARRIER), now)
            waits_for_reply, asked = True, asked + 1
        busy = True
        while busy:
            busy = False
            for agent, other, source in ((ours, theirs, US), (theirs, ours, CARRIER)):
                while (output := agent.poll()) is not None:
                    busy = True
                    if isinstance(output, Replied):
                        kept.replied(output, now)
                        waits_for_reply = False
                    elif isinstance(output, Transmit) and luck.random() >= loses:
                        other.receive(output.data, source, now)
        times = [at for at in (ours.deadline(), theirs.deadline()) if at is not None]
        after = min([*times, *([] if waits_for_reply else [kept.due])])
        if now > 60 and not theirs.contacts("me", now):
            forgotten_s += after - now
        now = max(after, now)
        ours.handle_timeout(now)
        theirs.handle_timeout(now)
    assert forgotten_s == 0
    assert 4 * 3_600 / 450 <= asked <= 4 * 3_600 / 450 + 12
    assert ours.open_transactions <= 1


def test_rfc3608_the_service_route_is_that_of_the_last_answer() -> None:
    ours, headers = registration(), ("<sip:p1;lr>, <sip:p2;lr>", "<sip:p3;lr>")
    ours.replied(Replied(KEY, 200, tuple(("Service-Route", value) for value in headers)), 0.0)
    assert list(ours.service_route) == ["<sip:p1;lr>", "<sip:p2;lr>", "<sip:p3;lr>"]
    ours.replied(granted(60), 1.0)
    assert list(ours.service_route) == []


@pytest.mark.parametrize("route", ["<sip:p1", "nonsense", ", ".join(["<sip:p;lr>"] * 9)])
def test_a_service_route_that_cannot_be_gone_is_none(route: str) -> None:
    ours = registration()
    ours.replied(Replied(KEY, 200, (("Service-Route", route),)), 0.0)
    assert ours.service_route == ()
