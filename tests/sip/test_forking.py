"""One INVITE, several phones: forks and redirections (RFC 3261 13.2.2.4, 8.1.3.4), as a caller meets them."""

from dataclasses import replace
from itertools import count

import pytest
from tests.sip.test_agent_calls import ANSWER, CALL, EARLY, OFFER

from mixminus.sip.agent import SipAgent
from mixminus.sip.contract import (
    Address,
    Answered,
    Credentials,
    Ended,
    Ending,
    Invitation,
    Progressed,
    Refused,
    SipEvent,
    Sought,
    Transmit,
    Transport,
)
from mixminus.sip.dialogs.redirects import Redirects
from mixminus.sip.messages.answers import response_to
from mixminus.sip.messages.message import Request, Response, parse
from mixminus.sip.settings import SipSettings

PROXY = Address(Transport.UDP, "192.0.2.1", 5060)
DESK, CELL = "sip:desk@192.0.2.11", "sip:cell@192.0.2.12"


class Caller:
    """An agent that calls through a proxy; tests answer for whoever it reaches."""

    def __init__(
        self, credentials: Credentials | None = None, target: str = "sip:+1@carrier.example", **more: object
    ) -> None:
        numbers = count(1)
        self.agent = SipAgent(SipSettings(host="192.0.2.50", **more), lambda n: next(numbers).to_bytes(n))  # type: ignore[arg-type]
        self.events: list[SipEvent] = []
        self.sent: list[tuple[Request, Address]] = []
        self.agent.invite(Invitation(CALL, target, PROXY, "sip:a@h", "", OFFER, credentials), 0.0)
        self._drain()

    def answers(self, status: int, *headers: tuple[str, str], tag: str = "x", sdp: bytes = b"", to: int = -1) -> None:
        """The last INVITE, or number *to* of all requests, is answered."""
        invites = [request for request, _ in self.sent if request.method == "INVITE"]
        request = invites[-1] if to < 0 else self.sent[to][0]
        answer = response_to(request, status, to_tag=tag, headers=headers, body=sdp)
        self.agent.receive(bytes(answer), PROXY, 0.0)
        self._drain()

    def located(self, sought: Sought, *places: Address) -> None:
        self.agent.located(sought, places, 0.0)
        self._drain()

    def redirection(self, *targets: str) -> Response:
        """What a 302 of the last request would be."""
        return response_to(self.sent[-1][0], 302, to_tag="x", headers=(contact(*targets),))

    @property
    def requests(self) -> list[str]:
        return [f"{request.method} {request.uri}" for request, _ in self.sent]

    def _drain(self) -> None:
        while (output := self.agent.poll()) is not None:
            if isinstance(output, Transmit):
                message = parse(output.data)
                if isinstance(message, Request):
                    self.sent.append((message, output.to))
            else:
                self.events.append(output)


def contact(*values: str) -> tuple[str, str]:
    return ("Contact", ", ".join(values))


# --- forks --------------------------------------------------------------------------------------------------------


def test_of_two_phones_that_answer_the_first_has_the_call_and_the_other_hears_bye() -> None:
    caller = Caller()
    caller.answers(180, contact(f"<{DESK}>"), tag="desk")
    caller.answers(180, contact(f"<{CELL}>"), tag="cell")
    caller.answers(200, contact(f"<{CELL}>"), tag="cell", sdp=ANSWER)
    caller.answers(200, contact(f"<{DESK}>"), tag="desk", sdp=b"v=0 late")
    assert caller.requests[1:] == [f"ACK {CELL}", f"ACK {DESK}", f"BYE {DESK}"]
    assert caller.sent[-1][0].to.tag == "desk"
    assert caller.events == [Progressed(CALL, 180, None)] * 2 + [Answered(CALL, ANSWER)]
    caller.agent.hang_up(CALL, 1.0)
    caller._drain()
    assert (caller.requests[-1], caller.sent[-1][0].to.tag) == (f"BYE {CELL}", "cell")


def test_a_second_answer_is_acknowledged_as_often_as_it_comes_but_hung_up_once() -> None:
    caller = Caller()
    for _ in range(2):
        caller.answers(200, contact(f"<{CELL}>"), tag="cell", sdp=ANSWER)
        caller.answers(200, contact(f"<{DESK}>"), tag="desk", sdp=ANSWER)
    assert sorted(caller.requests[1:]) == sorted([f"ACK {CELL}", f"ACK {DESK}"] * 2 + [f"BYE {DESK}"])
    assert len(caller.events) == 1


def test_the_bye_of_a_phone_that_lost_does_not_end_the_call() -> None:
    caller = Caller()
    caller.answers(200, contact(f"<{CELL}>"), tag="cell", sdp=ANSWER)
    invite = caller.sent[0][0]
    for tag, ended in (("desk", False), ("cell", True)):
        lines = (
            ("Via", f"SIP/2.0/UDP 192.0.2.11:5060;branch=z9hG4bK{tag}"),
            ("From", f"{invite.get('To')};tag={tag}"),
            ("To", invite.get("From") or ""),
            ("Call-ID", invite.call_id),
            ("CSeq", "1 BYE"),
        )
        caller.agent.receive(bytes(Request(lines, b"", "BYE", "sip:h")), PROXY, 0.0)
        caller._drain()
        assert (Ended(CALL, Ending.BYE) in caller.events) is ended


def test_an_answer_without_sdp_means_the_early_answer_of_the_same_phone() -> None:
    caller = Caller()
    caller.answers(183, contact(f"<{CELL}>"), tag="cell", sdp=EARLY)
    caller.answers(183, contact(f"<{DESK}>"), tag="desk", sdp=b"v=0 another")
    caller.answers(200, contact(f"<{CELL}>"), tag="cell")
    assert caller.events[-1] == Answered(CALL, EARLY)


def test_each_phone_that_rings_reliably_gets_its_own_prack() -> None:
    caller = Caller()
    for tag, uri in (("cell", CELL), ("desk", DESK)):
        caller.answers(180, contact(f"<{uri}>"), ("Require", "100rel"), ("RSeq", "5"), tag=tag)
    assert caller.requests[1:] == [f"PRACK {CELL}", f"PRACK {DESK}"]
    assert [request.cseq.number for request, _ in caller.sent] == [1, 2, 2]


def test_a_flood_of_forks_is_not_remembered() -> None:
    caller = Caller()
    for number in range(100):
        caller.answers(180, contact(f"<{CELL}>"), tag=f"t{number}")
    assert len(caller.events) == 32
    caller.answers(200, contact(f"<{CELL}>"), tag="t99", sdp=ANSWER)
    assert caller.events[-1] == Answered(CALL, ANSWER)


# --- 3xx ----------------------------------------------------------------------------------------------------------


def test_a_redirection_is_followed_best_contact_first() -> None:
    caller = Caller()
    caller.answers(302, contact(f"<{DESK}>;q=0.2", f"<{CELL}>;q=0.9"))
    caller.answers(486)
    assert caller.requests == [
        "INVITE sip:+1@carrier.example",
        "ACK sip:+1@carrier.example",
        f"INVITE {CELL}",
        f"ACK {CELL}",
        f"INVITE {DESK}",
    ]
    invites = [request for request, _ in caller.sent if request.method == "INVITE"]
    assert len({request.call_id for request in invites}) == 1
    assert [request.cseq.number for request in invites] == [1, 2, 3]
    assert {request.to.uri for request in invites} == {"sip:+1@carrier.example"}
    assert caller.sent[-1][1] == Address(Transport.UDP, "192.0.2.11", 5060)
    assert caller.events == []
    caller.answers(200, contact(f"<{DESK}>"), sdp=ANSWER)
    assert caller.events == [Answered(CALL, ANSWER)]


def test_what_was_to_be_protected_is_redirected_to_nobody_in_the_clear() -> None:
    caller = Caller(target="sips:+1@carrier.example")
    caller.answers(302, contact("<sip:x@192.0.2.9>", "<sips:y@192.0.2.9>"))
    assert (caller.requests[-1], caller.sent[-1][1]) == (
        "INVITE sips:y@192.0.2.9",
        Address(Transport.TLS, "192.0.2.9", 5061),
    )


def test_keys_in_an_offer_are_redirected_to_nobody_who_could_read_along() -> None:
    redirects = Redirects("sip:+1@carrier.example", replace(PROXY, transport=Transport.TLS))
    response = Caller().redirection("<sip:x@192.0.2.9>", "<sip:y@192.0.2.9;transport=tcp>", "<sips:z@192.0.2.9>")
    redirects.learn(response, SipSettings(host="192.0.2.50"))
    assert redirects.next() == ("sips:z@192.0.2.9", Address(Transport.TLS, "192.0.2.9", 5061))
    assert redirects.next() is None


def test_the_way_to_the_host_that_redirects_is_known() -> None:
    caller = Caller()
    caller.answers(302, contact("<sip:+2@carrier.example>"))
    assert (caller.requests[-1], caller.sent[-1][1]) == ("INVITE sip:+2@carrier.example", PROXY)


@pytest.mark.parametrize(
    "target",
    [
        "<sip:+2@trunk.example>",
        "<tel:+2>",
        "<sip:x@192.0.2.9;transport=sctp>",
        "<sip:+2@192.0.2.77>",
        "<sip:x@192.0.2.50>",
        "<sip:+1@carrier.example>",
        "nonsense",
        "<sip:x@192.0.2.9>;q=high",
    ],
)
def test_nobody_is_redirected_to_trunks_itself_or_in_circles(target: str) -> None:
    trusted = frozenset({"192.0.2.77", "192.0.2.1"})
    caller = Caller(trusted_hosts=trusted, trunk_hosts=frozenset({"trunk.example"}))
    caller.answers(302, contact(target))
    assert caller.events == [Refused(CALL, 302, "Moved Temporarily")]
    assert len(caller.requests) == 2


ELSEWHERE = Sought("sip:+2@another.example", redirected=True)
THERE = Address(Transport.UDP, "192.0.2.30", 5060)


def test_a_name_is_looked_up_before_it_is_followed() -> None:
    caller = Caller(Credentials("me", "secret"))
    caller.answers(302, contact("<sip:+2@another.example>"))
    assert caller.events == [ELSEWHERE]
    assert len(caller.requests) == 2
    caller.located(ELSEWHERE, THERE)
    assert (caller.requests[-1], caller.sent[-1][1]) == ("INVITE sip:+2@another.example", THERE)


@pytest.mark.parametrize("places", [(), (Address(Transport.UDP, "192.0.2.77", 5060),)])
def test_a_name_that_leads_nowhere_or_to_a_trunk_yields_to_the_next_target(places: tuple[Address, ...]) -> None:
    caller = Caller(trusted_hosts=frozenset({"192.0.2.77"}))
    caller.answers(302, contact("<sip:+2@another.example>", f"<{DESK}>;q=0.1"))
    caller.located(ELSEWHERE, *places)
    assert caller.requests[-1] == f"INVITE {DESK}"
    caller = Caller(trusted_hosts=frozenset({"192.0.2.77"}))
    caller.answers(302, contact("<sip:+2@another.example>"))
    caller.located(ELSEWHERE, *places)
    assert caller.events == [ELSEWHERE, Refused(CALL, 302, "Moved Temporarily")]
    assert caller.agent.open_calls == 0


def test_a_lookup_that_takes_too_long_is_not_waited_for() -> None:
    caller = Caller()
    caller.answers(302, contact("<sip:+2@another.example>"))
    caller.agent.handle_timeout(10.0)
    caller.located(ELSEWHERE, THERE)
    assert caller.events == [ELSEWHERE, Refused(CALL, 302, "Moved Temporarily")]
    assert len(caller.requests) == 2


def test_a_call_that_is_given_up_while_a_name_is_looked_up_goes_nowhere() -> None:
    caller = Caller()
    caller.answers(302, contact("<sip:+2@another.example>"))
    caller.agent.hang_up(CALL, 0.0)
    caller.located(ELSEWHERE, THERE)
    assert caller.events == [ELSEWHERE]
    assert len(caller.requests) == 2
    assert caller.agent.open_calls == 0


def test_redirections_end() -> None:
    caller = Caller()
    for number in range(20):
        if not caller.events:
            caller.answers(302, contact(f"<sip:{number}@192.0.2.9>"))
    assert caller.events == [Refused(CALL, 302, "Moved Temporarily")]
    assert sum(line.startswith("INVITE") for line in caller.requests) == 6


def test_a_call_that_was_given_up_is_not_redirected() -> None:
    caller = Caller()
    caller.answers(180)
    caller.agent.hang_up(CALL, 0.0)
    caller.answers(302, contact(f"<{CELL}>"), to=0)
    assert not any(CELL in line for line in caller.requests)
    assert caller.agent.open_calls == 0


def test_6xx_ends_the_search() -> None:
    caller = Caller()
    caller.answers(302, contact(f"<{CELL}>", f"<{DESK}>"))
    caller.answers(603)
    assert caller.events == [Refused(CALL, 603, "Decline")]


def test_what_a_contact_smuggles_in_its_headers_is_left_out() -> None:
    caller = Caller()
    caller.answers(302, contact("<sip:x@192.0.2.9?Route=%3Csip:evil%3E&X-A=1>"))
    assert caller.requests[-1] == "INVITE sip:x@192.0.2.9"


def test_credentials_are_shown_to_nobody_whom_a_redirection_names() -> None:
    challenge = ("WWW-Authenticate", 'Digest realm="r", nonce="n", qop="auth"')
    caller = Caller(Credentials("me", "secret"))
    caller.answers(302, contact("<sip:x@192.0.2.9>"))
    caller.answers(401, challenge)
    assert caller.events == [Refused(CALL, 401, "Unauthorized")]
    caller = Caller(Credentials("me", "secret"))
    caller.answers(302, contact("<sip:+2@carrier.example>"))
    caller.answers(401, challenge)
    assert 'uri="sip:+2@carrier.example"' in (caller.sent[-1][0].get("Authorization") or "")


# --- refusals -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "seconds"), [("120", 120), ("18000;duration=3600", 18000), ("60 (lunch)", 60), ("soon", None)]
)
def test_the_owner_learns_when_a_refusal_is_over(value: str, seconds: int | None) -> None:
    caller = Caller()
    caller.answers(503, ("Retry-After", value))
    assert caller.events == [Refused(CALL, 503, "Service Unavailable", seconds)]
