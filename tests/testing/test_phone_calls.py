"""Two virtual phones call each other directly, in memory and under virtual time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import numpy as np
import pytest

from mixminus.testing.call_state import CallState, Party
from mixminus.testing.errors import CallRefused, WrongMoment
from mixminus.testing.incoming_call import IncomingCall
from mixminus.testing.memory_network import MemoryNetwork
from mixminus.testing.outgoing_call import OutgoingCall
from mixminus.testing.palette import PALETTE
from mixminus.testing.phone import VirtualPhone
from mixminus.testing.user_agent.wire import TransportName
from mixminus.testing.virtual_time import run_virtual

ALICE_HZ, BOB_HZ = PALETTE["alpha"], PALETTE["omega"]


@asynccontextmanager
async def two_phones(
    transport: TransportName = "udp", codec: str = "PCMU"
) -> AsyncIterator[tuple[VirtualPhone, VirtualPhone]]:
    network = MemoryNetwork()
    async with (
        VirtualPhone(network, user="alice", host="10.0.0.1", transport=transport, codec=codec) as alice,
        VirtualPhone(network, user="bob", host="10.0.0.2", transport=transport, codec=codec) as bob,
    ):
        alice.hum(ALICE_HZ)
        bob.hum(BOB_HZ)
        yield alice, bob


async def connect(alice: VirtualPhone, bob: VirtualPhone) -> tuple[OutgoingCall, IncomingCall]:
    bob.answers()
    return await alice.dial(bob.uri), await bob.next_call()


def now() -> float:
    return asyncio.get_running_loop().time()


@pytest.mark.parametrize("transport", ["udp", "tcp"])
@pytest.mark.parametrize("codec", ["PCMU", "PCMA"])
def test_both_hear_the_other_s_note_and_not_their_own(transport: TransportName, codec: str) -> None:
    async def story() -> None:
        async with two_phones(transport, codec) as (alice, bob):
            near, far = await connect(alice, bob)
            await asyncio.sleep(1.0)
            assert near.chord() == {BOB_HZ}
            assert far.chord() == {ALICE_HZ}
            assert far.level_db(ALICE_HZ) == pytest.approx(0.0, abs=0.2)

    run_virtual(story())


def test_a_note_is_heard_from_the_moment_it_begins_to_the_moment_it_ends() -> None:
    async def story() -> None:
        async with two_phones() as (alice, bob):
            near, far = await connect(alice, bob)
            near.silence()
            await asyncio.sleep(0.5)
            began = now()
            near.hum(1123)
            await asyncio.sleep(0.7)
            near.silence()
            ended = now()
            await asyncio.sleep(0.3)
            assert far.first_heard(1123) == pytest.approx(began, abs=0.021)
            assert far.last_heard(1123) == pytest.approx(ended, abs=0.021)
            assert near.first_heard(1123) is None

    run_virtual(story())


def test_a_phone_rings_before_it_answers() -> None:
    async def story() -> None:
        async with two_phones() as (alice, bob):
            bob.answers(after_s=3.0)
            call = await alice.place(bob.uri)
            await call.ringing()
            assert now() < 0.1
            await call.answered()
            assert now() == pytest.approx(3.0, abs=0.1)
            assert call.provisional_statuses == [100, 180]

    run_virtual(story())


def test_a_call_may_be_answered_by_hand() -> None:
    async def story() -> None:
        async with two_phones() as (alice, bob):
            placed = await alice.place(bob.uri, headers={"X-Queue": "sales"})
            call = await bob.next_call()
            assert call.invite.headers.get("X-Queue") == "sales"
            call.ring()
            call.answer()
            await placed.answered()
            with pytest.raises(WrongMoment):
                call.answer()

    run_virtual(story())


@pytest.mark.parametrize("status", [486, 603])
def test_a_busy_phone_refuses(status: int) -> None:
    async def story() -> None:
        async with two_phones() as (alice, bob):
            bob.rejects(status)
            with pytest.raises(CallRefused) as refusal:
                await alice.dial(bob.uri)
            assert refusal.value.status == status
            assert (await bob.next_call()).state is CallState.ENDED

    run_virtual(story())


def test_a_phone_may_ring_for_a_while_and_then_refuse() -> None:
    async def story() -> None:
        async with two_phones() as (alice, bob):
            bob.rejects(480, after_s=8)
            placed = await alice.place(bob.uri)
            await placed.ringing(within_s=1)
            with pytest.raises(CallRefused) as refusal:
                await placed.answered()
            assert refusal.value.status == 480
            assert now() == pytest.approx(8, abs=0.1)

    run_virtual(story())


def test_a_call_is_refused_with_488_when_no_codec_is_shared() -> None:
    async def story() -> None:
        network = MemoryNetwork()
        async with (
            VirtualPhone(network, user="alice", host="10.0.0.1", codec="PCMU") as alice,
            VirtualPhone(network, user="bob", host="10.0.0.2", codec="PCMA") as bob,
        ):
            bob.answers()
            with pytest.raises(CallRefused) as refusal:
                await alice.dial(bob.uri)
            assert refusal.value.status == 488
            with pytest.raises(CallRefused):
                await alice.dial(bob.uri, offer=False)

    run_virtual(story())


def test_a_whole_phone_may_vanish() -> None:
    async def story() -> None:
        async with two_phones() as (alice, bob):
            near, _ = await connect(alice, bob)
            bob.vanish()
            with pytest.raises(CallRefused) as refusal:
                await near.hold()
            assert refusal.value.status == 408
            assert near.state is CallState.ENDED, "RFC 3261 12.2.1.2"

    run_virtual(story())


def test_hanging_up_before_the_answer_cancels_the_call() -> None:
    async def story() -> None:
        async with two_phones() as (alice, bob):
            bob.rings_forever()
            placed = await alice.place(bob.uri)
            call = await bob.next_call()
            await asyncio.sleep(1.0)
            await placed.hang_up()
            for ended, by in ((await placed.ended(), Party.US), (await call.ended(), Party.THEM)):
                assert (ended.by, ended.status) == (by, 487)

    run_virtual(story())


def test_nobody_answers_a_patient_caller() -> None:
    async def story() -> None:
        async with two_phones() as (alice, bob):
            bob.rings_forever()
            with pytest.raises(CallRefused) as refusal:
                await alice.dial(bob.uri, patience_s=20)
            assert refusal.value.status == 487
            assert now() == pytest.approx(20, abs=0.1)

    run_virtual(story())


def test_nobody_there_is_a_408_after_32_seconds() -> None:
    async def story() -> None:
        async with two_phones() as (alice, _):
            with pytest.raises(CallRefused) as refusal:
                await alice.dial("sip:ghost@10.0.0.9:5060")
            assert refusal.value.status == 408
            assert now() == pytest.approx(32, abs=0.1)

    run_virtual(story())


def test_either_side_may_hang_up() -> None:
    async def story() -> None:
        async with two_phones() as (alice, bob):
            near, far = await connect(alice, bob)
            await asyncio.sleep(0.5)
            await far.hang_up()
            assert (await near.ended()).by is Party.THEM
            assert (await far.ended()).by is Party.US
            again, far = await connect(alice, bob)
            await again.hang_up()
            assert (await far.ended()).by is Party.THEM

    run_virtual(story())


def test_a_phone_that_vanishes_says_no_bye() -> None:
    async def story() -> None:
        async with two_phones() as (alice, bob):
            near, far = await connect(alice, bob)
            await asyncio.sleep(0.5)
            gone_at = now()
            far.vanish()
            await asyncio.sleep(1.0)
            assert near.state is CallState.TALKING
            assert near.last_heard(BOB_HZ) == pytest.approx(gone_at, abs=0.041)
            before = now()
            await near.hang_up()
            assert now() - before == pytest.approx(32, abs=0.1), "nobody answers the BYE"

    run_virtual(story())


def test_early_media_is_heard_before_the_answer() -> None:
    async def story() -> None:
        async with two_phones() as (alice, bob):
            bob.answers_after_early_media(2.0)
            call = await alice.dial(bob.uri)
            first, answered = call.first_heard(BOB_HZ), call.answered_at
            assert first is not None
            assert answered is not None
            assert first == pytest.approx(answered - 2.0, abs=0.05)
            assert call.provisional_statuses == [100, 183]

    run_virtual(story())


def test_a_delayed_offer_is_answered_in_the_ack() -> None:
    async def story() -> None:
        async with two_phones() as (alice, bob):
            bob.answers()
            near = await alice.dial(bob.uri, offer=False)
            far = await bob.next_call()
            assert far.invite.body == b""
            await asyncio.sleep(0.5)
            assert near.hears(BOB_HZ)
            assert far.hears(ALICE_HZ)

    run_virtual(story())


def test_keys_arrive_in_order_and_each_once() -> None:
    async def story() -> None:
        async with two_phones() as (alice, bob):
            near, far = await connect(alice, bob)
            began = now()
            await near.press("1122#a*")
            assert far.keys_heard == "1122#A*"
            assert now() - began == pytest.approx(7 * 0.2, abs=0.05)
            await asyncio.sleep(0.3)
            assert far.hears(ALICE_HZ), "the voice comes back"
            with pytest.raises(ValueError, match="no such key"):
                await near.press("1x")

    run_virtual(story())


@pytest.mark.parametrize(("direction", "near_hears"), [("sendonly", False), ("inactive", False)])
def test_hold_silences_the_far_end_until_resumed(direction: str, near_hears: bool) -> None:
    async def story() -> None:
        async with two_phones() as (alice, bob):
            near, far = await connect(alice, bob)
            await near.hold(direction)
            await asyncio.sleep(1.0)
            assert far.far_direction == direction
            assert near.hears(BOB_HZ) is near_hears
            assert far.hears(ALICE_HZ) is (direction == "sendonly")
            await near.resume()
            await asyncio.sleep(1.0)
            assert near.hears(BOB_HZ)
            assert far.hears(ALICE_HZ)

    run_virtual(story())


def test_hold_from_both_sides_at_once_ends_well() -> None:
    async def story() -> None:
        async with two_phones() as (alice, bob):
            near, far = await connect(alice, bob)
            await asyncio.gather(near.hold("inactive"), far.hold("inactive"))
            await asyncio.gather(near.resume(), far.resume())
            await asyncio.sleep(1.0)
            assert near.hears(BOB_HZ)
            assert far.hears(ALICE_HZ)

    run_virtual(story())


def test_saying_something_interrupts_the_hum_and_goes_back_to_it() -> None:
    async def story() -> None:
        async with two_phones() as (alice, bob):
            near, far = await connect(alice, bob)
            clip = (3000 * np.sin(2 * np.pi * 1361 * np.arange(4000) / 8000)).astype(np.int16)
            began = now()
            await near.say(clip)
            await asyncio.sleep(0.4)
            assert far.first_heard(1361) == pytest.approx(began, abs=0.05)
            assert far.last_heard(1361) == pytest.approx(began + 0.5, abs=0.05)
            assert far.hears(ALICE_HZ)

    run_virtual(story())


def test_what_was_heard_repeats_exactly() -> None:
    async def story() -> bytes:
        async with two_phones() as (alice, bob):
            near, _ = await connect(alice, bob)
            await asyncio.sleep(1.0)
            return near.heard.tobytes()

    assert run_virtual(story()) == run_virtual(story())
