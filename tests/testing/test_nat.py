"""A NAT forgets who is silent, and lets nobody in who was not spoken to."""

import asyncio

from mixminus.testing.memory_network import MemoryNetwork
from mixminus.testing.nat import Nat
from mixminus.testing.network import Address
from mixminus.testing.virtual_time import run_virtual

ROUTER = "203.0.113.1"


async def told(pause_s: float) -> tuple[list[bytes], list[Address], int]:
    """What somebody at home hears of answers that come after so long, who was seen outside, and what was refused."""
    network = MemoryNetwork()
    nat = Nat(network, ROUTER, forgets_after_s=30.0)
    heard: list[bytes] = []
    seen: list[Address] = []
    home = await nat.open_datagrams(("192.168.1.2", 0), lambda data, sender: heard.append(data))
    server = await network.open_datagrams(("10.0.0.1", 5060), lambda data, sender: seen.append(sender))
    stranger = await network.open_datagrams(("10.0.0.9", 5060), lambda data, sender: None)
    home.send(b"hello", server.address)
    await asyncio.sleep(pause_s)
    server.send(b"answer", seen[0])
    stranger.send(b"intrusion", seen[0])
    await asyncio.sleep(0.1)
    home.send(b"hello again", server.address)
    await asyncio.sleep(0.1)
    return heard, seen, nat.refused


def test_an_answer_comes_in_while_the_port_is_remembered() -> None:
    heard, seen, refused = run_virtual(told(pause_s=29.0))
    assert heard == [b"answer"]
    assert {host for host, _ in seen} == {ROUTER}
    assert len(set(seen)) == 1
    assert refused == 1


def test_after_a_silence_the_port_is_another_one() -> None:
    heard, seen, refused = run_virtual(told(pause_s=31.0))
    assert heard == []
    assert len(set(seen)) == 2
    assert refused == 2
