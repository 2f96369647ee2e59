"""Conference status callbacks: twilio-conference-api.md 4.1, 4.2, 7.2 and the callback rows of 2.3 and 3.1."""

import asyncio
from email.utils import parsedate_to_datetime
from urllib.parse import urlencode

import pytest
from tests.scenarios.cast import CALLBACK, Scene, enter, enter_telling, scenario
from twilio.request_validator import RequestValidator

from mixminus.testing.webhook_app import WebhookRequest
from mixminus.testing.world import AUTH_TOKEN

COMMON = {"ConferenceSid", "FriendlyName", "AccountSid", "SequenceNumber", "Timestamp", "StatusCallbackEvent"}
ABOUT_SOMEBODY = COMMON | {"CallSid", "Muted", "Hold", "Coaching", "StartConferenceOnEnter", "EndConferenceOnExit"}


def names(request: WebhookRequest) -> set[str]:
    return {name for name, _ in request.form}


async def a_full_life(scene: Scene, events: str) -> None:
    """Everything that Twilio has an event for, but speaking."""
    await scene.calls_in("alice", enter_telling("room", events, participant_label="customer"))
    await scene.calls_in("bob", enter("room", participant_label="agent"))
    await scene.update("customer", muted=True)
    await scene.update("customer", muted=False)
    await scene.update("customer", hold=True)
    await scene.update("customer", hold=False)
    await scene.update("agent", end_conference_on_exit=True)
    scene.serves_note("/note.wav", 1979, 0.2)
    room = await scene.room()
    await room.update_async(announce_url=scene.world.url("/note.wav"), announce_method="GET")
    await asyncio.sleep(1)
    await scene.calls["bob"].hang_up()
    await asyncio.sleep(0.3)


@scenario
async def test_every_event_in_order_and_numbered(scene: Scene) -> None:
    """4.1 names; 4.2 SequenceNumber from 1; Timestamp in RFC 2822."""
    await a_full_life(scene, "start end join leave mute hold modify announcement")
    assert scene.events() == [
        "participant-join",
        "participant-join",
        "conference-start",
        "participant-mute",
        "participant-unmute",
        "participant-hold",
        "participant-unhold",
        "participant-modify",
        "announcement-end",
        "participant-leave",
        "participant-leave",
        "conference-end",
    ]
    assert [int(told["SequenceNumber"]) for told in scene.told()] == list(range(1, 13))
    times = [parsedate_to_datetime(told["Timestamp"]) for told in scene.told()]
    assert times == sorted(times)
    assert all(told["Timestamp"].endswith("+0000") for told in scene.told())


@pytest.mark.parametrize(
    ("token", "wanted"),
    [
        ("start", ["conference-start"]),
        ("end", ["conference-end"]),
        ("join", ["participant-join"] * 2),
        ("leave", ["participant-leave"] * 2),
        ("mute", ["participant-mute", "participant-unmute"]),
        ("hold", ["participant-hold", "participant-unhold"]),
        ("modify", ["participant-modify"]),
        ("announcement", ["announcement-end"]),
    ],
)
def test_a_word_subscribes_to_its_events_and_to_no_other(token: str, wanted: list[str]) -> None:
    """4.1, row by row. Numbers count what was not subscribed to, too."""

    @scenario
    async def story(scene: Scene) -> None:
        await a_full_life(scene, token)
        assert scene.events() == wanted

    story()


@scenario
async def test_every_event_carries_what_the_table_says(scene: Scene) -> None:
    """4.2, row by row."""
    await a_full_life(scene, "start end join leave mute hold modify announcement")
    room = await scene.conference()
    for told in scene.told():
        event = told["StatusCallbackEvent"]
        assert names(told) >= COMMON
        assert (told["ConferenceSid"], told["FriendlyName"]) == (room.sid, "room")
        assert told["AccountSid"] == scene.world.account_sid
        if event.startswith("participant-"):
            assert names(told) >= ABOUT_SOMEBODY | {"ParticipantLabel"}, event
        elif event != "announcement-end":
            assert not names(told) & {"CallSid", "Muted", "ParticipantLabel"}, event
    muted, unmuted = (scene.told(StatusCallbackEvent=f"participant-{word}")[0] for word in ("mute", "unmute"))
    assert (muted["Muted"], unmuted["Muted"]) == ("true", "false")
    held, unheld = (scene.told(StatusCallbackEvent=f"participant-{word}")[0] for word in ("hold", "unhold"))
    assert (held["Hold"], unheld["Hold"]) == ("true", "false")
    assert scene.told(StatusCallbackEvent="participant-modify")[0]["EndConferenceOnExit"] == "true"
    [announced] = scene.told(StatusCallbackEvent="announcement-end")
    assert announced["AnnounceUrl"] == scene.world.url("/note.wav")
    left = scene.told(StatusCallbackEvent="participant-leave")
    assert [
        (one["ParticipantLabel"], one["ParticipantCallStatus"], one["ReasonParticipantLeft"]) for one in left
    ] == [
        ("agent", "completed", "participant_hung_up"),
        ("customer", "in-progress", "moderator_ended_conference"),
    ]


@scenario
async def test_the_official_validator_accepts_every_signature(scene: Scene) -> None:
    """7.2 X-Twilio-Signature, judged by the SDK's own RequestValidator; a changed parameter is refused."""
    await a_full_life(scene, "start end join leave mute hold modify announcement")
    validator = RequestValidator(AUTH_TOKEN)
    posted = [request for request in scene.app.requests if request.method == "POST"]
    assert len(posted) == 14, "two voice requests and twelve events"
    for request in posted:
        url, form = scene.world.url(request.path), dict(request.form)
        assert validator.validate(url, form, request.signature)
        assert not validator.validate(url, form | {"FriendlyName": "other"}, request.signature)
    got = [request for request in scene.app.requests if request.method == "GET"]
    assert got, "the sound of the announcement"
    for request in got:
        query = f"?{urlencode(request.query)}" if request.query else ""
        assert validator.validate(scene.world.url(request.path) + query, {}, request.signature)


@scenario
async def test_a_get_callback_is_signed_over_its_query(scene: Scene) -> None:
    """3.1 statusCallbackMethod GET: the same names in the query."""
    await scene.calls_in("alice", enter_telling("room", "join", status_callback_method="GET"))
    [told] = scene.told()
    assert (told.method, told["StatusCallbackEvent"]) == ("GET", "participant-join")
    assert told.body == b""


@scenario
async def test_twiml_without_events_subscribes_to_nothing(scene: Scene) -> None:
    """3.1 statusCallbackEvent: default none (the Participants API defaults to start end)."""
    await scene.calls_in("alice", enter("room", status_callback=CALLBACK))
    await scene.calls_in("bob", enter("room"))
    await (await scene.room()).update_async(status="completed")
    await asyncio.sleep(0.3)
    assert scene.told() == []


@scenario
async def test_the_first_participant_decides_who_is_told(scene: Scene) -> None:
    """3.1 and 2.3: later values are ignored, also when the first one gave none."""
    await scene.calls_in("alice", enter_telling("room", "join"))
    await scene.calls_in(
        "bob",
        enter("room", status_callback="/other", status_callback_event="join leave", status_callback_method="GET"),
    )
    await scene.adds(
        "carol",
        conference_status_callback=scene.world.url("/third"),
        conference_status_callback_event=["start", "end", "join"],
    )
    assert scene.events() == ["participant-join"] * 3
    assert scene.told("/other") == []
    assert scene.told("/third") == []

    await scene.calls_in("dave", enter("quiet"))
    await scene.calls_in("erin", enter_telling("quiet", "join start"))
    assert len(scene.told()) == 3


@scenario
async def test_the_participants_api_subscribes_for_the_conference(scene: Scene) -> None:
    """2.3 ConferenceStatusCallback, …Method, …Event."""
    await scene.adds(
        "agent",
        conference_status_callback=CALLBACK,
        conference_status_callback_method="GET",
        conference_status_callback_event=["join", "mute hold"],
    )
    [conference] = await scene.twilio.conferences.list_async()
    [agent] = await scene.twilio.conferences(conference.sid).participants.list_async()
    await scene.update(agent.call_sid, muted=True, hold=True)
    await asyncio.sleep(0.2)
    assert scene.events() == ["participant-join", "participant-mute", "participant-hold"]
    assert {told.method for told in scene.told()} == {"GET"}


@scenario
async def test_a_leg_that_never_got_in_leaves_without_having_joined(scene: Scene) -> None:
    """4.2: participant-leave can arrive for a leg that never produced participant-join."""
    await scene.calls_in("alice", enter_telling("room", "join leave"))
    phone = await scene.phone("bob")
    phone.rejects(486)
    added = await scene.create("room", phone, label="bob")
    await asyncio.sleep(0.5)
    [joined] = scene.told(StatusCallbackEvent="participant-join")
    assert joined["CallSid"] == scene.sid("alice")
    [left] = scene.told(StatusCallbackEvent="participant-leave")
    assert (left["CallSid"], left["ParticipantLabel"]) == (added.call_sid, "bob")
    assert (left["ReasonParticipantLeft"], left["ParticipantCallStatus"]) == ("participant_add_failed", "busy")


@scenario
async def test_a_slow_receiver_gets_everything_in_order_and_delays_nobody(scene: Scene) -> None:
    """Issue 2, webhooks: in order per conference; a slow customer server delays nothing but itself."""
    scene.app.stalls("/events", 2.0)
    await scene.calls_in("alice", enter_telling("room", "join leave start end"))
    await scene.calls_in("bob", enter("room"))
    assert await scene.pairs() == {("alice", "bob"), ("bob", "alice")}
    await scene.calls["alice"].hang_up()
    await scene.calls["bob"].hang_up()
    await asyncio.sleep(0.2)
    assert (await scene.conference()).status == "completed"
    assert len(scene.told()) == 1, "the next one waits for the answer"
    await asyncio.sleep(15)
    assert [int(told["SequenceNumber"]) for told in scene.told()] == [1, 2, 3, 4, 5, 6]


@scenario
async def test_a_receiver_that_fails_disturbs_nothing(scene: Scene) -> None:
    """4: callbacks answered with 4xx or 5xx are logged and do not disturb the call; they are not repeated."""
    scene.app.fails("/events", 500)
    await scene.calls_in("alice", enter_telling("room", "join start"))
    await scene.calls_in("bob", enter("room"))
    await asyncio.sleep(1)
    assert scene.events() == ["participant-join", "participant-join", "conference-start"]
    assert len(scene.world.callback_failures) == 3
    assert scene.calls["alice"].end is None


@scenario
async def test_every_event_is_in_the_log_whether_or_not_somebody_subscribed(scene: Scene) -> None:
    """DESIGN.md law 6; /mixminus/v1 shows it."""
    await scene.calls_in("alice", enter("room"))
    await scene.calls["alice"].hang_up()
    await asyncio.sleep(0.2)
    sid = (await scene.conference()).sid
    assert await scene.world.events(sid) == ["participant-join", "participant-leave", "conference-end"]


@scenario
async def test_an_event_list_as_python_prints_it_is_understood(scene: Scene) -> None:
    """0 TwiML lists: twilio-python prints the list itself; Twilio refuses it (16002), here it works."""
    await scene.calls_in("alice", enter("room", status_callback=CALLBACK, status_callback_event=["join", "leave"]))
    assert scene.events() == ["participant-join"]
