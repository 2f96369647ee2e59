"""Sound before the answer: twilio-conference-api.md 2.3 EarlyMedia; twiml-and-streams.md 2.6 ringTone."""

import asyncio

from tests.scenarios.cast import Scene, enter, everybody, scenario, twiml

from mixminus.testing.phone import VirtualPhone
from mixminus.testing.sounds import MUSIC_HZ

RINGBACK_HZ = 2161
"""What the called network sings while its phone rings."""


async def sings_before_it_answers(scene: Scene, after_s: float = 3.0) -> VirtualPhone:
    phone = await scene.world.phone("bob")
    phone.hum(RINGBACK_HZ)
    phone.answers_after_early_media(after_s)
    return phone


async def two(scene: Scene) -> None:
    for name in ("alice", "carol"):
        await scene.calls_in(name, enter("room", beep=False))


@scenario
async def test_the_room_hears_the_ringback_of_who_is_dialled_in(scene: Scene) -> None:
    """2.3 EarlyMedia: true is the default. Who rings hears nothing of the room."""
    await two(scene)
    scene.calls["alice"].hum(1229)
    bob = await sings_before_it_answers(scene)
    added = await scene.create("room", bob, beep="false")
    await asyncio.sleep(1)
    assert scene.calls["alice"].hears(RINGBACK_HZ)
    assert scene.calls["carol"].hears(RINGBACK_HZ)
    assert not (await scene.rings(bob)).hears(1229)
    assert (await scene.update(added.call_sid)).status == "ringing"
    await asyncio.sleep(3)
    assert (await scene.update(added.call_sid)).status == "connected"
    assert await scene.pairs() == everybody("alice", "bob", "carol")


@scenario
async def test_early_media_may_be_kept_out(scene: Scene) -> None:
    """2.3 EarlyMedia=false: heard from the answer on, and not before."""
    await two(scene)
    bob = await sings_before_it_answers(scene)
    await scene.create("room", bob, early_media=False, beep="false")
    await asyncio.sleep(2.5)
    assert scene.calls["alice"].first_heard(RINGBACK_HZ) is None
    await asyncio.sleep(1.5)
    assert scene.calls["alice"].hears(RINGBACK_HZ)


@scenario
async def test_early_media_does_not_start_a_conference(scene: Scene) -> None:
    """2.3 EarlyMedia with 3.2: who waits hears wait audio and nothing else; two must be connected."""
    alice = await scene.calls_in("alice", enter("room", beep=False))
    bob = await sings_before_it_answers(scene)
    await scene.create("room", bob)
    await asyncio.sleep(2)
    assert (await scene.conference()).status == "init"
    assert alice.hears(MUSIC_HZ)
    assert alice.first_heard(RINGBACK_HZ) is None
    await asyncio.sleep(2)
    assert alice.hears(RINGBACK_HZ)


@scenario
async def test_the_ringback_of_a_muted_leg_is_not_heard(scene: Scene) -> None:
    """2.3 Muted with EarlyMedia: muted from the beginning."""
    await two(scene)
    bob = await sings_before_it_answers(scene)
    await scene.create("room", bob, muted=True)
    await asyncio.sleep(4)
    assert scene.calls["alice"].first_heard(RINGBACK_HZ) is None


@scenario
async def test_a_ringback_ends_with_its_call(scene: Scene) -> None:
    """2.6: a leg that is removed while it rings is not heard any more."""
    await two(scene)
    bob = await sings_before_it_answers(scene, after_s=30)
    added = await scene.create("room", bob)
    await asyncio.sleep(1)
    assert scene.calls["alice"].hears(RINGBACK_HZ)
    await (await scene.room()).participants(added.call_sid).delete_async()
    await asyncio.sleep(0.3)
    assert not scene.calls["alice"].hears(RINGBACK_HZ)


@scenario
async def test_a_dialling_caller_hears_the_far_ends_ringback_instead_of_ours(scene: Scene) -> None:
    """2.6 ringTone: carrier / early media by default; ours (440 and 480 Hz) when there is none."""
    bob = await sings_before_it_answers(scene)
    alice = await scene.calls_in("alice", twiml(f"<Dial><Sip>{bob.uri}</Sip></Dial>"))
    await asyncio.sleep(1)
    assert alice.chord(frequencies_hz=(RINGBACK_HZ, 440)) == {RINGBACK_HZ}
    dave = await scene.phone("dave")
    dave.answers(after_s=3)
    carol = await scene.calls_in("carol", twiml(f"<Dial><Sip>{dave.uri}</Sip></Dial>"))
    await asyncio.sleep(1)
    assert carol.hears(440)
    await asyncio.sleep(3)
    assert not carol.hears(440)


@scenario
async def test_an_early_voice_that_is_refused_leaves_with_its_word(scene: Scene) -> None:
    """2.3 EarlyMedia: "conference hears ringback/busy of this leg", and then it is gone."""
    await two(scene)
    bob = await scene.world.phone("bob")
    bob.hum(RINGBACK_HZ)
    added = await scene.create("room", bob)
    call = await scene.rings(bob)
    call.early_media()
    await asyncio.sleep(0.5)
    assert scene.calls["alice"].hears(RINGBACK_HZ)
    call.reject(486)
    await asyncio.sleep(0.3)
    assert not scene.calls["alice"].hears(RINGBACK_HZ)
    assert await scene.call_status(added.call_sid) == "busy"
