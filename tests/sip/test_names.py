"""What peers are told of us, by the listener that faces them."""

import random

import pytest

from mixminus.sip.contract import Address, Listener, Transport
from mixminus.sip.endpoint import Endpoint
from mixminus.sip.places.names import contact_uri, facing
from mixminus.sip.settings import SipSettings

LOCAL = Listener(Transport.UDP, "127.0.0.1", 5060)
SITE = Listener(Transport.UDP, "10.0.0.2", 5060)
PUBLIC = Listener(Transport.UDP, "10.0.0.2", 5070, "203.0.113.5", 5080)
SIX = Listener(Transport.UDP, "2001:db8::1", 5060)
SECURE = Listener(Transport.TLS, "10.0.0.2", 5061)
BROWSERS = Listener(Transport.WSS, "10.0.0.2", 8443)
ALL = (SITE, LOCAL, PUBLIC, SIX, SECURE, BROWSERS)


@pytest.mark.parametrize(
    ("transport", "host", "listener"),
    [
        (Transport.UDP, "127.0.0.9", LOCAL),
        (Transport.UDP, "192.168.7.7", SITE),
        (Transport.UDP, "198.51.100.7", PUBLIC),
        (Transport.UDP, "2001:db8:7::7", SIX),
        (Transport.UDP, "carrier.example.com", PUBLIC),
        (Transport.TLS, "198.51.100.7", SECURE),
        (Transport.TCP, "198.51.100.7", None),
    ],
)
def test_a_listener_faces_its_family_and_its_side_of_the_nat(
    transport: Transport, host: str, listener: Listener | None
) -> None:
    assert facing(ALL, Address(transport, host, 5060)) == listener


@pytest.mark.parametrize(
    ("listener", "target", "uri"),
    [
        (SITE, "sip:a@b", "sip:10.0.0.2:5060"),
        (PUBLIC, "sip:a@b", "sip:203.0.113.5:5080"),
        (SIX, "sip:a@b", "sip:[2001:db8::1]:5060"),
        (SECURE, "sip:a@b", "sip:10.0.0.2:5061;transport=tls"),
        (SECURE, "SIPS:a@b", "sips:10.0.0.2:5061"),
        (BROWSERS, "sip:a@b", "sip:10.0.0.2:8443;transport=ws"),
        (BROWSERS, "sips:a@b", "sips:10.0.0.2:8443;transport=ws"),
    ],
)
def test_a_contact_says_how_we_are_reached(listener: Listener, target: str, uri: str) -> None:
    assert contact_uri(listener, target) == uri


def test_what_came_in_by_a_listener_is_answered_in_its_name() -> None:
    endpoint = Endpoint(SipSettings("10.0.0.2", 5060, listeners=ALL), random.Random(1).randbytes)
    far = Address(Transport.UDP, "10.0.0.77", 5060, by=PUBLIC)
    assert endpoint.contact(far) == ("Contact", "<sip:203.0.113.5:5080>")
    assert endpoint.via(far)[1].startswith("SIP/2.0/UDP 203.0.113.5:5080;branch=z9hG4bK")


def test_without_a_listener_of_that_transport_we_are_who_the_settings_say() -> None:
    endpoint = Endpoint(SipSettings("192.0.2.1", 5060), random.Random(1).randbytes)
    far = Address(Transport.TLS, "198.51.100.7", 5061)
    assert endpoint.via(far)[1].startswith("SIP/2.0/TLS 192.0.2.1:5060;")
    assert endpoint.contact(far) == ("Contact", "<sip:192.0.2.1:5060;transport=tls>")


def test_whoever_sends_to_what_we_are_told_as_sends_to_us() -> None:
    settings = SipSettings("10.0.0.2", 5060, listeners=ALL)
    assert settings.is_ours("203.0.113.5", 5080)
    assert settings.is_ours("10.0.0.2", 5060)
    assert not settings.is_ours("203.0.113.5", 5060)
