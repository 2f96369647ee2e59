"""A moderator's key: what it opens, what it does not, and when it dies. Issue 4, Roles; ai-and-desk.md 3.3."""

import asyncio
import base64
import re
from typing import Any

import pytest
import structlog
from tests.scenarios.agents_at_the_table import connect, moderator, post, roles, seat
from tests.scenarios.cast import NUMBER, Scene, enter, enter_telling, scenario
from twilio.base.exceptions import TwilioException, TwilioRestException

from mixminus.calls.records import EventRecord
from mixminus.store.contract import Is, Where
from mixminus.testing.stream_agent import StreamConversation
from mixminus.tools.errors import ToolError
from mixminus.tools.io.twilio_room import TwilioRoom


async def a_moderator(scene: Scene, **form: Any) -> tuple[str, StreamConversation, Any]:
    """Alice and bob talk, and an agent moderates: its call SID, its stream, its SDK."""
    await scene.calls_in("alice", enter_telling("room"))
    await scene.calls_in("bob", enter("room"))
    sid, talk = await seat(scene, "chair", Moderator="true", **form)
    return sid, talk, moderator(scene, talk.start["customParameters"])


async def refused(request: Any) -> tuple[int, int]:
    """HTTP status and Twilio's code."""
    with pytest.raises(TwilioException) as refusal:
        await request
    if isinstance(refusal.value, TwilioRestException):
        return refusal.value.status, refusal.value.code
    found = re.search(r'"code":(\d+).*"status":(\d+)', str(refusal.value))  # of lists, the SDK tells no more
    assert found is not None
    return int(found[2]), int(found[1])


async def log(scene: Scene, sid: str, *names: str) -> list[tuple[str, str | None, dict[str, str]]]:
    found = await scene.world.store.query(EventRecord, Where("subject_sid", Is.EQUAL, sid))
    events = sorted(found, key=lambda event: event.sequence_number)
    return [(event.name, event.call_sid, dict(event.details)) for event in events if event.name in names]


@scenario
async def test_its_stream_is_told_where_rest_is_and_has_a_key(scene: Scene) -> None:
    sid, talk, _ = await a_moderator(scene)
    told = talk.start["customParameters"]
    room = await scene.conference()
    assert told.keys() == {"apiUrl", "apiKey", "apiSecret", "conference"}
    assert (told["apiUrl"], told["conference"]) == ("http://node.example.com", room.sid)
    assert told["apiKey"].startswith("SK")
    assert len(told["apiSecret"]) >= 43
    promoted = await log(scene, room.sid, "moderator-start")
    assert [(call, details["By"]) for _, call, details in promoted] == [(sid, scene.world.account_sid)]


@scenario
async def test_nobody_else_gets_one(scene: Scene) -> None:
    await scene.calls_in("alice", enter("room"))
    _, talk = await seat(scene, "clerk")
    assert talk.start["customParameters"] == {}


@scenario
async def test_it_reads_mutes_holds_adds_and_removes_in_its_conference(scene: Scene) -> None:
    sid, _, sdk = await a_moderator(scene)
    sids = {name: scene.sid(name) for name in ("alice", "bob")}
    room = await scene.conference()
    mine = sdk.conferences(room.sid)
    assert (await mine.fetch_async()).friendly_name == "room"
    assert {one.call_sid for one in await mine.participants.list_async()} == {sid, *sids.values()}
    assert (await mine.participants(sids["alice"]).update_async(muted=True)).muted
    assert await scene.pairs("alice", "bob") == {("alice", "bob")}
    assert (await mine.participants(sids["bob"]).update_async(hold=True)).hold
    await mine.participants(sids["bob"]).update_async(hold=False)
    await mine.participants(sids["alice"]).update_async(muted=False)
    carol = await scene.phone("carol")
    added = await mine.participants.create_async(from_=NUMBER, to=carol.uri, label="carol")
    scene.calls["carol"] = await carol.next_call(within_s=2)
    await asyncio.sleep(0.5)
    assert ("alice", "carol") in await scene.pairs("alice", "carol")
    assert await mine.participants("carol").delete_async()
    await asyncio.sleep(0.1)
    assert added.call_sid not in await scene.participants()
    acts = await log(scene, room.sid, "moderator-act")
    assert [(call, details["Did"], details["By"]) for _, call, details in acts] == [
        (sids["alice"], "mute", sid),
        (sids["bob"], "hold", sid),
        (sids["bob"], "unhold", sid),
        (sids["alice"], "unmute", sid),
        (added.call_sid, "add", sid),
        (added.call_sid, "remove", sid),
    ]


@scenario
async def test_it_opens_nothing_else(scene: Scene) -> None:
    """20003 with 403, as for every key that is right in the wrong place."""
    sid, _, sdk = await a_moderator(scene)
    room = await scene.conference()
    alice = scene.sid("alice")
    mine = sdk.conferences(room.sid)
    for request in (
        sdk.calls.list_async(),
        sdk.calls(sid).fetch_async(),
        sdk.calls(alice).update_async(status="completed"),
        sdk.calls.create_async(from_=NUMBER, to="sip:anybody@10.0.1.9", twiml="<Response/>"),
        sdk.calls(alice).streams.create_async(url="wss://thief.example.com/"),
        sdk.calls(alice).recordings.create_async(),
        sdk.conferences.list_async(),
        mine.update_async(status="completed"),
        mine.update_async(announce_url="http://app.example.com/any.wav"),
        mine.recordings.list_async(),
        sdk.recordings.list_async(),
        sdk.applications.list_async(),
        sdk.incoming_phone_numbers.list_async(),
        sdk.keys.list_async(),
        sdk.new_keys.create_async(),
        sdk.api.v2010.account.fetch_async(),
    ):
        assert await refused(request) == (403, 20003)
    for path in (f"Conferences/{room.sid}/Events", f"Conferences/{room.sid}/Ledger", f"Calls/{sid}/Quality"):
        answer = await sdk.request_async("GET", f"http://node.example.com/mixminus/v1/{path}")
        assert answer.status_code == 403


@scenario
async def test_other_conferences_do_not_exist_for_it(scene: Scene) -> None:
    _, _, sdk = await a_moderator(scene)
    await scene.calls_in("eve", enter("other"))
    other = await scene.conference("other")
    phone = await scene.phone("carol")
    for sid in (other.sid, "CF" + "0" * 32):
        assert await refused(sdk.conferences(sid).fetch_async()) == (404, 20404)
        assert await refused(sdk.conferences(sid).participants.list_async()) == (404, 20404)
        assert await refused(sdk.conferences(sid).participants(scene.sid("eve")).update_async(muted=True)) == (
            404,
            20404,
        )
        assert await refused(sdk.conferences(sid).participants(scene.sid("eve")).delete_async()) == (404, 20404)
    for name in (other.sid, "other", "a new one"):
        adding = sdk.conferences(name).participants.create_async(from_=NUMBER, to=phone.uri)
        assert await refused(adding) == (404, 20404)
    assert await refused(sdk.conferences("room").participants(scene.sid("eve")).fetch_async()) == (404, 20404)
    added = await sdk.conferences("room").participants.create_async(from_=NUMBER, to=phone.uri)
    assert added.conference_sid == (await scene.conference()).sid, "its own, by its name"


@scenario
async def test_what_it_may_not_ask_of_participants(scene: Scene) -> None:
    sid, _, sdk = await a_moderator(scene)
    alice, bob, phone = scene.sid("alice"), scene.sid("bob"), await scene.phone("carol")
    own = sdk.conferences((await scene.conference()).sid)
    for who, changes in (
        (alice, {"announce_url": "http://app.example.com/any.wav"}),
        (alice, {"wait_url": "http://app.example.com/any.wav"}),
        (alice, {"hold": True, "hold_url": "http://app.example.com/any.wav"}),
        (alice, {"end_conference_on_exit": True}),
        (alice, {"coaching": True, "call_sid_to_coach": bob}),
        (alice, {"muted": True, "beep_on_exit": "true"}),
    ):
        assert await refused(own.participants(who).update_async(**changes)) == (403, 20003), changes
    assert not (await own.participants(alice).fetch_async()).muted, "what was refused has changed nothing"
    for more in (
        {"coaching": True, "call_sid_to_coach": alice},
        {"end_conference_on_exit": True},
        {"status_callback": "http://inside.example.com/"},
        {"record": True},
        {"wait_url": "http://app.example.com/any.wav"},
    ):
        adding = own.participants.create_async(from_=NUMBER, to=phone.uri, **more)
        assert await refused(adding) == (403, 20003), more
    url = f"https://api.twilio.com/2010-04-01/Accounts/{scene.world.account_sid}/Conferences/room/Participants"
    for path, form in (("", {"From": NUMBER, "To": phone.uri}), (f"/{sid}", {})):
        answer = await sdk.request_async("POST", f"{url}{path}.json", data=form | {"Moderator": "true"})
        assert answer.status_code in (403, 404)
    room = (await scene.conference()).sid
    answer = await sdk.request_async(
        "POST", url.replace("/room/", f"/{room}/") + f"/{alice}.json", data={"Moderator": "true"}
    )
    assert (answer.status_code, '"code":20003' in answer.text) == (403, True)
    assert phone.calls == []


@scenario
async def test_it_may_step_back_and_whisper_but_not_come_back_by_itself(scene: Scene) -> None:
    """The escalation pattern: who is connected to a human falls silent for the caller."""
    sid, _, sdk = await a_moderator(scene)
    me = sdk.conferences((await scene.conference()).sid).participants(sid)
    assert (await me.update_async(coaching=True, call_sid_to_coach=scene.sid("bob"))).coaching
    assert await refused(me.update_async(coaching=False)) == (403, 20003)
    assert await refused(me.update_async(call_sid_to_coach=scene.sid("alice"))) == (403, 20003)


@scenario
async def test_ten_phones_a_minute(scene: Scene) -> None:
    _, _, sdk = await a_moderator(scene)
    own = sdk.conferences("room").participants
    for _ in range(10):
        await own.create_async(from_=NUMBER, to="sip:nobody@10.0.1.99")
    assert await refused(own.create_async(from_=NUMBER, to="sip:nobody@10.0.1.99")) == (429, 20429)
    await scene.create("room", await scene.phone("carol"))
    await asyncio.sleep(61)
    await own.create_async(from_=NUMBER, to="sip:nobody@10.0.1.99")


@scenario
async def test_what_it_may_not_reach_the_account_may_not_either(scene: Scene) -> None:
    """13248 of the account's own calls: a number that no trunk takes."""
    _, _, sdk = await a_moderator(scene)
    with pytest.raises(TwilioRestException) as theirs:
        await sdk.conferences("room").participants.create_async(from_=NUMBER, to="+15550001111")
    with pytest.raises(TwilioRestException) as ours:
        await scene.twilio.conferences("room").participants.create_async(from_=NUMBER, to="+15550001111")
    assert (theirs.value.code, theirs.value.status) == (ours.value.code, ours.value.status)


@scenario
async def test_the_key_dies_with_the_leg(scene: Scene) -> None:
    _, talk, sdk = await a_moderator(scene)
    own = sdk.conferences((await scene.conference()).sid)
    talk.hang_up()
    await asyncio.sleep(0.2)
    assert await refused(own.fetch_async()) == (401, 20003)
    assert len(scene.world.exchange.moderators) == 0


@scenario
async def test_and_with_the_role_and_a_new_role_is_a_new_key(scene: Scene) -> None:
    sid, talk, sdk = await a_moderator(scene)
    own = sdk.conferences((await scene.conference()).sid)
    await post(scene, f"/Conferences/{(await scene.conference()).sid}/Participants/{sid}", Moderator="false")
    assert await refused(own.fetch_async()) == (401, 20003)
    assert roles(talk)[-1]["moderator"] is False
    await post(scene, f"/Conferences/{(await scene.conference()).sid}/Participants/{sid}", Moderator="true")
    told = roles(talk)[-1]
    assert told["moderator"] is True
    assert told["customParameters"]["apiKey"] != talk.start["customParameters"]["apiKey"]
    await moderator(scene, told["customParameters"]).conferences(told["conference"]).fetch_async()
    room = (await scene.conference()).sid
    assert [name for name, *_ in await log(scene, room, "moderator-start", "moderator-end")] == [
        "moderator-start", "moderator-end", "moderator-start",
    ]  # fmt: skip


@scenario
async def test_a_moderator_that_is_put_out_moderates_nothing(scene: Scene) -> None:
    sid, talk, sdk = await a_moderator(scene)
    room = (await scene.conference()).sid
    await scene.twilio.conferences(room).participants(sid).delete_async()
    assert await refused(sdk.conferences(room).participants(scene.sid("alice")).update_async(muted=True)) == (
        401,
        20003,
    )
    await asyncio.sleep(0.1)
    assert talk.closed_with == 1000


@scenario
async def test_a_wrong_secret_is_no_key(scene: Scene) -> None:
    _, talk, _ = await a_moderator(scene)
    told = dict(talk.start["customParameters"])
    for secret in ("", "x", told["apiSecret"][:-1], told["apiSecret"] + "x", "\N{SNOWMAN}"):
        sdk = moderator(scene, told | {"apiSecret": secret})
        assert await refused(sdk.conferences(told["conference"]).fetch_async()) == (401, 20003)


@scenario
async def test_the_secret_is_in_no_log_no_callback_and_no_record(scene: Scene) -> None:
    callback = "http://app.example.com/stream-events"
    with structlog.testing.capture_logs() as lines:
        document = connect("chair", statusCallback=callback, reportRole="true")
        sid, talk, sdk = await a_moderator(scene, document=document)
        await sdk.conferences((await scene.conference()).sid).participants(sid).delete_async()
        await asyncio.sleep(0.5)
    database = scene.world.store._session._connection.connection.driver_connection
    assert database is not None
    told = [*scene.told("/stream-events"), *scene.told("/events"), *scene.app.received("/chair")]
    everything = repr(lines) + repr(told) + "".join(database.iterdump()) + repr(vars(scene.world.exchange.moderators))
    assert sid in everything
    secret = talk.start["customParameters"]["apiSecret"]
    for form in (secret, base64.b64encode(secret.encode()).decode()):
        assert form not in everything


@scenario
async def test_a_document_may_say_so(scene: Scene) -> None:
    """`<Conference moderator="true">`; whoever has no agent has no key either."""
    await scene.calls_in("alice", '<Response><Dial><Conference moderator="true">room</Conference></Dial></Response>')
    room = await scene.conference()
    promoted = await log(scene, room.sid, "moderator-start")
    assert [(call, details["By"]) for _, call, details in promoted] == [(scene.sid("alice"), "TwiML")]
    assert len(scene.world.exchange.moderators) == 0


@scenario
async def test_the_bundled_runtime_acts_on_its_conference_with_it(scene: Scene) -> None:
    """`apiUrl`, `apiKey`, `apiSecret` and `conference` of a `start` (agents/start.py), and all that the tools do."""
    sid, talk, sdk = await a_moderator(scene)
    room = TwilioRoom(sdk, sid, talk.start["customParameters"]["conference"])
    alice, bob = scene.sid("alice"), scene.sid("bob")
    carol = await scene.phone("carol")
    await room.add(carol.uri, "on-call", from_=NUMBER, ring_s=10)
    await asyncio.sleep(1.0)
    assert {one.call_sid for one in await room.participants()} >= {sid, alice, bob}
    [called] = [one.call_sid for one in await room.participants() if one.label == "on-call"]
    await room.coach(sid, called)
    await room.hold(alice, held=True)
    with pytest.raises(ToolError):
        await room.message("+15550001111", "no", from_=NUMBER)
    await room.end()
    await asyncio.sleep(0.3)
    assert (await scene.conference()).status == "completed"
    assert talk.closed_with == 1000


@scenario
async def test_a_stream_that_is_moved_takes_its_role_along_and_leaves_its_key(scene: Scene) -> None:
    """Its key opens the conference that it was given for, and no other."""
    _, talk, sdk = await a_moderator(scene)
    url = f"http://node.example.com/mixminus/v1/Streams/{talk.stream_sid}"
    answer = await scene.twilio.request_async("POST", url, data={"Conference": "other"})
    assert answer.status_code == 200, answer.text
    await asyncio.sleep(0.3)
    old = talk.start["customParameters"]["conference"]
    assert await refused(sdk.conferences(old).fetch_async()) == (401, 20003)
    told = roles(talk)[-1]
    assert told["conference"] == (await scene.conference("other")).sid
    assert told["moderator"] is False, "nobody said so for that conference"
    assert len(scene.world.exchange.moderators) == 0
