"""Calls that are over leave nothing behind: memory does not grow with the calls that a node has had (issue 3)."""

import asyncio
import gc

from tests.scenarios.cast import ALL_EVENTS, CALLBACK, Scene, enter, scenario
from tests.scenarios.held import sizes

FORGOTTEN_AFTER_S = 70.0
"""SIP remembers for 32 s, a response to an INVITE and its ACK one after another (RFC 3261 table 4)."""

KEPT_ON_PURPOSE = ("_of_ended", "sip_traces")
"""How ended calls sounded, and what they were called in SIP: the oldest of 10,000 is forgotten
(app/calls/call_qualities.py, app/calls/sip_traces.py). And the last SIP messages, so many megabytes
(sip/tracing/trace.py)."""


async def one_evening(scene: Scene, n: int) -> None:
    """Most of what a node does: calls both ways, a conference, callbacks, coaching, hold, recordings, a refusal."""
    room, alice, bob, carol = f"room{n}", f"alice{n}", f"bob{n}", f"carol{n}"
    document = enter(
        room, status_callback=CALLBACK, status_callback_event=ALL_EVENTS, record="record-from-start", wait_url=""
    )
    hers = await scene.calls_in(alice, document)
    hers.hum(440)
    his = await scene.calls_in(bob, document)
    await scene.adds(carol, room, label=f"label{n}", status_callback=CALLBACK, record=True)
    await scene.update(bob, room, coaching=True, call_sid_to_coach=scene.sid(alice))
    await scene.update(bob, room, coaching=False)
    await scene.update(alice, room, muted=True)
    await scene.update(f"label{n}", room, hold=True)
    away = await scene.world.phone(f"away{n}")
    away.rejects(486)
    await scene.create(room, away)
    await asyncio.sleep(1)
    await his.hang_up()
    await scene.calls[carol].hang_up()
    await hers.hang_up()
    await asyncio.sleep(FORGOTTEN_AFTER_S)


def held(scene: Scene) -> dict[str, int]:
    world = scene.world
    gc.collect()
    roots = {"node": world.node, "sip": world.sip, "engine": world.engine, "sender": world.sender, "api": world.api}
    return {
        f"{name}{path}": size
        for name, root in roots.items()
        for path, size in sizes(root).items()
        if not any(kept in path for kept in KEPT_ON_PURPOSE)
    }


@scenario
async def test_after_the_second_evening_the_node_holds_no_more_than_after_the_first(scene: Scene) -> None:
    for n in range(2):  # caches fill
        await one_evening(scene, n)
    before = held(scene)
    for n in range(2, 5):
        await one_evening(scene, n)
    after = held(scene)
    assert {path: (before.get(path, 0), size) for path, size in after.items() if size > before.get(path, 0)} == {}
    assert len(after) > 100, "the node was looked through"


@scenario
async def test_what_a_live_call_holds_is_seen(scene: Scene) -> None:
    """The judge finds what is there while it is there."""
    await one_evening(scene, 0)
    before = held(scene)
    await scene.calls_in("dora", enter("hall"))
    more = {path for path, size in held(scene).items() if size > before.get(path, 0)}
    assert any("_live" in path for path in more)
    assert any("_by_name" in path for path in more)
