"""A real agent on a real loopback port, and a room that only writes down what it is told."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from mixminus.agents.description import Agent
from mixminus.agents.intake import Script
from mixminus.agents.io.conversation import Told, Using
from mixminus.agents.io.models import Models
from mixminus.agents.io.server import AgentServer, Gate, Surroundings
from mixminus.agents.start import Start
from mixminus.base.clock import Clock
from mixminus.base.settings import Endpoint
from mixminus.cli.http_server import HttpServer
from mixminus.tools.conference import Present
from mixminus.tools.io.backplane import World
from mixminus.tools.io.sqlite_store import SqliteToolStore
from mixminus.tools.toolbox import Toolbox

SHORT: Script = Script(
    greeting="Hello.",
    ask_name="Your name?",
    ask_number="Your number?",
    check_number="{number}. Right?",
    ask_reason="The reason?",
    check_all="{name}, {number}, {reason}. Right?",
    kept="Done. Goodbye.",
    fetching="One moment.",
    emergency="One moment.",
)
"""A talk that does not take a test long."""


@dataclass
class TellingRoom:
    """Whoever is called in answers at once."""

    told: list[str] = field(default_factory=list)
    present: list[Present] = field(default_factory=list)
    coached: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    async def participants(self) -> list[Present]:
        return self.present

    async def add(self, to: str, label: str, *, from_: str, ring_s: int) -> None:
        self.told.append(f"add {to}")
        self.present.append(Present("CA" + "2" * 32, label, "connected"))

    async def hold(self, call_sid: str, *, held: bool) -> None:
        self.told.append(f"hold {call_sid} {held}")

    async def coach(self, call_sid: str, whom: str) -> None:
        self.told.append("coach")
        self.coached.set()

    async def remove(self, call_sid: str) -> None:
        self.told.append("remove")

    async def message(self, to: str, body: str, *, from_: str) -> str:
        return "SM" + "1" * 32

    async def end(self) -> None:
        self.told.append("end")
        self.ended.set()


@dataclass
class Served:
    url: str
    room: TellingRoom
    store: SqliteToolStore
    told: list[Told] = field(default_factory=list)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    """A call has ended."""

    @property
    def heard(self) -> str:
        """What the agent's context says that it said, in the last call that ended."""
        return " ".join(
            str(each.get("content") or "") for each in self.told[-1].messages if each["role"] == "assistant"
        )


@asynccontextmanager
async def served(
    folder: Path, agent: Agent, models: Models, gate: Gate | None = None, environment: Mapping[str, str] | None = None
) -> AsyncIterator[Served]:
    clock = Clock(time.monotonic, lambda: datetime.now(UTC))
    world = World(clock, asyncio.sleep, random.Random(1).random)
    room = TellingRoom()
    async with SqliteToolStore(folder / "tools.db", clock) as store:
        told: list[Told] = []
        over = asyncio.Event()

        def ended(_: Start, call: Told) -> None:
            told.append(call)
            over.set()

        around = Surroundings(Using(models, environment or {"KEY": "sk-test"}), store, world, lambda _: room, ended)
        http = HttpServer(AgentServer(agent, Toolbox(), around, gate or Gate()).app)
        at = await http.start(Endpoint("127.0.0.1", 0))
        try:
            yield Served(f"ws://{at}/agent", room, store, told, over)
        finally:
            await http.stop()
