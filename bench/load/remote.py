"""The other end of `python -m bench.load`: the generator as the benchmark sees it."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from bench.load.generator import Ending, SetUp
from bench.load.results import Window
from bench.load.scenario import Scenario

_GRACE_S: Final = 60.0


class GeneratorFailed(Exception):
    """The generator's process ended; it has said why on standard error."""


class RemoteGenerator:
    """Phones in a process of their own, already calling."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.cpu = 0.0
        """CPU the generator used itself in the last window, in cores."""

    async def set_up(self) -> SetUp:
        """Wait until every call is up or has failed."""
        return _set_up(await self._answer())

    async def measure(self, seconds: float) -> Window:
        """Listen for *seconds*."""
        await self._command(f"measure {seconds}")
        answer = await self._answer()
        self.cpu = answer.pop("generator_cpu")
        return Window(**answer)

    async def end(self) -> Ending:
        """Hang up."""
        await self._command("end")
        answer = await self._answer()
        return Ending(int(answer["dropped"]), _set_up(answer["replaced"]))

    async def _command(self, line: str) -> None:
        assert self._process.stdin
        self._process.stdin.write(line.encode() + b"\n")
        await self._process.stdin.drain()

    async def _answer(self) -> dict[str, Any]:
        assert self._process.stdout
        if not (line := await self._process.stdout.readline()):
            raise GeneratorFailed(f"the load generator ended with status {await self._process.wait()}")
        answer: dict[str, Any] = json.loads(line)
        return answer


def _set_up(answer: dict[str, Any]) -> SetUp:
    failures = {int(status): count for status, count in answer.pop("failures").items()}
    return SetUp(failures=failures, **answer)


@asynccontextmanager
async def calling(scenario: Scenario, core: int | None) -> AsyncIterator[RemoteGenerator]:
    """Yield a generator that is bringing up *scenario*, on *core* alone when one is named."""
    command = [sys.executable, "-m", "bench.load", *([] if core is None else [str(core)])]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe)
    assert process.stdin
    process.stdin.write(scenario.to_json().encode() + b"\n")
    try:
        yield RemoteGenerator(process)
    finally:
        process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), _GRACE_S)
        except TimeoutError:
            process.kill()
            await process.wait()
