"""Signalling gets through a network that loses, and audio is heard as it arrived."""

import asyncio

import pytest

from mixminus.testing.call_state import CallState, Party
from mixminus.testing.memory_network import Conditions, MemoryNetwork
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
