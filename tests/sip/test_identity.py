"""What a trunk says of a caller besides From (RFC 3325, RFC 5806, RFC 7044)."""

from dataclasses import replace

import pytest
from tests.sip.test_agent_calls import USERS, World
from tests.sip.test_agent_strangers import OPEN, PHONE, agent, invited, message

from mixminus.app.calls.incoming_calls import caller
from mixminus.sip.contract import Credentials, Invited

ANNA, CARL = "+15550000001", "+15550000003"


def call(*headers: str) -> Invited:
    return invited(agent(), message("INVITE", *headers))


@pytest.mark.parametrize(
    ("headers", "shown"),
    [
        ((), "sip:bob@127.0.0.1"),
        ((f"P-Asserted-Identity: <sip:{ANNA}@carrier.example;user=phone>",), ANNA),
        ((f'p-asserted-identity: "Anna" <sip:anna@h>, <tel:{ANNA};phone-context=x>',), ANNA),
        (("P-Asserted-Identity: <sip:anna@h;x=1>",), "sip:anna@h"),
        (("P-Asserted-Identity: nonsense <",), "sip:bob@127.0.0.1"),
        ((f"P-Asserted-Identity: <tel:{ANNA}>", "Privacy: critical;id"), "sip:bob@127.0.0.1"),
        ((f"P-Asserted-Identity: <tel:{ANNA}>", "Privacy: none"), ANNA),
    ],
)
def test_the_caller_is_who_the_network_vouches_for(headers: tuple[str, ...], shown: str) -> None:
    assert caller(call(*headers)) == shown


@pytest.mark.parametrize(
    ("headers", "diverted_by"),
    [
        ((), None),
        ((f"Diversion: <sip:{ANNA}@h>;reason=unconditional, <sip:{CARL}@h>;reason=user-busy",), ANNA),
        (("Diversion: <sip:h>;reason=unknown", f"Diversion: <tel:{CARL}>;counter=1"), CARL),
        ((f"History-Info: <sip:{ANNA}@h>;index=1",), None),
        ((f"History-Info: <sip:{ANNA}@h>;index=1, <sip:{CARL}@h>;index=1.1",), None),
        ((f"History-Info: <sip:{ANNA}@h>;index=1, <sip:{CARL}@h;cause=302>;index=1.1;mp=1",), ANNA),
        (
            (
                f"History-Info: <sip:{ANNA}@h?Reason=SIP%3Bcause%3D486>;index=1",
                f"History-Info: <sip:{CARL}@h>;index=1.1",
                f"History-Info: <sip:{CARL}@another>;index=1.1.1",
            ),
            ANNA,
        ),
    ],
)
def test_forwarded_from_is_who_diverted_the_call_last(headers: tuple[str, ...], diverted_by: str | None) -> None:
    assert call(*headers).forwarded_from == diverted_by


def test_a_user_cannot_say_to_be_somebody_else() -> None:
    world = World(caller_knows=USERS)
    more = b"P-Asserted-Identity: <tel:+15550000001>\r\nDiversion: <tel:+15550000003>\r\nMax-Forwards"
    world.rewrite = lambda data: data.replace(b"Max-Forwards", more, 1) if data.startswith(b"INVITE") else data
    world.dial(Credentials("alice", "open sesame"))
    world.run(1)
    (event,) = world.callee.told(Invited)
    assert isinstance(event, Invited)
    assert (event.user, event.asserted_uri, event.forwarded_from) == ("alice", None, None)
    assert caller(event) == "client:alice"


def test_this_machine_is_believed_where_it_may_call() -> None:
    with_users = replace(OPEN, trusted_hosts=frozenset({PHONE.host}))
    event = invited(agent(with_users), message("INVITE", f"Diversion: <tel:{CARL}>"))
    assert event.forwarded_from == CARL
