"""A backplane whose time moves only when something sleeps, and services that misbehave on demand."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from mixminus.base.clock import Clock
from mixminus.tools.invocation import ToolCall
from mixminus.tools.io.backplane import Backplane, World
from mixminus.tools.io.sqlite_store import SqliteToolStore
from mixminus.tools.toolbox import Toolbox

BEGINNING = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


class Time:
    """Time that a test owns."""

    def __init__(self) -> None:
        self.passed_s = 0.0
        self.slept: list[float] = []
        self.asleep = asyncio.Event()
        self.clock = Clock(lambda: self.passed_s, lambda: BEGINNING + timedelta(seconds=self.passed_s))

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.asleep.set()
        self.passed_s += seconds
        await asyncio.sleep(0)


class Node:
    """One process: a store of its own on a file that others may share."""

    def __init__(self, path: Path, seed: int = 0) -> None:
        self.time = Time()
        self.luck = random.Random(seed)
        self.path = path
        self.store = SqliteToolStore(path, self.time.clock)

    @property
    def world(self) -> World:
        return World(self.time.clock, self.time.sleep, self.luck.random)

    @asynccontextmanager
    async def running(self, toolbox: Toolbox) -> AsyncIterator[Backplane]:
        async with self.store, Backplane(toolbox, self.store, self.world) as tools:
            yield tools


def call(tool: str, key: str = "k1", session: str = "CA1", **arguments: object) -> ToolCall:
    return ToolCall(session, key, tool, arguments)
