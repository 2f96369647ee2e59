"""Credentials that hold for a whole call (RFC 7616 3.4)."""

import pytest
from tests.sip.test_agent_calls import CALL, OFFER, USERS, World
from tests.sip.test_forking import CELL, Caller, contact

from mixminus.sip.contract import Answered, Credentials, Refused
from mixminus.sip.messages.message import Request
from mixminus.sip.trust.digest import parse_digest

ME = Credentials("me", "secret")


def challenge(nonce: str, *, proxy: bool = False, stale: bool = False) -> tuple[str, str]:
    value = f'Digest realm="r", nonce="{nonce}", qop="auth"{", stale=true" if stale else ""}'
    return ("Proxy-Authenticate" if proxy else "WWW-Authenticate"), value


def shown(request: Request, header: str = "Authorization") -> tuple[str, str, str] | None:
    found = parse_digest(request.get(header) or "")
    return (found["nonce"], found["nc"], found["uri"]) if found else None


def test_only_the_first_request_of_a_call_is_sent_twice() -> None:
    caller = Caller(ME)
    caller.answers(407, challenge("n1", proxy=True))
    caller.answers(200, contact(f"<{CELL}>"), sdp=OFFER)
    caller.agent.hang_up(CALL, 1.0)
    caller._drain()
    assert [line.split()[0] for line in caller.requests] == ["INVITE", "ACK", "INVITE", "ACK", "BYE"]
    header = "Proxy-Authorization"
    assert shown(caller.sent[2][0], header) == ("n1", "00000001", "sip:+1@carrier.example")
    assert shown(caller.sent[4][0], header) == ("n1", "00000002", CELL)


def test_a_proxy_and_the_server_behind_it_may_both_ask() -> None:
    caller = Caller(ME)
    caller.answers(407, challenge("p", proxy=True))
    caller.answers(401, challenge("s"))
    last = caller.sent[-1][0]
    assert (shown(last, "Proxy-Authorization"), shown(last)) == (
        ("p", "00000002", "sip:+1@carrier.example"),
        ("s", "00000001", "sip:+1@carrier.example"),
    )
    caller.answers(200, contact(f"<{CELL}>"), sdp=OFFER)
    assert caller.events == [Answered(CALL, OFFER)]


def test_a_nonce_that_was_good_for_one_request_only_is_replaced() -> None:
    caller = Caller(ME)
    caller.answers(401, challenge("n1"))
    caller.answers(200, contact(f"<{CELL}>"), sdp=OFFER)
    caller.agent.hang_up(CALL, 1.0)
    caller._drain()
    caller.answers(401, challenge("n2"), to=len(caller.sent) - 1)
    assert shown(caller.sent[-1][0]) == ("n2", "00000001", CELL)
    caller.answers(401, challenge("n3"), to=len(caller.sent) - 1)
    assert shown(caller.sent[-1][0]) == ("n2", "00000001", CELL)
    assert caller.agent.open_calls == 0


@pytest.mark.parametrize(("stale", "invites"), [(False, 2), (True, 4)])
def test_a_password_that_is_wrong_is_said_once_and_a_nonce_is_renewed_thrice(stale: bool, invites: int) -> None:
    caller = Caller(ME)
    for number in range(6):
        if not caller.events:
            caller.answers(401, challenge(f"n{number}", stale=stale))
    assert caller.events == [Refused(CALL, 401, "Unauthorized")]
    assert sum(line.startswith("INVITE") for line in caller.requests) == invites


def test_our_own_registrar_takes_a_nonce_again_when_its_count_grows() -> None:
    world = World(caller_knows=USERS)
    world.callee.react = world.pick_up
    world.dial(Credentials("alice", "open sesame"))
    world.run(4000)  # refreshes in between
    world.caller.agent.hang_up(CALL, world.now)
    world.run(60)
    assert world.wire.count("401") == 1
    assert world.is_clean()
