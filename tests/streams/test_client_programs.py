"""Frameworks as they are installed from their registries, at a real node, in a conference.

They are too large to be asked for by a test suite, so each is looked for where an environment variable says:

    MIXMINUS_OPENAI_AGENTS_JS=/folder      after  npm install @openai/agents @openai/agents-extensions ws zod
    MIXMINUS_OPENAI_AGENTS_PYTHON=/python  of an environment after  pip install openai-agents websockets
    MIXMINUS_FASTRTC=/python                                        pip install fastrtc
    MIXMINUS_VOCODE=/python                                         pip install vocode
"""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import pytest
from tests.cli.served import NUMBER, Served, serving, webhook_app
from tests.streams.humming_model import ANSWER_HZ, HummingModel

from mixminus.testing import PALETTE, Call

pytestmark = [pytest.mark.network, pytest.mark.timeout(120)]

PROGRAMS: Final = Path(__file__).parent / "programs"
HERS: Final = PALETTE["alpha"]
ROOM: Final = '<Response><Dial><Conference beep="false">room</Conference></Dial></Response>'


def where(variable: str) -> str:
    if not os.environ.get(variable):
        pytest.skip(f"needs {variable}")
    return os.environ[variable]


@asynccontextmanager
async def program(*command: str) -> AsyncIterator[str]:
    """A client on a port of its own; yields where it takes streams."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "OPENAI_AGENTS_DISABLE_TRACING": "1", "PYTHONPATH": ""},
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(60):
            word, url = (await process.stdout.readline()).decode().split()
        assert word == "ready"
        yield url
    finally:
        process.kill()
        await process.wait()


async def until(is_so: Callable[[], bool], within_s: float = 30.0) -> None:
    async with asyncio.timeout(within_s):
        while not is_so():  # noqa: ASYNC110  nobody could set an event
            await asyncio.sleep(0.02)


@asynccontextmanager
async def in_a_conference(folder: Path, url: str) -> AsyncIterator[Call]:
    """A caller in a conference with the client at *url*."""

    def join(node: Served) -> None:
        application = node.twilio.applications.create(friendly_name="ai", voice_url=f"{node.app_url}/agent")
        participants = node.twilio.conferences("room").participants
        participants.create(from_=NUMBER, to=f"app:{application.sid}", beep="false")

    async with webhook_app() as (app, app_url), serving(folder / "node", app, app_url) as node:
        app.answers("/voice", ROOM)
        app.answers("/agent", f'<Response><Connect><Stream url="{url}"/></Connect></Response>')
        async with node.phone("alice") as alice:
            call = await alice.dial(NUMBER)
            await asyncio.to_thread(join, node)
            await asyncio.sleep(2.0)  # until it has connected to whatever it connects to
            yield call


async def hums_a_while(call: Call) -> None:
    call.hum(HERS)
    await asyncio.sleep(0.6)
    call.silence()


async def is_answered_and_interrupts(call: Call) -> float:
    """Returns how much of the ten seconds of the answer was heard before it was interrupted, in seconds."""
    await hums_a_while(call)
    await until(lambda: call.hears(ANSWER_HZ))
    began = call.first_heard(ANSWER_HZ)
    await asyncio.sleep(1.5)
    call.hum(HERS)
    await until(lambda: not call.hears(ANSWER_HZ), within_s=6.0)
    ended = call.last_heard(ANSWER_HZ)
    call.silence()
    await until(lambda: call.hears(ANSWER_HZ))  # and it answers again
    assert began is not None
    assert ended is not None
    return ended - began


async def is_truncated(model: HummingModel, heard_s: float) -> None:
    """The service was told how much of its answer was heard: what the marks said that came back."""
    await until(lambda: bool(model.of("conversation.item.truncate")))
    told_s = model.of("conversation.item.truncate")[0]["audio_end_ms"] / 1000
    assert abs(told_s - heard_s) < 0.6, "a piece of audio and its mark are 400 ms"


async def test_openai_agents_js(tmp_path: Path) -> None:
    modules = where("MIXMINUS_OPENAI_AGENTS_JS")
    node = shutil.which("node") or pytest.skip("needs node")
    async with (
        HummingModel() as model,
        program(node, str(PROGRAMS / "openai_agents_js.mjs"), modules, model.url) as url,
        in_a_conference(tmp_path, url) as call,
    ):
        await is_truncated(model, await is_answered_and_interrupts(call))


async def test_openai_agents_python(tmp_path: Path) -> None:
    python = where("MIXMINUS_OPENAI_AGENTS_PYTHON")
    async with (
        HummingModel() as model,
        program(python, str(PROGRAMS / "openai_agents_python.py"), model.url) as url,
        in_a_conference(tmp_path, url) as call,
    ):
        await is_truncated(model, await is_answered_and_interrupts(call))


async def test_vocode(tmp_path: Path) -> None:
    python = where("MIXMINUS_VOCODE")
    async with program(python, str(PROGRAMS / "vocode_phone.py")) as url, in_a_conference(tmp_path, url) as call:
        await is_answered_and_interrupts(call)


async def test_fastrtc(tmp_path: Path) -> None:
    python = where("MIXMINUS_FASTRTC")
    async with program(python, str(PROGRAMS / "fastrtc_phone.py")) as url, in_a_conference(tmp_path, url) as call:
        call.hum(HERS)
        await until(lambda: call.hears(HERS))  # her own voice, by way of the client
        call.silence()
        await until(lambda: not call.hears(HERS))
