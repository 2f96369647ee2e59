"""Processes that do what may crash, hang or eat memory, so that the node does not.

A worker reads one JSON job a line and answers with one JSON line (see `jobs.py`). It is started when first needed,
kept, and killed when it is late.
"""

import asyncio
import contextlib
import json
import signal
import sys
from collections.abc import Mapping
from typing import Any

from mixminus.prompts.prompt import INTERNAL, PromptError


class WorkerDied(Exception):
    """The worker ended while it worked on a job: what it was given broke it."""


class WorkerLate(Exception):
    """The worker took too long and was killed."""


class WorkerPool:
    """At most *size* processes running one module. Jobs beyond that wait for a free one, in order."""

    def __init__(self, module: str, size: int, job_s: float) -> None:
        self._module = module
        self._job_s = job_s
        self._turn = asyncio.Semaphore(size)
        self._idle: list[asyncio.subprocess.Process] = []
        self.started = 0

    async def ask(self, job: Mapping[str, Any]) -> dict[str, Any]:
        """Have a job done. Raises `PromptError` when the worker refuses it, `WorkerDied` or `WorkerLate`."""
        async with self._turn:
            worker = self._take_idle() or await self._start()
            try:
                async with asyncio.timeout(self._job_s):
                    answer = await _exchange(worker, job)
            except TimeoutError:
                await _kill(worker)
                raise WorkerLate from None
            except BaseException:
                # Cancelled half-way, or dead: nobody knows what it would answer next.
                await _kill(worker)
                raise
            self._idle.append(worker)
        if "code" in answer:
            raise PromptError(int(answer["code"]), str(answer["message"]))
        return answer

    async def close(self) -> None:
        """End the idle workers; busy ones are ended by whoever cancels their job."""
        while self._idle:
            await _kill(self._idle.pop())

    def _take_idle(self) -> asyncio.subprocess.Process | None:
        """Return a worker that waits. One that ended meanwhile (memory, an operator) is not blamed on the job."""
        while self._idle:
            worker = self._idle.pop()
            if worker.returncode is None:
                return worker
        return None

    async def _start(self) -> asyncio.subprocess.Process:
        self.started += 1
        try:
            return await asyncio.create_subprocess_exec(
                sys.executable, "-m", self._module, str(self._job_s),
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C drains the node: its workers are needed until it ends
            )  # fmt: skip
        except OSError as error:
            raise PromptError(INTERNAL, f"no process could be started to prepare audio: {error}") from error


async def _exchange(worker: asyncio.subprocess.Process, job: Mapping[str, Any]) -> dict[str, Any]:
    assert worker.stdin is not None
    assert worker.stdout is not None
    with contextlib.suppress(ConnectionError):  # an ended worker is told by its missing answer
        worker.stdin.write(json.dumps(job).encode() + b"\n")
        await worker.stdin.drain()
    line = await worker.stdout.readline()
    if not line.endswith(b"\n"):
        raise WorkerDied
    answer: dict[str, Any] = json.loads(line)
    return answer


async def _kill(worker: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        worker.send_signal(signal.SIGKILL)
    await worker.wait()
