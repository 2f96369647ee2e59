"""The database cannot write: what is refused does not happen, and what is up goes on (laws 6 and 7)."""

import asyncio

import pytest
from tests.scenarios.cast import NUMBER, Scene, enter, scenario, twiml

from mixminus.calls.records import Record


def fill_disk(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fails(*records: Record) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(scene.world.node.exchange.store, "save", fails)


@scenario
async def test_nobody_is_rung_for_a_call_that_rest_said_it_could_not_make(scene: Scene) -> None:
    alice = await scene.calls_in("alice", enter(wait_url=""))
    bob = await scene.phone("bob")
    bob.rings_forever()
    with pytest.MonkeyPatch.context() as monkeypatch:
        fill_disk(scene, monkeypatch)
        create = scene.twilio.calls.create_async
        with pytest.raises(OSError, match="No space left"):
            await create(from_=NUMBER, to=bob.uri, twiml=twiml("<Pause/>"))
        room = await scene.room()
        with pytest.raises(OSError, match="No space left"):
            await room.participants.create_async(from_=NUMBER, to=bob.uri)
    await asyncio.sleep(1)
    assert [call.sid for call in scene.world.node.exchange.live_calls] == [scene.sid("alice")]
    assert [call.end is not None for call in bob.calls] == [True] * len(bob.calls)
    assert alice.end is None
    assert list(await scene.participants()) == [scene.sid("alice")]
    assert (await create(from_=NUMBER, to=bob.uri, twiml=twiml("<Pause/>"))).status == "queued"
