"""`AnnounceUrl` of a conference: twilio-conference-api.md 1.5, 3.2 and 4.2."""

import asyncio

import pytest
from tests.scenarios.cast import Scene, enter, enter_telling, scenario, twiml
from twilio.base.exceptions import TwilioRestException

from mixminus.testing.sounds import MUSIC_HZ, SPEECH_HZ

NOTE_HZ = 1979


async def three(scene: Scene) -> None:
    """Alice and bob talk; carol is on hold."""
    await scene.calls_in("alice", enter_telling("room"))
    await scene.calls_in("bob", enter("room"))
    await scene.calls_in("carol", enter("room"))
    await scene.update("carol", hold=True)


@scenario
async def test_everybody_in_the_room_hears_it_and_goes_on_talking(scene: Scene) -> None:
    """1.5 AnnounceUrl, AnnounceMethod (POST); a held leg hears its hold audio and nothing else (DESIGN.md law 1)."""
    await three(scene)
    scene.app.answers("/announce", twiml("<Say>The call is being recorded for training.</Say>"))
    scene.calls["bob"].hum(2371)
    await (await scene.room()).update_async(announce_url=scene.world.url("/announce"))
    await asyncio.sleep(0.6)
    assert scene.calls["alice"].chord(frequencies_hz=(SPEECH_HZ, 2371)) == {SPEECH_HZ, 2371}
    assert scene.calls["bob"].hears(SPEECH_HZ)
    assert scene.calls["carol"].chord(frequencies_hz=(SPEECH_HZ, MUSIC_HZ)) == {MUSIC_HZ}
    await asyncio.sleep(3)
    assert scene.calls["carol"].first_heard(SPEECH_HZ) is None
    [asked] = scene.told("/announce")
    assert (asked.method, asked["FriendlyName"], asked["ConferenceSid"]) == (
        "POST",
        "room",
        (await scene.conference()).sid,
    )
    [ended] = scene.told(StatusCallbackEvent="announcement-end")
    assert ended["AnnounceUrl"] == scene.world.url("/announce")


@scenario
async def test_a_file_is_announced_once(scene: Scene) -> None:
    """1.5: URL returning MP3 or WAV; AnnounceMethod GET."""
    await three(scene)
    url = scene.serves_note("/note.wav", NOTE_HZ, 0.5)
    await (await scene.room()).update_async(announce_url=url, announce_method="GET")
    await asyncio.sleep(2)
    first, last = (getattr(scene.calls["alice"], f"{end}_heard")(NOTE_HZ) for end in ("first", "last"))
    assert 0.4 < last - first < 0.65


@scenario
async def test_a_file_of_the_node_is_announced_once_too(scene: Scene) -> None:
    """Issue 2: media:NAME. It goes round as hold music, not as an announcement."""
    await three(scene)
    await (await scene.room()).update_async(announce_url=f"media:{NOTE_HZ}.wav")
    await asyncio.sleep(6)
    assert scene.calls["alice"].first_heard(NOTE_HZ) is not None
    assert not scene.calls["alice"].hears(NOTE_HZ, last_ms=500)
    assert scene.events()[-1] == "announcement-end"


@scenario
async def test_play_say_pause_and_redirect_are_allowed(scene: Scene) -> None:
    """1.5: TwiML with Play, Say, Pause, Redirect."""
    await three(scene)
    url = scene.serves_note("/note.wav", NOTE_HZ, 0.3)
    scene.app.answers("/announce", twiml("<Say>One</Say>", "<Pause length='1'/>", "<Redirect>/more</Redirect>"))
    scene.app.answers("/more", twiml(f"<Play>{url}</Play>"))
    await (await scene.room()).update_async(announce_url=scene.world.url("/announce"))
    await asyncio.sleep(4)
    said, played = scene.calls["bob"].last_heard(SPEECH_HZ), scene.calls["bob"].first_heard(NOTE_HZ)
    assert said is not None
    assert played is not None
    assert played - said > 0.9
    assert scene.events().count("announcement-end") == 1


@pytest.mark.parametrize("verb", ["<Dial>+15550001111</Dial>", "<Gather/>", "<Hangup/>", "<Record/>"])
def test_any_other_verb_fails_the_announcement(verb: str) -> None:
    """3.2: 13238; 4.2 announcement-fail with ReasonAnnouncementFailed. Nobody is disturbed."""

    @scenario
    async def story(scene: Scene) -> None:
        await three(scene)
        scene.app.answers("/announce", twiml("<Say>Never heard</Say>", verb))
        await (await scene.room()).update_async(announce_url=scene.world.url("/announce"))
        await asyncio.sleep(0.5)
        [failed] = scene.told(StatusCallbackEvent="announcement-fail")
        assert failed["AnnounceUrl"] == scene.world.url("/announce")
        assert "not allowed" in failed["ReasonAnnouncementFailed"]
        assert scene.calls["alice"].first_heard(SPEECH_HZ) is None
        assert all(call.end is None for call in scene.calls.values())

    story()


@pytest.mark.parametrize("trouble", ["fails", "stalls"])
def test_a_url_that_cannot_be_fetched_fails_the_announcement(trouble: str) -> None:
    """4.2 announcement-fail."""

    @scenario
    async def story(scene: Scene) -> None:
        await three(scene)
        if trouble == "fails":
            scene.app.fails("/announce", 404)
        else:
            scene.app.stalls("/announce", 60)
        await (await scene.room()).update_async(announce_url=scene.world.url("/announce"))
        await asyncio.sleep(17)
        assert scene.events()[-1] == "announcement-fail"

    story()


@scenario
async def test_nothing_can_be_announced_before_the_start(scene: Scene) -> None:
    """6.5: 16001, conference not bridged."""
    await scene.calls_in("alice", enter("room"))
    with pytest.raises(TwilioRestException) as refusal:
        await (await scene.room()).update_async(announce_url="media:1979.wav")
    assert (refusal.value.code, refusal.value.status) == (16001, 409)


@scenario
async def test_two_announcements_are_heard_together_and_end_one_by_one(scene: Scene) -> None:
    """1.5: nothing says that a second one has to wait."""
    await three(scene)
    room = await scene.room()
    await room.update_async(announce_url=scene.serves_note("/long.wav", NOTE_HZ, 2.0), announce_method="GET")
    await room.update_async(announce_url=scene.serves_note("/short.wav", 2371, 0.5), announce_method="GET")
    await asyncio.sleep(0.4)
    assert scene.calls["alice"].chord(frequencies_hz=(NOTE_HZ, 2371)) == {NOTE_HZ, 2371}
    await asyncio.sleep(3)
    urls = [told["AnnounceUrl"] for told in scene.told(StatusCallbackEvent="announcement-end")]
    assert urls == [scene.world.url("/short.wav"), scene.world.url("/long.wav")]


@scenario
async def test_an_announcement_ends_with_its_conference(scene: Scene) -> None:
    """1.5: Status=completed while it plays; who goes on at the next verb does not hear it any more."""
    alice = await scene.calls_in("alice", enter("room", then="That was it, thank you."))
    await scene.calls_in("bob", enter("room"))
    room = await scene.room()
    await room.update_async(announce_url=f"media:{NOTE_HZ}.wav")
    await asyncio.sleep(0.5)
    await room.update_async(status="completed")
    await asyncio.sleep(0.4)
    assert alice.chord(frequencies_hz=(NOTE_HZ, SPEECH_HZ)) == {SPEECH_HZ}
