"""`<Refer>` (twiml-and-streams.md 2.10; Twilio Docs, Refer)."""

from collections.abc import Callable
from typing import Any

import pytest

from mixminus.twiml.effects import GoTo, ReferCaller, ReferOutcome

SIP = "<Sip>sip:alice@example.com?X-Account=12&amp;User-to-User=56%3Bencoding%3Dhex</Sip>"


def test_the_far_end_is_sent_to_the_address_with_its_headers(twiml: Callable[..., Any]) -> None:
    ran = twiml(f"<Refer>{SIP}</Refer><Pause/>")
    headers = (("X-Account", "12"), ("User-to-User", "56;encoding=hex"))
    assert ran.effects[0] == ReferCaller("sip:alice@example.com", headers)
    assert len(ran.effects) == 2  # without an action the next verb runs


@pytest.mark.parametrize(
    ("outcome", "told"),
    [
        (ReferOutcome(202, 200), {"ReferCallStatus": "in-progress", "NotifySipResponseCode": "200"}),
        (ReferOutcome(202, 486), {"ReferCallStatus": "busy", "NotifySipResponseCode": "486"}),
        (ReferOutcome(202, 480), {"ReferCallStatus": "no-answer", "NotifySipResponseCode": "480"}),
        (ReferOutcome(202, 404), {"ReferCallStatus": "failed", "NotifySipResponseCode": "404"}),
        (ReferOutcome(405), {"ReferCallStatus": "failed", "ReferSipResponseCode": "405"}),
        (ReferOutcome(202, 180, hung_up=True), {"ReferCallStatus": "canceled", "NotifySipResponseCode": "180"}),
        (ReferOutcome(202, 200, hung_up=True), {"ReferCallStatus": "in-progress", "NotifySipResponseCode": "200"}),
        (ReferOutcome(202), {}),
    ],
)
def test_the_action_is_told_what_is_known(
    twiml: Callable[..., Any], outcome: ReferOutcome, told: dict[str, str]
) -> None:
    ran = twiml(f'<Refer action="/next" method="GET">{SIP}</Refer>', outcome)
    assert isinstance(ran.outcome, GoTo)
    assert (ran.outcome.url, ran.outcome.method) == ("https://app.test/next", "GET")
    assert dict(ran.outcome.parameters) == {"ReferSipResponseCode": "202"} | told


@pytest.mark.parametrize("inside", ["", "<Number>+15550001111</Number>", "<Sip>nobody</Sip>"])
def test_without_a_sip_address_nobody_is_sent_anywhere(twiml: Callable[..., Any], inside: str) -> None:
    ran = twiml(f"<Refer>{inside}</Refer><Pause/>")
    assert not [effect for effect in ran.effects if isinstance(effect, ReferCaller)]
    assert ran.warnings


def test_a_second_address_is_left_out(twiml: Callable[..., Any]) -> None:
    ran = twiml("<Refer><Sip>sip:a@example.com</Sip><Sip>sip:b@example.com</Sip></Refer>")
    assert (ran.effect.address, len(ran.warnings)) == ("sip:a@example.com", 1)
