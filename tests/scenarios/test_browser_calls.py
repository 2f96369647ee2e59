"""Calls from browsers, by ear, in virtual time: found by their checks, secured by a handshake (docs/webrtc.md)."""

import asyncio

import pytest
from tests.scenarios.cast import Scene, enter, everybody, scenario, scenario_with

from mixminus.testing import CallRefused
from mixminus.testing.browser_line import BrowserLine
from mixminus.testing.call import Call
from mixminus.testing.call_state import Party


def browser(call: Call) -> BrowserLine:
    assert isinstance(call.line, BrowserLine)
    return call.line


@scenario
async def test_browsers_and_a_phone_hear_each_other(scene: Scene) -> None:
    for name in ("ann", "ben"):
        await scene.calls_in(name, enter("room", beep=False), is_browser=True)
    await scene.calls_in("phone", enter("room", beep=False))
    assert await scene.pairs() == everybody("ann", "ben", "phone")
    line = browser(scene.calls["ann"])
    assert line.has_keys
    assert line.strangers == 0


@scenario
async def test_the_answer_names_one_address_checks_and_a_certificate(scene: Scene) -> None:
    call = await scene.calls_in("ann", enter("room", beep=False), is_browser=True)
    node = scene.world.sip.settings.host
    line = browser(call)
    assert line.seen_at is not None
    assert line.seen_at[0] != node
    worker = (await scene.world.node.media.statistics()).worker
    assert (worker.forged, worker.refused_checks, worker.failed_handshakes) == (0, 0, 0)


@scenario
async def test_a_browser_holds_and_resumes_with_the_same_keys(scene: Scene) -> None:
    call = await scene.calls_in("ann", enter("room", beep=False), is_browser=True)
    await scene.calls_in("ben", enter("room", beep=False))
    await call.hold()
    await asyncio.sleep(0.3)
    assert ("ben", "ann") not in await scene.pairs()
    await call.resume()
    await asyncio.sleep(0.3)
    assert await scene.pairs() == everybody("ann", "ben")


@scenario
async def test_rfc8445_9_a_restart_of_checks_in_mid_call_is_not_heard(scene: Scene) -> None:
    call = await scene.calls_in("ann", enter("room", beep=False), is_browser=True)
    await scene.calls_in("ben", enter("room", beep=False))
    browser(call).restart()
    await call.resume()
    assert await scene.pairs() == everybody("ann", "ben")
    await asyncio.sleep(60)
    assert await scene.pairs() == everybody("ann", "ben")


@scenario
async def test_rfc7675_a_page_that_is_closed_leaves_within_half_a_minute(scene: Scene) -> None:
    call = await scene.calls_in("ann", enter("room", beep=False), is_browser=True)
    await scene.calls_in("ben", enter("room", beep=False))
    browser(call).cease()
    await asyncio.sleep(25)
    assert scene.world.exchange.live_calls[0].live
    await asyncio.sleep(6)
    record = await scene.twilio.calls(scene.sid("ann")).fetch_async()
    assert record.status == "completed"
    assert len(scene.world.exchange.live_calls) == 1


@scenario
async def test_another_certificate_than_the_announced_one_ends_the_call_as_failed(scene: Scene) -> None:
    number = await scene.number_for("ann", enter("room", beep=False))
    phone = await scene.world.phone("ann", is_browser=True)
    liar = phone.new_line()
    assert isinstance(liar, BrowserLine)
    liar.fingerprint = bytes(32)
    phone.new_line = lambda: liar  # type: ignore[method-assign]
    call = await phone.dial(number)
    assert (await call.ended(within_s=5)).by is Party.THEM
    record = await scene.twilio.calls(scene.sid("ann")).fetch_async()
    assert record.status == "failed"


@scenario_with(srtp="never")
async def test_where_nothing_is_to_be_secured_browsers_are_refused(scene: Scene) -> None:
    number = await scene.number_for("ann", enter("room", beep=False))
    phone = await scene.world.phone("ann", is_browser=True)
    with pytest.raises(CallRefused) as refused:
        await phone.dial(number)
    assert refused.value.status == 488


@scenario_with(srtp="required")
async def test_where_audio_has_to_be_secured_browsers_are_welcome(scene: Scene) -> None:
    for name in ("ann", "ben"):
        await scene.calls_in(name, enter("room", beep=False), is_browser=True)
    assert await scene.pairs() == everybody("ann", "ben")
