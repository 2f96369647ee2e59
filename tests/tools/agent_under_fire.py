"""An agent in the middle of a call, as a process that may be killed: `… FOLDER SERVICE_URL SESSION CALLS`.

It makes the tool calls of its script, several at once and each of them twice, and prints the answers.
"""

import asyncio
import json
import os
import random
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp

from mixminus.base.clock import Clock
from mixminus.tools.errors import RateLimited, TimedOut
from mixminus.tools.invocation import Invocation, ToolCall
from mixminus.tools.io.backplane import Backplane, World
from mixminus.tools.io.sqlite_store import SqliteToolStore
from mixminus.tools.policy import Policy
from mixminus.tools.toolbox import Effect, Toolbox

IMPATIENT = Policy(deadline_s=2.0, attempts=4, first_pause_s=0.01, longest_pause_s=0.05)
ANSWERS_WITHIN_S = 0.15


def clinic(service: str) -> Toolbox:
    """Tools of every kind, on one service."""
    tools = Toolbox()

    async def asked(method: str, path: str) -> Any:
        timeout = aiohttp.ClientTimeout(total=ANSWERS_WITHIN_S)
        try:
            async with aiohttp.ClientSession(timeout=timeout) as http, http.request(method, service + path) as answer:
                if answer.status in (429, 503):
                    raise RateLimited(retry_after_s=float(answer.headers.get("Retry-After", 0)))
                return await answer.json()
        except (TimeoutError, aiohttp.ClientError) as error:
            raise TimedOut(type(error).__name__) from None

    async def was_paid(invocation: Invocation, amount: int) -> str | None:
        return "paid" if await asked("GET", f"/payments/{quote(invocation.key, safe='')}") else None

    @tools.tool(Effect.READS, policy=IMPATIENT)
    async def price(thing: str) -> int:
        """Tell a price."""
        return int(await asked("GET", f"/prices/{thing}"))

    @tools.tool(Effect.KEYED, policy=IMPATIENT)
    async def book(invocation: Invocation, day: str) -> str:
        """Book a day."""
        done = str(await asked("POST", f"/bookings/{quote(invocation.key, safe='')}"))
        invocation.state["booked"] = [*invocation.state.get("booked", []), day]
        return done

    @tools.tool(Effect.ONCE, policy=IMPATIENT, settle=was_paid)
    async def pay(invocation: Invocation, amount: int) -> str:
        """Pay."""
        return str(await asked("POST", f"/payments/{quote(invocation.key, safe='')}"))

    @tools.tool(Effect.SETS, policy=IMPATIENT)
    def note(invocation: Invocation, text: str) -> int:
        """Take a note."""
        invocation.state["notes"] = [*invocation.state.get("notes", []), text]
        return len(invocation.state["notes"])

    return tools


def script(session: str, calls: int) -> Iterator[ToolCall]:
    """What the model asks for in this call. Keys are its own names of the calls: the same after a restart."""
    for number in range(calls):
        key = f"{session}-{number}"
        match number % 4:
            case 0:
                yield ToolCall(session, key, "book", {"day": f"day {number}"})
            case 1:
                yield ToolCall(session, key, "pay", {"amount": number})
            case 2:
                yield ToolCall(session, key, "price", {"thing": "x" * number})
            case _:
                yield ToolCall(session, key, "note", {"text": f"note {number}"})


def real_world() -> World:
    return World(Clock(time.monotonic, lambda: datetime.now(UTC)), asyncio.sleep, random.Random(os.getpid()).random)


async def main(folder: Path, service: str, session: str, calls: int) -> None:
    world = real_world()
    async with (
        SqliteToolStore(folder / "tools.db", world.clock) as store,
        Backplane(clinic(service), store, world, at_once=6) as tools,
    ):
        todo = list(script(session, calls))
        twice = random.Random(os.getpid()).sample(todo * 2, 2 * len(todo))
        answers = await asyncio.gather(*(tools.invoke(call) for call in twice))
    told: dict[str, set[str]] = {}
    for call, answer in zip(twice, answers, strict=True):
        told.setdefault(call.key, set()).add(f"{answer.outcome.value} {json.dumps(answer.result)}")
    print(json.dumps({key: sorted(found) for key, found in told.items()}), flush=True)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])))
