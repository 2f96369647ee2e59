"""Signalling gets through a network that loses, and audio is heard as it arrived."""

import asyncio

import pytest

from mixminus.testing.call_state import CallState, Party
from mixminus.testing.errors import CallRefused
from mixminus.testing.memory_network import Conditions, MemoryNetwork
from mixminus.testing.network import Address
from mixminus.testing.phone import VirtualPhone
from mixminus.testing.virtual_time import run_virtual


@pytest.mark.parametrize("seed", range(12))
def test_a_call_survives_a_third_of_all_datagrams_lost(seed: int) -> None:
    async def story() -> None:
        network = MemoryNetwork()
        network._random.seed(seed)
        network.impair("10.0.0.2", Conditions(delay_s=0.05, jitter_s=0.05, loss=0.3))
        async with (
            VirtualPhone(network, user="alice", host="10.0.0.1") as alice,
            VirtualPhone(network, user="bob", host="10.0.0.2") as bob,
        ):
            bob.answers(after_s=2.0)
            near = await alice.dial(bob.uri)
            far = await bob.next_call()
            await far.answered()
            await near.hold("inactive")
            await near.resume()
            assert (near.state, far.state) == (CallState.TALKING, CallState.TALKING)
            await near.hang_up()
            assert (await far.ended(within_s=40)).by is Party.THEM
            assert len(bob.calls) == 1, "a repeated INVITE is the same call"

    run_virtual(story())


def test_keys_are_heard_once_although_packets_are_lost() -> None:
    async def story() -> None:
        network = MemoryNetwork()
        async with (
            VirtualPhone(network, user="alice", host="10.0.0.1") as alice,
            VirtualPhone(network, user="bob", host="10.0.0.2") as bob,
        ):
            bob.answers()
            near = await alice.dial(bob.uri)
            far = await bob.next_call()
            network.impair("10.0.0.2", Conditions(loss=0.3))
            await near.press("0123456789")
            await asyncio.sleep(0.5)
            assert far.keys_heard == "0123456789"

    run_virtual(story())


def test_a_note_is_recognised_through_jitter_and_reordering() -> None:
    async def story() -> None:
        network = MemoryNetwork()
        network.impair("10.0.0.2", Conditions(jitter_s=0.08))
        async with (
            VirtualPhone(network, user="alice", host="10.0.0.1") as alice,
            VirtualPhone(network, user="bob", host="10.0.0.2") as bob,
        ):
            alice.hum(1361)
            bob.answers()
            await alice.dial(bob.uri)
            far = await bob.next_call()
            await asyncio.sleep(2.0)
            begins_at = far.line.ear.begins_at
            assert begins_at is not None
            cells = far.notes(begins_at + 0.2, begins_at + 1.8)
            assert all(cell.notes == {1361} for cell in cells)

    run_virtual(story())


def test_an_answer_that_is_never_acknowledged_ends_the_call() -> None:
    async def story() -> None:
        network = MemoryNetwork()
        async with (
            VirtualPhone(network, user="alice", host="10.0.0.1") as alice,
            VirtualPhone(network, user="bob", host="10.0.0.2") as bob,
        ):
            bob.answers(after_s=1.0)
            placed = await alice.place(bob.uri)
            call = await bob.next_call()
            await asyncio.sleep(0.5)
            placed.vanish()
            await call.answered()
            ended = await call.ended(within_s=40)
            assert ended.by is Party.US
            assert ended.at == pytest.approx(33, abs=0.2)

    run_virtual(story())


class Spy:
    """Sees every SIP datagram, and loses the first one that begins with *lost*."""

    def __init__(self, network: MemoryNetwork, lost: bytes | None = None, method: bytes = b"") -> None:
        self.seen: list[str] = []
        self._lost = lost
        self._method = method
        network.lose(self._decide)

    def _decide(self, data: bytes, sender: Address, to: Address) -> bool:
        if b"SIP/2.0" not in data:
            return False
        self.seen.append(data.split(b"\r\n")[0].decode().replace("SIP/2.0 ", "").split(" ")[0])
        is_it = self._lost is not None and data.startswith(self._lost) and self._method in data
        self._lost = None if is_it else self._lost
        return is_it


async def call_through(network: MemoryNetwork, lost: bytes, method: bytes = b"") -> tuple[list[str], float]:
    """One call with one lost message: what was sent, and when the call was over on both sides."""
    spy = Spy(network, lost, method)
    async with (
        VirtualPhone(network, user="alice", host="10.0.0.1") as alice,
        VirtualPhone(network, user="bob", host="10.0.0.2") as bob,
    ):
        bob.answers()
        near = await alice.dial(bob.uri)
        far = await bob.next_call()
        await asyncio.sleep(40)
        assert (near.state, far.state) == (CallState.TALKING, CallState.TALKING)
        began = asyncio.get_running_loop().time()
        await near.hang_up()
        assert far.state is CallState.ENDED
        return spy.seen, asyncio.get_running_loop().time() - began


@pytest.mark.parametrize(
    ("lost", "method", "seen", "took_s"),
    [
        (b"INVITE", b"", "INVITE INVITE 100 180 200 ACK BYE 200", 0.0),
        (b"SIP/2.0 180", b"", "INVITE 100 180 200 ACK BYE 200", 0.0),
        (b"SIP/2.0 200", b"CSeq: 1 INVITE", "INVITE 100 180 200 200 ACK BYE 200", 0.0),
        (b"ACK", b"", "INVITE 100 180 200 ACK 200 ACK BYE 200", 0.0),
        (b"BYE", b"", "INVITE 100 180 200 ACK BYE BYE 200", 0.5),
        (b"SIP/2.0 200", b"CSeq: 2 BYE", "INVITE 100 180 200 ACK BYE 200 BYE 200", 0.5),
    ],
)
def test_rfc3261_17_whatever_is_lost_is_sent_again(lost: bytes, method: bytes, seen: str, took_s: float) -> None:
    sent, took = run_virtual(call_through(MemoryNetwork(), lost, method))
    assert " ".join(sent) == seen
    assert took == pytest.approx(took_s, abs=0.01)


def test_rfc3261_17_1_1_3_a_refusal_is_acknowledged_once_for_each_time_it_is_sent() -> None:
    async def story() -> list[str]:
        network = MemoryNetwork()
        spy = Spy(network, b"ACK")
        async with (
            VirtualPhone(network, user="alice", host="10.0.0.1") as alice,
            VirtualPhone(network, user="bob", host="10.0.0.2") as bob,
        ):
            bob.rejects(486)
            with pytest.raises(CallRefused):
                await alice.dial(bob.uri)
            await asyncio.sleep(60)
            return spy.seen

    assert run_virtual(story()) == ["INVITE", "100", "486", "ACK", "486", "ACK"]


def test_rfc3261_9_1_no_cancel_before_a_provisional_answer() -> None:
    async def story() -> list[str]:
        network = MemoryNetwork()
        spy = Spy(network)
        network.impair("10.0.0.2", Conditions(delay_s=0.1))
        async with (
            VirtualPhone(network, user="alice", host="10.0.0.1") as alice,
            VirtualPhone(network, user="bob", host="10.0.0.2") as bob,
        ):
            bob.rings_forever()
            placed = await alice.place(bob.uri)
            await placed.hang_up()
            assert bob.calls[0].end is not None
            return spy.seen

    seen = run_virtual(story())
    assert seen.index("CANCEL") > seen.index("100")
    assert seen[-1] == "ACK"


def test_rfc3261_15_an_answer_that_crosses_the_cancel_is_hung_up() -> None:
    async def story() -> None:
        network = MemoryNetwork()
        network.impair("10.0.0.2", Conditions(delay_s=0.1))
        async with (
            VirtualPhone(network, user="alice", host="10.0.0.1") as alice,
            VirtualPhone(network, user="bob", host="10.0.0.2") as bob,
        ):
            bob.answers(after_s=1.0)
            placed = await alice.place(bob.uri)
            await asyncio.sleep(1.05)  # the CANCEL arrives after the 200 was sent
            await placed.hang_up()
            assert (await placed.ended()).status == 487
            assert (await bob.calls[0].ended(within_s=5)).by is Party.THEM

    run_virtual(story())
