"""`<Dial>` to people: twiml-and-streams.md 2.6 and 2.7, twilio-conference-api.md 3.3 and 4.6."""

import asyncio
from typing import Any

import pytest
from tests.scenarios.cast import NUMBER, TRUNK, Scene, everybody, scenario, scenario_with, twiml

from mixminus.base.settings import Trunk
from mixminus.testing.incoming_call import IncomingCall
from mixminus.testing.phone import VirtualPhone
from mixminus.testing.sounds import SPEECH_HZ

LOCAL_TRUNK = Trunk("local", "sip:10.0.1.2:40002", prefixes=("+1555",))
"""The second phone of a scene: phones take the ports from 40000 on, two each."""

AFTER = "<Say>After the dial.</Say>"

DIALLED = ("DialCallStatus", "DialBridged")


def dial(nouns: str, **attributes: str) -> str:
    said = "".join(f' {name}="{value}"' for name, value in {"action": "/after", **attributes}.items())
    return twiml(f"<Dial{said}>{nouns}</Dial>")


async def rings(scene: Scene, phone: VirtualPhone) -> IncomingCall:
    call = await scene.rings(phone, within_s=40)
    await asyncio.sleep(0.3)
    return call


async def after(scene: Scene, within_s: float = 40) -> Any:
    """What the action URL is told."""
    return await scene.app.wait_for("/after", within_s=within_s)


def told(request: Any) -> tuple[str, ...]:
    return tuple(request[name] for name in DIALLED)


# --- nouns -----------------------------------------------------------------------------------------------------


@scenario_with(trunks=[TRUNK])
async def test_a_number_over_the_trunk(scene: Scene) -> None:
    """2.7 Number; 2.6 action: DialCallSid, DialCallStatus, DialCallDuration, DialBridged."""
    carrier = await scene.phone("carrier")
    scene.app.answers("/after", twiml(AFTER))
    alice = await scene.calls_in("alice", dial("<Number>+1 (555) 867-5310</Number>"))
    far = await rings(scene, carrier)
    assert far.invite.uri.startswith("sip:+15558675310@")
    assert await scene.pairs() == everybody("alice", "carrier")
    await asyncio.sleep(2)
    await far.hang_up()
    request = await after(scene)
    assert told(request) == ("completed", "true")
    assert int(request["DialCallDuration"]) in (2, 3)
    child = await scene.twilio.calls(request["DialCallSid"]).fetch_async()
    assert (child.direction, child.parent_call_sid, child.status) == (
        "outbound-dial",
        scene.sid("alice"),
        "completed",
    )
    await asyncio.sleep(0.3)
    assert alice.hears(SPEECH_HZ)


@scenario_with(trunks=[TRUNK, LOCAL_TRUNK])
async def test_the_trunk_with_the_longest_prefix_takes_the_call(scene: Scene) -> None:
    """CONTRACT.md: an E.164 number goes to the trunk whose prefix matches longest."""
    carrier, local = await scene.phone("carrier"), await scene.phone("local")
    await scene.calls_in("alice", dial("<Number>+15558675310</Number>"))
    await rings(scene, local)
    assert carrier.calls == []
    await scene.calls_in("bob", dial("<Number>+14158675310</Number>"))
    await rings(scene, carrier)


@scenario_with(trunks=[TRUNK])
async def test_the_text_of_dial_is_a_number(scene: Scene) -> None:
    """2.6 (text): same as one Number."""
    carrier = await scene.phone("carrier")
    await scene.calls_in("alice", dial("+15558675310"))
    assert (await rings(scene, carrier)).invite.uri.startswith("sip:+15558675310@")


@scenario
async def test_a_sip_address_with_headers(scene: Scene) -> None:
    """2.7 Sip: X- headers of the query reach the far end."""
    bob = await scene.phone("bob")
    await scene.calls_in("alice", dial(f"<Sip>{bob.uri}?X-Queue=sales&amp;X-Id=7</Sip>"))
    far = await rings(scene, bob)
    assert (far.invite.headers.get("X-Queue"), far.invite.headers.get("X-Id")) == ("sales", "7")
    assert await scene.pairs() == everybody("alice", "bob")


@scenario
async def test_which_sip_call_it_was_is_told(scene: Scene) -> None:
    """2.6 action: DialSipCallId, DialSipResponseCode of a SIP address."""
    bob = await scene.phone("bob")
    await scene.calls_in("alice", dial(f"<Sip>{bob.uri}</Sip>"))
    far = await rings(scene, bob)
    await far.hang_up()
    request = await after(scene)
    assert (request["DialSipCallId"], request["DialSipResponseCode"]) == (far.invite.headers.get("Call-ID"), "200")


@scenario_with(users={"bob": "secret"})
async def test_a_client_that_registered(scene: Scene) -> None:
    """2.7 Client, with child Identity."""
    bob = await scene.phone("bob", password="secret")
    await bob.register()
    await scene.calls_in("alice", dial("<Client><Identity>bob</Identity></Client>"))
    await rings(scene, bob)
    assert await scene.pairs() == everybody("alice", "bob")


@scenario_with(users={"bob": "secret"})
async def test_a_client_that_did_not_register(scene: Scene) -> None:
    """2.6 DialCallStatus=no-answer."""
    await scene.calls_in("alice", dial("<Client>bob</Client>"))
    assert told(await after(scene)) == ("no-answer", "false")


@scenario
async def test_an_application_takes_the_call(scene: Scene) -> None:
    """2.7 Application (6.3): ApplicationSid, Parameter as Param_NAME; when it is done, the dial is."""
    scene.app.answers("/app", twiml("<Say>This is the application speaking.</Say>"))
    application = await scene.twilio.applications.create_async(friendly_name="x", voice_url=scene.world.url("/app"))
    nouns = (
        f"<Application><ApplicationSid>{application.sid}</ApplicationSid>"
        '<Parameter name="order" value="a&amp;b=c"/></Application>'
    )
    alice = await scene.calls_in("alice", dial(nouns))
    await asyncio.sleep(0.5)
    assert alice.hears(SPEECH_HZ)
    [asked] = scene.told("/app")
    assert asked["Param_order"] == "a&b=c"
    assert asked["Direction"] == "outbound-dial"
    assert asked["ParentCallSid"] == scene.sid("alice")
    assert told(await after(scene)) == ("completed", "true")


# --- how it goes -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("sip", "status"), [(486, "busy"), (603, "busy"), (480, "no-answer"), (404, "failed")])
def test_a_refusal_in_twilios_words(sip: int, status: str) -> None:
    """2.6 DialCallStatus, DialSipResponseCode; neither DialCallSid nor a duration of nobody's call."""

    @scenario
    async def story(scene: Scene) -> None:
        bob = await scene.phone("bob")
        bob.rejects(sip)
        await scene.calls_in("alice", dial(f"<Sip>{bob.uri}</Sip>"))
        request = await after(scene)
        assert told(request) == (status, "false")
        assert request["DialSipResponseCode"] == str(sip)
        assert request["DialSipCallId"] == (await scene.rings(bob)).invite.headers.get("Call-ID")

    story()


@scenario
async def test_nobody_answers_in_time(scene: Scene) -> None:
    """2.6 timeout: outcome no-answer; the far end stops ringing."""
    bob = await scene.phone("bob")
    bob.rings_forever()
    begun = asyncio.get_running_loop().time()
    await scene.calls_in("alice", dial(f"<Sip>{bob.uri}</Sip>", timeout="8"))
    request = await after(scene)
    assert told(request) == ("no-answer", "false")
    assert 7.9 < request.arrived_at - begun < 14
    await (await scene.rings(bob)).ended(within_s=1)


@scenario
async def test_a_host_that_does_not_answer_at_all(scene: Scene) -> None:
    """2.6: no-answer after the time-out, whatever SIP thinks of it."""
    await scene.calls_in("alice", dial("<Sip>sip:bob@10.9.9.9</Sip>", timeout="10"))
    assert told(await after(scene))[1] == "false"


@scenario
async def test_a_number_without_a_trunk_fails(scene: Scene) -> None:
    """2.6 DialCallStatus=failed: the call goes on at the action."""
    await scene.calls_in("alice", dial("<Number>+15558675310</Number>"))
    assert told(await after(scene)) == ("failed", "false")


@scenario
async def test_without_action_the_next_verb_runs(scene: Scene) -> None:
    """2.6 action: without it, the next verb runs."""
    bob = await scene.phone("bob")
    bob.rejects(486)
    alice = await scene.calls_in("alice", twiml(f"<Dial><Sip>{bob.uri}</Sip></Dial>", "<Say>Bob is busy.</Say>"))
    await asyncio.sleep(0.2)
    assert alice.hears(SPEECH_HZ)


@scenario
async def test_with_action_later_verbs_are_unreachable(scene: Scene) -> None:
    """2.6 action: the answer replaces the document."""
    bob = await scene.phone("bob")
    bob.rejects(486)
    scene.app.answers("/after", twiml("<Pause length='2'/>"))
    document = twiml(f"<Dial action='/after'><Sip>{bob.uri}</Sip></Dial>", "<Say>Never said.</Say>")
    alice = await scene.calls_in("alice", document)
    await alice.ended(within_s=5)
    assert alice.first_heard(SPEECH_HZ) is None


@scenario
async def test_method_get(scene: Scene) -> None:
    """2.6 method."""
    bob = await scene.phone("bob")
    bob.rejects(486)
    await scene.calls_in("alice", dial(f"<Sip>{bob.uri}</Sip>", method="GET"))
    assert (await after(scene)).method == "GET"


# --- several at once, one after another ------------------------------------------------------------------------


@scenario
async def test_the_first_to_answer_wins_and_the_others_stop_ringing(scene: Scene) -> None:
    """2.6: parallel nouns: first to answer wins, others cancelled."""
    slow, fast, busy = [await scene.phone(name) for name in ("slow", "fast", "busy")]
    slow.answers(after_s=6)
    fast.answers(after_s=3)
    busy.rejects(486)
    nouns = "".join(f"<Sip>{phone.uri}</Sip>" for phone in (slow, busy, fast))
    alice = await scene.calls_in("alice", dial(nouns))
    ringing = await scene.rings(slow)
    await asyncio.sleep(1)
    assert alice.hears(440), "ringback"
    await asyncio.sleep(3)
    assert (ringing.end is not None, ringing.end and ringing.end.status) == (True, 487)
    scene.calls = {"alice": alice, "fast": await scene.rings(fast)}
    assert await scene.pairs() == everybody("alice", "fast")
    assert not alice.hears(440)
    statuses = {
        call.to: call.status for call in await scene.twilio.calls.list_async(parent_call_sid=scene.sid("alice"))
    }
    assert statuses == {slow.uri: "canceled", busy.uri: "busy", fast.uri: "in-progress"}


@scenario
async def test_sequential_tries_one_after_another(scene: Scene) -> None:
    """2.6 sequential."""
    first, second, third = [await scene.phone(name) for name in ("first", "second", "third")]
    first.rejects(486)
    second.rings_forever()
    nouns = "".join(f"<Sip>{phone.uri}</Sip>" for phone in (first, second, third))
    alice = await scene.calls_in("alice", dial(nouns, sequential="true", timeout="5"))
    await asyncio.sleep(1)
    assert (len(first.calls), len(second.calls), len(third.calls)) == (1, 1, 0)
    far = await rings(scene, third)
    assert second.calls[0].end is not None
    scene.calls = {"alice": alice, "third": far}
    assert await scene.pairs() == everybody("alice", "third")


@scenario
async def test_the_ringing_tone_of_a_country(scene: Scene) -> None:
    """2.6 ringTone: while the far end rings, and not after the answer."""
    bob = await scene.phone("bob")
    bob.answers(after_s=4)
    alice = await scene.calls_in("alice", dial(f"<Sip>{bob.uri}</Sip>", ringTone="uk"))
    begun = asyncio.get_running_loop().time()
    await asyncio.sleep(3.4)
    assert alice.first_heard(400) is not None
    assert alice.first_heard(450) is not None
    assert alice.first_heard(480) is None, "not the usual one"
    # Two rings of 0.4 s with 0.2 s between them, every 3 s.
    rings_ms = 20 * sum(
        alice.heard_between(begun + 0.02 * cell, begun + 0.02 * cell + 0.02).astype(int).std() > 300
        for cell in range(165)
    )
    assert 800 <= rings_ms <= 1_300
    await asyncio.sleep(1.5)
    assert not alice.hears(400)


@scenario
async def test_the_chosen_ringing_tone_is_heard_instead_of_the_far_ends_own(scene: Scene) -> None:
    """2.6 ringTone: default: carrier/early media."""
    bob = await scene.world.phone("bob")
    bob.hum(1871)
    bob.answers_after_early_media(3)
    alice = await scene.calls_in("alice", dial(f"<Sip>{bob.uri}</Sip>", ringTone="de"))
    await asyncio.sleep(2.5)
    assert (alice.first_heard(425) is not None, alice.first_heard(1871)) == (True, None)
    await asyncio.sleep(1.5)
    assert alice.hears(1871)


# --- whispers, screening, keys ---------------------------------------------------------------------------------


@scenario
async def test_a_whisper_is_heard_by_the_callee_alone_before_the_bridge(scene: Scene) -> None:
    """2.7 url, method (POST): runs on the dialled leg before bridging; ending it normally bridges."""
    scene.app.answers("/whisper", twiml("<Say>A caller from the sales queue.</Say>"))
    bob = await scene.phone("bob")
    alice = await scene.calls_in("alice", dial(f"<Sip url='/whisper'>{bob.uri}</Sip>"))
    alice.hum(1979)
    far = await rings(scene, bob)
    assert far.hears(SPEECH_HZ)
    assert not far.hears(1979)
    await asyncio.sleep(3)
    assert far.hears(1979)
    assert alice.first_heard(SPEECH_HZ) is None
    [asked] = scene.told("/whisper")
    assert (asked.method, asked["ParentCallSid"], asked["Direction"]) == ("POST", scene.sid("alice"), "outbound-dial")


@scenario
async def test_hangup_in_a_whisper_declines(scene: Scene) -> None:
    """2.7: <Hangup> declines; the caller was never bridged."""
    scene.app.answers(
        "/whisper", twiml("<Gather numDigits='1' action='/pressed'><Say>Press 1</Say></Gather>", "<Hangup/>")
    )
    scene.app.answers("/pressed", twiml("<Hangup/>"))
    bob = await scene.phone("bob")
    await scene.calls_in("alice", dial(f"<Sip url='/whisper'>{bob.uri}</Sip>"))
    far = await rings(scene, bob)
    await far.press("2")
    request = await after(scene)
    assert told(request) == ("no-answer", "false")
    assert scene.told("/pressed")[0]["Digits"] == "2"
    await far.ended(within_s=1)


@scenario
async def test_who_hangs_up_during_the_whisper_does_not_leave_the_caller_alone(scene: Scene) -> None:
    """2.7 url with 2.6: nobody was bridged, so the call goes on at the action."""
    scene.app.answers("/whisper", twiml("<Pause length='30'/>"))
    bob = await scene.phone("bob")
    await scene.calls_in("alice", dial(f"<Sip url='/whisper'>{bob.uri}</Sip>"))
    far = await rings(scene, bob)
    await far.hang_up()
    assert told(await after(scene, within_s=5)) == ("no-answer", "false")


@scenario
async def test_dial_is_not_allowed_in_a_whisper(scene: Scene) -> None:
    """3: whisper documents: Dial refused (13201)."""
    scene.app.answers("/whisper", twiml("<Dial>+15551112222</Dial>"))
    bob = await scene.phone("bob")
    await scene.calls_in("alice", dial(f"<Sip url='/whisper'>{bob.uri}</Sip>"))
    assert told(await after(scene, within_s=5))[1] == "false"


@scenario_with(trunks=[TRUNK])
async def test_send_digits_are_pressed_after_the_answer(scene: Scene) -> None:
    """2.7 sendDigits: after answer, before bridge."""
    carrier = await scene.phone("carrier")
    await scene.calls_in("alice", dial("<Number sendDigits='w12#'>+15558675310</Number>"))
    far = await rings(scene, carrier)
    await asyncio.sleep(2)
    assert far.keys_heard == "12#"
    assert await scene.pairs() == everybody("alice", "carrier")


@scenario
async def test_hangup_on_star_ends_the_dialled_leg_only(scene: Scene) -> None:
    """2.6 hangupOnStar."""
    scene.app.answers("/after", twiml(AFTER))
    bob = await scene.phone("bob")
    alice = await scene.calls_in("alice", dial(f"<Sip>{bob.uri}</Sip>", hangupOnStar="true"))
    far = await rings(scene, bob)
    await far.press("*")
    await asyncio.sleep(0.3)
    assert far.end is None, "the parent presses, not the child"
    await alice.press("*")
    await far.ended(within_s=1)
    assert told(await after(scene)) == ("completed", "true")
    await asyncio.sleep(0.3)
    assert alice.hears(SPEECH_HZ)


@scenario
async def test_time_limit(scene: Scene) -> None:
    """2.6 timeLimit."""
    bob = await scene.phone("bob")
    await scene.calls_in("alice", dial(f"<Sip>{bob.uri}</Sip>", timeLimit="3"))
    far = await rings(scene, bob)
    await far.ended(within_s=4)
    request = await after(scene)
    assert told(request) == ("completed", "true")
    assert request["DialCallDuration"] == "3"


@scenario
async def test_the_caller_id(scene: Scene) -> None:
    """2.6 callerId; without it the caller's own."""
    bob = await scene.phone("bob")
    await scene.calls_in("alice", dial(f"<Sip>{bob.uri}</Sip>", callerId="+15550007777"))
    far = await rings(scene, bob)
    assert "+15550007777@" in far.invite.headers.get("From")
    await scene.calls_in("carol", dial(f"<Sip>{bob.uri}</Sip>"))
    assert "sip:carol@" in (await rings(scene, bob)).invite.headers.get("From")
    assert NUMBER not in far.invite.headers.get("From")


@scenario
async def test_answer_on_bridge_lets_the_caller_ring_until_somebody_answers(scene: Scene) -> None:
    """2.6 answerOnBridge."""
    bob = await scene.phone("bob")
    bob.answers(after_s=3)
    number = await scene.number_for("alice", dial(f"<Sip>{bob.uri}</Sip>", answerOnBridge="true"))
    phone = await scene.world.phone("alice")
    call = scene.calls["alice"] = await phone.place(number)
    await asyncio.sleep(2)
    assert call.answered_at is None
    await call.answered(within_s=2)
    await rings(scene, bob)
    assert await scene.pairs() == everybody("alice", "bob")


@scenario
async def test_a_caller_who_gives_up_takes_everybody_along(scene: Scene) -> None:
    """1.5: the far end hangs up: what was dialled for it is cancelled, and nobody's phone rings on."""
    bob = await scene.phone("bob")
    bob.rings_forever()
    alice = await scene.calls_in("alice", dial(f"<Sip>{bob.uri}</Sip>"))
    ringing = await scene.rings(bob)
    await alice.hang_up()
    await ringing.ended(within_s=1)
    await asyncio.sleep(0.2)
    statuses = {call.direction: call.status for call in await scene.twilio.calls.list_async()}
    assert statuses == {"inbound": "completed", "outbound-dial": "canceled"}


@scenario
async def test_when_the_caller_hangs_up_the_action_is_still_asked_and_its_answer_ignored(scene: Scene) -> None:
    """1.5 and 3: action of Dial after the caller hung up: any verb, but the result is ignored."""
    scene.app.answers("/after", twiml("<Say>To nobody.</Say>"))
    bob = await scene.phone("bob")
    alice = await scene.calls_in("alice", dial(f"<Sip>{bob.uri}</Sip>"))
    far = await rings(scene, bob)
    await alice.hang_up()
    await far.ended(within_s=1)
    request = await after(scene, within_s=2)
    assert told(request) == ("completed", "true")
    assert request["CallStatus"] == "completed"
    assert len(scene.told("/after")) == 1


@scenario
async def test_status_callbacks_of_the_child(scene: Scene) -> None:
    """2.7 statusCallback, …Event, …Method: CallSid is the child, ParentCallSid the caller."""
    bob = await scene.phone("bob")
    noun = (
        "<Sip statusCallback='/child' statusCallbackMethod='GET' "
        f"statusCallbackEvent='initiated ringing answered completed'>{bob.uri}</Sip>"
    )
    await scene.calls_in("alice", dial(noun))
    await (await rings(scene, bob)).hang_up()
    await asyncio.sleep(0.3)
    assert scene.statuses("/child") == ["initiated", "ringing", "in-progress", "completed"]
    for request in scene.told("/child"):
        assert (request.method, request["ParentCallSid"]) == ("GET", scene.sid("alice"))
        assert request["CallSid"] != scene.sid("alice")


@scenario
async def test_a_child_reports_only_its_end_unless_told_otherwise(scene: Scene) -> None:
    """2.7 statusCallbackEvent: default completed."""
    bob = await scene.phone("bob")
    bob.rejects(486)
    await scene.calls_in("alice", dial(f"<Sip statusCallback='/child'>{bob.uri}</Sip>"))
    await asyncio.sleep(0.3)
    assert scene.statuses("/child") == ["busy"]


@scenario
async def test_a_conference_stands_alone(scene: Scene) -> None:
    """2.6 nesting; 6.4: 13000 Conference mixed with Number: the document fails, with an apology."""
    bob = await scene.phone("bob")
    alice = await scene.calls_in("alice", dial(f"<Conference>room</Conference><Sip>{bob.uri}</Sip>"))
    assert alice.hears(SPEECH_HZ)
    await alice.ended(within_s=10)
    assert bob.calls == []
    assert await scene.twilio.conferences.list_async() == []


@scenario
async def test_nouns_that_are_not_offered_are_skipped_with_a_warning(scene: Scene) -> None:
    """2.7: not offered yet: Sim, WhatsApp; the other nouns of the same dial ring."""
    bob = await scene.phone("bob")
    await scene.calls_in("alice", dial(f"<Sim>DE1</Sim><Sip>{bob.uri}</Sip>"))
    await rings(scene, bob)
    assert await scene.pairs() == everybody("alice", "bob")
