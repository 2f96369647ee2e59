"""Headers that are passed through: which, how many, and none that would be a line of its own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixminus.app.calls.addresses import ClientAddress, SipAddress, parse_address
from mixminus.base.errors import Refusal
from mixminus.sip.messages.passing import MAX_IN, MAX_OUT, BadHeader, LongHeaders, only_passed_on, passed_on, received


def test_user_to_user_comes_as_it_was_with_its_encoding() -> None:
    value = "56a390f3d2b7310023a2;encoding=hex;purpose=foo;content=bar"
    assert received((("User-to-User", value), ("Subject", "no"))) == {"User-to-User": value}


def test_lines_of_one_name_are_one_list() -> None:
    assert received((("User-to-User", "a"), ("X-A", "1"), ("x-a", "2"), ("User-to-User", "b"))) == {
        "User-to-User": "a, b",
        "X-A": "1, 2",
    }


def test_a_phone_cannot_fill_webhooks() -> None:
    found = received(tuple((f"X-{number}", "y" * 1000) for number in range(100)))
    assert sum(len(name) + len(value) for name, value in found.items()) <= MAX_IN


@pytest.mark.parametrize("name", ["Route", "Via", "From", "Contact", "P-Asserted-Identity", "X-", "X-A:", "X A", ""])
def test_what_is_the_networks_business_is_not_passed(name: str) -> None:
    with pytest.raises(BadHeader):
        passed_on([(name, "x")])


@pytest.mark.parametrize("value", ["a\r\nVia: x", "a\nb", "\0", "\x7f"])
def test_a_value_is_no_line_of_its_own(value: str) -> None:
    with pytest.raises(BadHeader):
        passed_on([("X-A", value)])


def test_not_too_much_is_passed() -> None:
    assert passed_on([("X-A", "y" * (MAX_OUT - 3))])
    with pytest.raises(LongHeaders):
        passed_on([("X-A", "y" * (MAX_OUT - 2))])


@given(st.lists(st.tuples(st.sampled_from(["X-A", "User-to-User", "Via", "X-B: c"]), st.text())))
def test_whatever_is_passed_is_one_line(pairs: list[tuple[str, str]]) -> None:
    for name, value in only_passed_on(pairs).items():
        assert name in ("X-A", "User-to-User")
        assert not set(name + value) & set("\r\n\0")


def test_the_query_of_a_sip_address_is_headers() -> None:
    address = parse_address("sip:a@b?User-to-User=56a3%3Bencoding%3Dhex&X-Name=Anna%20Lee")
    assert address == SipAddress("sip:a@b", {"User-to-User": "56a3;encoding=hex", "X-Name": "Anna Lee"})


@pytest.mark.parametrize(
    ("query", "code"), [("Route=x", 13252), ("X-A=a%0d%0aVia:%20x", 13252), ("X-A=" + "y" * 1100, 21227)]
)
def test_a_sip_address_with_other_headers_is_refused(query: str, code: int) -> None:
    with pytest.raises(Refusal) as refusal:
        parse_address(f"sip:a@b?{query}")
    assert refusal.value.code == code


def test_a_clients_parameters_stay_parameters() -> None:
    assert parse_address("client:bob?X-A=1&room=2") == ClientAddress("bob", (("X-A", "1"), ("room", "2")))
