"""What `/mixminus/v1/Calls/{Sid}/Quality` tells, while people talk and afterwards."""

import asyncio
import json
from typing import Any

from tests.scenarios.cast import Scene, enter, scenario


async def quality(scene: Scene, sid: str) -> dict[str, Any]:
    answer = await scene.twilio.request_async("GET", f"http://node/mixminus/v1/Calls/{sid}/Quality")
    return {"status": answer.status_code, **json.loads(answer.text)}


@scenario
async def test_a_call_tells_its_loss_delay_and_opinion_score_until_after_its_end(scene: Scene) -> None:
    alice = await scene.calls_in("alice", enter("room"))
    await scene.calls_in("bob", enter("room"))
    await asyncio.sleep(3.0)
    sid = (await scene.twilio.calls.list_async())[-1].sid
    now = await quality(scene, sid)
    assert now["status"] == 200
    assert now["codec"] == "PCMU"
    assert now["received"] > 100
    assert now["lost"] == 0
    assert now["mos"] > 4.2
    await alice.hang_up()
    await asyncio.sleep(0.5)
    later = await quality(scene, sid)
    assert later["status"] == 200
    assert later["received"] >= now["received"]


@scenario
async def test_a_call_without_audio_has_no_quality(scene: Scene) -> None:
    assert (await quality(scene, "CA" + "0" * 32))["status"] == 404


@scenario
async def test_gain_control_and_noise_suppression_are_switched_by_rest(scene: Scene) -> None:
    await scene.calls_in("alice", enter("room"))
    await scene.calls_in("bob", enter("room"))
    sid = (await scene.conference()).sid
    call = (await scene.twilio.conferences(sid).participants.list_async())[0].call_sid
    path = f"http://node/mixminus/v1/Conferences/{sid}/Participants/{call}"

    async def polish(**wishes: str) -> tuple[int, dict[str, Any]]:
        answer = await scene.twilio.request_async("POST", path, data=wishes)
        return answer.status_code, json.loads(answer.text)

    assert await polish() == (200, {"call_sid": call, "agc": False, "noise_suppression": False})
    assert (await polish(agc="true"))[1]["agc"] is True
    assert await polish(noise_suppression="true") == (200, {"call_sid": call, "agc": True, "noise_suppression": True})
    assert len(scene.world.engine.polishing._voices.rows) == 1
    assert await polish(agc="false", noise_suppression="false") == (
        200,
        {"call_sid": call, "agc": False, "noise_suppression": False},
    )
    await asyncio.sleep(0.1)
    assert len(scene.world.engine.polishing._voices.rows) == 0
    assert (await polish(agc="perhaps"))[0] == 400
