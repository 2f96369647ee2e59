"""The messages of a call, looked at while it lives and afterwards: docs/running.md, "See what a phone said"."""

import asyncio
import json
from typing import Any

from tests.scenarios.cast import Scene, enter, scenario

ANSWERED = ["INVITE", "100", "180", "200", "ACK"]


async def shown(scene: Scene, path: str) -> Any:
    return await scene.twilio.request_async("GET", f"http://node/mixminus/v1{path}")


async def messages(scene: Scene, path: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((await shown(scene, path)).text)["messages"]
    return found


def gist(found: list[dict[str, Any]]) -> list[str]:
    """Method or status of each."""
    words = (message["start_line"].split() for message in found)
    return [line[1] if line[0] == "SIP/2.0" else line[0] for line in words]


@scenario
async def test_a_calls_messages_are_shown_while_it_lives_and_when_it_is_over(scene: Scene) -> None:
    alice = await scene.calls_in("alice", enter("room"))
    await scene.calls_in("bob", enter("room"))
    path = f"/Calls/{scene.sid('alice')}/Sip"
    live = await messages(scene, path)
    assert gist(live) == ANSWERED
    assert {message["far"].partition(":")[0] for message in live} == {"10.0.1.1"}
    await alice.hang_up()
    await asyncio.sleep(0.5)
    over = await messages(scene, path)
    assert gist(over) == [*ANSWERED, "BYE", "200"]
    assert over[0]["at"].startswith("2026-01-02T03:04:05")
    ladder = await shown(scene, f"{path}.txt")
    assert "─ INVITE SDP ─" in ladder.text
    assert (await shown(scene, f"{path}.svg")).text.startswith("<svg")


@scenario
async def test_a_phone_that_we_called_has_its_messages_under_the_new_calls_sid(scene: Scene) -> None:
    await scene.calls_in("alice", enter("room"))
    added = await scene.adds("bob")
    found = await messages(scene, f"/Calls/{added.call_sid}/Sip")
    assert gist(found)[0] == "INVITE"
    assert found[0]["way"] == "out"
    assert "200" in gist(found)


@scenario
async def test_everybody_is_shown_strangers_too_from_a_number_on(scene: Scene) -> None:
    scene.world.network.carry(b"OPTIONS ?? garbage", ("10.9.9.9", 5060), ("10.0.0.1", 5060))
    await scene.calls_in("alice", enter("room"))
    everybody = await messages(scene, "/Sip")
    assert gist(everybody) == ["OPTIONS", *ANSWERED]
    assert everybody[0]["call_id"] is None
    assert await messages(scene, "/Sip?After=3&PageSize=2") == everybody[-2:]


@scenario
async def test_a_call_that_is_unknown_has_no_messages(scene: Scene) -> None:
    assert (await shown(scene, f"/Calls/CA{'0' * 32}/Sip.txt")).status_code == 404
