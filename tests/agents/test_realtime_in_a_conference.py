"""A node, phones, and an agent that is OpenAI Realtime, in one conference, by ear: talk, barge-in, and a hand-over.

The model is the fake: its voice is a note, so that every ear can tell whose it is.
"""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

pytest.importorskip("pipecat", reason="needs mixminus[ai]")
pytest.importorskip("pocketsphinx", reason="needs mixminus[ai]")

from tests.agents.fake_realtime import Call, Say, fake_realtime
from tests.agents.realtime_relay import Relay, relay_to
from tests.cli.served import ACCOUNT_SID, AUTH_TOKEN, FIRST_START_S, NUMBER, Served, serving, webhook_app

from mixminus.agents.description import Agent, Kind, Realtime, Turns
from mixminus.agents.io.conversation import Using
from mixminus.agents.io.models import Models
from mixminus.agents.io.server import AgentServer, Gate, Surroundings, room_from
from mixminus.base.clock import Clock
from mixminus.base.settings import Endpoint
from mixminus.cli.http_server import HttpServer
from mixminus.testing import PALETTE, VirtualPhone
from mixminus.testing.audible import Audible
from mixminus.tools.io.backplane import World
from mixminus.tools.io.sqlite_store import SqliteToolStore
from mixminus.tools.toolbox import Toolbox

pytestmark = [pytest.mark.network, pytest.mark.timeout(180 + FIRST_START_S)]

THE_MODEL, HERS, HIS = PALETTE["zeta"], PALETTE["beta"], PALETTE["theta"]
LONG = Say(" ".join(["word"] * 60))


@asynccontextmanager
async def agent_server(folder: Path, agent: Agent, models: Models, api_url: str) -> AsyncIterator[str]:
    environment = {
        "KEY": "sk-test",
        "MIXMINUS_API_URL": api_url,
        "MIXMINUS_ACCOUNT_SID": ACCOUNT_SID,
        "MIXMINUS_AUTH_TOKEN": AUTH_TOKEN,
    }
    clock = Clock(time.monotonic, lambda: datetime.now(UTC))
    world = World(clock, asyncio.sleep, random.Random(1).random)
    async with SqliteToolStore(folder / "tools.db", clock) as store:
        around = Surroundings(Using(models, environment), store, world, partial(room_from, environment))
        http = HttpServer(AgentServer(agent, Toolbox(), around, Gate()).app)
        at = await http.start(Endpoint("127.0.0.1", 0))
        try:
            yield f"ws://{at}/agent"
        finally:
            await http.stop()


async def until(happened: Callable[[], object], within_s: float = 15.0) -> None:
    async with asyncio.timeout(within_s):
        while not happened():  # noqa: ASYNC110  nobody could set an event
            await asyncio.sleep(0.02)


def is_silent(call: Audible) -> bool:
    """The model has not been heard for a while."""
    last = call.last_heard(THE_MODEL)
    return last is not None and asyncio.get_running_loop().time() - last > 0.4


def add_agent(node: Served) -> None:
    application = node.twilio.applications.create(friendly_name="agent", voice_url=f"{node.app_url}/agent")
    node.twilio.conferences("room").participants.create(
        from_=NUMBER,
        to=f"app:{application.sid}",
        beep="false",  # a detector takes it for speech
    )


def a_stream(url: str) -> str:
    parameter = '<Parameter name="conference" value="room"/>'
    return f'<Response><Connect><Stream url="{url}" reportPlayed="true">{parameter}</Stream></Connect></Response>'


async def talk(node: Served, relay: Relay, ana: VirtualPhone) -> None:
    async with node.phone("alice") as alice:
        hers = await alice.dial(NUMBER)
        await asyncio.to_thread(add_agent, node)
        await until(lambda: hers.hears(THE_MODEL))  # it greets
        await until(lambda: is_silent(hers))

        asked_at = asyncio.get_running_loop().time()
        hers.hum(HERS)
        await until(lambda: relay.told("input_audio_buffer.speech_started"))
        hers.silence()
        await until(lambda: hers.hears(THE_MODEL))  # it tells her something that would take 24 s
        await asyncio.sleep(1.5)
        hers.hum(HERS)  # she interrupts
        await until(lambda: is_silent(hers), 5.0)
        heard_ms = 20 * sum(THE_MODEL in cell.notes for cell in hers.notes(asked_at))
        cut = await relay.until_asked("conversation.item.truncate")
        await relay.until_told("conversation.item.truncated")
        assert abs(cut["audio_end_ms"] - heard_ms) <= 100  # the first and the last of it are in cells with silence

        hers.silence()  # "get me somebody": one moment, then the phone rings, and from then on it whispers
        his = await ana.next_call(within_s=20.0)
        answered_at = asyncio.get_running_loop().time()
        his.answer()
        await until(lambda: his.hears(THE_MODEL))
        await asyncio.sleep(0.5)
        assert his.hears(THE_MODEL)
        assert not any(THE_MODEL in cell.notes for cell in hers.notes(answered_at))  # not for a moment
        his.hum(HIS)
        await until(lambda: hers.hears(HIS))
        await his.hang_up()
    assert not relay.told("error")


async def test_it_talks_is_interrupted_and_hands_over_to_a_person(tmp_path: Path, models: Models) -> None:
    async with webhook_app() as (app, url), fake_realtime() as model, relay_to(model.url) as relay:
        model.hertz = THE_MODEL
        moment = (Say("One moment."), Call("escalate", {"reason": "she asks for a person"}))
        model.will(Say("Hello, this is the desk."), LONG, moment, Say("She has asked for a person, about her room."))
        app.answers(
            "/voice", '<Response><Dial><Conference beep="false" waitUrl="">room</Conference></Dial></Response>'
        )
        async with serving(tmp_path / "node", app, url) as node, node.phone("ana") as ana:
            realtime = Realtime(url=relay.url, key_env="KEY")
            agent = Agent(
                name="desk",
                kind=Kind.REALTIME,
                realtime=realtime,
                turns=Turns(silence_s=0),
                on_call=ana.uri,
                from_number=NUMBER,
            )
            async with agent_server(tmp_path, agent, models, node.base_url) as at:
                app.answers("/agent", a_stream(at))
                await talk(node, relay, ana)
        assert relay.wrong == []
