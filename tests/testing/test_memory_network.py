"""The network in memory delivers by address, in order, and as badly as it was told to."""

import asyncio

import pytest

from mixminus.testing.memory_network import Conditions, MemoryNetwork
from mixminus.testing.network import Address, Stream
from mixminus.testing.virtual_time import run_virtual

Arrivals = list[tuple[float, bytes]]


async def exchange(network: MemoryNetwork, count: int, spacing_s: float = 0.02) -> Arrivals:
    arrivals: Arrivals = []
    loop = asyncio.get_running_loop()

    def arrived(data: bytes, _: Address) -> None:
        arrivals.append((loop.time(), data))

    near = await network.open_datagrams(("10.0.0.1", 0), lambda *_: None)
    far = await network.open_datagrams(("10.0.0.2", 5004), arrived)
    for number in range(count):
        near.send(bytes([number]), far.address)
        await asyncio.sleep(spacing_s)
    await asyncio.sleep(1.0)
    return arrivals


def test_datagrams_arrive_at_once_and_in_order() -> None:
    arrivals = run_virtual(exchange(MemoryNetwork(), 3))
    assert [data for _, data in arrivals] == [b"\0", b"\1", b"\2"]
    assert [at for at, _ in arrivals] == pytest.approx([0.0, 0.02, 0.04])


def test_a_delay_keeps_the_order_of_what_is_sent_together() -> None:
    network = MemoryNetwork()
    network.impair("10.0.0.2", Conditions(delay_s=0.05))
    arrivals = run_virtual(exchange(network, 20, spacing_s=0.0))
    assert [data[0] for _, data in arrivals] == list(range(20))
    assert {round(at, 3) for at, _ in arrivals} == {0.05}


def test_jitter_shuffles_and_loss_loses_in_the_same_way_every_time() -> None:
    def run() -> Arrivals:
        network = MemoryNetwork()
        network.impair("10.0.0.1", Conditions(jitter_s=0.1, loss=0.2))
        return run_virtual(exchange(network, 100))

    arrivals = run()
    numbers = [data[0] for _, data in arrivals]
    assert 60 < len(numbers) < 95
    assert numbers != sorted(numbers)
    assert arrivals == run()


def test_what_nobody_receives_is_counted() -> None:
    async def story() -> int:
        network = MemoryNetwork()
        port = await network.open_datagrams(("10.0.0.1", 0), lambda *_: None)
        port.send(b"x", ("10.0.0.9", 1))
        port.close()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return network.lost

    assert run_virtual(story()) == 1


def test_a_taken_address_is_refused_until_it_is_closed() -> None:
    async def story() -> None:
        network = MemoryNetwork()
        port = await network.open_datagrams(("10.0.0.1", 5060), lambda *_: None)
        with pytest.raises(OSError, match="taken"):
            await network.open_datagrams(("10.0.0.1", 5060), lambda *_: None)
        await network.listen(("10.0.0.1", 5060), lambda _: Reader())
        port.close()
        await network.open_datagrams(("10.0.0.1", 5060), lambda *_: None)

    run_virtual(story())


class Reader:
    def __init__(self) -> None:
        self.data = b""
        self.is_over = False
        self.stream: Stream | None = None

    def received(self, data: bytes) -> None:
        self.data += data

    def ended(self) -> None:
        self.is_over = True


def test_a_stream_carries_both_ways_and_tells_its_end() -> None:
    async def story() -> None:
        network, server, client = MemoryNetwork(), Reader(), Reader()

        def accept(stream: Stream) -> Reader:
            server.stream = stream
            return server

        listener = await network.listen(("10.0.0.2", 5060), accept)
        stream = await network.connect(listener.address, client)
        assert server.stream is not None
        for word in (b"a", b"b", b"c"):
            stream.write(word)
        server.stream.write(b"hello")
        await asyncio.sleep(0.1)
        assert (server.data, client.data) == (b"abc", b"hello")
        stream.close()
        stream.write(b"lost")
        await asyncio.sleep(0.1)
        assert server.is_over
        assert not client.is_over
        listener.close()
        with pytest.raises(ConnectionRefusedError):
            await network.connect(listener.address, client)

    run_virtual(story())
