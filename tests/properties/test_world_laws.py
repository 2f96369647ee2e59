"""Whatever people, programs and servers do to a node at once, it comes to rest: all is told, nothing is left.

Random stories through a whole node in virtual time (SIP, media, TwiML, webhooks, the store). In the end every phone
hangs up, every conference is ended, and a minute later nothing may be alive that nobody holds.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable
from itertools import groupby
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from structlog.testing import capture_logs
from tests.properties.chaos import (
    RINGS_S,
    Add,
    Behave,
    ChangeCall,
    ChangeConference,
    Dial,
    Place,
    Stage,
    Story,
    delays,
    number_of,
    stories,
)
from tests.properties.exact_time import run_exactly

from mixminus.base.settings import Settings
from mixminus.base.sids import CALL, CONFERENCE
from mixminus.calls.records import (
    FINAL_CALL_STATUSES,
    CallRecord,
    CallStatus,
    ConferenceRecord,
    ConferenceStatus,
    EventRecord,
    ParticipantRecord,
    RecordingRecord,
    RecordingStatus,
)
from mixminus.testing.world import World

STORIES = int(os.environ.get("MIXMINUS_STORIES", "100"))

RTP_TIMEOUT_S = 1.0
SETTLED_S = RINGS_S + RTP_TIMEOUT_S + 4
SIP_FORGETS_S = 70
"""Twice 64 × T1, and a little: who vanishes without an ACK is waited for, and then sent a BYE (RFC 3261 13.3.1.4)."""


WORTH_TELLING = {
    "conference-start",
    "participant-hold",
    "announcement-end",
    CallStatus.CANCELED,
    CallStatus.NO_ANSWER,
}
"""What a hundred stories must have been about, for their peaceful ends to mean anything."""


@pytest.mark.timeout(600)
def test_a_node_comes_to_rest(tmp_path_factory: pytest.TempPathFactory) -> None:
    told: set[str] = set()

    @settings(
        max_examples=STORIES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(story=stories(), delays_s=delays)
    def comes_to_rest(story: Story, delays_s: dict[str, float]) -> None:
        told.update(run_exactly(tell(story, delays_s, tmp_path_factory.mktemp("node"))))

    comes_to_rest()
    assert STORIES < 100 or told >= WORTH_TELLING


CANCELED, COMPLETED = ChangeCall(0, "canceled", "/say"), ChangeCall(0, "completed", "/say")
RINGING = Behave("bob", "rings", 0)

ONCE_WENT_WRONG: dict[str, Story] = {
    "an application joins the conference that called it": [(Add(None, None, True, False, False), 0.3)],
    "the conference ends before the answer is dealt with": [
        (Dial("cid", "/star"), 1.0),
        (Add(None, None, True, False, False), 0.0),
        (ChangeConference(True), 0.05),
    ],
    "the conference ends before an invited call is placed": [
        (Dial("ann", "/room"), 0.3),
        (Add("bob", None, True, False, False), None),
        (ChangeConference(True), 0.3),
    ],
    "a participant's call is canceled while it rings": [
        (RINGING, 0.0),
        (Add("bob", None, True, False, False), 0.3),
        (CANCELED, 0.3),
    ],
    "a call is canceled while its port is being opened": [(Place("bob", "/say"), 0.0), (CANCELED, 0.3)],
    "a call to an application is canceled at once": [(Add(None, None, True, False, False), 0.0), (CANCELED, 0.3)],
    "a call ends as soon as it is answered": [
        (Behave("bob", "answers", 0), 0.0),
        (Add("bob", None, True, False, False), 0.02),
        (COMPLETED, 0.0),
    ],
}


@pytest.mark.parametrize("name", ONCE_WENT_WRONG)
def test_a_node_comes_to_rest_after_what_once_went_wrong(name: str, tmp_path: Path) -> None:
    run_exactly(tell(ONCE_WENT_WRONG[name], {}, tmp_path))


def test_a_caller_goes_on_when_the_call_it_dialled_is_canceled_while_it_rings() -> None:
    async def story() -> None:
        async with World() as world:
            stage = await Stage.open(world, {})
            stage.phones["bob"].rings_forever()
            caller = await stage.phones["ann"].place(number_of("/bob"))
            await asyncio.sleep(0.3)
            await ChangeCall(1, "canceled", "/say").happen(stage)
            await caller.ended(within_s=1.0)

    run_exactly(story())


def test_a_call_for_a_conference_that_has_ended_is_never_placed() -> None:
    async def story() -> None:
        async with World() as world:
            stage = await Stage.open(world, {})
            await stage.phones["ann"].dial(number_of("/room"))
            stage.start(Add("bob", None, True, False, False))
            stage.start(ChangeConference(True))
            await asyncio.sleep(1.0)
            assert stage.phones["bob"].calls == []
            statuses = {call.to: call.status for call in await world.store.query(CallRecord)}
            assert statuses[stage.dial("bob").to] is CallStatus.CANCELED

    run_exactly(story())


async def tell(
    story: Story,
    delays_s: dict[str, float],
    folder: Path,
    prepare: Callable[[Stage], Awaitable[None]] | None = None,
) -> set[str]:
    """Returns the names of the events that it came to."""
    with capture_logs() as lines:
        async with World(settings=Settings(data=folder, rtp_timeout_s=RTP_TIMEOUT_S)) as world:
            stage = await Stage.open(world, delays_s)
            if prepare is not None:
                await prepare(stage)
            for action, pause_s in story:
                stage.start(action)
                if pause_s is not None:
                    await asyncio.sleep(pause_s)
            await asyncio.sleep(2.0)
            await _everybody_goes_home(stage)
            told = await _assert_all_was_told(world)
            _assert_nothing_is_left(world)
    bugs = [line for line in lines if line["log_level"] in ("error", "critical")]
    assert not bugs, bugs
    return told


async def _everybody_goes_home(stage: Stage) -> None:
    for phone in stage.phones.values():
        phone.rejects()
        for call in list(phone.calls):
            await call.hang_up()
    await asyncio.sleep(SETTLED_S)
    _assert_participants_have_calls(stage.world)
    for room in stage.world.exchange.live_conferences:
        room.end()
    await asyncio.sleep(SIP_FORGETS_S)
    stage.finish()


def _assert_participants_have_calls(world: World) -> None:
    calls = {session.sid for session in world.exchange.live_calls}
    for room in world.exchange.live_conferences:
        ghosts = [p.call_sid for p in room.machine.participants() if p.live and p.call_sid not in calls]
        assert not ghosts, f"in {room.record.sid} there are participants whose calls are over: {ghosts}"


async def _assert_all_was_told(world: World) -> set[str]:
    calls = await world.store.query(CallRecord)
    assert {call.status for call in calls} <= FINAL_CALL_STATUSES, [(c.sid, c.status) for c in calls]
    conferences = await world.store.query(ConferenceRecord)
    assert {conference.status for conference in conferences} <= {ConferenceStatus.COMPLETED}
    participants = await world.store.query(ParticipantRecord)
    assert not [p for p in participants if p.live]
    recordings = await world.store.query(RecordingRecord)
    assert {r.status for r in recordings} <= {RecordingStatus.COMPLETED, RecordingStatus.ABSENT}
    events = sorted(await world.store.query(EventRecord), key=lambda e: (e.subject_sid, e.sequence_number))
    told = {sid: list(group) for sid, group in groupby(events, key=lambda event: event.subject_sid)}
    subjects = {sid for sid in told if sid.startswith((CALL, CONFERENCE))}
    assert subjects == {call.sid for call in calls} | {conference.sid for conference in conferences}
    for call in calls:
        _assert_a_call_was_told(call, told[call.sid])
    for conference in conferences:
        _assert_a_conference_was_told(told[conference.sid])
    return {event.name for event in events}


def _assert_a_call_was_told(call: CallRecord, events: list[EventRecord]) -> None:
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert [event.name for event in events if event.name in FINAL_CALL_STATUSES] == [call.status.value]
    assert events[-1].name == call.status


def _assert_a_conference_was_told(events: list[EventRecord]) -> None:
    assert [event.sequence_number for event in events] == list(range(1, len(events) + 1))
    names = [event.name for event in events]
    assert names.count("conference-end") == 1
    assert names[-1] == "conference-end"
    inside: set[str | None] = set()
    for event in events:
        if event.name == "participant-join":
            assert event.call_sid not in inside
            inside.add(event.call_sid)
        elif event.name == "participant-leave":
            inside.discard(event.call_sid)
    assert not inside, f"joined and never left: {inside}"


def _assert_nothing_is_left(world: World) -> None:
    engine, node = world.engine, world.node
    slots = (engine.legs.slots, engine.rooms.slots, engine.players.slots, engine.recorders.slots)
    left: dict[str, object] = {
        "calls": [call.record for call in node.exchange.live_calls],
        "conferences": node.exchange.live_conferences,
        "tasks": [task.get_name() for task in node.tasks._running],
        "legs, rooms, players, recorders": [part.count for part in slots]
        if any(part.count for part in slots)
        else [],
        "streams": [len(node.streams), len(node.media.streams), engine.streaming.is_idle]
        if len(node.streams) or len(node.media.streams) or not engine.streaming.is_idle
        else [],
        "waited for": [name for name, value in vars(node.media).items() if isinstance(value, dict) and value],
        "dialogs": node.desk._owners,
        "SIP calls": world.sip.open_calls,
        "SIP transactions": world.sip.open_transactions,
    }
    assert not any(left.values()), {name: what for name, what in left.items() if what}
