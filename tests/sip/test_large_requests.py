"""Requests over 1,300 bytes (RFC 3261 18.1.1): values, and on sockets."""

import asyncio
import random

import pytest
from tests.sip.owner import Owner
from tests.sip.test_agent_strangers import outputs

from mixminus.sip.agent import SipAgent
from mixminus.sip.contract import (
    Address,
    Answered,
    DialogKey,
    Invitation,
    Invited,
    Listener,
    Refused,
    SipEvent,
    Transmit,
    Transport,
)
from mixminus.sip.messages.answers import response_to
from mixminus.sip.messages.message import Request, parse
from mixminus.sip.settings import SipSettings
from mixminus.sip.transactions.large_requests import REMEMBERED_S

UDP_US = Listener(Transport.UDP, "192.0.2.1", 5060)
TCP_US = Listener(Transport.TCP, "192.0.2.1", 5070)
CARRIER = Address(Transport.UDP, "198.51.100.7", 5060)
BY_TCP = Address(Transport.TCP, "198.51.100.7", 5060)
LARGE = b"v=0" + b" " * 1300


class Caller:
    """An agent that calls; what it sends, and what it is told."""

    def __init__(self, *listeners: Listener) -> None:
        settings = SipSettings("192.0.2.1", 5060, listeners)
        self.agent = SipAgent(settings, random.Random(3).randbytes)
        self.sent: list[tuple[Request, Address]] = []
        self.events: list[SipEvent] = []

    def dials(
        self, key: str = "call", offer: bytes = LARGE, via: Address = CARRIER, to: str = "sip:+1@h", now: float = 0.0
    ) -> tuple[Request, Address]:
        self.agent.invite(Invitation(DialogKey(key), to, via, "sip:us@h", "", offer), now)
        self.drains()
        return self.sent[-1]

    def drains(self) -> None:
        for output in outputs(self.agent):
            if isinstance(output, Transmit):
                message = parse(output.data)
                assert isinstance(message, Request)
                self.sent.append((message, output.to))
            else:
                self.events.append(output)


def test_a_large_request_goes_by_tcp_in_the_name_that_we_have_there() -> None:
    caller = Caller(UDP_US, TCP_US)
    invite, to = caller.dials()
    assert to == BY_TCP
    assert (invite.get("Via") or "").startswith("SIP/2.0/TCP 192.0.2.1:5070;branch=z9hG4bK")
    caller.agent.receive(bytes(response_to(invite, 200, to_tag="x", body=b"v=0")), BY_TCP, 1.0)
    caller.drains()
    assert Answered(DialogKey("call"), b"v=0") in caller.events


def test_who_refuses_tcp_gets_a_datagram_and_is_not_asked_again_for_a_while() -> None:
    caller = Caller(UDP_US, TCP_US)
    first, _ = caller.dials()
    caller.agent.connection_lost(BY_TCP, 1.0)
    caller.drains()
    second, to = caller.sent[-1]
    assert to == CARRIER
    assert (second.get("Via") or "").startswith("SIP/2.0/UDP 192.0.2.1:5060;")
    assert (second.via.branch, second.cseq, second.body) == (first.via.branch, first.cseq, first.body)
    caller.agent.handle_timeout(1.5)
    caller.drains()
    assert caller.sent[-1][1] == CARRIER, "it is not repeated as UDP needs it"
    assert len(caller.sent) == 3
    assert caller.dials("next", now=2.0)[1] == CARRIER
    assert caller.dials("later", now=1.0 + REMEMBERED_S)[1] == BY_TCP


def test_who_was_connected_and_breaks_off_is_unreachable() -> None:
    caller = Caller(UDP_US, TCP_US)
    caller.dials(via=BY_TCP)
    caller.agent.connection_lost(BY_TCP, 1.0)
    caller.drains()
    assert caller.events == [Refused(DialogKey("call"), 503, "Service Unavailable")]


def test_a_request_that_was_answered_is_not_sent_again() -> None:
    caller = Caller(UDP_US, TCP_US)
    invite, _ = caller.dials()
    caller.agent.receive(bytes(response_to(invite, 180, to_tag="x")), BY_TCP, 1.0)
    caller.agent.connection_lost(BY_TCP, 2.0)
    caller.drains()
    assert len(caller.sent) == 1


def test_a_cancel_goes_the_way_of_its_invite() -> None:
    caller = Caller(UDP_US, TCP_US)
    invite, _ = caller.dials()
    caller.agent.receive(bytes(response_to(invite, 180, to_tag="x")), BY_TCP, 1.0)
    caller.agent.hang_up(DialogKey("call"), 2.0)
    caller.drains()
    cancel, to = caller.sent[-1]
    assert (cancel.method, cancel.get("Via"), to) == ("CANCEL", invite.get("Via"), BY_TCP)


@pytest.mark.parametrize(
    ("listeners", "offer", "via", "to"),
    [
        ((UDP_US, TCP_US), b"v=0", CARRIER, "sip:+1@h"),
        ((UDP_US,), LARGE, CARRIER, "sip:+1@h"),
        ((UDP_US, TCP_US), LARGE, Address(Transport.UDP, "203.0.113.9", 41_000, UDP_US), "sip:bob@10.0.0.9"),
    ],
    ids=["small", "nobody reaches us by TCP", "a phone behind a NAT"],
)
def test_others_go_as_they_are(listeners: tuple[Listener, ...], offer: bytes, via: Address, to: str) -> None:
    assert Caller(*listeners).dials(offer=offer, via=via, to=to)[1] == via


def test_a_phone_that_is_where_it_says_is_tried_by_tcp() -> None:
    phone = Address(Transport.UDP, "192.0.2.77", 5062, UDP_US)
    sent = Caller(UDP_US, TCP_US).dials(via=phone, to="sip:bob@192.0.2.77:5062")
    assert sent[1] == Address(Transport.TCP, "192.0.2.77", 5062)


@pytest.mark.network
async def test_a_large_invite_over_sockets_reaches_both_kinds_of_peers() -> None:
    caller, callee = await Owner().start(), await Owner().start()
    caller.dial(Address(Transport.UDP, *callee.listener.address), offer=LARGE)
    assert (await callee.told(Invited)).source.transport is Transport.TCP
    await caller.told(Answered)

    heard: asyncio.Queue[bytes] = asyncio.Queue()

    class UdpOnly(asyncio.DatagramProtocol):
        def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
            heard.put_nowait(data)

    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(UdpOnly, local_addr=("127.0.0.1", 0))
    third = await Owner().start()
    third.dial(Address(Transport.UDP, *transport.get_extra_info("sockname")), offer=LARGE)
    invite = await asyncio.wait_for(heard.get(), 10)
    assert b"\r\nVia: SIP/2.0/UDP " in invite
    assert len(invite) > 1300
    transport.close()
    for owner in (caller, callee, third):
        await owner.stop()
