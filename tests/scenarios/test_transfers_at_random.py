"""Whoever transfers whom at whatever moment: nobody is left ringing, alone in a talk, or heard by a stranger."""

import asyncio
import random
from collections.abc import Awaitable, Callable

import pytest
from tests.scenarios.cast import Scene, enter, scenario_with, twiml
from tests.scenarios.test_nothing_left_over import FORGOTTEN_AFTER_S

from mixminus.testing.call import Call
from mixminus.testing.call_state import CallState
from mixminus.testing.errors import PhoneError
from mixminus.testing.palette import FREQUENCIES_HZ
from mixminus.testing.phone import VirtualPhone

NAMES = ("anna", "bert", "cleo", "dirk")
USERS = dict.fromkeys(NAMES, "secret")
ROUNDS = 14


class Crowd:
    """Four users who do at random what their phones can."""

    def __init__(self, scene: Scene, seed: int) -> None:
        self.scene = scene
        self.random = random.Random(seed)
        self.phones: list[VirtualPhone] = []
        self.tasks: list[asyncio.Task[None]] = []

    async def come(self) -> None:
        for name in NAMES:
            phone = await self.scene.phone(name, password="secret")
            await phone.register()
            self.phones.append(phone)
        hall = enter("hall", beep=False, end_conference_on_exit=self.random.random() < 0.5)
        self.numbers = [
            *[await self.scene.number_for(f"to-{n}", twiml(f"<Dial><Client>{n}</Client></Dial>")) for n in NAMES],
            await self.scene.number_for("hall", hall),
        ]

    async def act(self) -> None:
        phone = self.random.choice(self.phones)
        live = [call for call in phone.calls if call.state is CallState.TALKING]
        deeds: list[Callable[[], Awaitable[object]]] = [
            lambda: phone.place(self.random.choice(self.numbers)),
            lambda: self.change_mood(phone),
        ]
        if live:
            call = self.random.choice(live)
            deeds += [
                lambda: call.transfer(self.random.choice(NAMES)),
                lambda: call.transfer(self.random.choice((*NAMES, *self.numbers))),
                lambda: call.transfer_to(self.random.choice(live)),
                lambda: self.transfer_and_leave(call),
                lambda: call.hold(),
                lambda: call.hang_up(),
                lambda: self.take_over(call),
            ]
        deed = self.random.choice(deeds)
        self.tasks.append(asyncio.ensure_future(self.dared(deed)))
        await asyncio.sleep(self.random.choice((0.0, 0.02, 0.3, 1.0, 2.5)))

    # --- who may hear whom ----------------------------------------------------------------------------------------

    def hum(self) -> None:
        """Everybody has a note."""
        for phone, note in zip(self.phones, FREQUENCIES_HZ, strict=False):
            phone.hum(note)

    def company(self) -> dict[str, set[int]]:
        """Of each live call, by its Call-ID: the notes of those whom the node has put together with it."""
        node = self.scene.world.node
        notes = {
            call._call_id: note
            for phone, note in zip(self.phones, FREQUENCIES_HZ, strict=False)
            for call in phone.calls
            if call.state is CallState.TALKING
        }
        names = {session.sid: session.line.sip_call_ids for session in node.exchange.live_calls}
        groups = [{talk.caller.sid, talk.called.sid} for talk in node.conversations.all() if talk.leaving is None]
        groups += [
            {person.call_sid for person in room.machine.participants() if person.live}
            for room in node.exchange.live_conferences
        ]
        found: dict[str, set[int]] = {}
        for group in groups:
            for sid in group:
                others = {name for other in group - {sid} for name in names.get(other, ())}
                for name in names.get(sid, ()):
                    found[name] = {notes[other] for other in others if other in notes}
        return found

    async def listen(self) -> None:
        """Nobody hears anybody else than whom it is together with, or was a moment ago."""
        before = self.company()
        await asyncio.sleep(0.25)
        now = self.company()
        for phone in self.phones:
            for call in phone.calls:
                if call.state is CallState.TALKING:
                    may = before.get(call._call_id, set()) | now.get(call._call_id, set())
                    heard = call.chord(last_ms=60, frequencies_hz=FREQUENCIES_HZ[: len(NAMES)])
                    assert heard <= may, f"{call!r} hears {heard - may}"

    async def dared(self, deed: Callable[[], Awaitable[object]]) -> None:
        try:
            await deed()
        except PhoneError:
            pass  # refused, or the wrong moment: that is what the node, or the phone, is for

    async def transfer_and_leave(self, call: Call) -> None:
        await call.transfer(self.random.choice(NAMES))
        await call.hang_up()

    async def take_over(self, call: Call) -> None:
        await self.random.choice(self.phones).place("anything", headers={"Replaces": call.replaces})

    async def change_mood(self, phone: VirtualPhone) -> None:
        moods: list[Callable[[], None]] = [
            lambda: phone.answers(),
            lambda: phone.answers(after_s=1),
            lambda: phone.rejects(486),
            lambda: phone.rejects(603, after_s=1),
            lambda: phone.rings_forever(),
        ]
        self.random.choice(moods)()

    async def go_home(self) -> None:
        """Everybody hangs up what they have; what comes of that is over within seconds."""
        for phone in self.phones:
            phone.rejects(486)
        for _ in range(3):
            live = [call for phone in self.phones for call in phone.calls if call.state is not CallState.ENDED]
            await asyncio.gather(*(self.dared(call.hang_up) for call in live))
            await asyncio.sleep(1)


TELLING = 29
"""A seed in which a transferor that was not parted from its far end would be caught listening."""


@pytest.mark.parametrize("seed", [*range(10), TELLING])
def test_whatever_happens_everything_is_over_in_the_end(seed: int) -> None:
    @scenario_with(users=USERS, transfers="everybody")
    async def story(scene: Scene) -> None:
        crowd = Crowd(scene, seed)
        await crowd.come()
        crowd.hum()
        for _ in range(ROUNDS):
            await crowd.act()
            await crowd.listen()
        await crowd.go_home()
        node = scene.world.node
        assert [session.sid for session in node.exchange.live_calls] == []
        assert list(node.exchange.live_conferences) == []
        assert scene.world.sip.open_calls == 0
        statuses = {call.status for call in await scene.twilio.calls.list_async()}
        assert statuses <= {"completed", "busy", "no-answer", "canceled", "failed"}
        await asyncio.sleep(FORGOTTEN_AFTER_S)
        assert scene.world.sip.open_transactions == 0
        await asyncio.gather(*crowd.tasks)

    story()
