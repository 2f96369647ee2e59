"""examples/two_agents.py in a whole node, in virtual time: a note taker that listens, a translator that whispers."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from examples.two_agents import create_app
from tests.demo.flask_in_world import APP_URL, FlaskHost, sdk_in

from mixminus.base.settings import Settings
from mixminus.testing import AgentCall, Call, VirtualPhone, measure_matrix, run_virtual
from mixminus.testing.sounds import MUSIC_HZ
from mixminus.testing.world import World

NUMBER, AGENTS = "+15550001000", "wss://agents.example.com"


class Desk:
    """The example in a world: `ask` is the agent's desktop."""

    def __init__(self, world: World, host: FlaskHost) -> None:
        self.world = world
        self.host = host
        self.room = ""

    async def open(self) -> None:
        sdk = sdk_in(self.world)
        self.host.flask = create_app(
            sdk,
            self.world.auth_token,
            APP_URL,
            caller_id=NUMBER,
            agent_url=AGENTS,
        )
        await self.world.number(NUMBER, "/voice")
        self.ana: VirtualPhone = await self.world.phone("ana", password="secret")
        self.ana.answers()
        await self.ana.register()

    async def conversation(self) -> tuple[Call, Call]:
        """A caller and Ana."""
        caller = await (await self.world.phone("carl")).dial(NUMBER)
        await asyncio.sleep(0.5)
        answer = await asyncio.to_thread(lambda: self.host.flask.test_client().get("/rooms").get_json())
        [self.room] = answer
        await self.ask("connect", agent="ana")
        return caller, await self.ana.next_call(within_s=5)

    async def ai(self, role: str) -> AgentCall:
        return (await self.world.agents.at(f"{AGENTS}/{role}").conversation()).call

    async def joins(self, role: str, action: str, **form: str) -> AgentCall:
        self.world.agents.at(f"{AGENTS}/{role}")
        assert await self.ask(action, **form) == 204
        return await self.ai(role)

    async def ask(self, action: str, **form: str) -> int:
        status, _, _ = await self.host.ask("POST", f"/rooms/{self.room}/{action}", form)
        await asyncio.sleep(0.5)
        return status


def at_a_desk(scenario: Callable[[Desk], Awaitable[None]], tmp_path: Path) -> None:
    async def story() -> None:
        host = FlaskHost()
        world = World(settings=Settings(data=tmp_path, users={"ana": "secret"}))
        host.attach(world)
        async with world:
            desk = Desk(world, host)
            await desk.open()
            await scenario(desk)

    run_virtual(story())


async def hears(**calls: Call | AgentCall) -> dict[str, set[str]]:
    matrix = await measure_matrix(calls)
    return {name: set(matrix.heard_by(name)) for name in calls}


def test_notes_are_taken_and_whispers_are_not_among_them(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        caller, ana = await desk.conversation()
        notes = await desk.joins("notes", "notes")
        translator = await desk.joins("translator", "translate", agent="ana")
        assert notes.start["customParameters"] == {"conference": desk.room}
        assert await hears(caller=caller, ana=ana, notes=notes, translator=translator) == {
            "caller": {"ana"},
            "ana": {"caller", "translator"},
            "notes": {"caller", "ana"},
            "translator": {"caller", "ana"},
        }

    at_a_desk(scenario, tmp_path)


def test_a_held_caller_is_heard_by_neither_ai_nor_is_the_music(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        caller, ana = await desk.conversation()
        notes = await desk.joins("notes", "notes")
        translator = await desk.joins("translator", "translate", agent="ana")
        await desk.ask("hold")
        assert caller.hears(MUSIC_HZ)
        assert await hears(caller=caller, ana=ana, notes=notes, translator=translator) == {
            "caller": set(),
            "ana": {"translator"},
            "notes": {"ana"},
            "translator": {"ana"},
        }
        assert notes.first_heard(MUSIC_HZ) is None
        assert translator.first_heard(MUSIC_HZ) is None
        await desk.ask("unhold")
        assert "caller" in (await hears(caller=caller, ana=ana, notes=notes))["notes"]

    at_a_desk(scenario, tmp_path)


def test_each_leaves_by_itself(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        caller, ana = await desk.conversation()
        notes = await desk.joins("notes", "notes")
        translator = await desk.joins("translator", "translate", agent="ana")
        await desk.ask("dismiss", who="translator")
        await translator.ended(within_s=1)
        assert await hears(caller=caller, ana=ana, notes=notes) == {
            "caller": {"ana"},
            "ana": {"caller"},
            "notes": {"caller", "ana"},
        }
        await caller.hang_up()
        await notes.ended(within_s=1)

    at_a_desk(scenario, tmp_path)


def test_the_note_taker_may_come_first_and_starts_nothing(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        caller = await (await desk.world.phone("carl")).dial(NUMBER)
        await asyncio.sleep(0.5)
        answer = await asyncio.to_thread(lambda: desk.host.flask.test_client().get("/rooms").get_json())
        [desk.room] = answer
        notes = await desk.joins("notes", "notes")
        await asyncio.sleep(1)
        assert caller.hears(MUSIC_HZ), "two are in the room, and neither starts it"
        assert notes.first_heard(MUSIC_HZ) is None
        await desk.ask("connect", agent="ana")
        ana = await desk.ana.next_call(within_s=5)
        assert (await hears(caller=caller, ana=ana, notes=notes))["notes"] == {"caller", "ana"}

    at_a_desk(scenario, tmp_path)
