"""The same phones over real sockets."""

import asyncio

import pytest

from mixminus.testing.call_state import Party
from mixminus.testing.errors import CallRefused
from mixminus.testing.loopback_network import LoopbackNetwork
from mixminus.testing.phone import VirtualPhone
from mixminus.testing.user_agent.wire import TransportName

pytestmark = pytest.mark.network


@pytest.mark.parametrize("transport", ["udp", "tcp"])
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_two_phones_talk_over_sockets(transport: TransportName, host: str) -> None:
    network = LoopbackNetwork()
    async with (
        VirtualPhone(network, user="alice", host=host, transport=transport) as alice,
        VirtualPhone(network, user="bob", host=host, transport=transport) as bob,
    ):
        alice.hum(521)
        bob.hum(3061)
        bob.answers()
        near = await alice.dial(bob.uri)
        far = await bob.next_call(within_s=5)
        began = asyncio.get_running_loop().time()
        await near.press("7#")
        await asyncio.sleep(0.5)
        assert near.chord() == {3061}
        assert far.chord() == {521}
        assert far.keys_heard == "7#"
        first = near.first_heard(3061)
        assert first is not None
        assert abs(first - began) < 1.0
        await near.hang_up()
        assert (await far.ended(within_s=5)).by is Party.THEM


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_a_ringing_call_is_cancelled_and_a_busy_one_refused(transport: TransportName) -> None:
    network = LoopbackNetwork()
    async with (
        VirtualPhone(network, user="alice", transport=transport) as alice,
        VirtualPhone(network, user="bob", transport=transport) as bob,
    ):
        bob.rings_forever()
        placed = await alice.place(bob.uri)
        await placed.ringing(within_s=5)
        await placed.hang_up()
        assert (await bob.calls[0].ended(within_s=5)).status == 487
        bob.rejects(486)
        with pytest.raises(CallRefused):
            await alice.dial(bob.uri)


async def test_nobody_listening_on_tcp_is_told_by_the_timer_only() -> None:
    network = LoopbackNetwork()
    async with VirtualPhone(network, user="alice", transport="tcp") as alice:
        call = await alice.place("sip:ghost@127.0.0.1:9")
        with pytest.raises(TimeoutError):
            await call.answered(within_s=0.2)
        call.vanish()
