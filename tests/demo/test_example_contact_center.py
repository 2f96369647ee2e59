"""examples/contact_center.py in a whole node, in virtual time, with phones that tell what they hear."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from examples.contact_center import create_app
from tests.demo.flask_in_world import APP_URL, FlaskHost, sdk_in
from twilio.request_validator import RequestValidator

from mixminus.base.settings import Settings
from mixminus.testing import Call, VirtualPhone, measure_matrix, run_virtual
from mixminus.testing.sounds import MUSIC_HZ, SPEECH_HZ
from mixminus.testing.world import World

NUMBER = "+15550001000"
AGENTS = ("ana", "ben", "sam", "cleo")


class Center:
    """The example in a world: `ask` is an agent's desktop."""

    def __init__(self, world: World, host: FlaskHost) -> None:
        self.world = world
        self.host = host
        self.phones: dict[str, VirtualPhone] = {}
        self.room = ""

    async def open(self) -> None:
        sdk = sdk_in(self.world)
        self.host.flask = create_app(sdk, self.world.auth_token, APP_URL, NUMBER)
        await self.world.number(NUMBER, "/voice")
        for name in AGENTS:
            self.phones[name] = await self.world.phone(name, password="secret")
            self.phones[name].answers()
            await self.phones[name].register()

    async def customer_calls(self) -> Call:
        call = await (await self.world.phone("carl")).dial(NUMBER)
        await asyncio.sleep(1.0)
        (self.room,) = await self.rooms()
        return call

    async def rooms(self) -> dict[str, list[str]]:
        answer = await asyncio.to_thread(lambda: self.host.flask.test_client().get("/rooms").get_json())
        assert isinstance(answer, dict)
        return answer

    async def ask(self, action: str, **form: str) -> int:
        status, _, _ = await self.host.ask("POST", f"/rooms/{self.room}/{action}", form)
        await asyncio.sleep(0.5)
        return status

    async def call_of(self, agent: str) -> Call:
        return await self.phones[agent].next_call(within_s=5)


def in_a_center(scenario: Callable[[Center], Awaitable[None]], tmp_path: Path) -> None:
    async def story() -> None:
        host = FlaskHost()
        world = World(settings=Settings(data=tmp_path, users=dict.fromkeys(AGENTS, "secret")))
        host.attach(world)
        async with world:
            center = Center(world, host)
            await center.open()
            await scenario(center)

    run_virtual(story())


async def hears(**calls: Call) -> dict[str, set[str]]:
    matrix = await measure_matrix(calls)
    return {name: set(matrix.heard_by(name)) for name in calls}


def test_a_customer_waits_with_music_until_an_agent_comes(tmp_path: Path) -> None:
    async def scenario(center: Center) -> None:
        customer = await center.customer_calls()
        assert customer.hears(MUSIC_HZ)
        assert await center.ask("connect", agent="ana") == 204
        ana = await center.call_of("ana")
        assert not customer.hears(MUSIC_HZ)
        assert await hears(customer=customer, ana=ana) == {"customer": {"ana"}, "ana": {"customer"}}
        assert await center.rooms() == {center.room: ["ana", "customer"]}

    in_a_center(scenario, tmp_path)


def test_a_muted_agent_hears_and_is_not_heard(tmp_path: Path) -> None:
    async def scenario(center: Center) -> None:
        customer = await center.customer_calls()
        await center.ask("connect", agent="ana")
        ana = await center.call_of("ana")
        await center.ask("mute", who="ana")
        assert await hears(customer=customer, ana=ana) == {"customer": set(), "ana": {"customer"}}
        await center.ask("unmute", who="ana")
        assert await hears(customer=customer, ana=ana) == {"customer": {"ana"}, "ana": {"customer"}}

    in_a_center(scenario, tmp_path)


def test_a_warm_transfer_briefs_the_next_agent_in_private(tmp_path: Path) -> None:
    async def scenario(center: Center) -> None:
        customer = await center.customer_calls()
        await center.ask("connect", agent="ana")
        ana = await center.call_of("ana")
        await center.ask("consult", agent="ben")
        ben = await center.call_of("ben")
        assert customer.hears(MUSIC_HZ)
        briefing = await hears(customer=customer, ana=ana, ben=ben)
        assert briefing == {"customer": set(), "ana": {"ben"}, "ben": {"ana"}}
        await center.ask("unhold")
        await center.ask("leave", who="ana")
        assert ana.end is not None
        assert await hears(customer=customer, ben=ben) == {"customer": {"ben"}, "ben": {"customer"}}

    in_a_center(scenario, tmp_path)


def test_a_supervisor_coaches_one_agent_and_then_barges_in(tmp_path: Path) -> None:
    async def scenario(center: Center) -> None:
        customer = await center.customer_calls()
        await center.ask("connect", agent="ben")
        ben = await center.call_of("ben")
        await center.ask("coach", supervisor="sam", agent="ben")
        sam = await center.call_of("sam")
        coached = await hears(customer=customer, ben=ben, sam=sam)
        assert coached == {"customer": {"ben"}, "ben": {"customer", "sam"}, "sam": {"customer", "ben"}}
        await center.ask("barge", supervisor="sam")
        assert (await hears(customer=customer, ben=ben, sam=sam))["customer"] == {"ben", "sam"}

    in_a_center(scenario, tmp_path)


def test_a_cold_transfer_plays_music_until_the_next_agent_answers(tmp_path: Path) -> None:
    async def scenario(center: Center) -> None:
        customer = await center.customer_calls()
        await center.ask("connect", agent="ben")
        ben = await center.call_of("ben")
        center.phones["cleo"].answers(after_s=5)
        assert await center.ask("transfer", **{"from": "ben", "agent": "cleo"}) == 204
        assert ben.end is not None
        await asyncio.sleep(3)
        assert customer.hears(MUSIC_HZ)
        await asyncio.sleep(3)
        cleo = await center.call_of("cleo")
        assert not customer.hears(MUSIC_HZ)
        assert await hears(customer=customer, cleo=cleo) == {"customer": {"cleo"}, "cleo": {"customer"}}

    in_a_center(scenario, tmp_path)


def test_a_cold_transfer_to_nobody_ends_with_an_apology(tmp_path: Path) -> None:
    async def scenario(center: Center) -> None:
        customer = await center.customer_calls()
        await center.ask("connect", agent="ben")
        center.phones["cleo"].rejects(486)
        await center.ask("transfer", **{"from": "ben", "agent": "cleo"})
        ended = await customer.ended(within_s=20)
        assert customer.first_heard(SPEECH_HZ) is not None
        assert ended.by.name == "THEM"

    in_a_center(scenario, tmp_path)


def test_everybody_is_out_when_the_room_ends(tmp_path: Path) -> None:
    async def scenario(center: Center) -> None:
        customer = await center.customer_calls()
        await center.ask("connect", agent="ana")
        ana = await center.call_of("ana")
        await center.ask("end")
        await customer.ended(within_s=1)
        await ana.ended(within_s=1)
        assert await center.rooms() == {}

    in_a_center(scenario, tmp_path)


def test_every_webhook_of_a_call_is_signed_and_accepted(tmp_path: Path) -> None:
    async def scenario(center: Center) -> None:
        customer = await center.customer_calls()
        await center.ask("connect", agent="ana")
        await customer.hang_up()
        await asyncio.sleep(1.0)
        webhooks = [(path, status) for path, status in center.host.requests if not path.startswith("/rooms")]
        assert webhooks[0] == ("/voice", 200)
        assert {status for path, status in webhooks if path == "/events"} == {204}

    in_a_center(scenario, tmp_path)


def test_webhooks_that_are_not_signed_by_our_account_are_refused(tmp_path: Path) -> None:
    async def scenario(center: Center) -> None:
        form = {"CallSid": "CA" + "0" * 32}
        status, _, _ = await center.host.ask("POST", "/voice", form)
        assert status == 403
        forged = RequestValidator("somebody else's token").compute_signature(f"{APP_URL}/voice", form)
        status, _, _ = await center.host.ask("POST", "/voice", form, [("X-Twilio-Signature", forged)])
        assert status == 403

    in_a_center(scenario, tmp_path)


def test_what_the_server_refuses_reaches_the_desktop_with_its_reason(tmp_path: Path) -> None:
    async def scenario(center: Center) -> None:
        await center.customer_calls()
        status, _, body = await center.host.ask("POST", f"/rooms/{center.room}/mute", {"who": "nobody"})
        assert status == 404
        assert b'"code":20404' in body
        status, _, _ = await center.host.ask("POST", "/rooms/no-such-room/hold", {})
        assert status == 404

    in_a_center(scenario, tmp_path)
