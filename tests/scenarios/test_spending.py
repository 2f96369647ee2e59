"""What calls may cost, and who else is asked before one is dialled."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.scenarios.cast import NUMBER, TRUNK, Scene, scenario_with, twiml
from twilio.base.exceptions import TwilioRestException
from twilio.request_validator import RequestValidator

from mixminus.app.trunks.spending import Spending
from mixminus.base.clock import Clock
from mixminus.calls.records import CallRecord

PRICED = replace(TRUNK, prefixes=("+",), rates=(("+1", 0.01), ("+1900", 3.0), ("+49", 0.02)))
GUARD = "http://app.example.com/guard"


async def calls(scene: Scene, number: str = "+15550001111", **parameters: Any) -> Any:
    scene.app.answers("/wait", twiml('<Pause length="5000"/>'))
    return await scene.twilio.calls.create_async(to=number, from_=NUMBER, url=scene.world.url("/wait"), **parameters)


async def hung_up_after(scene: Scene, call: Any, seconds: float) -> Any:
    await asyncio.sleep(seconds)
    await scene.twilio.calls(call.sid).update_async(status="completed")
    await asyncio.sleep(1)
    return await scene.twilio.calls(call.sid).fetch_async()


def refusal_of(error: pytest.ExceptionInfo[TwilioRestException]) -> tuple[int, str]:
    return error.value.code, str(error.value.msg)


@scenario_with(trunks=[PRICED])
async def test_a_call_has_the_price_of_its_begun_minutes(scene: Scene) -> None:
    await scene.world.gateway("carrier")
    call = await calls(scene)
    assert (await hung_up_after(scene, call, 70)).price == "-0.02000"
    assert scene.world.node.trunks.spending.today_micros() == {"carrier": 20_000}


@scenario_with(trunks=[replace(PRICED, spend_cap_per_day=3.02)])
async def test_what_costs_more_than_is_left_is_refused_before_anything_rings(scene: Scene) -> None:
    carrier = await scene.world.gateway("carrier")
    await hung_up_after(scene, await calls(scene), 130)
    with pytest.raises(TwilioRestException) as refused:
        await calls(scene, "+19005550000")
    code, why = refusal_of(refused)
    assert code == 21216
    assert "a minute to +19005550000 over trunk carrier costs 3, and 2.99 is left until midnight" in why
    assert len(carrier.invited) == 1
    await calls(scene)


@scenario_with(trunks=[PRICED], spend_cap_per_day=0.05)
async def test_a_call_lasts_as_long_as_it_can_be_paid_and_live_ones_count(scene: Scene) -> None:
    await scene.world.gateway("carrier")
    first = await calls(scene)
    await asyncio.sleep(121)
    second = await calls(scene)
    await asyncio.sleep(119)
    assert await scene.call_status(second.sid) == "in-progress"
    await asyncio.sleep(100)
    ended = [await scene.twilio.calls(call.sid).fetch_async() for call in (first, second)]
    assert [(call.status, call.duration) for call in ended] == [("completed", "300"), ("completed", "120")]


@scenario_with(trunks=[replace(PRICED, spend_cap_per_day=10)])
async def test_a_number_without_a_price_cannot_be_kept_within_a_cap(scene: Scene) -> None:
    await scene.world.gateway("carrier")
    with pytest.raises(TwilioRestException) as refused:
        await calls(scene, "+33123456789")
    assert "have no price in [trunks.carrier.rates]" in refusal_of(refused)[1]


@scenario_with(trunks=[replace(PRICED, spend_cap_per_day=0.02)])
async def test_midnight_and_restarts(scene: Scene) -> None:
    await scene.world.gateway("carrier")
    await hung_up_after(scene, await calls(scene), 70)
    today = scene.world.clock.utc()
    at = [today]
    restarted = Spending(scene.world.settings, Clock(scene.world.clock.now, lambda: at[0]))
    await restarted.restore(scene.world.store)
    assert restarted.today_micros() == {"carrier": 20_000}
    with pytest.raises(TwilioRestException):
        await calls(scene)
    at[0] = today + timedelta(days=1)
    assert restarted.today_micros() == {"carrier": 0}


# --- the guard ---------------------------------------------------------------------------------------------------


def guard_says(scene: Scene, **answer: Any) -> None:
    scene.app.answers("/guard", json.dumps(answer), content_type="application/json")


@scenario_with(trunks=[TRUNK], call_guard_url=GUARD)
async def test_the_guard_is_asked_by_a_signed_webhook_and_allows_for_a_time(scene: Scene) -> None:
    carrier = await scene.world.gateway("carrier")
    guard_says(scene, allow=True, max_seconds=20)
    call = await calls(scene)
    await asyncio.sleep(1)
    [asked] = [request for request in scene.app.requests if request.path == "/guard"]
    told = dict(asked.form)
    assert told == {
        "CallSid": call.sid,
        "AccountSid": scene.world.account_sid,
        "To": "+15550001111",
        "From": NUMBER,
        "CallerId": NUMBER,
        "Trunk": "carrier",
        "Direction": "outbound-api",
    }
    signature = dict(asked.headers)["x-twilio-signature"]
    assert RequestValidator(scene.world.auth_token).validate(GUARD, told, signature)
    assert len(carrier.invited) == 1
    await asyncio.sleep(25)
    assert (await scene.twilio.calls(call.sid).fetch_async()).duration == "20"


@scenario_with(trunks=[replace(TRUNK, max_calls=1)], call_guard_url=GUARD)
async def test_a_denied_call_fails_with_its_reason_and_gives_its_room_back(scene: Scene) -> None:
    carrier = await scene.world.gateway("carrier")
    guard_says(scene, allow=False, reason="too late in the day")
    call = await calls(scene)
    await asyncio.sleep(1)
    record = await scene.world.store.fetch(CallRecord, call.sid)
    assert record is not None
    assert (record.status, record.error_code) == ("failed", 21216)
    assert record.end_reason == "The call was denied by call_guard_url: too late in the day."
    assert carrier.invited == []
    assert scene.world.node.trunks.calls() == {"carrier": 0}


@scenario_with(trunks=[TRUNK], call_guard_url=GUARD)
async def test_a_guard_that_is_broken_denies(scene: Scene) -> None:
    carrier = await scene.world.gateway("carrier")
    scene.app.answers("/guard", "<Response/>")
    call = await calls(scene)
    await asyncio.sleep(1)
    assert (await scene.call_status(call.sid), carrier.invited) == ("failed", [])


@scenario_with(trunks=[TRUNK], call_guard_url="http://nobody.example.com/", call_guard_default="allow")
async def test_a_guard_that_cannot_be_reached_may_be_told_to_allow(scene: Scene) -> None:
    carrier = await scene.world.gateway("carrier")
    call = await calls(scene)
    await asyncio.sleep(5)
    assert (await scene.call_status(call.sid), len(carrier.invited)) == ("in-progress", 1)
