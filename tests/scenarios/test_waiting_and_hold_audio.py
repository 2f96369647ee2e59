"""What is heard while one waits or is held: twilio-conference-api.md 2.5, 3.1 waitUrl and 3.2."""

import asyncio

from tests.scenarios.cast import Scene, enter, everybody, scenario, twiml

from mixminus.testing.sounds import MUSIC_HZ, SPEECH_HZ

NOTE_HZ = 1979
OTHER_HZ = 2371


@scenario
async def test_an_empty_wait_url_is_silence(scene: Scene) -> None:
    """3.1 waitUrl: empty plays nothing, and asks nobody."""
    alice = await scene.calls_in("alice", enter("room", wait_url=""))
    await asyncio.sleep(1)
    assert alice.first_heard(MUSIC_HZ) is None
    assert [request.path for request in scene.app.requests] == ["/alice"]


@scenario
async def test_a_wait_url_may_be_an_audio_file_which_plays_once(scene: Scene) -> None:
    """3.2: waitUrl may be MP3 or WAV; when it has ended, silence follows."""
    url = scene.serves_note("/wait.wav", NOTE_HZ, 1.0)
    alice = await scene.calls_in("alice", enter("room", wait_url=url, wait_method="GET"))
    await asyncio.sleep(3)
    first, last = alice.first_heard(NOTE_HZ), alice.last_heard(NOTE_HZ)
    assert first is not None
    assert last is not None
    assert 0.9 < last - first < 1.2
    assert alice.first_heard(MUSIC_HZ) is None


@scenario
async def test_a_wait_document_says_plays_and_pauses_and_is_told_which_conference(scene: Scene) -> None:
    """3.2: TwiML of Play, Say, Pause; 4.6: the request carries the call, ConferenceSid and FriendlyName."""
    note = scene.serves_note("/note.wav", NOTE_HZ, 0.5)
    scene.app.answers("/wait", twiml("<Say>Hello</Say>", "<Pause length='1'/>", f"<Play>{note}</Play>"))
    alice = await scene.calls_in("alice", enter("room", wait_url="/wait"))
    await asyncio.sleep(3)
    said, played = alice.last_heard(SPEECH_HZ), alice.first_heard(NOTE_HZ)
    assert said is not None
    assert played is not None
    assert 0.9 < played - said < 1.15
    [request] = scene.told("/wait")
    assert request.method == "POST"
    assert request["CallSid"] == scene.sid("alice")
    assert request["From"] == scene.told("/alice")[0]["From"]
    assert request["FriendlyName"] == "room"
    assert request["ConferenceSid"] == (await scene.conference()).sid


@scenario
async def test_an_empty_redirect_loops_the_wait_document_until_the_conference_starts(scene: Scene) -> None:
    """3.2: an empty Redirect asks for the same URL again. It ceases at the start."""
    note = scene.serves_note("/note.wav", NOTE_HZ, 0.5)
    scene.app.answers("/wait", twiml(f"<Play>{note}</Play>", "<Pause length='1'/>", "<Redirect/>"))
    alice = await scene.calls_in("alice", enter("room", wait_url="/wait"))
    await asyncio.sleep(5)
    asked = len(scene.told("/wait"))
    assert 3 <= asked <= 4
    await scene.calls_in("bob", enter("room"))
    await asyncio.sleep(4)
    assert not alice.hears(NOTE_HZ, last_ms=3000)
    assert len(scene.told("/wait")) == asked


@scenario
async def test_wait_method_get_puts_the_parameters_into_the_query(scene: Scene) -> None:
    """3.1 waitMethod."""
    scene.app.answers("/wait", twiml("<Pause length='9'/>"))
    await scene.calls_in("alice", enter("room", wait_url="/wait?lang=de", wait_method="GET"))
    [request] = scene.told("/wait")
    assert request.method == "GET"
    assert request["lang"] == "de"
    assert request["CallSid"] == scene.sid("alice")


@scenario
async def test_a_verb_that_is_not_allowed_ends_the_attempt_to_join(scene: Scene) -> None:
    """3.2: Dial, Gather, Hangup, Record… in waitUrl are error 13238; flow goes on after <Dial>."""
    scene.app.answers("/wait", twiml("<Gather/>"))
    alice = await scene.calls_in("alice", enter("room", wait_url="/wait", then="Never mind."))
    assert alice.hears(SPEECH_HZ)
    assert (await scene.conference()).status == "completed"


@scenario
async def test_a_wait_url_that_fails_sends_the_leg_to_its_action(scene: Scene) -> None:
    """3.2: "that leg's conference is not established; flow continues after <Dial> or at action"."""
    scene.app.fails("/wait", 500)
    scene.app.answers("/after", twiml("<Say>Something went wrong</Say>"))
    alice = await scene.calls_in("alice", enter("room", wait_url="/wait", dial={"action": "/after"}))
    assert alice.hears(SPEECH_HZ)
    [after] = scene.told("/after")
    assert (after["DialCallStatus"], after["DialBridged"]) == ("failed", "false")


@scenario
async def test_wait_audio_may_be_a_file_of_the_node(scene: Scene) -> None:
    """Issue 2: wait and hold audio may be media:NAME; it goes round until it is no longer wanted."""
    alice = await scene.calls_in("alice", enter("room", wait_url=f"media:{NOTE_HZ}.wav"))
    await asyncio.sleep(9)
    assert alice.hears(NOTE_HZ, last_ms=500)
    assert not alice.hears(MUSIC_HZ, last_ms=500)


@scenario
async def test_a_held_leg_hears_hold_music_only_and_is_heard_by_nobody(scene: Scene) -> None:
    """2.8 hold: hold music only. The others go on talking."""
    for name in ("alice", "bob", "carol"):
        await scene.calls_in(name, enter("room"))
    updated = await scene.update("alice", hold=True)
    assert updated.hold is True
    assert await scene.pairs() == everybody("bob", "carol")
    assert scene.calls["alice"].hears(MUSIC_HZ)
    assert not scene.calls["bob"].hears(MUSIC_HZ)

    assert (await scene.update("alice", hold=False)).hold is False
    assert await scene.pairs() == everybody("alice", "bob", "carol")
    assert not scene.calls["alice"].hears(MUSIC_HZ)


@scenario
async def test_a_hold_url_is_fetched_by_get_and_played_once(scene: Scene) -> None:
    """2.5 HoldUrl, HoldMethod (default GET): a bare audio URL plays once and does not loop."""
    url = scene.serves_note("/hold.wav", NOTE_HZ, 1.0)
    alice = await scene.calls_in("alice", enter("room"))
    await scene.calls_in("bob", enter("room"))
    await scene.update("alice", hold=True, hold_url=url)
    await asyncio.sleep(3)
    first, last = alice.first_heard(NOTE_HZ), alice.last_heard(NOTE_HZ)
    assert first is not None
    assert last is not None
    assert 0.9 < last - first < 1.2
    assert {request.method for request in scene.told("/hold.wav")} == {"GET"}
    assert not alice.hears(MUSIC_HZ, last_ms=1500)
    assert await scene.pairs() == set()


@scenario
async def test_a_hold_document_may_loop(scene: Scene) -> None:
    """2.5 HoldUrl with TwiML, HoldMethod POST; twiml-and-streams.md 3: looping is up to the document."""
    note = scene.serves_note("/note.wav", NOTE_HZ, 0.5)
    scene.app.answers("/hold", twiml(f"<Play loop='0'>{note}</Play>"))
    alice = await scene.calls_in("alice", enter("room"))
    await scene.calls_in("bob", enter("room"))
    await scene.update("alice", hold=True, hold_url=scene.world.url("/hold"), hold_method="POST")
    await asyncio.sleep(4)
    assert alice.hears(NOTE_HZ, last_ms=300)
    [request] = scene.told("/hold")
    assert (request.method, request["CallSid"]) == ("POST", scene.sid("alice"))
    await scene.update("alice", hold=False)
    await asyncio.sleep(0.3)
    assert not alice.hears(NOTE_HZ)


@scenario
async def test_the_hold_audio_may_be_changed_while_it_plays(scene: Scene) -> None:
    """2.5 HoldUrl on a participant that is held already."""
    alice = await scene.calls_in("alice", enter("room"))
    await scene.calls_in("bob", enter("room"))
    await scene.update("alice", hold=True, hold_url=f"media:{NOTE_HZ}.wav")
    await asyncio.sleep(0.5)
    assert alice.chord() == {NOTE_HZ}
    await scene.update("alice", hold=True, hold_url=f"media:{OTHER_HZ}.wav")
    await asyncio.sleep(0.5)
    assert alice.chord() == {OTHER_HZ}


@scenario
async def test_a_hold_url_that_fails_leaves_silence_and_the_leg_stays_held(scene: Scene) -> None:
    """3.2 content rules on hold: 13238 and 11200 do not let a held caller hear the briefing."""
    scene.app.answers("/hold", twiml("<Dial>+15550001111</Dial>"))
    alice = await scene.calls_in("alice", enter("room"))
    await scene.calls_in("bob", enter("room"))
    held_at = asyncio.get_running_loop().time()
    await scene.update("alice", hold=True, hold_url=scene.world.url("/hold"))
    assert await scene.pairs() == set()
    assert alice.chord(frequencies_hz=(MUSIC_HZ, SPEECH_HZ)) == frozenset()
    assert (await scene.participants())[scene.sid("alice")].hold is True
    assert held_at < asyncio.get_running_loop().time()


@scenario
async def test_hold_wins_over_waiting(scene: Scene) -> None:
    """2.8 with 3.2: a leg that waits may be held; it hears the hold audio, and the start does not free it."""
    alice = await scene.calls_in("alice", enter("room"))
    await scene.update("alice", hold=True, hold_url=f"media:{NOTE_HZ}.wav")
    await asyncio.sleep(0.4)
    assert alice.chord(frequencies_hz=(NOTE_HZ, MUSIC_HZ)) == {NOTE_HZ}
    await scene.calls_in("bob", enter("room"))
    await scene.calls_in("carol", enter("room"))
    assert await scene.pairs() == everybody("bob", "carol")
    assert alice.hears(NOTE_HZ)


@scenario
async def test_mute_and_hold_are_independent(scene: Scene) -> None:
    """twiml-and-streams.md 2.8: mute and hold are independent."""
    await scene.calls_in("alice", enter("room"))
    await scene.calls_in("bob", enter("room"))
    await scene.update("alice", muted=True, hold=True)
    assert await scene.pairs() == set()
    await scene.update("alice", hold=False)
    assert await scene.pairs() == {("alice", "bob")}
    await scene.update("alice", muted=False)
    assert await scene.pairs() == everybody("alice", "bob")


@scenario
async def test_the_phones_own_hold_is_not_the_conferences(scene: Scene) -> None:
    """Issue 2, SIP: hold by the phone (sendonly, inactive). The participant is not on hold for the API."""
    alice = await scene.calls_in("alice", enter("room"))
    await scene.calls_in("bob", enter("room"))
    await alice.hold("inactive")
    assert await scene.pairs() == set()
    assert (await scene.participants())[scene.sid("alice")].hold is False
    await alice.resume()
    assert await scene.pairs() == everybody("alice", "bob")
