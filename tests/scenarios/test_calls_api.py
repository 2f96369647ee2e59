"""`/Calls`: twilio-conference-api.md 4.5 and 5."""

import asyncio
from dataclasses import replace
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from tests.scenarios.cast import NUMBER, TRUNK, Scene, enter, everybody, scenario, scenario_with, twiml
from twilio.base.exceptions import TwilioRestException

from mixminus.testing.errors import CallRefused
from mixminus.testing.phone import VirtualPhone
from mixminus.testing.sounds import SPEECH_HZ

ALL = ["initiated", "ringing", "answered", "completed"]
TALK = twiml("<Say>Hi</Say>", "<Pause length='600'/>")


async def place(scene: Scene, phone: VirtualPhone, **parameters: Any) -> Any:
    instructions = {} if {"url", "application_sid"} & parameters.keys() else {"twiml": TALK}
    return await scene.twilio.calls.create_async(from_=NUMBER, to=phone.uri, **{**instructions, **parameters})


# --- create ------------------------------------------------------------------------------------------------------


@scenario
async def test_a_call_runs_the_twiml_that_it_was_given(scene: Scene) -> None:
    """5.1 Twiml; 5.2 direction outbound-api, status queued in the answer."""
    bob = await scene.phone("bob")
    call = await place(scene, bob, twiml=twiml("<Say>Hello Bob</Say>"))
    assert (call.status, call.direction, call.to, call._from) == ("queued", "outbound-api", bob.uri, NUMBER)
    rung = await scene.rings(bob)
    await asyncio.sleep(0.3)
    assert rung.hears(SPEECH_HZ)
    await rung.ended(within_s=3)
    await asyncio.sleep(0.1)
    assert await scene.call_status(call.sid) == "completed"


@scenario
async def test_a_call_asks_its_url_when_it_is_answered(scene: Scene) -> None:
    """5.1 Url, Method; 4.6 Direction outbound-api, CallStatus in-progress. Url wins over Twiml (32019)."""
    bob = await scene.phone("bob")
    bob.answers(after_s=2)
    scene.app.answers("/script", TALK)
    url = scene.world.url("/script")
    call = await place(scene, bob, url=url, method="GET", twiml=twiml("<Say>No</Say>"))
    await asyncio.sleep(1)
    assert scene.told("/script") == []
    await asyncio.sleep(1.5)
    [asked] = scene.told("/script")
    assert (asked.method, asked["CallSid"]) == ("GET", call.sid)
    assert (asked["Direction"], asked["CallStatus"]) == ("outbound-api", "in-progress")


@scenario
async def test_a_call_may_be_an_applications(scene: Scene) -> None:
    """5.1 ApplicationSid: the URL and callback parameters are ignored."""
    bob = await scene.phone("bob")
    scene.app.answers("/app", TALK)
    application = await scene.twilio.applications.create_async(friendly_name="x", voice_url=scene.world.url("/app"))
    await place(scene, bob, application_sid=application.sid, status_callback=scene.world.url("/mine"))
    await (await scene.rings(bob)).answered(within_s=1)
    await asyncio.sleep(0.2)
    await scene.calls["bob"].hang_up()
    await asyncio.sleep(0.2)
    assert len(scene.told("/app")) == 1
    assert scene.told("/mine") == []


@scenario
async def test_the_fallback_url(scene: Scene) -> None:
    """5.1 FallbackUrl, FallbackMethod."""
    bob = await scene.phone("bob")
    scene.app.fails("/script", 500)
    scene.app.answers("/fallback", TALK)
    urls = {"url": scene.world.url("/script"), "fallback_url": scene.world.url("/fallback")}
    await place(scene, bob, **urls, fallback_method="GET")
    await asyncio.sleep(0.5)
    [asked] = scene.told("/fallback")
    assert (asked.method, asked["ErrorCode"]) == ("GET", "11200")


@scenario_with(trunks=[TRUNK])
async def test_send_digits(scene: Scene) -> None:
    """5.1 SendDigits: after the answer, before the TwiML."""
    carrier = await scene.phone("carrier")
    await scene.twilio.calls.create_async(
        from_=NUMBER, to="+15558675310", send_digits="ww42#", twiml=twiml("<Say>Hello</Say>")
    )
    rung = await scene.rings(carrier)
    await rung.ended(within_s=10)
    assert rung.keys_heard == "42#"
    said = rung.first_heard(SPEECH_HZ)
    assert said is not None
    assert rung.answered_at is not None
    assert said - rung.answered_at > 1


# --- status callbacks -----------------------------------------------------------------------------------------------


@scenario
async def test_status_callbacks_in_order(scene: Scene) -> None:
    """4.5, row by row."""
    bob = await scene.phone("bob")
    bob.answers(after_s=1)
    call = await place(scene, bob, status_callback=scene.world.url("/status"), status_callback_event=ALL)
    rung = await scene.rings(bob)
    await rung.answered(within_s=2)
    await asyncio.sleep(61.2)
    await rung.hang_up()
    await asyncio.sleep(0.2)
    told = scene.told("/status")
    assert [one["CallStatus"] for one in told] == ["initiated", "ringing", "in-progress", "completed"]
    assert [one["SequenceNumber"] for one in told] == ["0", "1", "2", "3"]
    for one in told:
        assert (one["CallSid"], one["AccountSid"]) == (call.sid, scene.world.account_sid)
        assert one["From"] == one["Caller"] == NUMBER
        assert one["To"] == one["Called"] == bob.uri
        assert (one["Direction"], one["ApiVersion"]) == ("outbound-api", "2010-04-01")
        assert one["CallbackSource"] == "call-progress-events"
    times = [parsedate_to_datetime(one["Timestamp"]) for one in told]
    assert times == sorted(times)
    assert 60 <= int(told[-1]["CallDuration"]) <= 62
    assert told[-1]["Duration"] == "2", "begun minutes"
    assert not any(name in ("CallDuration", "Duration") for one in told[:-1] for name, _ in one.form)


@scenario
async def test_only_the_end_unless_told_otherwise(scene: Scene) -> None:
    """5.1 StatusCallbackEvent: default completed; StatusCallbackMethod GET."""
    bob = await scene.phone("bob")
    await place(scene, bob, status_callback=scene.world.url("/status"), status_callback_method="GET")
    await (await scene.rings(bob)).answered(within_s=1)
    await scene.calls["bob"].hang_up()
    await asyncio.sleep(0.2)
    assert [(one.method, one["CallStatus"]) for one in scene.told("/status")] == [("GET", "completed")]


@pytest.mark.parametrize(("sip", "status"), [(486, "busy"), (480, "no-answer"), (404, "failed"), (500, "failed")])
def test_a_call_that_is_refused(sip: int, status: str) -> None:
    """4.5: a terminal state comes as the completed event; SipResponseCode; no Duration."""

    @scenario
    async def story(scene: Scene) -> None:
        bob = await scene.phone("bob")
        bob.rejects(sip)
        await place(scene, bob, status_callback=scene.world.url("/status"))
        await asyncio.sleep(0.5)
        [told] = scene.told("/status")
        assert (told["CallStatus"], told["SipResponseCode"]) == (status, str(sip))
        assert told["CallDuration"] == "0"
        assert "Duration" not in dict(told.form)

    story()


@scenario
async def test_the_time_out(scene: Scene) -> None:
    """5.1 Timeout: no-answer, 487; the phone stops ringing."""
    bob = await scene.phone("bob")
    bob.rings_forever()
    await place(scene, bob, timeout=5, status_callback=scene.world.url("/status"))
    rung = await scene.rings(bob)
    with pytest.raises(CallRefused):
        await rung.answered(within_s=12)
    await asyncio.sleep(0.2)
    [told] = scene.told("/status")
    assert (told["CallStatus"], told["SipResponseCode"]) == ("no-answer", "487")


@scenario
async def test_the_recording_of_a_call_is_in_its_last_callback(scene: Scene) -> None:
    """4.5: RecordingUrl, RecordingSid, RecordingDuration with completed, when Record=true was asked for."""
    bob = await scene.phone("bob")
    bob.hum(1979)
    await place(scene, bob, record=True, status_callback=scene.world.url("/status"), status_callback_event=ALL)
    rung = await scene.rings(bob)
    await rung.answered(within_s=1)
    await asyncio.sleep(2)
    await rung.hang_up()
    await asyncio.sleep(0.5)
    [recording] = await scene.twilio.recordings.list_async()
    *_, last = scene.told("/status")
    assert last["RecordingSid"] == recording.sid
    assert last["RecordingUrl"].endswith(recording.sid)
    assert last["RecordingDuration"] == "2"


# --- update ------------------------------------------------------------------------------------------------------


@scenario
async def test_canceled_ends_a_call_that_rings(scene: Scene) -> None:
    """5.3 Status=canceled."""
    bob = await scene.phone("bob")
    bob.rings_forever()
    call = await place(scene, bob, status_callback=scene.world.url("/status"))
    rung = await scene.rings(bob)
    await rung.ringing(within_s=1)
    assert (await scene.twilio.calls(call.sid).update_async(status="canceled")).status == "canceled"
    assert (await rung.ended(within_s=1)).status == 487
    await asyncio.sleep(0.1)
    assert scene.statuses("/status") == ["canceled"]


@scenario
async def test_canceled_does_not_end_a_call_that_was_answered(scene: Scene) -> None:
    """5.3: only queued and ringing calls; 21220."""
    bob = await scene.phone("bob")
    call = await place(scene, bob)
    rung = await scene.rings(bob)
    await rung.answered(within_s=1)
    await asyncio.sleep(0.1)
    with pytest.raises(TwilioRestException) as refusal:
        await scene.twilio.calls(call.sid).update_async(status="canceled")
    assert refusal.value.code == 21220
    assert rung.end is None


@pytest.mark.parametrize("answers", [True, False])
def test_completed_ends_any_call(answers: bool) -> None:
    """5.3 Status=completed."""

    @scenario
    async def story(scene: Scene) -> None:
        bob = await scene.phone("bob")
        if not answers:
            bob.rings_forever()
        call = await place(scene, bob)
        rung = await scene.rings(bob)
        await rung.ringing(within_s=1)
        await asyncio.sleep(0.2)
        await scene.twilio.calls(call.sid).update_async(status="completed")
        await rung.ended(within_s=1)
        again = await scene.twilio.calls(call.sid).update_async(status="completed")
        assert again.status == ("completed" if answers else "canceled")

    story()


@scenario
async def test_a_live_call_is_redirected(scene: Scene) -> None:
    """5.3 Url, Method; Twiml."""
    alice = await scene.calls_in("alice", TALK)
    scene.app.answers("/other", twiml("<Play loop='0'>media:1979.wav</Play>"))
    live = scene.twilio.calls(scene.sid("alice"))
    await live.update_async(url=scene.world.url("/other"), method="GET")
    await asyncio.sleep(0.3)
    assert alice.hears(1979)
    [asked] = scene.told("/other")
    assert (asked.method, asked["CallStatus"]) == ("GET", "in-progress")
    await live.update_async(twiml=twiml("<Say>Change of plan</Say>"))
    await asyncio.sleep(0.3)
    assert alice.chord(frequencies_hz=(1979, SPEECH_HZ)) == {SPEECH_HZ}


@scenario
async def test_a_redirect_has_a_fallback(scene: Scene) -> None:
    """5.3 FallbackUrl, FallbackMethod."""
    alice = await scene.calls_in("alice", TALK)
    scene.app.fails("/broken", 500)
    scene.app.answers("/fallback", twiml("<Play loop='0'>media:1979.wav</Play>"))
    await scene.twilio.calls(scene.sid("alice")).update_async(
        url=scene.world.url("/broken"), fallback_url=scene.world.url("/fallback"), fallback_method="GET"
    )
    await asyncio.sleep(0.5)
    assert alice.hears(1979)
    [asked] = scene.told("/fallback")
    assert (asked.method, asked["ErrorUrl"]) == ("GET", scene.world.url("/broken"))
    assert asked["ErrorCode"] == "11200"


@scenario
async def test_a_call_that_rings_cannot_be_redirected_and_rings_on(scene: Scene) -> None:
    """5.3: not in progress: 21220."""
    bob = await scene.phone("bob")
    bob.answers(after_s=3)
    call = await place(scene, bob)
    rung = await scene.rings(bob)
    with pytest.raises(TwilioRestException) as refusal:
        await scene.twilio.calls(call.sid).update_async(twiml=TALK)
    assert refusal.value.code == 21220
    await rung.answered(within_s=5)


@scenario_with(trunks=[replace(TRUNK, max_calls=1, queue_s=60)])
async def test_a_call_that_waits_for_its_turn_can_be_canceled(scene: Scene) -> None:
    """5.3 Status=canceled: queued, too; it is never dialled, and its end is told."""
    carrier = await scene.phone("carrier")
    carrier.rings_forever()
    said = {"from_": NUMBER, "twiml": TALK, "status_callback": scene.world.url("/status")}
    first = await scene.twilio.calls.create_async(to="+15558675310", **said)
    second = await scene.twilio.calls.create_async(to="+15558675311", **said)
    await scene.rings(carrier)
    waiting = scene.twilio.calls(second.sid)
    assert (await waiting.fetch_async()).status == "queued"
    await waiting.update_async(status="canceled")
    await scene.twilio.calls(first.sid).update_async(status="canceled")
    await asyncio.sleep(1)
    canceled = await waiting.fetch_async()
    assert (canceled.status, canceled.start_time, canceled.duration) == ("canceled", None, "0")
    assert len(carrier.calls) == 1


@scenario
async def test_url_and_twiml_exclude_each_other_in_an_update(scene: Scene) -> None:
    """5.3 Twiml excludes Url."""
    await scene.calls_in("alice", TALK)
    with pytest.raises(TwilioRestException):
        await scene.twilio.calls(scene.sid("alice")).update_async(twiml=TALK, url=scene.world.url("/x"))


@scenario
async def test_a_call_that_is_over_cannot_be_redirected(scene: Scene) -> None:
    """5.3: 400 with 21220, "Call is not in-progress. Cannot redirect."."""
    alice = await scene.calls_in("alice", TALK)
    await alice.hang_up()
    await asyncio.sleep(0.2)
    with pytest.raises(TwilioRestException) as refusal:
        await scene.twilio.calls(scene.sid("alice")).update_async(twiml=TALK)
    assert (refusal.value.status, refusal.value.code) == (400, 21220)
    assert "Call is not in-progress. Cannot redirect." in refusal.value.msg


@scenario
async def test_a_relative_url_in_inline_twiml_has_no_base(scene: Scene) -> None:
    """5.3: relative action URLs inside inline TwiML are an error; the caller hears an apology."""
    alice = await scene.calls_in("alice", TALK)
    await scene.twilio.calls(scene.sid("alice")).update_async(twiml=twiml("<Redirect>/next</Redirect>"))
    await asyncio.sleep(0.3)
    assert alice.hears(SPEECH_HZ)
    assert scene.told("/next") == []
    await alice.ended(within_s=10)


@scenario
async def test_redirecting_a_caller_out_of_a_dial_asks_its_action_and_ends_the_far_end(scene: Scene) -> None:
    """5.3 [R]: the interrupted Dial's action is asked first, then the new URL, which takes effect."""
    bob = await scene.phone("bob")
    scene.app.answers("/new", twiml("<Say>Somewhere else</Say>"))
    alice = await scene.calls_in("alice", twiml(f"<Dial action='/after'><Sip>{bob.uri}</Sip></Dial>"))
    rung = await scene.rings(bob)
    await asyncio.sleep(0.3)
    await scene.twilio.calls(scene.sid("alice")).update_async(url=scene.world.url("/new"))
    await rung.ended(within_s=1)
    await asyncio.sleep(0.2)
    assert alice.hears(SPEECH_HZ)
    paths = [request.path for request in scene.app.requests]
    assert paths == ["/alice", "/after", "/new"]


@scenario
async def test_the_far_end_of_a_dial_can_be_taken_out(scene: Scene) -> None:
    """5.3 on the child: it goes elsewhere, the parent goes on after <Dial>."""
    bob = await scene.phone("bob")
    alice = await scene.calls_in("alice", twiml(f"<Dial><Sip>{bob.uri}</Sip></Dial>", enter_after()))
    rung = await scene.rings(bob)
    await asyncio.sleep(0.3)
    [child] = await scene.twilio.calls.list_async(parent_call_sid=scene.sid("alice"))
    await scene.twilio.calls(child.sid).update_async(twiml=enter("room"))
    scene.calls = {"alice": alice, "bob": rung}
    assert await scene.pairs(settle_s=0.4) == everybody("alice", "bob")


def enter_after() -> str:
    return "<Dial><Conference>room</Conference></Dial>"


@scenario
async def test_time_limits(scene: Scene) -> None:
    """5.1 and 5.3 TimeLimit: the whole call; a live change counts from the answer and replaces the old one."""
    bob = await scene.phone("bob")
    call = await place(scene, bob, time_limit=5)
    rung = await scene.rings(bob)
    await rung.answered(within_s=1)
    await asyncio.sleep(3)
    await scene.twilio.calls(call.sid).update_async(time_limit=10)
    await asyncio.sleep(5)
    assert rung.end is None, "extended"
    ended = await rung.ended(within_s=3)
    assert rung.answered_at is not None
    assert 9.8 < ended.at - rung.answered_at < 10.5


@scenario
async def test_a_time_limit_may_be_shortened(scene: Scene) -> None:
    """5.3 TimeLimit: also to what is over already."""
    alice = await scene.calls_in("alice", TALK)
    await asyncio.sleep(3)
    await scene.twilio.calls(scene.sid("alice")).update_async(time_limit=2)
    await alice.ended(within_s=0.5)


@scenario
async def test_the_status_callback_of_a_live_call_can_be_changed(scene: Scene) -> None:
    """5.3 StatusCallback; complaint 16: here without a redirect, too."""
    bob = await scene.phone("bob")
    call = await place(scene, bob, status_callback=scene.world.url("/old"))
    rung = await scene.rings(bob)
    await rung.answered(within_s=1)
    live = scene.twilio.calls(call.sid)
    await live.update_async(status_callback=scene.world.url("/new"), status_callback_method="GET")
    await rung.hang_up()
    await asyncio.sleep(0.2)
    assert scene.told("/old") == []
    assert [(one.method, one["CallStatus"]) for one in scene.told("/new")] == [("GET", "completed")]


# --- list, delete ------------------------------------------------------------------------------------------------


@scenario
async def test_lists_are_filtered(scene: Scene) -> None:
    """5.4 To, From, Status, ParentCallSid."""
    bob = await scene.phone("bob")
    alice = await scene.calls_in("alice", twiml(f"<Dial><Sip>{bob.uri}</Sip></Dial>"))
    await asyncio.sleep(0.3)
    calls = scene.twilio.calls
    assert [call.sid for call in await calls.list_async(to="+15550001000")] == [scene.sid("alice")]
    [child] = await calls.list_async(parent_call_sid=scene.sid("alice"))
    assert child.to == bob.uri
    assert len(await calls.list_async(status="in-progress")) == 2
    await alice.hang_up()
    await asyncio.sleep(0.2)
    assert len(await calls.list_async(status="completed")) == 2
    assert await calls.list_async(status="in-progress") == []


@scenario
async def test_lists_are_paged(scene: Scene) -> None:
    """5.4: paging; 0: the newest first, and no call twice."""
    bob = await scene.phone("bob")
    placed = []
    for _ in range(5):
        placed.append((await place(scene, bob)).sid)
        await asyncio.sleep(0.1)
    calls = scene.twilio.calls
    assert [call.sid for call in await calls.list_async(page_size=2)] == placed[::-1]
    assert [call.sid for call in await calls.list_async(page_size=2, limit=3)] == placed[:1:-1]
    first = await calls.page_async(page_size=2)
    assert [call.sid for call in first] == placed[:2:-1]
    assert first.next_page_url is not None
    assert first.previous_page_url is None


@scenario
async def test_lists_are_filtered_by_time(scene: Scene) -> None:
    """5.4 StartTime, EndTime, and each with < and >."""
    bob = await scene.phone("bob")
    call = await place(scene, bob)
    await (await scene.rings(bob)).answered(within_s=2)
    await asyncio.sleep(60)
    await scene.twilio.calls(call.sid).update_async(status="completed")
    await asyncio.sleep(0.2)
    calls, ended = scene.twilio.calls, (await scene.twilio.calls(call.sid).fetch_async()).end_time
    assert len(await calls.list_async(start_time_before=ended)) == 1
    assert await calls.list_async(start_time_after=ended) == []
    assert len(await calls.list_async(end_time_after=ended)) == 1
    assert await calls.list_async(end_time_before=ended) == []


@scenario
async def test_only_finished_calls_can_be_deleted(scene: Scene) -> None:
    """5.3 DELETE: needs a finished call (20009)."""
    alice = await scene.calls_in("alice", TALK)
    call = scene.twilio.calls(scene.sid("alice"))
    with pytest.raises(TwilioRestException) as refusal:
        await call.delete_async()
    assert (refusal.value.code, refusal.value.status) == (20009, 409)
    await alice.hang_up()
    await asyncio.sleep(0.2)
    assert await call.delete_async() is True
    with pytest.raises(TwilioRestException) as missing:
        await call.fetch_async()
    assert missing.value.status == 404
