"""Virtual phones transfer each other: Bob calls Alice, and one of them sends the other to Carol."""

import pytest
from tests.testing.test_phone_calls import connect

from mixminus.testing.errors import CallRefused
from mixminus.testing.memory_network import MemoryNetwork
from mixminus.testing.phone import VirtualPhone
from mixminus.testing.virtual_time import run_virtual


def phones() -> tuple[VirtualPhone, VirtualPhone, VirtualPhone]:
    network = MemoryNetwork()
    alice, bob, carol = (
        VirtualPhone(network, user=name, host=f"10.0.0.{number}")
        for number, name in enumerate(("alice", "bob", "carol"), 1)
    )
    return alice, bob, carol


def test_who_is_transferred_calls_the_target_and_says_how_that_goes() -> None:
    async def story() -> None:
        alice, bob, carol = phones()
        async with alice, bob, carol:
            near, _ = await connect(alice, bob)
            carol.answers()
            transfer = await near.transfer(carol.uri)
            assert await transfer.concluded(within_s=5) == 200
            assert transfer.statuses == [100, 200]
            assert (await carol.next_call(within_s=1)).remote_uri == bob.identity

    run_virtual(story())


def test_the_refusal_of_the_target_is_told() -> None:
    async def story() -> None:
        alice, bob, carol = phones()
        async with alice, bob, carol:
            near, _ = await connect(alice, bob)
            carol.rejects(486)
            assert await (await near.transfer(carol.uri)).concluded(within_s=5) == 486

    run_virtual(story())


def test_who_will_not_be_transferred_says_so() -> None:
    async def story() -> None:
        alice, bob, carol = phones()
        async with alice, bob, carol:
            near, _ = await connect(alice, bob)
            bob.transfers_refused_with = 603
            with pytest.raises(CallRefused, match="603"):
                await near.transfer(carol.uri)

    run_virtual(story())


def test_an_attended_transfer_names_the_call_whose_place_is_taken() -> None:
    async def story() -> None:
        alice, bob, carol = phones()
        async with alice, bob, carol:
            near, _ = await connect(alice, bob)
            other, _ = await connect(alice, carol)
            await near.transfer_to(other)
            invite = (await carol.next_call(within_s=5)).invite
            assert invite.headers.get("Replaces") == other.replaces

    run_virtual(story())
