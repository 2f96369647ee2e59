"""Who a trunk is told is calling: docs/sip.md, "Who is shown as the caller"."""

from dataclasses import replace

import pytest

from mixminus.base.settings import Trunk
from mixminus.sip.carriers.caller_id import NOBODY, Presented, presented

TRUNK = Trunk("t", "sip:carrier", ("+",))


def shown(trunk: Trunk, caller: str = "+15550001111") -> Presented:
    return presented(trunk, caller, "Ann", "10.0.0.1", 5060)


@pytest.mark.parametrize(
    ("from_", "callers", "caller", "user"),
    [
        (None, (), "+15550001111", "+15550001111"),
        ("+15559999999", (), "+15550001111", "+15559999999"),
        (None, ("+15550001111", "+15550002222"), "+15550002222", "+15550002222"),
        (None, ("+15550001111", "+15550002222"), "+15550003333", "+15550001111"),
        ("+15559999999", ("+1555000*",), "+15550003333", "+15550003333"),
        ("+15559999999", ("+1555000*",), "bob", "+15559999999"),
        (None, ("+1555000*",), "bob", "bob"),
    ],
)
def test_policies(from_: str | None, callers: tuple[str, ...], caller: str, user: str) -> None:
    assert shown(replace(TRUNK, from_=from_, callers=callers), caller).from_uri == f"sip:{user}@10.0.0.1:5060"


def test_the_number_is_written_as_the_trunk_wants_it_and_stands_at_its_domain() -> None:
    trunk = replace(TRUNK, caller_rules=("national +1",), domain="carrier.example.com", identity="asserted")
    uri = "sip:5550001111@carrier.example.com"
    assert shown(trunk) == Presented(uri, "Ann", {"P-Asserted-Identity": f"<{uri}>"})


def test_a_caller_can_be_named_to_a_carrier_that_checks() -> None:
    assert shown(replace(TRUNK, identity="preferred")).headers == {
        "P-Preferred-Identity": "<sip:+15550001111@10.0.0.1:5060>"
    }


def test_a_private_trunk_shows_nobody_and_tells_the_carrier() -> None:
    assert shown(replace(TRUNK, identity="private")) == Presented(
        NOBODY, "Anonymous", {"P-Asserted-Identity": "<sip:+15550001111@10.0.0.1:5060>", "Privacy": "id"}
    )


@pytest.mark.parametrize("caller", ["anonymous", "Anonymous", "+266696687"])
def test_who_wants_to_be_nobody_is_private_where_the_carrier_understands_it(caller: str) -> None:
    trunk = replace(TRUNK, identity="asserted", from_="+15559999999")
    assert shown(trunk, caller) == Presented(
        NOBODY, "Anonymous", {"P-Asserted-Identity": "<sip:+15559999999@10.0.0.1:5060>", "Privacy": "id"}
    )
    assert shown(replace(trunk, from_=None), caller).headers == {"Privacy": "id"}


def test_what_a_user_part_may_not_contain_is_escaped() -> None:
    assert shown(TRUNK, 'a b"<@').from_uri == "sip:a%20b%22%3C%40@10.0.0.1:5060"
