"""Where requests inside a dialog go."""

import pytest

from mixminus.sip.contract import Address, Transport
from mixminus.sip.dialogs.dialog import Dialog
from mixminus.sip.messages.message import Request, Response, parse

PUBLIC = Address(Transport.UDP, "203.0.113.9", 40_000)
NEAR = Address(Transport.UDP, "10.0.0.9", 5060)
STREAM = Address(Transport.TCP, "203.0.113.9", 40_001)
SECURE = Address(Transport.TLS, "203.0.113.9", 40_002)
BROWSER = Address(Transport.WSS, "203.0.113.9", 40_003)


def dialog(contact: str, flow: Address = PUBLIC, *routes: str) -> Dialog:
    lines = [
        "INVITE sip:us@192.0.2.1 SIP/2.0",
        "Via: SIP/2.0/UDP h;branch=z9hG4bK1",
        "From: <sip:a@b>;tag=theirs",
        "To: <sip:us@192.0.2.1>",
        "Call-ID: 1",
        "CSeq: 7 INVITE",
        f"Contact: <{contact}>",
        *(f"Record-Route: {route}" for route in routes),
        "\r\n",
    ]
    message = parse("\r\n".join(lines).encode())
    assert isinstance(message, Request)
    return Dialog.of_server(message, "ours", flow)


@pytest.mark.parametrize(
    ("contact", "flow", "hop"),
    [
        ("sip:a@198.51.100.7:5070", PUBLIC, Address(Transport.UDP, "198.51.100.7", 5070)),
        ("sip:a@192.168.1.5:5060", PUBLIC, PUBLIC),
        ("sip:a@192.168.1.5:5060", NEAR, Address(Transport.UDP, "192.168.1.5", 5060)),
        ("sip:a@phone.local", PUBLIC, PUBLIC),
        ("sip:a@198.51.100.7;transport=tcp", STREAM, STREAM),
        ("sip:a@198.51.100.7", STREAM, Address(Transport.UDP, "198.51.100.7", 5060)),
        ("sip:a@198.51.100.7", SECURE, SECURE),
        ("sip:a@q7.invalid;transport=ws", BROWSER, BROWSER),
        ("sip:a@198.51.100.7;transport=ws", PUBLIC, PUBLIC),
        ("sips:a@198.51.100.7", STREAM, Address(Transport.TLS, "198.51.100.7", 5061)),
        ("sips:a@phone.local", STREAM, None),
    ],
    ids=[
        "contact",
        "behind a NAT",
        "on our own network",
        "a name",
        "the open connection",
        "TCP only for the INVITE",
        "what is protected stays so",
        "a browser's only way",
        "nobody connects to a browser",
        "sips by TLS",
        "sips by nothing else",
    ],
)
def test_a_request_goes_to_the_contact_unless_the_source_is_better(
    contact: str, flow: Address, hop: Address | None
) -> None:
    assert dialog(contact, flow).next_hop() == hop


def test_a_name_is_where_it_leads_unless_the_peer_talks_from_there() -> None:
    near, far = Address(Transport.UDP, "198.51.100.7", 5060), Address(Transport.UDP, "203.0.113.9", 5060)
    contact = dialog("sip:a@phone.example.com", PUBLIC)
    assert contact.next_hop(lambda uri: (near,)) == near
    assert contact.next_hop(lambda uri: (near, far)) == PUBLIC
    assert contact.next_hop(lambda uri: ()) == PUBLIC
    route = dialog("sip:a@192.168.1.5", PUBLIC, "<sip:proxy.example.com;lr>")
    assert route.next_hop(lambda uri: (near,) if uri == "sip:proxy.example.com;lr" else ()) == near
    contact.connection_lost(PUBLIC)
    assert contact.next_hop(lambda uri: ()) is None


def test_what_began_over_tls_does_not_go_on_in_the_clear() -> None:
    secure = Address(Transport.TLS, "198.51.100.7", 40001)
    there = dialog("sip:a@198.51.100.7", secure)
    assert there.next_hop() == secure
    there.connection_lost(secure)
    assert there.next_hop() is None
    over_tls = dialog("sip:a@198.51.100.7;transport=tls", secure)
    over_tls.connection_lost(secure)
    assert over_tls.next_hop() == Address(Transport.TLS, "198.51.100.7", 5061)


def test_a_place_that_failed_yields_to_another_of_the_same_name() -> None:
    one, two = Address(Transport.UDP, "198.51.100.7", 5060), Address(Transport.UDP, "198.51.100.8", 5060)
    there = dialog("sip:a@192.168.1.5", one, "<sip:proxy.example.com;lr>")

    def find(uri: str) -> tuple[Address, ...]:
        return (one, two)

    assert there.next_hop(find) == one
    assert there.goes_elsewhere(one, find)
    assert there.next_hop(find) == two
    assert not there.goes_elsewhere(two, find)
    assert not dialog("sip:a@198.51.100.7").goes_elsewhere(one, lambda uri: ())


def test_rfc5627_a_gruu_is_the_phone_wherever_its_host_is() -> None:
    there = dialog("sip:a@192.0.2.1;gr=urn:uuid:1", STREAM)
    assert there.next_hop(lambda uri: (STREAM,)) == STREAM
    there.connection_lost(STREAM)
    assert there.next_hop(lambda uri: (NEAR,)) == NEAR


def test_a_loose_route_is_the_next_hop_and_the_contact_stays_the_address() -> None:
    there = dialog("sip:a@192.168.1.5", PUBLIC, "<sip:198.51.100.1;lr>", "<sip:198.51.100.2;lr>")
    bye = there.request("BYE", there.next_cseq(), ())
    assert there.next_hop() == Address(Transport.UDP, "198.51.100.1", 5060)
    assert bye.uri == "sip:a@192.168.1.5"
    assert bye.all("Route") == ["<sip:198.51.100.1;lr>", "<sip:198.51.100.2;lr>"]


def test_rfc3261_12_2_1_1_a_strict_router_takes_the_place_of_the_address() -> None:
    there = dialog("sip:a@192.168.1.5", PUBLIC, "<sip:198.51.100.1>", "<sip:198.51.100.2;lr>")
    bye = there.request("BYE", there.next_cseq(), ())
    assert (bye.uri, bye.all("Route")) == ("sip:198.51.100.1", ["<sip:198.51.100.2;lr>", "<sip:a@192.168.1.5>"])
    assert there.next_hop() == Address(Transport.UDP, "198.51.100.1", 5060)


def test_a_route_that_cannot_be_read_leaves_the_way_back() -> None:
    there = dialog("sip:a@192.168.1.5", PUBLIC, "<sip:198.51.100.1")
    assert there.request("BYE", there.next_cseq(), ()).uri == "sip:a@192.168.1.5"
    assert there.next_hop() == PUBLIC


def test_the_caller_reverses_the_route_set() -> None:
    invite = dialog("sip:a@h").request("INVITE", 1, (("Via", "SIP/2.0/UDP h;branch=z9hG4bK1"),))
    lines = (*invite.headers, ("Record-Route", "<sip:p2;lr>, <sip:p1;lr>"), ("Contact", "<sip:b@h>"))
    there = Dialog.of_client(invite, Response(lines, b"", 200, "OK"), PUBLIC)
    assert there.route_set == ("<sip:p1;lr>", "<sip:p2;lr>")
    assert there.remote_target == "sip:b@h"


def test_numbers_go_forward_on_both_sides() -> None:
    there = dialog("sip:a@h")
    later = there.request("BYE", 8, (("Via", "SIP/2.0/UDP h;branch=z9hG4bK1"),))
    assert there.accepts_cseq(later)
    assert not there.accepts_cseq(later)
    assert [there.next_cseq(), there.next_cseq()] == [1, 2]
