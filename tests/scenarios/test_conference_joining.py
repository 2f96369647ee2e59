"""Coming into a conference: twilio-conference-api.md 1.2, 3.1 and 3.2."""

import asyncio

from tests.scenarios.cast import Scene, enter, everybody, scenario, twiml

from mixminus.testing.sounds import MUSIC_HZ, SPEECH_HZ


@scenario
async def test_the_first_leg_waits_in_a_conference_that_is_in_init(scene: Scene) -> None:
    """twilio-conference-api.md 3.2: the leg hears wait audio even if its own startConferenceOnEnter is true."""
    alice = await scene.calls_in("alice", enter("room"))
    await asyncio.sleep(0.5)
    assert (await scene.conference()).status == "init"
    assert alice.hears(MUSIC_HZ)


@scenario
async def test_the_second_leg_starts_it(scene: Scene) -> None:
    """twilio-conference-api.md 3.2: music stops, both talk."""
    alice = await scene.calls_in("alice", enter("room"))
    await scene.calls_in("bob", enter("room"))
    assert await scene.pairs() == everybody("alice", "bob")
    assert not alice.hears(MUSIC_HZ)
    assert (await scene.conference()).status == "in-progress"


@scenario
async def test_nothing_starts_while_nobody_may_start_it(scene: Scene) -> None:
    """twilio-conference-api.md 3.2: all have the flag false: everybody waits, until a leg with true arrives."""
    for name in ("alice", "bob"):
        await scene.calls_in(name, enter("room", start_conference_on_enter=False))
    assert await scene.pairs() == set()
    assert all(call.hears(MUSIC_HZ) for call in scene.calls.values())
    assert (await scene.conference()).status == "init"

    await scene.calls_in("carol", enter("room"))
    assert await scene.pairs() == everybody("alice", "bob", "carol")
    assert not any(call.hears(MUSIC_HZ) for call in scene.calls.values())


@scenario
async def test_a_leg_may_come_in_muted(scene: Scene) -> None:
    """twilio-conference-api.md 3.1 muted: it hears everything and is heard by nobody."""
    await scene.calls_in("alice", enter("room"))
    await scene.calls_in("bob", enter("room", muted=True))
    assert await scene.pairs() == {("bob", "alice")}
    assert (await scene.participants())[scene.sid("bob")].muted is True


@scenario
async def test_a_name_is_one_room_and_another_name_another(scene: Scene) -> None:
    """twilio-conference-api.md 1.2: only one conference of a name is live; names are case-sensitive."""
    for name, room in (("alice", "Room"), ("bob", "Room"), ("carol", "room"), ("dave", " room ")):
        await scene.calls_in(name, enter(room))
    assert await scene.pairs() == everybody("alice", "bob") | everybody("carol", "dave")


@scenario
async def test_a_name_may_be_used_again_when_its_conference_is_over(scene: Scene) -> None:
    """twilio-conference-api.md 1.2: a new leg joins the live one, otherwise a new CF is created."""
    await scene.calls_in("alice", enter("room"))
    first = (await scene.conference()).sid
    await scene.calls["alice"].hang_up()
    await asyncio.sleep(0.2)
    await scene.calls_in("bob", enter("room"))
    assert (await (await scene.room()).fetch_async()).sid != first
    assert len(await scene.twilio.conferences.list_async(friendly_name="room")) == 2


@scenario
async def test_a_full_room_turns_away_and_the_next_verb_runs(scene: Scene) -> None:
    """twilio-conference-api.md 3.1 maxParticipants, 3.2 room full (16020)."""
    for name in ("alice", "bob"):
        await scene.calls_in(name, enter("room", max_participants=2))
    carol = await scene.calls_in("carol", enter("room", then="The room is full, sorry.", max_participants=9))
    assert carol.hears(SPEECH_HZ)
    assert await scene.pairs("alice", "bob") == everybody("alice", "bob")
    assert len(await scene.participants()) == 2
    await carol.ended(within_s=3)


@scenario
async def test_more_than_250_may_be_allowed(scene: Scene) -> None:
    """Issue 2: MaxParticipants may exceed 250 (Twilio: 16002)."""
    await scene.calls_in("alice", enter("room", max_participants=1000))
    await scene.calls_in("bob", enter("room"))
    assert await scene.pairs() == everybody("alice", "bob")


@scenario
async def test_a_label_is_unique_and_its_second_owner_goes_on_at_the_next_verb(scene: Scene) -> None:
    """twilio-conference-api.md 3.1 participantLabel: 16025, the leg is not admitted."""
    await scene.calls_in("alice", enter("room", participant_label="customer"))
    bob = await scene.calls_in("bob", enter("room", participant_label="customer", then="Who are you?"))
    assert bob.hears(SPEECH_HZ)
    assert [one.label for one in (await scene.participants()).values()] == ["customer"]


@scenario
async def test_a_label_is_free_again_when_its_owner_has_left(scene: Scene) -> None:
    """twilio-conference-api.md 2.1: unique among *live* participants."""
    await scene.calls_in("alice", enter("room"))
    await scene.calls_in("bob", enter("room", participant_label="agent"))
    await scene.calls.pop("bob").hang_up()
    await scene.calls_in("carol", enter("room", participant_label="agent"))
    assert await scene.pairs() == everybody("alice", "carol")


@scenario
async def test_a_label_that_looks_like_a_call_sid_is_refused(scene: Scene) -> None:
    """twilio-conference-api.md 2.1, error 16023."""
    alice = await scene.calls_in("alice", enter("room", participant_label="CA" + "0" * 32, then="No such label."))
    assert alice.hears(SPEECH_HZ)
    assert await scene.twilio.conferences.list_async() == []


@scenario
async def test_a_participant_is_shown_as_it_came(scene: Scene) -> None:
    """twilio-conference-api.md 2.2: every property of a leg that waits."""
    await scene.calls_in(
        "alice",
        enter("room", participant_label="customer", start_conference_on_enter=False, end_conference_on_exit=True),
    )
    room = await scene.room()
    shown = await room.participants("customer").fetch_async()
    assert shown.call_sid == scene.sid("alice")
    assert (shown.label, shown.status, shown.muted, shown.hold, shown.coaching) == (
        "customer",
        "connected",
        False,
        False,
        False,
    )
    assert (shown.start_conference_on_enter, shown.end_conference_on_exit) == (False, True)
    assert shown.call_sid_to_coach is None
    assert shown.queue_time is None
    by_sid = await room.participants(scene.sid("alice")).fetch_async()
    assert by_sid.label == "customer"


@scenario
async def test_a_region_is_shown_as_the_first_participant_gave_it(scene: Scene) -> None:
    """twilio-conference-api.md 3.1 region."""
    await scene.calls_in("alice", enter("room", region="ie1"))
    await scene.calls_in("bob", enter("room", region="de1"))
    assert (await scene.conference()).region == "ie1"


@scenario
async def test_a_conference_may_be_named_by_its_sid(scene: Scene) -> None:
    """twilio-conference-api.md 2.1: a CF SID leads to the live conference; an unknown one leads nowhere."""
    await scene.calls_in("alice", enter("room"))
    await scene.calls_in("bob", enter((await scene.conference()).sid))
    assert await scene.pairs() == everybody("alice", "bob")
    carol = await scene.calls_in("carol", enter("CF" + "0" * 32, then="Nobody is there."))
    assert carol.hears(SPEECH_HZ)
    assert len(await scene.twilio.conferences.list_async()) == 1


@scenario
async def test_who_comes_and_goes_is_announced_by_a_beep(scene: Scene) -> None:
    """twilio-conference-api.md 3.1 beep: true, false, onEnter, onExit; 740 and 988 Hz here."""
    alice = await scene.calls_in("alice", enter("room", beep=False))
    await scene.calls_in("bob", enter("room", beep=False))
    await scene.calls.pop("bob").hang_up()
    await asyncio.sleep(0.3)
    assert alice.first_heard(988) is None, "beep=false"

    await scene.calls_in("carol", enter("room", beep="onEnter"), settle_s=0.6)
    entered = alice.last_heard(988)
    assert entered is not None
    await scene.calls.pop("carol").hang_up()
    await asyncio.sleep(0.5)
    assert alice.last_heard(988) == entered, "onEnter says nothing of the exit"

    await scene.calls_in("dave", enter("room", beep="onExit"))
    assert alice.last_heard(988) == entered, "onExit says nothing of the entry"
    await scene.calls.pop("dave").hang_up()
    await asyncio.sleep(0.5)
    left = alice.last_heard(988)
    assert left is not None
    assert left > entered


@scenario
async def test_the_text_around_the_verbs_does_not_matter_and_the_case_of_names_does(scene: Scene) -> None:
    """twiml-and-streams.md 1.1: elements are case-sensitive; what is unknown is skipped, the rest runs."""
    document = twiml("<dial><Conference>room</Conference></dial>", "<Say>I am still here</Say>")
    alice = await scene.calls_in("alice", document)
    assert alice.hears(SPEECH_HZ)
    assert await scene.twilio.conferences.list_async() == []
