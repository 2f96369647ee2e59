"""Names that the SIP agent asks for: found for dialogs, and kept off trunks when a redirection leads there."""

import asyncio
from dataclasses import dataclass, field
from typing import cast

from mixminus.app.calls.sip_desk import SipDesk
from mixminus.app.tasks import Tasks
from mixminus.app.trunks.places import Places
from mixminus.app.trunks.seeking import Seeking
from mixminus.base.settings import Trunk
from mixminus.sip.contract import Address, Sought
from mixminus.sip.io.resolver import Resolver
from mixminus.testing.virtual_time import run_virtual
from mixminus.testing.zone import Zone

TRUNK = Trunk(
    "carrier", "sip:gw.carrier.example.com:5060", prefixes=("+1",), outbound_proxy="sip:sbc.example.com:5060"
)


@dataclass
class Desk:
    places: Places
    told: dict[Sought, tuple[Address, ...]] = field(default_factory=dict)

    def located(self, sought: Sought, places: tuple[Address, ...]) -> None:
        self.told[sought] = places


def found(uri: str, *, redirected: bool) -> list[str]:
    """The hosts that the agent is told of."""
    zone = Zone().host("gw.carrier.example.com", "192.0.2.1").host("sbc.example.com", "192.0.2.2")
    zone.host("evil.example.com", "192.0.2.1", "192.0.2.2", "192.0.2.66").host("phone.example.com", "192.0.2.7")

    async def story() -> list[str]:
        loop, tasks = asyncio.get_running_loop(), Tasks()
        desk = Desk(Places(Resolver(loop.time, lambda below: 0, zone.ask).locate, loop.time))
        sought = Sought(uri, redirected)
        Seeking((TRUNK,), cast(SipDesk, desk), tasks).sought(sought)
        await asyncio.sleep(7)
        await tasks.close()
        return [place.host for place in desk.told[sought]]

    return run_virtual(story())


def test_a_name_in_a_dialog_leads_where_it_leads() -> None:
    assert found("sip:phone.example.com", redirected=False) == ["192.0.2.7"]
    assert found("sip:gw.carrier.example.com", redirected=False) == ["192.0.2.1"]


def test_no_name_is_a_way_to_a_gateway_or_to_the_proxy_before_it() -> None:
    assert found("sip:+19005550000@evil.example.com", redirected=True) == ["192.0.2.66"]
    assert found("sip:+19005550000@gw.carrier.example.com", redirected=True) == []
    assert found("sip:phone.example.com", redirected=True) == ["192.0.2.7"]


def test_nobody_there_is_an_answer_too() -> None:
    assert found("sip:nobody.example.com", redirected=True) == []
