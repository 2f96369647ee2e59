"""A malformed stream never affects another peer's call, over real sockets (issue 5, Shows 1)."""

import asyncio
import contextlib
import random
import socket
from pathlib import Path

import pytest
from tests.peers.exchange import LOOPBACK, NUMBER, Exchange, exchange, until
from tests.scenarios.garbage import Garbage

pytestmark = [pytest.mark.peers, pytest.mark.network]

SECONDS = 3.0
ELSEWHERE = "+15550001009"
"""Whom garbage calls that happens to be an INVITE."""
PEOPLE = {"alice": 521, "bob": 3061}
ENOUGH = 0.9
"""Of all moments: the machine may be busy, and then nobody is on time."""


def throw(port: int, datagrams: list[bytes]) -> None:
    """Each from a port of its own."""
    for data in datagrams:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as thrower, contextlib.suppress(OSError):
            thrower.sendto(data, (LOOPBACK, port))


async def connects(port: int, data: bytes, leaves_after_s: float) -> None:
    """Send something on a connection of its own, and be gone, or be thrown out."""
    with contextlib.suppress(OSError):
        _, writer = await asyncio.open_connection(LOOPBACK, port)
        writer.write(data)
        await asyncio.sleep(leaves_after_s)
        writer.close()


async def rages(at: Exchange, rtp_ports: list[int], garbage: Garbage) -> None:
    """At every listener, until it is cancelled."""
    dice, connections = garbage.dice, set()
    while True:
        throw(at.sip_port, [garbage.signalling(ELSEWHERE) for _ in range(4)])
        for port in rtp_ports:
            throw(port + dice.randrange(2), [garbage.media() for _ in range(2)])
        pieces = garbage.signalling(ELSEWHERE) + garbage.signalling(ELSEWHERE)
        web = f"GET {garbage.path()} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n".encode() + garbage.binary()
        for port, data in ((at.sip_port, pieces), (at.node.http.port, web)):
            task = asyncio.create_task(connects(port, data, dice.choice([0.0, 0.1, 1.0])))
            connections.add(task)
            task.add_done_callback(connections.discard)
        await asyncio.sleep(0.02)


async def test_people_hear_each_other_while_every_listener_gets_garbage(tmp_path: Path) -> None:
    elsewhere = {ELSEWHERE: "/elsewhere"}
    async with (
        exchange(tmp_path / "node", elsewhere) as at,
        at.phone("alice") as alice,
        at.phone("bob") as bob,
    ):
        at.app.answers("/elsewhere", '<Response><Gather timeout="1"/></Response>')
        calls = {phone.user: await phone.dial(NUMBER) for phone in (alice, bob)}
        for name, call in calls.items():
            call.hum(PEOPLE[name])
        await until(lambda: calls["alice"].hears(PEOPLE["bob"]) and calls["bob"].hears(PEOPLE["alice"]))
        began = asyncio.get_running_loop().time()
        ports = [call.line.peer[1] for call in calls.values() if call.line.peer]
        raging = asyncio.create_task(rages(at, ports, Garbage(random.randrange(1_000))))
        await asyncio.sleep(SECONDS)
        raging.cancel()
        for name, other in (("alice", "bob"), ("bob", "alice")):
            cells = calls[name].notes(began, began + SECONDS - 0.2)
            clear = sum(cell.notes == {PEOPLE[other]} for cell in cells)
            assert clear > ENOUGH * len(cells)
            assert calls[name].end is None
        assert at.node.world.sip.counters.malformed > 20
        for call in calls.values():
            await call.hang_up()
        await at.quiet()
        again = await alice.dial(NUMBER)
        await again.hang_up()
