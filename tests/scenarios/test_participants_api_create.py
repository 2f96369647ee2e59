"""`POST /Conferences/{name or SID}/Participants`: twilio-conference-api.md 2.1, 2.3 and 2.4."""

import asyncio

import pytest
from tests.scenarios.cast import (
    CALLBACK,
    NUMBER,
    TRUNK,
    Scene,
    enter,
    everybody,
    scenario,
    scenario_with,
    twiml,
)
from twilio.base.exceptions import TwilioRestException

from mixminus.testing.errors import CallRefused
from mixminus.testing.sounds import MUSIC_HZ, SPEECH_HZ


@scenario
async def test_a_name_that_is_not_in_use_makes_a_conference_at_once(scene: Scene) -> None:
    """1.2: the CF SID is allocated at request time, before anyone answers; 2.2: status and queue_time."""
    phone = await scene.phone("agent")
    phone.rings_forever()
    added = await scene.create("room", phone, label="agent")
    assert added.conference_sid.startswith("CF")
    assert added.call_sid.startswith("CA")
    assert added.status == "queued"
    assert added.queue_time == "0"
    assert (await scene.conference()).sid == added.conference_sid
    await asyncio.sleep(0.3)
    assert (await scene.update("agent")).status == "ringing"


@scenario
async def test_a_participant_goes_from_queued_to_connected(scene: Scene) -> None:
    """2.2 statuses: queued, ringing, connected; the call is outbound-api (5.2)."""
    phone = await scene.phone("agent")
    phone.answers(after_s=2)
    added = await scene.create("room", phone)
    seen = [added.status]
    for _ in range(40):
        await asyncio.sleep(0.1)
        status = (await scene.update(added.call_sid)).status
        if status != seen[-1]:
            seen.append(status)
    assert seen == ["queued", "ringing", "connected"]
    call = await scene.twilio.calls(added.call_sid).fetch_async()
    assert (call.direction, call.status) == ("outbound-api", "in-progress")


@scenario
async def test_a_conference_sid_leads_to_the_live_conference(scene: Scene) -> None:
    """2.1: CF SID or friendly name on create."""
    await scene.calls_in("alice", enter("room"))
    await scene.adds("agent", (await scene.conference()).sid)
    assert await scene.pairs() == everybody("alice", "agent")


@scenario
async def test_a_conference_sid_that_is_over_or_unknown_is_refused(scene: Scene) -> None:
    """2.1: unknown/ended CF SID on create: the request fails, 16022; nobody's phone rings."""
    await scene.calls_in("alice", enter("room"))
    over = (await scene.conference()).sid
    await scene.calls["alice"].hang_up()
    await asyncio.sleep(0.2)
    phone = await scene.phone("agent")
    for sid in (over, "CF" + "0" * 32):
        with pytest.raises(TwilioRestException) as refusal:
            await scene.create(sid, phone)
        assert (refusal.value.code, refusal.value.status) == (16022, 404)
    await asyncio.sleep(0.5)
    assert phone.calls == []
    assert await scene.twilio.calls.list_async(to=phone.uri) == []


@scenario
async def test_muted(scene: Scene) -> None:
    """2.3 Muted."""
    await scene.calls_in("alice", enter("room"))
    await scene.adds("agent", muted=True)
    assert await scene.pairs() == {("agent", "alice")}


@scenario
async def test_start_conference_on_enter_false_waits_with_its_wait_url(scene: Scene) -> None:
    """2.3 StartConferenceOnEnter, WaitUrl, WaitMethod."""
    scene.app.answers("/wait", twiml("<Play loop='0'>media:1979.wav</Play>"))
    await scene.adds(
        "customer", start_conference_on_enter=False, wait_url=scene.world.url("/wait"), wait_method="GET", label="c"
    )
    await asyncio.sleep(0.5)
    assert scene.calls["customer"].hears(1979)
    [request] = scene.told("/wait")
    assert request.method == "GET"
    assert (request["FriendlyName"], request["Direction"], request["CallStatus"]) == (
        "room",
        "outbound-api",
        "in-progress",
    )
    await scene.adds("second", start_conference_on_enter=False, wait_url="")
    assert (await scene.conference()).status == "init"
    assert not scene.calls["second"].hears(MUSIC_HZ)
    await scene.adds("agent")
    assert await scene.pairs() == everybody("customer", "second", "agent")


@scenario
async def test_end_conference_on_exit(scene: Scene) -> None:
    """2.3 EndConferenceOnExit."""
    await scene.calls_in("alice", enter("room"))
    added = await scene.adds("agent", end_conference_on_exit=True)
    assert added.end_conference_on_exit is True
    await scene.calls["agent"].hang_up()
    await scene.calls["alice"].ended(within_s=1)
    ended = await scene.conference()
    assert ended.reason_conference_ended == "participant-with-end-conference-on-exit-left"
    assert ended.call_sid_ending_conference == added.call_sid


@scenario
async def test_beep(scene: Scene) -> None:
    """2.3 Beep: true is the default; onExit is silent at the entry."""
    alice = await scene.calls_in("alice", enter("room", beep=False))
    await scene.adds("quiet", beep="onExit")
    assert alice.first_heard(988) is None
    await scene.adds("loud")
    assert alice.first_heard(988) is not None


@scenario
async def test_max_participants_of_the_first_request_counts_and_legs_being_dialled_take_a_place(scene: Scene) -> None:
    """2.3 MaxParticipants; error 16020."""
    first, second, third = [await scene.phone(name) for name in ("a", "b", "c")]
    second.rings_forever()
    await scene.create("room", first, max_participants=2)
    await scene.create("room", second, max_participants=9)
    await asyncio.sleep(0.3)
    with pytest.raises(TwilioRestException) as refusal:
        await scene.create("room", third, max_participants=9)
    assert (refusal.value.code, refusal.value.status) == (16020, 409)
    assert third.calls == []


@scenario
async def test_labels(scene: Scene) -> None:
    """2.1 and 2.3 Label: found by it, unique (16026), checked (16024)."""
    added = await scene.adds("agent", label="Agent Smith 🕶")
    found = await scene.update("Agent Smith 🕶")
    assert found.call_sid == added.call_sid
    phone = await scene.phone("other")
    for label, code in (("Agent Smith 🕶", 16026), ("a/b", 16024), ("CA" + "0" * 32, 16024), ("x" * 129, 16024)):
        with pytest.raises(TwilioRestException) as refusal:
            await scene.create("room", phone, label=label)
        assert refusal.value.code == code
    assert len(await scene.participants()) == 1


@scenario
async def test_a_sip_leg_shows_who_calls_and_carries_the_headers_of_its_address(scene: Scene) -> None:
    """2.3 From (P-Asserted-Identity), CallerId (From header), CallerDisplayName; 2.4 SIP headers in the query."""
    phone = await scene.phone("agent")
    await scene.twilio.conferences("room").participants.create_async(
        from_=NUMBER,
        to=f"{phone.uri}?X-Trace=42&X-Team=blue",
        caller_id="+15550008888",
        caller_display_name="The Hotline",
    )
    invite = (await scene.rings(phone)).invite
    assert "+15550008888@" in invite.headers.get("From")
    assert "The Hotline" in invite.headers.get("From")
    assert f"{NUMBER}@" in invite.headers.get("P-Asserted-Identity")
    assert (invite.headers.get("X-Trace"), invite.headers.get("X-Team")) == ("42", "blue")


@scenario_with(trunks=[TRUNK])
async def test_a_number_is_dialled_over_the_trunk(scene: Scene) -> None:
    """2.4 phone; CONTRACT.md: an E.164 number goes to the trunk whose prefix matches."""
    carrier = await scene.phone("carrier")
    added = await scene.twilio.conferences("room").participants.create_async(from_=NUMBER, to="+1 555 867-5310")
    invite = (await scene.rings(carrier)).invite
    assert invite.uri.startswith("sip:+15558675310@10.0.1.1")
    assert (await scene.twilio.calls(added.call_sid).fetch_async()).to == "+15558675310"


@scenario
async def test_a_number_without_a_trunk_is_refused_before_anything_exists(scene: Scene) -> None:
    """5.5: 21214 unreachable; no conference is left behind."""
    with pytest.raises(TwilioRestException) as refusal:
        await scene.twilio.conferences("room").participants.create_async(from_=NUMBER, to="+15558675310")
    assert refusal.value.code == 21214
    assert await scene.twilio.conferences.list_async() == []
    assert await scene.twilio.calls.list_async() == []


@scenario_with(users={"alice": "secret"})
async def test_a_client_rings_where_it_is_registered(scene: Scene) -> None:
    """2.4 client; CONTRACT.md: client:NAME rings every registration of that user."""
    phone = await scene.phone("alice", password="secret")
    await phone.register()
    await scene.twilio.conferences("room").participants.create_async(from_=NUMBER, to="client:alice?team=7")
    await scene.rings(phone)
    await asyncio.sleep(0.3)
    assert scene.calls["alice"].hears(MUSIC_HZ)


@scenario_with(users={"alice": "secret"})
async def test_a_client_that_is_not_registered_does_not_answer(scene: Scene) -> None:
    """2.4 client: participant_add_failed, no-answer; the conference that was made for it ends."""
    await scene.twilio.conferences("room").participants.create_async(
        from_=NUMBER,
        to="client:alice",
        conference_status_callback=CALLBACK,
        conference_status_callback_event=["leave", "end"],
    )
    await asyncio.sleep(0.3)
    assert scene.events() == ["participant-leave", "conference-end"]
    assert scene.told()[0]["ReasonParticipantLeft"] == "participant_add_failed"
    assert scene.told()[0]["ParticipantCallStatus"] == "no-answer"


@scenario
async def test_a_twiml_application_is_a_participant(scene: Scene) -> None:
    """2.4 app: its pairs arrive at the Voice URL, its document is heard, it can be muted and removed."""
    scene.app.answers("/app", twiml("<Play loop='0'>media:1979.wav</Play>"))
    application = await scene.twilio.applications.create_async(
        friendly_name="AI", voice_url=scene.world.url("/app"), voice_method="GET"
    )
    alice = await scene.calls_in("alice", enter("room"))
    added = await scene.twilio.conferences("room").participants.create_async(
        from_=NUMBER, to=f"app:{application.sid}?session=abc&role=ai", label="ai"
    )
    await asyncio.sleep(0.5)
    assert alice.hears(1979)
    [asked] = scene.told("/app")
    assert (asked.method, asked["session"], asked["role"]) == ("GET", "abc", "ai")
    assert (asked["CallSid"], asked["Direction"]) == (added.call_sid, "outbound-api")
    await scene.update("ai", muted=True)
    await asyncio.sleep(0.3)
    assert not alice.hears(1979)
    room = await scene.room()
    await room.participants("ai").delete_async()
    await asyncio.sleep(0.3)
    assert await scene.call_status(added.call_sid) == "completed"
    assert (await room.fetch_async()).status == "in-progress"


@scenario
async def test_a_twiml_application_leaves_when_its_document_has_run_out(scene: Scene) -> None:
    """2.4 app, and its tolerated alias TW…: when the document has run out, the participant leaves."""
    scene.app.answers("/app", twiml("<Say>Goodbye</Say>"))
    application = await scene.twilio.applications.create_async(friendly_name="AI", voice_url=scene.world.url("/app"))
    alice = await scene.calls_in("alice", enter("room"))
    await scene.twilio.conferences("room").participants.create_async(
        from_=NUMBER, to=application.sid.replace("AP", "TW", 1)
    )
    await asyncio.sleep(2)
    assert alice.first_heard(SPEECH_HZ) is not None
    assert len(await scene.participants()) == 1


@scenario
async def test_the_call_callbacks_of_the_leg(scene: Scene) -> None:
    """2.3 StatusCallback, StatusCallbackEvent, StatusCallbackMethod: call progress of this leg."""
    await scene.adds(
        "agent",
        status_callback=scene.world.url("/leg"),
        status_callback_method="GET",
        status_callback_event=["initiated", "ringing", "answered", "completed"],
    )
    await scene.calls["agent"].hang_up()
    await asyncio.sleep(0.3)
    assert scene.statuses("/leg") == ["initiated", "ringing", "in-progress", "completed"]
    assert {request.method for request in scene.told("/leg")} == {"GET"}


@scenario
async def test_one_value_with_spaces_names_several_events(scene: Scene) -> None:
    """0 Lists: repeated keys, one value with spaces, or a mix."""
    await scene.adds("agent", status_callback=scene.world.url("/leg"), status_callback_event=["initiated answered"])
    assert scene.statuses("/leg") == ["initiated", "in-progress"]


@scenario
async def test_the_default_events_are_start_and_end_of_the_conference_and_the_end_of_the_call(scene: Scene) -> None:
    """2.3 StatusCallbackEvent defaults to completed, ConferenceStatusCallbackEvent to start end."""
    await scene.adds("agent", status_callback=scene.world.url("/leg"), conference_status_callback=CALLBACK)
    await scene.adds("other")
    await (await scene.room()).update_async(status="completed")
    await asyncio.sleep(0.3)
    assert scene.events() == ["conference-start", "conference-end"]
    assert scene.statuses("/leg") == ["completed"]


@scenario
async def test_nobody_answers_in_time(scene: Scene) -> None:
    """2.3 Timeout: participant_add_failed with no-answer; the phone stops ringing."""
    await scene.calls_in("alice", enter("room", status_callback=CALLBACK, status_callback_event="join leave"))
    phone = await scene.phone("agent")
    phone.rings_forever()
    begun = asyncio.get_running_loop().time()
    added = await scene.create("room", phone, timeout=7)
    with pytest.raises(CallRefused):
        await (await scene.rings(phone)).answered(within_s=20)
    assert 6.9 < asyncio.get_running_loop().time() - begun < 13
    await asyncio.sleep(0.2)
    assert await scene.call_status(added.call_sid) == "no-answer"
    [left] = scene.told(StatusCallbackEvent="participant-leave")
    assert left["ParticipantCallStatus"] == "no-answer"
    assert left["ReasonParticipantLeft"] == "participant_add_failed"
    assert len(scene.told(StatusCallbackEvent="participant-join")) == 1, "it never joined"


@pytest.mark.parametrize(("sip", "word"), [(486, "busy"), (603, "busy"), (480, "no-answer"), (404, "failed")])
def test_a_refused_leg_leaves_with_twilios_word(sip: int, word: str) -> None:
    """4.2 ParticipantCallStatus: busy, no-answer, failed."""

    @scenario
    async def story(scene: Scene) -> None:
        await scene.calls_in("alice", enter("room", status_callback=CALLBACK, status_callback_event="leave"))
        phone = await scene.phone("agent")
        phone.rejects(sip)
        added = await scene.create("room", phone)
        await asyncio.sleep(0.5)
        assert [left["ParticipantCallStatus"] for left in scene.told()] == [word]
        assert await scene.call_status(added.call_sid) == word
        assert list(await scene.participants()) == [scene.sid("alice")]

    story()


@scenario
async def test_time_limit(scene: Scene) -> None:
    """2.3 TimeLimit: the leg ends; the conference goes on."""
    await scene.calls_in("alice", enter("room"))
    await scene.adds("agent", time_limit=5)
    await scene.calls["agent"].ended(within_s=6)
    await asyncio.sleep(0.2)
    assert (await scene.conference()).status == "in-progress"
    assert scene.calls["alice"].end is None


@scenario
async def test_several_coachees(scene: Scene) -> None:
    """Issue 2: repeat CallSidToCoach to coach several; Twilio has one."""
    await scene.calls_in("caller", enter("room"))
    one = await scene.adds("one")
    two = await scene.adds("two")
    boss = await scene.phone("boss")
    await scene.create("room", boss, call_sid_to_coach=[one.call_sid, two.call_sid], label="boss")
    await scene.rings(boss)
    pairs = await scene.pairs(settle_s=0.4)
    assert {pair for pair in pairs if pair[1] == "boss"} == {("one", "boss"), ("two", "boss")}


@scenario
async def test_a_slash_in_the_name_is_refused_with_a_sentence(scene: Scene) -> None:
    """0 Path segments: SDKs do not escape it."""
    phone = await scene.phone("agent")
    with pytest.raises(TwilioRestException) as refusal:
        await scene.create("My Room/1", phone)
    assert refusal.value.code == 16002
    assert "/" in refusal.value.msg
    assert phone.calls == []


@scenario
async def test_sip_credentials_are_not_sent_unasked(scene: Scene) -> None:
    """2.3 SipAuthUsername, SipAuthPassword: for a challenge only (which tests/sip/test_agent_calls.py shows)."""
    added = await scene.adds("agent", sip_auth_username="u", sip_auth_password="p")
    assert await scene.call_status(added.call_sid) == "in-progress"
    assert scene.calls["agent"].invite.headers.get("Authorization") == ""  # type: ignore[attr-defined]
