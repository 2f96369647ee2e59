"""A node under load while the network loses packets: every call ends on both sides and leaves nothing (issue 5)."""

import asyncio
import random

import pytest
from structlog.testing import capture_logs
from tests.scenarios.cast import NUMBER, Scene, scenario, twiml
from tests.scenarios.crowd import Crowd
from tests.scenarios.test_nothing_left_over import held

from mixminus.calls.records import FINAL_CALL_STATUSES, CallRecord, ConferenceRecord, ConferenceStatus
from mixminus.testing.memory_network import Conditions
from mixminus.testing.world import SIP

CALLS_PER_S = 10
FORGOTTEN_AFTER_S = 140.0
"""A 200 without ACK, the BYE after it, and both transactions: each lives for 32 s."""


BOUNDED = ("_calls.ended", "patience._spent")
"""How many calls ended in which way, and hosts that were refused: a line each."""


class Load:
    """Calls of every kind, drawn from a seed."""

    def __init__(self, scene: Scene, crowd: Crowd, seed: int) -> None:
        self.scene = scene
        self.crowd = crowd
        self.dice = random.Random(seed)

    async def open(self) -> None:
        """Numbers that put people in rooms, that hang up by themselves, and that take their time."""
        scene = self.scene
        scene.app.answers("/rooms", lambda _: self._room())
        scene.app.answers("/brief", twiml('<Gather timeout="1"/>'))
        scene.app.stalls("/slow", 4.0, twiml('<Gather timeout="1"/>'))
        for number, path in (("+15551", "/rooms"), ("+15552", "/brief"), ("+15553", "/slow")):
            await scene.world.number(number, path)

    def _room(self) -> str:
        room = f"room{self.dice.randrange(4)}"
        return twiml(f'<Dial><Conference waitUrl="" beep="false">{room}</Conference></Dial>')

    async def place(self, calls: int) -> None:
        """So many, at a steady rate; some by callers, some by the API."""
        for _ in range(calls):
            match self.dice.randrange(7):
                case 0 | 1:
                    self.crowd.call("+15551", stays_s=self.dice.uniform(0.0, 4.0))
                case 2:
                    self.crowd.call("+15552", stays_s=self.dice.uniform(0.5, 1.5))
                case 3:
                    self.crowd.call("+15553", stays_s=1.0, gives_up_s=self.dice.uniform(0.0, 5.0))
                case 4:
                    self.crowd.call("+15559999", stays_s=1.0)  # nobody's number
                case _:
                    await self._dial(self.dice.choice(["answers", "answers-and-hangs-up", "declines", "rings"]))
            await asyncio.sleep(1 / CALLS_PER_S)

    async def _dial(self, habit: str) -> None:
        created = await self.scene.twilio.calls.create_async(
            to=self.crowd.address(habit), from_=NUMBER, twiml=twiml('<Gather timeout="2"/>'), timeout=5
        )
        assert created.sid


@pytest.mark.parametrize(("seed", "loss", "calls"), [(1, 0.05, 500), (2, 0.2, 120)])
def test_calls_under_loss_end_on_both_sides_and_leave_nothing(seed: int, loss: float, calls: int) -> None:
    @scenario
    async def story(scene: Scene) -> None:
        crowd = Crowd(scene.world.network, SIP, seed)
        await crowd.agent.wire.open()
        load = Load(scene, crowd, seed)
        await load.open()
        await load.place(30)  # caches fill
        await asyncio.sleep(FORGOTTEN_AFTER_S)
        before = held(scene)
        scene.world.network.impair(SIP[0], Conditions(loss=loss, jitter_s=0.05))
        await load.place(calls)
        await asyncio.sleep(FORGOTTEN_AFTER_S)
        assert crowd.live == 0, "the far side believes in a call that is over"
        assert not scene.world.exchange.live_calls
        assert scene.world.sip.open_calls == scene.world.sip.open_transactions == 0
        assert scene.world.engine.legs.slots.count == 0
        assert not scene.world.engine.ports.slot_of  # type: ignore[attr-defined]
        records = await scene.world.store.query(CallRecord)
        assert {record.status for record in records} <= FINAL_CALL_STATUSES
        conferences = await scene.world.store.query(ConferenceRecord)
        assert {conference.status for conference in conferences} == {ConferenceStatus.COMPLETED}
        more = {path: (before.get(path, 0), n) for path, n in held(scene).items() if n > before.get(path, 0)}
        assert {path for path in more if not any(bounded in path for bounded in BOUNDED)} == set()
        assert crowd.endings.total() >= calls - loss * calls

    with capture_logs() as lines:
        story()
    assert [line for line in lines if line["log_level"] in ("error", "critical")] == []
    assert sum(line["event"] == "call ended" for line in lines) > calls / 2
