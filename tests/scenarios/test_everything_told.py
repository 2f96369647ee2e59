"""What the node told, told again: events followed over REST, webhooks listed and replayed, the debugger of a call."""

import asyncio
import base64
import json
from typing import Any

import httpx
from tests.scenarios.cast import Scene, enter, scenario, twiml

TALK = twiml("<Say>Hi</Say>", "<Pause length='600'/>")
LOGS = "/mixminus/v1"


def rest(scene: Scene) -> httpx.AsyncClient:
    world = scene.world
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(world.api),
        base_url="http://node.example.com",
        auth=(world.account_sid, world.auth_token),
    )


async def listed(scene: Scene, what: str, **query: str) -> list[Any]:
    """Oldest first."""
    async with rest(scene) as client:
        answer = await client.get(f"{LOGS}/{what}", params=query)
    return list(reversed(answer.json()[what.lower()]))


class Follower:
    """Reads the event stream; an ASGI client that sees each piece as it is sent."""

    def __init__(self, scene: Scene, query: str = "", last_id: str | None = None) -> None:
        self.told: list[Any] = []
        self.comments = 0
        self._gone = asyncio.Event()
        user = f"{scene.world.account_sid}:{scene.world.auth_token}".encode()
        headers = [(b"authorization", b"Basic " + base64.b64encode(user))]
        if last_id is not None:
            headers.append((b"last-event-id", last_id.encode()))
        scope = {
            "type": "http",
            "method": "GET",
            "path": f"{LOGS}/Events",
            "raw_path": b"",
            "query_string": query.encode(),
            "headers": headers,
            "scheme": "http",
            "server": ("node", 80),
            "root_path": "",
            "http_version": "1.1",
        }
        self._task = asyncio.ensure_future(scene.world.api(scope, self._receive, self._send))

    async def leave(self) -> None:
        self._gone.set()
        await self._task

    @property
    def types(self) -> list[str]:
        return [each["type"] for each in self.told]

    async def _receive(self) -> Any:
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:
        for line in message.get("body", b"").decode().splitlines():
            if line.startswith("data: "):
                self.told.append(json.loads(line.removeprefix("data: ")))
            self.comments += line.startswith(":")


@scenario
async def test_a_follower_is_told_of_a_call_and_of_its_conference_as_it_happens(scene: Scene) -> None:
    everything, people = Follower(scene), Follower(scene, "Type=participant")
    await asyncio.sleep(0.1)
    alice = await scene.calls_in("alice", enter("room"))
    await asyncio.sleep(0.2)
    call_sid = everything.told[0]["call_sid"]
    assert everything.types == ["call-in-progress", "participant-join"]
    await alice.hang_up()
    await asyncio.sleep(0.5)
    assert everything.types[2:] == ["participant-leave", "conference-end", "call-completed"]
    assert [each["call_sid"] for each in people.told] == [call_sid, call_sid]
    assert people.types == ["participant-join", "participant-leave"]
    numbers = [int(each["id"]) for each in everything.told]
    assert numbers == list(range(1, len(numbers) + 1)), "none is missing, none twice"
    await everything.leave()
    await people.leave()


@scenario
async def test_who_was_away_misses_nothing(scene: Scene) -> None:
    before = Follower(scene)
    await asyncio.sleep(0.1)
    alice = await scene.calls_in("alice", enter("room"))
    await asyncio.sleep(0.2)
    await before.leave()
    await alice.hang_up()
    await asyncio.sleep(0.5)
    after = Follower(scene, last_id=before.told[-1]["id"])
    await asyncio.sleep(0.2)
    assert int(after.told[0]["id"]) == int(before.told[-1]["id"]) + 1
    assert "call-completed" in after.types
    await after.leave()


@scenario
async def test_silence_is_broken_every_15_seconds(scene: Scene) -> None:
    follower = Follower(scene)
    await asyncio.sleep(46)
    assert follower.comments == 1 + 3
    await follower.leave()


@scenario
async def test_every_webhook_of_a_call_is_listed_the_document_flagged_as_such(scene: Scene) -> None:
    bob = await scene.phone("bob")
    scene.app.answers("/script", TALK)
    call = await scene.twilio.calls.create_async(
        from_="+15550009000",
        to=bob.uri,
        url=scene.world.url("/script"),
        status_callback=scene.world.url("/status"),
        status_callback_event=["initiated", "ringing", "answered", "completed"],
    )
    await (await scene.rings(bob)).answered(within_s=1)
    await asyncio.sleep(0.3)
    await scene.calls["bob"].hang_up()
    await asyncio.sleep(0.3)
    kept = await listed(scene, "Webhooks", CallSid=call.sid)
    callbacks = [dict_of(each)["CallStatus"] for each in kept if each["purpose"] == "callback"]
    assert callbacks == ["initiated", "ringing", "in-progress", "completed"]
    [document] = [each for each in kept if each["purpose"] == "twiml"]
    assert (document["url"], document["response_body"]) == (scene.world.url("/script"), TALK)
    assert all(each["attempts"][-1]["status"] == 200 for each in kept)
    events = await scene.twilio.calls(call.sid).events.list_async()
    assert len(events) == 5


def dict_of(webhook: Any) -> dict[str, str]:
    return {each["name"]: each["value"] for each in webhook["parameters"]}


@scenario
async def test_a_callback_that_was_lost_is_found_and_sent_again(scene: Scene) -> None:
    bob = await scene.phone("bob")
    scene.app.fails("/status", 500)
    call = await scene.twilio.calls.create_async(
        from_="+15550009000", to=bob.uri, twiml=twiml("<Say>Hi</Say>"), status_callback=scene.world.url("/status")
    )
    await (await scene.rings(bob)).ended(within_s=5)
    await asyncio.sleep(0.3)
    [lost] = await listed(scene, "Webhooks", Failed="true")
    assert (lost["call_sid"], lost["status"], lost["attempts"][0]["status"]) == (call.sid, "failed", 500)
    [alert] = await listed(scene, "Alerts", CallSid=call.sid)
    assert (alert["code"], alert["level"], alert["webhook_sid"]) == (15003, "warning", lost["sid"])
    scene.app.answers("/status", "")
    async with rest(scene) as client:
        again = await client.post(f"{LOGS}/Webhooks/{lost['sid']}/Replay")
        elsewhere = await client.post(f"{LOGS}/Webhooks/{lost['sid']}/Replay", data={"Url": scene.world.url("/mine")})
    first, second = scene.told("/status")
    [moved] = scene.told("/mine")
    assert (again.json()["status"], again.json()["replay_of"]) == ("delivered", lost["sid"])
    assert elsewhere.json()["url"] == scene.world.url("/mine")
    assert first["CallStatus"] == second["CallStatus"] == moved["CallStatus"] == "completed"


@scenario
async def test_the_debugger_of_a_call_that_got_no_twiml(scene: Scene) -> None:
    alice = await scene.phone("alice")
    scene.app.answers("/voice", "<Response><Say>")
    await scene.world.number("+15550001000", "/voice")
    call = await alice.dial("+15550001000")
    await call.ended(within_s=30)
    await asyncio.sleep(0.3)
    [alert] = await listed(scene, "Alerts")
    assert (alert["code"], alert["level"], alert["request_url"]) == (12100, "error", scene.world.url("/voice"))
    [notification] = await scene.twilio.calls(alert["call_sid"]).notifications.list_async()
    assert (notification.error_code, notification.log) == ("12100", "0")
    whole = await scene.twilio.calls(alert["call_sid"]).notifications(notification.sid).fetch_async()
    assert whole.response_body == "<Response><Say>"
    assert f"CallSid={alert['call_sid']}" in whole.request_variables
    assert (whole.request_url, whole.request_method) == (scene.world.url("/voice"), "POST")


@scenario
async def test_recordings_are_events_of_their_conference(scene: Scene) -> None:
    follower = Follower(scene, "Type=recording")
    await asyncio.sleep(0.1)
    alice = await scene.calls_in("alice", enter("room", record="record-from-start"))
    bob = await scene.calls_in("bob", enter("room"))
    await asyncio.sleep(2)
    await alice.hang_up()
    await bob.hang_up()
    await asyncio.sleep(1)
    assert follower.types == ["recording-in-progress", "recording-completed"]
    assert all(each["conference_sid"].startswith("CF") for each in follower.told)
    await follower.leave()
