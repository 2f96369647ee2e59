"""examples/escalation.py in a whole node, in virtual time: the seeds' pattern, by ear.

"Caller with AI in conference af-{CallSid}; AI calls escalate(reason); the on-call human is paged and dialled in; AI
becomes coach, whispers to the human only, the caller is unaware; AI leaves on request."
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from examples.escalation import create_app
from tests.demo.flask_in_world import APP_URL, FlaskHost, sdk_in

from mixminus.base.settings import Settings
from mixminus.testing import AgentCall, Call, VirtualPhone, leaks, measure_matrix, run_virtual
from mixminus.testing.sounds import MUSIC_HZ
from mixminus.testing.world import World

NUMBER, AGENT = "+15550001000", "wss://agent.example.com/assistant"
HUMANS = ("dana", "eli")
HUM_HZ = 971


class Office:
    """The example in a world: `ask` is what the assistant's tools and its supervisor post."""

    def __init__(self, world: World, host: FlaskHost) -> None:
        self.world = world
        self.host = host
        self.phones: dict[str, VirtualPhone] = {}
        self.paged: list[tuple[str, str]] = []
        self.room = ""

    async def open(self) -> None:
        sdk = sdk_in(self.world)
        self.host.flask = create_app(
            sdk,
            self.world.auth_token,
            APP_URL,
            caller_id=NUMBER,
            agent_url=AGENT,
            on_call=[f"client:{name}" for name in HUMANS],
            page=lambda whom, reason: self.paged.append((whom, reason)),
        )
        self.world.agents.at(AGENT)
        await self.world.number(NUMBER, "/voice")
        for name in HUMANS:
            self.phones[name] = await self.world.phone(name, password="secret")
            self.phones[name].answers()
            await self.phones[name].register()

    async def caller_calls(self) -> tuple[Call, AgentCall]:
        """A caller, and the assistant that answers."""
        caller = await (await self.world.phone("carl")).dial(NUMBER)
        talk = await self.world.agents.at(AGENT).conversation()
        await asyncio.sleep(0.2)
        [self.room] = await self.rooms()
        assert talk.start["customParameters"] == {"conference": self.room}
        return caller, talk.call

    async def rooms(self) -> dict[str, list[str]]:
        answer = await asyncio.to_thread(lambda: self.host.flask.test_client().get("/rooms").get_json())
        assert isinstance(answer, dict)
        return answer

    async def ask(self, action: str, **form: str) -> int:
        status, _, _ = await self.host.ask("POST", f"/rooms/{self.room}/{action}", form)
        await asyncio.sleep(0.5)
        return status

    async def call_of(self, human: str) -> Call:
        call = await self.phones[human].next_call(within_s=5)
        await call.answered(within_s=5)
        await asyncio.sleep(0.3)
        return call


def in_an_office(scenario: Callable[[Office], Awaitable[None]], tmp_path: Path) -> None:
    async def story() -> None:
        host = FlaskHost()
        world = World(settings=Settings(data=tmp_path, users=dict.fromkeys(HUMANS, "secret")))
        host.attach(world)
        async with world:
            office = Office(world, host)
            await office.open()
            await scenario(office)

    run_virtual(story())


async def hears(**calls: Call | AgentCall) -> dict[str, set[str]]:
    matrix = await measure_matrix(calls)
    return {name: set(matrix.heard_by(name)) for name in calls}


def test_the_whole_pattern(tmp_path: Path) -> None:
    async def scenario(office: Office) -> None:
        caller, assistant = await office.caller_calls()
        assert office.room.startswith("af-CA")
        assert await hears(caller=caller, assistant=assistant) == {"caller": {"assistant"}, "assistant": {"caller"}}
        assert await office.ask("escalate", reason="smells gas") == 204
        assert office.paged == [("client:dana", "smells gas")]
        dana = await office.call_of("dana")
        coached_at = asyncio.get_running_loop().time()
        assert await hears(caller=caller, assistant=assistant, dana=dana) == {
            "caller": {"dana"},
            "dana": {"caller", "assistant"},
            "assistant": {"caller", "dana"},
        }
        assistant.hum(HUM_HZ)
        await asyncio.sleep(3)
        assert dana.hears(HUM_HZ)
        assert await office.ask("dismiss") == 204
        await assistant.ended(within_s=1)
        assert leaks(caller, HUM_HZ, coached_at, asyncio.get_running_loop().time()) == [], "the caller is unaware"
        assert await hears(caller=caller, dana=dana) == {"caller": {"dana"}, "dana": {"caller"}}
        assert sorted((await office.rooms())[office.room]) == ["caller", "human"]

    in_an_office(scenario, tmp_path)


def test_the_assistant_hears_no_music_and_the_caller_little(tmp_path: Path) -> None:
    """The caller waits only until the assistant's leg is up."""

    async def scenario(office: Office) -> None:
        caller, assistant = await office.caller_calls()
        await asyncio.sleep(1)
        assert not caller.hears(MUSIC_HZ)
        assert assistant.first_heard(MUSIC_HZ) is None

    in_an_office(scenario, tmp_path)


def test_the_caller_and_the_assistant_talk_while_the_human_is_rung(tmp_path: Path) -> None:
    async def scenario(office: Office) -> None:
        caller, assistant = await office.caller_calls()
        office.phones["dana"].answers(after_s=8)
        await office.ask("escalate", reason="smells gas")
        await asyncio.sleep(2)
        assert await hears(caller=caller, assistant=assistant) == {"caller": {"assistant"}, "assistant": {"caller"}}

    in_an_office(scenario, tmp_path)


def test_who_does_not_answer_is_followed_by_the_next(tmp_path: Path) -> None:
    async def scenario(office: Office) -> None:
        caller, assistant = await office.caller_calls()
        office.phones["dana"].rejects(486)
        await office.ask("escalate", reason="smells gas")
        eli = await office.call_of("eli")
        assert [whom for whom, _ in office.paged] == ["client:dana", "client:eli"]
        assert {reason for _, reason in office.paged} == {"smells gas"}
        assert (await hears(caller=caller, assistant=assistant, eli=eli))["caller"] == {"eli"}

    in_an_office(scenario, tmp_path)


def test_when_nobody_can_be_reached_the_assistant_goes_on(tmp_path: Path) -> None:
    async def scenario(office: Office) -> None:
        caller, assistant = await office.caller_calls()
        for name in HUMANS:
            office.phones[name].rejects(486)
        await office.ask("escalate", reason="smells gas")
        await asyncio.sleep(3)
        assert len(office.paged) == 2
        assert await hears(caller=caller, assistant=assistant) == {"caller": {"assistant"}, "assistant": {"caller"}}

    in_an_office(scenario, tmp_path)


def test_a_tool_that_is_called_twice_rings_one_phone(tmp_path: Path) -> None:
    async def scenario(office: Office) -> None:
        await office.caller_calls()
        office.phones["dana"].answers(after_s=3)
        await office.ask("escalate", reason="smells gas")
        assert await office.ask("escalate", reason="smells gas") == 204
        await office.call_of("dana")
        assert len(office.paged) == 1

    in_an_office(scenario, tmp_path)


def test_when_the_human_hangs_up_first_the_assistant_is_there_again(tmp_path: Path) -> None:
    async def scenario(office: Office) -> None:
        caller, assistant = await office.caller_calls()
        await office.ask("escalate", reason="smells gas")
        dana = await office.call_of("dana")
        await dana.hang_up()
        await asyncio.sleep(1)
        assert await hears(caller=caller, assistant=assistant) == {"caller": {"assistant"}, "assistant": {"caller"}}

    in_an_office(scenario, tmp_path)


def test_a_caller_who_hangs_up_ends_it_for_all_in_every_phase(tmp_path: Path) -> None:
    """ai-and-desk.md 3.2: also while the phone rings. Nobody answers into an empty room."""

    async def scenario(office: Office) -> None:
        caller, assistant = await office.caller_calls()
        office.phones["dana"].answers(after_s=5)
        await office.ask("escalate", reason="smells gas")
        ringing = await office.phones["dana"].next_call(within_s=5)
        await caller.hang_up()
        await assistant.ended(within_s=1)
        await ringing.ended(within_s=1)
        await asyncio.sleep(1)
        assert await office.rooms() == {}
        assert len(office.paged) == 1, "nobody else is woken"

    in_an_office(scenario, tmp_path)


def test_every_webhook_is_signed_also_those_of_the_application(tmp_path: Path) -> None:
    async def scenario(office: Office) -> None:
        await office.caller_calls()
        await office.ask("escalate", reason="smells gas")
        await office.call_of("dana")
        asked = {path: status for path, status in office.host.requests if not path.startswith("/rooms")}
        assert asked["/assistant"] == 200
        assert set(asked.values()) <= {200, 204}
        status, _, _ = await office.host.ask("POST", "/assistant", {"conference": "af-CA"})
        assert status == 403

    in_an_office(scenario, tmp_path)
