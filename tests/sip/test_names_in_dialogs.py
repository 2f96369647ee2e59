"""Requests inside calls whose proxies and phones are names: looked up in time, led elsewhere when a place dies."""

import pytest
from tests.sip.test_agent_strangers import PHONE, agent, invited, message, outputs

from mixminus.sip.agent import SipAgent
from mixminus.sip.contract import Address, DialogKey, SipEvent, Sought, Transmit, Transport
from mixminus.sip.messages.message import parse

NAME = "sip:proxy.example.com;lr"
ROUTED = f"Record-Route: <{NAME}>"
OTHER = Address(Transport.UDP, "198.51.100.2", 5060)


class Call:
    """One that came in and was answered; `sent` are our requests by method, and where they went."""

    def __init__(self, *extra: str, **changed: str) -> None:
        self.agent: SipAgent = agent()
        self.events: list[SipEvent] = []
        self.sent: list[tuple[str, Address]] = []
        self.dialog: DialogKey = invited(self.agent, message("INVITE", *extra, **changed)).dialog
        self.agent.answer(self.dialog, b"v=0", 0.0)
        tag = ""
        for output in outputs(self.agent):
            if isinstance(output, Transmit):
                tag = parse(output.data).to.tag or tag
            else:
                self.events.append(output)
        ack = message("ACK", branch="z9hG4bKack", To=f"<sip:x@127.0.0.1>;tag={tag}")
        self.agent.receive(ack, PHONE, 0.0)
        self.drain()

    def drain(self) -> None:
        for output in outputs(self.agent):
            if isinstance(output, Transmit):
                self.sent.append((output.data.partition(b" ")[0].decode(), output.to))
            else:
                self.events.append(output)

    def located(self, uri: str, *places: Address) -> None:
        self.agent.located(Sought(uri), places, 0.0)
        self.drain()

    def hangs_up(self) -> None:
        self.agent.hang_up(self.dialog, 0.0)
        self.drain()

    def waits(self, until: float) -> None:
        while (at := self.agent.deadline()) is not None and at <= until:
            self.agent.handle_timeout(at)
        self.drain()


@pytest.mark.parametrize(
    ("extra", "changed", "uri"),
    [((ROUTED,), {}, NAME), ((), {"Contact": "<sip:bob@phone.example.com>"}, "sip:bob@phone.example.com")],
    ids=["route", "contact"],
)
def test_a_name_is_looked_up_before_it_is_needed(extra: tuple[str, ...], changed: dict[str, str], uri: str) -> None:
    call = Call(*extra, **changed)
    assert [event for event in call.events if isinstance(event, Sought)] == [Sought(uri)]
    call.located(uri, OTHER)
    call.hangs_up()
    assert call.sent == [("BYE", OTHER)]


def test_until_it_is_known_requests_go_back_to_where_the_call_came_from() -> None:
    call = Call(ROUTED)
    call.hangs_up()
    assert call.sent == [("BYE", PHONE)]


def test_who_talks_from_a_place_of_the_name_is_answered_there() -> None:
    call = Call(ROUTED)
    call.located(NAME, OTHER, Address(Transport.UDP, PHONE.host, 5060))
    call.hangs_up()
    assert call.sent == [("BYE", PHONE)]


def test_rfc3263_4_3_a_request_goes_to_the_next_place_when_one_is_silent() -> None:
    call = Call(ROUTED)
    call.located(NAME, OTHER, PHONE)
    call.hangs_up()
    call.waits(31.0)
    assert {to for _, to in call.sent} == {PHONE}
    call.waits(33.0)
    assert call.sent[-1] == ("BYE", OTHER)
    call.waits(100.0)
    assert {to for _, to in call.sent} == {PHONE, OTHER}
    assert (call.agent.open_calls, call.agent.open_transactions) == (0, 0)
