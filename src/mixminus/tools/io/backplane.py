"""Runs tools: at most so many at once, each in a task of its own, tried again as the policy says, once per key."""

import asyncio
import functools
import inspect
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, Final, Self

import structlog

from mixminus.base.clock import Clock
from mixminus.tools.claims import Clash, Done, Run, TakeOver, Wait
from mixminus.tools.contract import ToolStore
from mixminus.tools.errors import BadArguments, KeyReused, RateLimited, TimedOut, ToolError, UnknownTool
from mixminus.tools.invocation import (
    MAX_RESULT_BYTES,
    Answer,
    Attempt,
    Invocation,
    Json,
    Outcome,
    State,
    ToolCall,
    as_json,
    canonical,
)
from mixminus.tools.policy import MIGHT_HAPPEN_TWICE, GiveUp, pause_before_next
from mixminus.tools.toolbox import Tool, Toolbox

log: structlog.stdlib.BoundLogger = structlog.get_logger("mixminus.tools")

LOOK_AGAIN_S: Final = 0.1
"""How often a duplicate looks whether the other process has answered."""
LEASE_MARGIN_S: Final = 2.0
"""A lease outlives the deadline, and that of asking `settle` after it: the answer still has to be written down."""


@dataclass(frozen=True, slots=True)
class World:
    """Time and luck, passed in: `sleep` waits so many seconds, `luck` draws from [0, 1)."""

    clock: Clock
    sleep: Callable[[float], Awaitable[None]]
    luck: Callable[[], float]


class Backplane:
    """`async with Backplane(toolbox, store, world) as tools`, then `await tools.invoke(call)`.

    An invocation belongs to the backplane, not to who asked: an agent that is interrupted loses the wait, not the
    work or its record (livekit/agents#3702). Leaving the block waits for what is running.
    """

    def __init__(self, toolbox: Toolbox, store: ToolStore, world: World, *, at_once: int = 8) -> None:
        self.toolbox = toolbox
        self._store = store
        self._world = world
        self._owner = f"{int(world.luck() * 2**53):014x}"  # no two backplanes are one, not even in one process
        self._slots = asyncio.Semaphore(at_once)
        self._threads = ThreadPoolExecutor(4 * at_once, "tool")  # a thread that timed out cannot be stopped
        self._running: dict[tuple[str, str], tuple[str, asyncio.Task[Answer]]] = {}
        self._turns: dict[str, asyncio.Lock] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        while self._running:
            await asyncio.gather(*(task for _, task in self._running.values()), return_exceptions=True)
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def invoke(self, call: ToolCall) -> Answer:
        """Do *call* once, and answer; never raises for what a tool does. Raises `StoreBroken`."""
        try:
            call = replace(call, arguments=as_json(dict(call.arguments)))
            self.toolbox[call.tool].accept(call.arguments)
        except (UnknownTool, BadArguments, ToolError) as error:
            return await self._refuse(call, error)
        name = call.session, call.key
        if name in self._running:
            digest, running = self._running[name]
            if digest != call.digest:
                return await self._refuse(call, KeyReused(f"the key {call.key!r} stands for another call"))
            return await asyncio.shield(running)
        task = asyncio.create_task(self._once(call), name=f"tool {call.tool} {call.session}")
        self._running[name] = call.digest, task
        task.add_done_callback(lambda _: self._running.pop(name))
        return await asyncio.shield(task)

    async def state(self, session: str) -> Mapping[str, Json]:
        """What the session's tools have kept."""
        return await self._store.state(session)

    async def _once(self, call: ToolCall) -> Answer:
        """Run *call* unless it was run; wait for another process that is at it."""
        tool = self.toolbox[call.tool]
        async with self._turn(call.session, tool), self._slots:
            lease_s = 2 * tool.policy.deadline_s + LEASE_MARGIN_S
            sees_state = tool.wants_invocation
            while isinstance(
                (claim := await self._store.claim(call, self._owner, lease_s, sees_state=sees_state)).verdict, Wait
            ):
                await self._world.sleep(min(LOOK_AGAIN_S, claim.verdict.for_s))
            match claim.verdict:
                case Done(answer):
                    return answer
                case Clash():
                    return await self._refuse(call, KeyReused(f"the key {call.key!r} stands for another call"))
                case Run() | TakeOver():
                    running = _Running(tool, call, State(claim.state), self._world, self._run)
                    answer = await running.to_the_end(resumed=isinstance(claim.verdict, TakeOver))
                    return await self._store.finish(call, answer, running.state.changes if answer.ok else {})

    def _turn(self, session: str, tool: Tool) -> asyncio.Lock:
        """Tools that see the session's state run one after another; the others do not wait for them."""
        if not tool.wants_invocation:
            return asyncio.Lock()
        for idle in [name for name, lock in self._turns.items() if not lock.locked() and name != session]:
            del self._turns[idle]
        return self._turns.setdefault(session, asyncio.Lock())

    async def _refuse(self, call: ToolCall, error: Exception) -> Answer:
        answer = Answer(Outcome.REFUSED, None, (), str(error))
        try:
            await self._store.refuse(call, answer)
        except ToolError:  # its arguments cannot even be written down
            await self._store.refuse(replace(call, arguments={}), answer)
        return answer

    async def _run(self, function: Callable[..., Any], *given: object, **named: object) -> object:
        """Call a sync function in a thread, an async one here."""
        if inspect.iscoroutinefunction(function):
            return await function(*given, **named)
        do = functools.partial(function, *given, **named)
        return await asyncio.get_running_loop().run_in_executor(self._threads, do)


class _Running:
    """One invocation while it runs."""

    def __init__(
        self, tool: Tool, call: ToolCall, kept: State, world: World, run: Callable[..., Awaitable[object]]
    ) -> None:
        self._tool = tool
        self._call = call
        self._kept = dict(kept)
        self._world = world
        self._run = run
        self._attempts: list[Attempt] = []
        self.state = kept

    async def to_the_end(self, *, resumed: bool) -> Answer:
        """Try until it answers, or the policy says stop. *resumed*: an earlier process may have had an effect."""
        until = self._world.clock.now() + self._tool.policy.deadline_s
        if resumed and not self._tool.effect.repeatable:
            there, found = await self._settle()
            if there is not Outcome.FAILED:
                return self._whether_it_happened(there, found, "its process ended before the answer was kept")
        while True:
            left_s = until - self._world.clock.now()
            outcome, found = await self._attempt(left_s)
            if outcome is Outcome.OK:
                return Answer(outcome, found, tuple(self._attempts))
            assert isinstance(found, Exception)
            pause = pause_before_next(
                self._tool.policy,
                len(self._attempts),
                until - self._world.clock.now(),
                found,
                repeatable=self._tool.effect.repeatable,
                luck=self._world.luck(),
            )
            if pause is MIGHT_HAPPEN_TWICE:
                return self._whether_it_happened(*await self._settle(), str(found))
            if isinstance(pause, GiveUp):
                return Answer(outcome, None, tuple(self._attempts), str(found))
            await self._world.sleep(pause)

    async def _attempt(self, left_s: float) -> tuple[Outcome, Json | Exception]:
        began = self._world.clock.now()
        outcome, found = await self._tried(left_s)
        latency_ms = round(1_000 * (self._world.clock.now() - began))
        message = str(found) if isinstance(found, Exception) else ""
        self._attempts.append(Attempt(len(self._attempts) + 1, outcome, latency_ms, message))
        return outcome, found

    async def _tried(self, left_s: float) -> tuple[Outcome, Json | Exception]:
        self.state = State(self._kept)  # what a failed attempt changed is gone
        try:
            async with asyncio.timeout(max(0.0, left_s)):
                return Outcome.OK, await self._result(self._tool.function)
        except RateLimited as error:
            return Outcome.RATE_LIMITED, error
        except (TimedOut, TimeoutError) as error:
            return Outcome.TIMED_OUT, TimedOut(str(error) or f"no answer within {self._tool.policy.deadline_s:g} s")
        except ToolError as error:
            return Outcome.FAILED, error
        except Exception as error:  # somebody else's function: its failure is an answer, and a line in the log
            log.exception("tool_broke", tool=self._tool.name, session=self._call.session)
            return Outcome.FAILED, ToolError(f"{self._tool.name} broke: {type(error).__name__}")

    async def _settle(self) -> tuple[Outcome, Json]:
        """Ask whether the effect is there: OK and the answer, FAILED if it is not, UNKNOWN if that cannot be told."""
        if self._tool.settle is None:
            return Outcome.UNKNOWN, None
        try:
            async with asyncio.timeout(self._tool.policy.deadline_s):
                found = await self._result(self._tool.settle)
        except Exception as error:  # somebody else's function; not knowing is the answer
            log.warning("settle_failed", tool=self._tool.name, session=self._call.session, error=type(error).__name__)
            return Outcome.UNKNOWN, None
        return (Outcome.FAILED, None) if found is None else (Outcome.OK, found)

    def _whether_it_happened(self, there: Outcome, found: Json, why: str) -> Answer:
        if there is Outcome.OK:
            return Answer(there, found, tuple(self._attempts))
        return Answer(Outcome.UNKNOWN, None, tuple(self._attempts), f"nobody knows whether it happened: {why}")

    async def _result(self, function: Callable[..., Any]) -> Json:
        invocation = Invocation(self._call.session, self._call.key, len(self._attempts) + 1, self.state)
        given = (invocation,) if self._tool.wants_invocation or function is self._tool.settle else ()
        result = as_json(await self._run(function, *given, **self._tool.accept(self._call.arguments)))
        if len(canonical(result)) > MAX_RESULT_BYTES:
            raise ToolError(f"the result is longer than {MAX_RESULT_BYTES} bytes")
        return result
