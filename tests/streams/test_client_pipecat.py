"""pipecat, unmodified, at a real node: it talks in a conference, is interrupted, and hangs up by REST."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

pytest.importorskip("pipecat", reason="needs mixminus[ai]")

from loguru import logger
from pipecat.frames.frames import EndFrame
from pipecat.serializers.twilio import TwilioFrameSerializer
from tests.cli.served import ACCOUNT_SID, AUTH_TOKEN, NUMBER, Served, serving, webhook_app
from tests.streams.pipecat_bot import ANSWER_HZ, Bot

from mixminus.base.settings import Endpoint
from mixminus.cli.http_server import HttpServer
from mixminus.testing import PALETTE, Call

pytestmark = [pytest.mark.network, pytest.mark.timeout(120)]

HERS, HIS = PALETTE["alpha"], PALETTE["gamma"]
ROOM = '<Response><Dial><Conference beep="false">room</Conference></Dial></Response>'


@pytest.fixture
def complaints() -> Iterator[list[str]]:
    """What pipecat's serializer logs as errors.

    Its transport does, too, when the node closes first: the call that it hung up by REST is over by then.
    """
    found: list[str] = []
    logger.enable("pipecat")  # an agent of ours in this process may have silenced it
    sink = logger.add(lambda message: found.append(str(message)), level="ERROR", filter="pipecat.serializers")
    yield found
    logger.remove(sink)


async def until(is_so: Callable[[], bool], within_s: float = 30.0) -> None:
    async with asyncio.timeout(within_s):
        while not is_so():  # noqa: ASYNC110  nobody could set an event
            await asyncio.sleep(0.02)


@asynccontextmanager
async def node_and(bot: Bot, folder: Path) -> AsyncIterator[Served]:
    """A node whose number leads to the bot; `/agent` does as well."""
    server = HttpServer(bot.app)
    at = await server.start(Endpoint("127.0.0.1", 0))
    parameters = '<Parameter name="from_number" value="+15550002000"/><Parameter name="plan" value="gold"/>'
    connect = f'<Response><Connect><Stream url="ws://{at}/ws">{parameters}</Stream></Connect></Response>'
    try:
        async with webhook_app() as (app, url), serving(folder / "node", app, url) as node:
            app.answers("/voice", connect)
            app.answers("/agent", connect)
            app.answers("/room", ROOM)
            yield node
    finally:
        await server.stop()


def api_key(node: Served) -> dict[str, str]:
    key = node.twilio.new_keys.create(friendly_name="bot")
    return {"api_key_sid": key.sid, "api_key_secret": key.secret}


def auth_token(node: Served) -> dict[str, str]:
    return {"auth_token": AUTH_TOKEN}


def join(node: Served) -> str:
    """The bot as a participant; returns its call's SID."""
    application = node.twilio.applications.create(friendly_name="bot", voice_url=f"{node.app_url}/agent")
    participants = node.twilio.conferences("room").participants
    return str(participants.create(from_=NUMBER, to=f"app:{application.sid}", beep="false").call_sid)


async def hums_a_while(call: Call, hertz: int) -> None:
    call.hum(hertz)
    await asyncio.sleep(0.6)
    call.silence()


async def test_it_holds_a_conversation_in_a_conference_and_hangs_up(tmp_path: Path, complaints: list[str]) -> None:
    bot = Bot()
    async with node_and(bot, tmp_path) as node, node.phone("alice") as alice, node.phone("bob") as bob:
        await asyncio.to_thread(
            node.twilio.incoming_phone_numbers.create, phone_number="+15550002000", voice_url=f"{node.app_url}/room"
        )
        key = await asyncio.to_thread(api_key, node)
        bot.hang_up = {"account_sid": ACCOUNT_SID, "base_url": node.base_url, **key}
        hers, his = await alice.dial("+15550002000"), await bob.dial("+15550002000")
        call_sid = await asyncio.to_thread(join, node)
        await asyncio.wait_for(bot.connected.wait(), 30)
        assert bot.told["kind"] == "twilio"
        assert bot.told["call_id"] == call_sid
        assert bot.told["body"] == {"from_number": "+15550002000", "plan": "gold"}

        await hums_a_while(hers, HERS)
        await until(lambda: hers.hears(ANSWER_HZ) and his.hears(ANSWER_HZ))
        his.hum(HIS)  # interrupts ten seconds of answer
        await until(lambda: bot.answering.interruptions == 2)
        await until(lambda: not hers.hears(ANSWER_HZ), within_s=6)
        await until(lambda: hers.hears(HIS))
        his.silence()
        await until(lambda: bot.answering.answers == 2)
        await until(lambda: hers.hears(ANSWER_HZ) and his.hears(ANSWER_HZ))
        await hums_a_while(hers, HERS)

        await bot.end()
        await asyncio.wait_for(bot.over.wait(), 30)
        bots_call = await asyncio.to_thread(node.twilio.calls(call_sid).fetch)
        assert bots_call.status == "completed"
        his.hum(HIS)
        await until(lambda: hers.hears(HIS))  # the others talk on
    assert complaints == []


@pytest.mark.parametrize("credentials", [api_key, auth_token])
async def test_it_is_quiet_about_calls_that_are_over(
    tmp_path: Path, complaints: list[str], credentials: Callable[[Served], dict[str, str]]
) -> None:
    """The caller hangs up first; later on there is not even a record of the call: 404, 20404."""
    bot = Bot()
    async with node_and(bot, tmp_path) as node, node.phone("alice") as alice:
        account = {"account_sid": ACCOUNT_SID, "base_url": node.base_url}
        bot.hang_up = account | await asyncio.to_thread(credentials, node)
        call = await alice.dial(NUMBER)
        await asyncio.wait_for(bot.connected.wait(), 30)
        await call.press("5#")
        await until(lambda: bot.answering.keys == ["5", "#"])
        await hums_a_while(call, HERS)
        await until(lambda: call.hears(ANSWER_HZ))
        await call.hang_up()
        await asyncio.wait_for(bot.over.wait(), 30)
        assert complaints == []
        await asyncio.to_thread(node.twilio.calls(bot.told["call_id"]).delete)
        late = TwilioFrameSerializer(bot.told["stream_id"], bot.told["call_id"], **bot.hang_up)
        assert await late.serialize(EndFrame()) is None
        assert complaints == []
        wrong = TwilioFrameSerializer(bot.told["stream_id"], bot.told["call_id"], **account, auth_token="wrong")
        await wrong.serialize(EndFrame())
        assert "Status 401" in complaints[0]
