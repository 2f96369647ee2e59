"""What a `To` may be (CONTRACT.md, "Numbers and addresses")."""

import pytest

from mixminus.app.calls.addresses import SipAddress, parse_address


@pytest.mark.parametrize(
    ("to", "uri", "is_secure"),
    [
        ("sip:jack@example.com", "sip:jack@example.com", False),
        ("sip:jack@example.com;secure=true", "sip:jack@example.com", True),
        ("sip:jack@example.com:5070;Secure=TRUE;transport=udp", "sip:jack@example.com:5070;transport=udp", True),
        ("sip:jack@example.com;secure=false", "sip:jack@example.com", False),
        ("sip:jack;secure=true@example.com", "sip:jack;secure=true@example.com", False),
        ("sip:example.com;secure=true?X-A=secure=true", "sip:example.com", True),
    ],
)
def test_secure_true_is_between_the_caller_and_us(to: str, uri: str, is_secure: bool) -> None:
    address = parse_address(to)
    assert isinstance(address, SipAddress)
    assert (address.uri, address.is_secure) == (uri, is_secure)


def test_over_tls_whatever_transport_was_said() -> None:
    assert SipAddress("sip:jack@example.com").over_tls == "sip:jack@example.com;transport=tls"
    assert SipAddress("sip:j;x@[::1]:5070;lr;transport=udp").over_tls == "sip:j;x@[::1]:5070;lr;transport=tls"
