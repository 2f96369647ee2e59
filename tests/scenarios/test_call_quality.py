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
