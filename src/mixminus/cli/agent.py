"""`mixminus agent run FILE`: serve the agent that a file describes."""

import asyncio
import functools
import os
import random
import signal
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from mixminus.agents.description import Agent, Kind
from mixminus.agents.io.loading import agent_of, own_tools_of
from mixminus.base.clock import Clock
from mixminus.base.errors import MixminusError
from mixminus.base.settings import Endpoint
from mixminus.cli.failing import failing_in_one_line
from mixminus.cli.http_server import HttpServer
from mixminus.cli.logs import configure_logs
from mixminus.cli.readings import BadSetting, endpoint
from mixminus.tools.io.backplane import World
from mixminus.tools.io.sqlite_store import SqliteToolStore

if TYPE_CHECKING:
    from mixminus.agents.io.server import Gate

app = typer.Typer(help="Agents that talk on calls. Needs `pip install 'mixminus[ai]'`.", no_args_is_help=True)

DEFAULT_TOOLS_LOG: Final = Path("tools.db")


@app.command()
def run(
    file: Annotated[Path, typer.Argument(help="The agent, a TOML file or a Python file with `agent = Agent(…)`")],
    listen: Annotated[str, typer.Option(help="Where Media Streams connect, HOST:PORT")] = "127.0.0.1:8765",
    tools_log: Annotated[
        Path, typer.Option("--tools-log", help="The file of the tool backplane")
    ] = DEFAULT_TOOLS_LOG,
    at_once: Annotated[int, typer.Option(min=1, help="Calls at once; more are turned away")] = 8,
    signed: Annotated[
        bool, typer.Option("--signed", help="Take signed streams only, by MIXMINUS_AUTH_TOKEN")
    ] = False,
    public_url: Annotated[str, typer.Option(help="What is signed, wss://HOST, behind a proxy")] = "",
) -> None:
    """Serve an agent to any Media Streams server. It stops at Ctrl-C."""
    with failing_in_one_line():
        configure_logs("text", "info")
        agent = agent_of(file)
        token = _token() if signed else ""
        try:
            from mixminus.agents.io.server import Gate  # the models' libraries: nothing that other commands load
        except ModuleNotFoundError as error:
            raise MixminusError(f"{error.name} is not installed: pip install 'mixminus[ai]'.") from error
        asyncio.run(_serve(agent, file, endpoint("--listen", listen), tools_log, Gate(at_once, token, public_url)))


async def _serve(agent: Agent, file: Path, at: Endpoint, tools_log: Path, gate: "Gate") -> None:
    from mixminus.agents.io.conversation import Using
    from mixminus.agents.io.models import loaded
    from mixminus.agents.io.realtime_socket import headers
    from mixminus.agents.io.server import AgentServer, Surroundings, room_from

    if agent.kind is Kind.REALTIME:
        headers(agent.realtime, os.environ)  # without a key no call could be taken
    room_of = functools.partial(room_from, os.environ)
    clock = Clock(time.monotonic, lambda: datetime.now(UTC))
    world = World(clock, asyncio.sleep, random.random)
    async with (
        SqliteToolStore(tools_log, clock) as store,
        loaded(agent) as models,
    ):
        around = Surroundings(Using(models, os.environ), store, world, room_of)
        server = AgentServer(agent, own_tools_of(agent, file), around, gate)
        http = HttpServer(server.app)
        found = await http.start(at)
        print(f"mixminus agent ready ws://{found}", flush=True)
        try:
            await _asked_to_stop()
        finally:
            await http.stop()


async def _asked_to_stop() -> None:
    loop = asyncio.get_running_loop()
    asked = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, asked.set)
    await asked.wait()


def _token() -> str:
    for name in ("MIXMINUS_AUTH_TOKEN", "TWILIO_AUTH_TOKEN"):
        if os.environ.get(name):
            return os.environ[name]
    raise BadSetting("--signed needs the auth token in MIXMINUS_AUTH_TOKEN.")
