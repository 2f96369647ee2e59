"""The agent that is measured: ours, in a process of its own or in this one, or anybody's by its URL."""

import argparse
import asyncio
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final
from urllib.parse import urlsplit

from pipecat.transports.websocket import fastapi

from mixminus.agents.description import Agent, Listening
from mixminus.agents.io.conversation import Told, Using
from mixminus.agents.io.models import Models, warmed
from mixminus.agents.io.recogniser import Recogniser
from mixminus.agents.io.server import AgentServer, Gate, Surroundings
from mixminus.agents.io.voice import Voice, read, without_ends
from mixminus.agents.start import Start
from mixminus.base.clock import Clock
from mixminus.base.settings import Endpoint
from mixminus.cli.http_server import HttpServer
from mixminus.prompts.io.flite_worker import Flite
from mixminus.streams.contract import AgentListener, Upgrade
from mixminus.testing.agent_network import AgentNetwork
from mixminus.tools.conference import NoRoom
from mixminus.tools.io.backplane import World
from mixminus.tools.io.sqlite_store import SqliteToolStore
from mixminus.tools.toolbox import Toolbox

MOONSHINE: Final = "MIXMINUS_MOONSHINE"


@dataclass
class Measured:
    """Where the agent is, and what its context held when a call was over, by call; None: it does not tell."""

    url: str
    contexts: dict[str, str] | None = field(default_factory=dict)


def described() -> Agent:
    return Agent(name="measured", listening=Listening(os.environ.get(MOONSHINE, "")))


def said(told: Told) -> str:
    """All that the agent thinks was heard of it."""
    return " ".join(str(each.get("content") or "") for each in told.messages if each.get("role") == "assistant")


class VoiceHere(Voice):
    """The offline voice without its process, for a clock that stands still."""

    def __init__(self) -> None:
        self._here = Flite()
        self._said: dict[tuple[str, str], Any] = {}

    async def say(self, text: str, speaker: str) -> Any:
        if (text, speaker) not in self._said:
            with tempfile.TemporaryDirectory(prefix="mixminus-agent-") as folder:
                wav = Path(folder) / "said.wav"
                self._here.say({"text": text, "voice": speaker, "wav": str(wav)})
                self._said[text, speaker] = without_ends(read(wav))
        return self._said[text, speaker]

    async def close(self) -> None:
        pass


@asynccontextmanager
async def application(clock: Clock, voice: Any, ended: Any) -> AsyncIterator[AgentServer]:
    agent = described()
    folder = agent.listening.moonshine
    world = World(clock, asyncio.sleep, random.Random(1).random)
    models = Models(Recogniser(Path(folder) if folder else None), voice)
    with tempfile.TemporaryDirectory(prefix="mixminus-agent-") as data:
        async with SqliteToolStore(Path(data) / "tools.db", clock) as store:
            around = Surroundings(Using(models), store, world, lambda _: NoRoom("measured"), ended)
            yield AgentServer(agent, Toolbox(), around, Gate(at_once=32))
    models.recogniser.close()


class InMemory(AgentNetwork):
    """The node's way to an agent in this process: an ASGI WebSocket without a socket."""

    def __init__(self, server: AgentServer) -> None:
        super().__init__()
        self._server = server
        self._tasks: set[asyncio.Task[None]] = set()

    async def dial(self, upgrade: Upgrade, listener: AgentListener) -> Any:
        socket = _Socket(listener)
        task = asyncio.create_task(self._run(urlsplit(upgrade.url).path or "/", socket), name="agent")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return socket

    async def _run(self, path: str, socket: "_Socket") -> None:
        scope = {"type": "websocket", "path": path, "headers": [], "query_string": b"", "subprotocols": []}
        try:
            await self._server.app(scope, socket.receive, socket.tell)
        finally:
            socket.gone()


class _Socket:
    """Implements `AgentSocket` towards the node, and an ASGI WebSocket towards the agent."""

    is_congested = False

    def __init__(self, listener: AgentListener) -> None:
        self._listener = listener
        self._loop = asyncio.get_running_loop()
        self._to_agent: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._to_agent.put_nowait({"type": "websocket.connect"})
        self._open = True

    def send(self, message: bytes) -> None:
        if self._open:
            self._to_agent.put_nowait({"type": "websocket.receive", "text": message.decode()})

    def close(self, code: int = 1000) -> None:
        self._to_agent.put_nowait({"type": "websocket.disconnect", "code": code})
        self.gone()

    async def receive(self) -> dict[str, Any]:
        return await self._to_agent.get()

    async def tell(self, message: Mapping[str, Any]) -> None:
        if message["type"] == "websocket.close":
            self.gone()
        elif message["type"] == "websocket.send" and self._open:
            data = (message.get("text") or "").encode() or message.get("bytes") or b""
            self._loop.call_soon(lambda: self._listener.received(data, is_text=True))

    def gone(self) -> None:
        if self._open:
            self._open = False
            self._loop.call_soon(self._listener.closed, None)


@asynccontextmanager
async def in_this_process() -> AsyncIterator[tuple[Measured, InMemory]]:
    """Ours, for virtual time."""
    loop = asyncio.get_running_loop()
    fastapi.time = SimpleNamespace(monotonic=loop.time)  # it paces what it sends by a clock that does not stand still
    measured = Measured("wss://agent.example.com/agent")
    clock = Clock(loop.time, lambda: datetime.fromtimestamp(loop.time(), UTC))

    def ended(start: Start, told: Told) -> None:
        assert measured.contexts is not None
        measured.contexts[start.call_sid] = said(told)

    async with application(clock, VoiceHere(), ended) as server:
        yield measured, InMemory(server)


@asynccontextmanager
async def in_a_process() -> AsyncIterator[Measured]:
    """Ours, as a program that is dialled over loopback."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.listening.agent",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    async with asyncio.timeout(120):
        measured = Measured((await process.stdout.readline()).decode().strip())
    reading = asyncio.create_task(_contexts(process.stdout, measured), name="contexts")
    try:
        yield measured
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()
        await reading


async def _contexts(lines: asyncio.StreamReader, measured: Measured) -> None:
    async for line in lines:
        call_sid, text = json.loads(line)
        assert measured.contexts is not None
        measured.contexts[call_sid] = text


async def _serve() -> None:
    def ended(start: Start, told: Told) -> None:
        print(json.dumps([start.call_sid, said(told)]), flush=True)

    clock = Clock(time.monotonic, lambda: datetime.now(UTC))
    voice = Voice()
    await warmed(voice, described())
    async with application(clock, voice, ended) as server:
        http = HttpServer(server.app)
        at = await http.start(Endpoint("127.0.0.1", 0))
        print(f"ws://{at}/agent", flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
        await http.stop()
    await voice.close()


if __name__ == "__main__":
    import logging

    import structlog
    from loguru import logger

    argparse.ArgumentParser(description="The agent that is measured, until standard input closes.").parse_args()
    logger.remove()
    structlog.configure(
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
    )
    asyncio.run(_serve())
