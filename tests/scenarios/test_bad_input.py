"""Issue 2, "Bad input gets: a clear error and nothing lost"."""

import asyncio
from typing import Any

import pytest
from tests.scenarios.cast import Scene, enter, enter_telling, everybody, scenario, scenario_with, twiml
from twilio.base.exceptions import TwilioRestException

from mixminus.testing.errors import CallRefused
from mixminus.testing.sounds import SPEECH_HZ
from mixminus.testing.webhook_app import WebhookRequest

BOMB = (
    '<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">'
    '<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><Response><Say>&c;</Say></Response>'
)
FILE = '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><Response><Say>&x;</Say></Response>'


async def bystanders(scene: Scene) -> None:
    """Two who talk, and must not notice anything."""
    for name in ("alice", "bob"):
        await scene.calls_in(name, enter("bystanders"))


async def unharmed(scene: Scene) -> bool:
    return await scene.pairs("alice", "bob") == everybody("alice", "bob")


async def apologised(scene: Scene, path: str = "/voice") -> None:
    """The caller hears an apology, the call ends, and the others talk on."""
    await scene.world.number("+15559990000", path)
    phone = await scene.world.phone("victim")
    call = await phone.dial("+15559990000", patience_s=60)
    await call.ended(within_s=30)
    assert call.first_heard(SPEECH_HZ) is not None
    assert await unharmed(scene)


# --- webhooks --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "document",
    [
        "this is not XML",
        "<Response><Say>unclosed</Response>",
        "",
        "<Request/>",
        "<Response><Dial><Conference>a</Conference><Number>+15550001111</Number></Dial></Response>",
        BOMB,
        FILE,
        "<Response>" + "<Gather>" * 5_000 + "</Gather>" * 5_000 + "</Response>",
    ],
    ids=["words", "unclosed", "empty", "root", "mixture", "entities", "file", "deep"],
)
def test_garbage_for_twiml(document: str) -> None:
    """12100, 11770, 12102, 13000: an apology on that call alone."""

    @scenario
    async def story(scene: Scene) -> None:
        await bystanders(scene)
        scene.app.answers("/voice", document)
        await apologised(scene)

    story()


@pytest.mark.parametrize("trouble", ["fails", "overflows", "redirects", "stalls", "binary"])
def test_a_server_in_trouble(trouble: str) -> None:
    """11200 error and slow (15 s), 11750 too large, 11215 HTTP redirects without end, 12300 content type."""

    @scenario
    async def story(scene: Scene) -> None:
        await bystanders(scene)
        match trouble:
            case "fails":
                scene.app.fails("/voice", 503)
            case "overflows":
                scene.app.overflows("/voice", 70_000)
            case "redirects":
                scene.app.redirects("/voice", "/voice")
            case "stalls":
                scene.app.stalls("/voice", 40, twiml("<Say>Too late</Say>"))
            case _:
                scene.app.serves("/voice", b"\x00\x01", "application/octet-stream")
        begun = asyncio.get_running_loop().time()
        await apologised(scene)
        if trouble == "stalls":
            asked = scene.told("/voice")[0].arrived_at
            assert asyncio.get_running_loop().time() - begun > 15
            assert len(scene.told("/voice")) == 1
            assert asked < begun + 1

    story()


@scenario
async def test_a_host_that_does_not_exist(scene: Scene) -> None:
    """11210."""
    await bystanders(scene)
    scene.app.answers("/voice", twiml("<Redirect>http://nowhere.example.com/x</Redirect>"))
    await apologised(scene)


@scenario
async def test_a_document_that_redirects_to_itself_for_ever(scene: Scene) -> None:
    """Nothing bounds redirects between documents; a loop that does nothing is slowed down, and ends by hang-up."""
    await bystanders(scene)
    number = await scene.number_for("victim", twiml("<Redirect/>"))
    phone = await scene.world.phone("victim")
    call = await phone.place(number)
    await asyncio.sleep(10)
    assert 10 <= len(scene.told("/victim")) <= 40
    assert await unharmed(scene)
    await call.hang_up()
    await asyncio.sleep(0.5)
    asked = len(scene.told("/victim"))
    await asyncio.sleep(5)
    assert len(scene.told("/victim")) == asked


@scenario
async def test_a_webhook_that_raises(scene: Scene) -> None:
    """11200: the application crashed."""
    await bystanders(scene)

    def crash(request: WebhookRequest) -> str:
        raise RuntimeError("bug in the application")

    scene.app.answers("/voice", crash)
    await apologised(scene)


# --- names -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["My Room/1", "x" * 129, "x" * 10_000, "   "], ids=["slash", "129", "10kB", "blank"])
def test_names_that_cannot_be(name: str) -> None:
    """13237, 16002: not admitted, the next verb runs; the API answers with a sentence."""

    @scenario
    async def story(scene: Scene) -> None:
        alice = await scene.calls_in("alice", enter(name, then="There is no such room."))
        assert alice.hears(SPEECH_HZ)
        phone = await scene.phone("bob")
        with pytest.raises(TwilioRestException) as refusal:
            await scene.create(name, phone)
        assert refusal.value.status in (400, 404)
        assert phone.calls == []
        assert await scene.twilio.conferences.list_async() == []

    story()


@pytest.mark.parametrize(
    "name", ["Räum 🚀 Nr. 7", "a&b<c>\"d'", "50% + more; = all", "../../etc/passwd".replace("/", "·")]
)
def test_names_that_only_look_dangerous(name: str) -> None:
    """1.1 friendly_name: any text but a slash, up to 128 characters, arrives everywhere as it is."""

    @scenario
    async def story(scene: Scene) -> None:
        await scene.calls_in("alice", enter_telling(name, participant_label="Äpfel & 🍐"))
        await scene.adds("bob", name)
        assert (await scene.conference(name)).friendly_name == name
        assert await scene.pairs() == everybody("alice", "bob")
        assert scene.told()[0]["FriendlyName"] == name
        assert (await scene.update("Äpfel & 🍐", name, muted=True)).muted is True

    story()


# --- races -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", ["remove first", "hold first"])
def test_two_commands_race_on_one_participant(order: str) -> None:
    """One of them wins, the other gets a clear answer; nobody is half held or half gone."""

    @scenario
    async def story(scene: Scene) -> None:
        await bystanders(scene)
        await scene.calls_in("alice2", enter_telling("room"))
        await scene.calls_in("bob2", enter("room"))
        room = await scene.room()
        target = room.participants(scene.sid("bob2"))
        commands = [target.delete_async(), target.update_async(hold=True), target.update_async(muted=True)]
        if order == "hold first":
            commands.reverse()
        results: list[Any] = await asyncio.gather(*commands, return_exceptions=True)
        refused = [result for result in results if isinstance(result, Exception)]
        assert all(isinstance(one, TwilioRestException) and one.status == 404 for one in refused)
        await asyncio.sleep(0.3)
        assert scene.events().count("participant-leave") == 1
        assert list(await scene.participants()) == [scene.sid("alice2")]
        assert await unharmed(scene)

    story()


@scenario
async def test_everybody_is_removed_at_once(scene: Scene) -> None:
    """DELETE of all, and Status=completed, at the same moment: one conference-end, with one reason."""
    for name in ("alice", "bob", "carol"):
        await scene.calls_in(name, enter_telling("room"))
    room = await scene.room()
    removals = [room.participants(scene.sid(name)).delete_async() for name in scene.calls]
    await asyncio.gather(*removals, room.update_async(status="completed"), return_exceptions=True)
    for call in scene.calls.values():
        await call.ended(within_s=2)
    await asyncio.sleep(0.2)
    assert scene.events().count("conference-end") == 1
    assert scene.events().count("participant-leave") == 3


@scenario
async def test_a_caller_hangs_up_while_the_api_holds_it(scene: Scene) -> None:
    """A BYE crosses an update."""
    await bystanders(scene)
    await scene.calls_in("carol", enter("room"))
    await scene.calls_in("dave", enter("room"))
    results = await asyncio.gather(
        scene.calls["carol"].hang_up(), scene.update("carol", hold=True), return_exceptions=True
    )
    assert all(not isinstance(one, Exception) or isinstance(one, TwilioRestException) for one in results)
    await asyncio.sleep(0.3)
    assert list(await scene.participants()) == [scene.sid("dave")]
    assert await unharmed(scene)


# --- phones ----------------------------------------------------------------------------------------------------


@scenario_with(rtp_timeout_s=5)
async def test_a_phone_that_vanishes_without_bye_is_gone_after_the_rtp_time_out(scene: Scene) -> None:
    """Issue 2: phones that vanish; the leg leaves, the call ends, the others stay."""
    await scene.calls_in("alice", enter_telling("room"))
    await scene.calls_in("bob", enter("room"))
    await scene.calls_in("carol", enter("room"))
    scene.calls["bob"].vanish()
    await asyncio.sleep(4)
    assert len(await scene.participants()) == 3
    await asyncio.sleep(2)
    assert len(await scene.participants()) == 2
    [left] = scene.told(StatusCallbackEvent="participant-leave")
    assert (left["CallSid"], left["ReasonParticipantLeft"]) == (scene.sid("bob"), "participant_hung_up")
    await asyncio.sleep(35)
    assert await scene.call_status(scene.sid("bob")) == "completed"
    assert await scene.pairs("alice", "carol") == everybody("alice", "carol")


@scenario_with(rtp_timeout_s=5)
async def test_a_phone_on_hold_may_be_silent(scene: Scene) -> None:
    """A phone that put us on hold sends nothing, rightly."""
    await scene.calls_in("alice", enter("room"))
    await scene.calls_in("bob", enter("room"))
    await scene.calls["bob"].hold("inactive")
    await asyncio.sleep(20)
    assert scene.calls["bob"].end is None


# --- handlers that call REST before they answer ----------------------------------------------------------------


@scenario
async def test_a_handler_adds_to_a_conference_that_does_not_exist_yet(scene: Scene) -> None:
    """Issue 2, webhooks: nothing may be locked while a webhook is out. The agent waits when the caller comes."""
    agent = await scene.phone("agent")

    async def voice(request: WebhookRequest) -> str:
        await scene.create(f"room-{request['CallSid']}", agent, end_conference_on_exit=True)
        return enter(f"room-{request['CallSid']}")

    await scene.calls_in("alice", voice)
    await scene.rings(agent)
    assert await scene.pairs(settle_s=0.5) == everybody("alice", "agent")


@scenario
async def test_an_event_handler_changes_the_conference_that_it_is_told_of(scene: Scene) -> None:
    """The same from a status callback: whoever joins is muted before the callback is answered."""

    async def mute(request: WebhookRequest) -> str:
        room = scene.twilio.conferences(request["ConferenceSid"])
        await room.participants(request["CallSid"]).update_async(muted=True)
        return ""

    scene.app.answers("/events", mute)
    await scene.calls_in("alice", enter_telling("room", "join"))
    await scene.calls_in("bob", enter("room"))
    await asyncio.sleep(0.3)
    assert await scene.pairs() == set()
    assert all(one.muted for one in (await scene.participants()).values())


@scenario
async def test_an_event_handler_ends_the_conference_that_it_is_told_of(scene: Scene) -> None:
    """Status=completed from within conference-start."""

    async def end(request: WebhookRequest) -> str:
        if request["StatusCallbackEvent"] == "conference-start":
            await scene.twilio.conferences(request["ConferenceSid"]).update_async(status="completed")
        return ""

    scene.app.answers("/events", end)
    await scene.calls_in("alice", enter_telling("room", "start leave end"))
    await scene.calls_in("bob", enter("room"))
    await asyncio.sleep(0.5)
    assert scene.events() == ["conference-start", "participant-leave", "participant-leave", "conference-end"]


@pytest.mark.parametrize("status", ["completed", "canceled"])
def test_a_handler_ends_its_own_call_before_it_answers(status: str) -> None:
    """About its own call: the phone is declined, and what the handler answers then is not run."""

    @scenario
    async def story(scene: Scene) -> None:
        ended: list[Any] = []

        async def end(sid: str) -> None:
            ended.append(await scene.twilio.calls(sid).update_async(status=status))

        async def voice(request: WebhookRequest) -> str:
            # A server of its own: it goes on when its client does not wait any more.
            await asyncio.shield(asyncio.ensure_future(end(request["CallSid"])))
            return twiml("<Say>Never heard</Say>")

        with pytest.raises(CallRefused):
            await scene.calls_in("alice", voice)
        await asyncio.sleep(0.3)
        assert [call.status for call in ended] == ["canceled"]

    story()


@scenario
async def test_a_handler_redirects_its_own_call_before_it_answers(scene: Scene) -> None:
    """About its own call, at a Redirect: what the API said stands, and what the handler answers is not run."""
    scene.app.answers("/better", twiml("<Play loop='0'>media:1979.wav</Play>"))

    async def redirect(sid: str) -> None:
        await scene.twilio.calls(sid).update_async(url=scene.world.url("/better"))

    async def second(request: WebhookRequest) -> str:
        await asyncio.shield(asyncio.ensure_future(redirect(request["CallSid"])))
        return twiml("<Say>Never heard, and quite long</Say>")

    scene.app.answers("/second", second)
    alice = await scene.calls_in("alice", twiml("<Play digits='1'/>", "<Redirect>/second</Redirect>"))
    await asyncio.sleep(1)
    assert alice.hears(1979)
    assert alice.first_heard(SPEECH_HZ) is None
