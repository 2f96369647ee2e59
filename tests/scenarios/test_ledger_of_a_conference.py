"""The ledger against the law and against the ear: DESIGN.md laws 1 and 2, for every tick."""

import asyncio
from collections.abc import Mapping
from typing import Any

from sqlalchemy import text
from tests.scenarios.cast import Scene, enter, scenario, twiml

from mixminus.base.types import Sid
from mixminus.calls.records import ConferenceStatus, LedgerEntry, ParticipantStatus
from mixminus.insights.hearing import HeardSpan, heard, holds, waits, whispers
from mixminus.insights.ledger import Ledger, Sound, read
from mixminus.store.contract import Is, Where

Matrix = Mapping[str, frozenset[str]]


async def ledger_of(scene: Scene, name: str = "room") -> Ledger:
    sid = Sid((await scene.conference(name)).sid)
    found = read(sid, await scene.world.store.query(LedgerEntry, Where("conference_sid", Is.EQUAL, sid)))
    assert found is not None
    return found


class Prophet:
    """Says before every tick who will hear whom in it, by the law alone: from the participants' records."""

    def __init__(self, scene: Scene) -> None:
        self.said: dict[int, Matrix] = {}
        self.ears: dict[int, Mapping[str, str]] = {}
        self._world = scene.world
        self._tick = scene.world.plane.tick
        scene.world.plane.tick = self.tick  # type: ignore[method-assign]

    def tick(self) -> None:
        for room in self._world.exchange.live_conferences:
            number = self._world.engine.ticks + 1
            people = [one for one in room.machine.participants() if one.status is ParticipantStatus.CONNECTED]
            started = room.record.status is ConferenceStatus.IN_PROGRESS
            self.said[number] = {
                listener.call_sid: frozenset(
                    speaker.call_sid
                    for speaker in people
                    if started
                    and speaker is not listener
                    and not listener.hold
                    and not speaker.hold
                    and not speaker.muted
                    and (not speaker.coaching or listener.call_sid in speaker.call_sids_to_coach)
                )
                for listener in people
            }
            self.ears[number] = {
                one.call_sid: "hold" if one.hold else "room" if started else "wait" for one in people
            }
        self._tick()


def at(spans: list[HeardSpan], tick: int) -> list[HeardSpan]:
    return [span for span in spans if span.from_tick <= tick < span.to_tick]


async def contact_center(scene: Scene) -> None:
    """A caller waits, is answered, held, coached upon, barged in on, handed over."""
    await scene.calls_in("caller", enter("room"))
    await asyncio.sleep(0.7)
    agent = await scene.calls_in("agent", enter("room", participant_label="agent"))
    await asyncio.sleep(0.51)
    await scene.update("caller", hold=True)
    await asyncio.sleep(0.33)
    await scene.update("agent", muted=True)
    await scene.update("caller", hold=False)
    await asyncio.sleep(0.3)
    await scene.update("agent", muted=False)
    await scene.adds("boss", coaching=True, call_sid_to_coach=scene.sid("agent"), label="boss", beep="false")
    await asyncio.sleep(0.4)
    await scene.update("boss", muted=True)
    await asyncio.sleep(0.1)
    await scene.update("boss", muted=False)
    await asyncio.sleep(0.1)
    await scene.update("boss", coaching=False)
    await asyncio.sleep(0.4)
    await agent.hang_up()
    await asyncio.sleep(0.4)


@scenario
async def test_the_ledger_equals_the_laws_prediction_for_every_tick(scene: Scene) -> None:
    prophet = Prophet(scene)
    await contact_center(scene)
    await (await scene.room()).update_async(status="completed")
    await asyncio.sleep(0.5)
    ledger = await ledger_of(scene)
    assert ledger.fault is None
    assert ledger.head.ended
    spans = list(heard(ledger))
    ticks = range(ledger.head.first_tick, ledger.head.reached_tick)
    assert len(ticks) > 150
    assert len({frozenset(matrix.items()) for matrix in prophet.said.values()}) >= 8, "the story has few scenes"
    for tick in ticks:
        now = at(spans, tick)
        assert {span.call_sid: frozenset(span.hears) for span in now} == prophet.said[tick], tick
        assert {span.call_sid: span.ear for span in now} == prophet.ears[tick], tick


@scenario
async def test_the_ledger_says_what_the_ear_hears(scene: Scene) -> None:
    for name in ("alice", "bob", "carol"):
        await scene.calls_in(name, enter("room", beep=False))
    names = {scene.sid(name): name for name in scene.calls}
    changes: list[dict[str, Any]] = [{}, {"muted": True}, {"muted": False, "hold": True}, {"hold": False}]
    for change in changes:
        if change:
            await scene.update("bob", **change)
        pairs = await scene.pairs()
        ledger = await ledger_of(scene)
        now = at(list(heard(ledger)), ledger.head.reached_tick)
        assert {(names[span.call_sid], names[who]) for span in now for who in span.hears} == pairs


@scenario
async def test_private_and_common_sounds_are_in_it_by_name(scene: Scene) -> None:
    prompt = scene.serves_note("/prompt.wav", 900, seconds=0.4)
    await scene.calls_in("alice", enter("room"))
    await asyncio.sleep(0.3)
    await scene.calls_in("bob", enter("room"))
    await asyncio.sleep(0.6)
    await scene.update("alice", hold=True, hold_url=prompt)
    await asyncio.sleep(0.6)
    await scene.update("alice", hold=False)
    await scene.update("bob", announce_url=prompt)
    await asyncio.sleep(0.6)
    await (await scene.room()).update_async(announce_url=prompt)
    await asyncio.sleep(0.6)
    spans = list(heard(await ledger_of(scene)))

    def sounds(name: str) -> list[Sound]:
        """In the order in which they began."""
        return list(dict.fromkeys(one for span in spans if span.call_sid == scene.sid(name) for one in span.sounds))

    told = Sound("announcement", prompt)
    beep = Sound("beep", "enter")
    assert sounds("alice") == [Sound("wait", "house music"), beep, Sound("hold", prompt), told]
    assert sounds("bob") == [beep, told]
    [private] = [span for span in spans if told in span.sounds and span.call_sid == scene.sid("bob")][:1]
    assert 19 <= private.to_tick - private.from_tick <= 21


@scenario
async def test_who_waited_held_and_whispered(scene: Scene) -> None:
    await contact_center(scene)
    ledger = await ledger_of(scene)
    caller, agent = Sid(scene.sid("caller")), Sid(scene.sid("agent"))
    [boss] = [run.call_sid for run in ledger.runs if run.call_sid not in (caller, agent, None)][:1]
    assert boss is not None
    [wait], [hold] = waits(ledger, caller), holds(ledger, caller)
    assert ledger.ms(wait.from_tick) == 0
    assert 700 <= ledger.ms(wait.to_tick) <= 1_100
    assert 320 <= (hold.to_tick - hold.from_tick) * 20 <= 400
    before, after = whispers(ledger, boss)
    assert before.other == after.other == agent
    assert 90 <= (after.from_tick - before.to_tick) * 20 <= 140
    assert holds(ledger, agent) == whispers(ledger, agent) == ()


@scenario
async def test_a_conference_that_goes_on_has_a_ledger_until_the_last_few_seconds(scene: Scene) -> None:
    """What a crash would leave: every run that had begun, and how far they are known."""
    await scene.calls_in("alice", enter("room"))
    await scene.calls_in("bob", enter("room"))
    await asyncio.sleep(12)
    ledger = await ledger_of(scene)
    assert ledger.fault is None
    assert not ledger.head.ended
    assert scene.world.engine.ticks - ledger.head.reached_tick <= 250
    assert {span.to_tick for span in at(list(heard(ledger)), ledger.head.reached_tick)} == {ledger.end_tick}


@scenario
async def test_a_flipped_bit_in_the_database_is_found(scene: Scene) -> None:
    await contact_center(scene)
    before = await ledger_of(scene)
    assert before.fault is None
    connection = scene.world.store._session._connection
    with connection.begin():
        content = connection.scalar(text("select content from ledger where number = 4"))
        flipped = bytes([*content[:40], content[40] ^ 1, *content[41:]])
        connection.execute(text("update ledger set content = :content where number = 4"), {"content": flipped})
    after = await ledger_of(scene)
    assert after.fault == "entry 4 does not match its hash"
    assert after.runs == before.runs[:3]


@scenario
async def test_who_comes_back_has_spans_of_both_visits(scene: Scene) -> None:
    again = twiml("<Pause length='1'/>", "<Dial><Conference beep='false'>room</Conference></Dial>")
    scene.app.answers("/again", again)
    await scene.calls_in("bob", enter("room", beep=False))
    dial = {"action": "/again"}
    await scene.calls_in("alice", enter("room", dial=dial, beep=False, participant_label="alice"))
    await (await scene.room()).participants("alice").delete_async()
    await asyncio.sleep(2)
    ledger = await ledger_of(scene)
    mine = [span for span in heard(ledger) if span.call_sid == scene.sid("alice") and span.hears]
    before, after = mine
    assert 49 <= after.from_tick - before.to_tick <= 52
    assert after.to_tick == ledger.end_tick
