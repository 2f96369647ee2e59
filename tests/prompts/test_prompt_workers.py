"""A worker that hangs, dies or lies costs one job, and the next one gets a fresh worker."""

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from mixminus.prompts.io.workers import WorkerDied, WorkerLate, WorkerPool
from mixminus.prompts.prompt import PromptError

ROGUE = """
import os, signal, threading
from mixminus.prompts.io.jobs import serve
from mixminus.prompts.prompt import PromptError

def do(job):
    match job["do"]:
        case "hang": threading.Event().wait()
        case "crash": os.kill(os.getpid(), signal.SIGSEGV)
        case "refuse": raise PromptError(13420, "no")
        case "raise": raise ValueError("odd")
        case "print": print("noise")
    return {"pid": os.getpid()}

serve(do, memory_bytes=None)
"""


@pytest.fixture
def rogue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[int, float], WorkerPool]:
    (tmp_path / "rogue_worker.py").write_text(ROGUE)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=":")
    return lambda size, job_s: WorkerPool("rogue_worker", size, job_s)


async def test_a_worker_is_kept_for_the_next_job(rogue: Callable[[int, float], WorkerPool]) -> None:
    pool = rogue(1, 10)
    first = await pool.ask({"do": "work"})
    assert await pool.ask({"do": "print"}) == first
    assert pool.started == 1
    await pool.close()


async def test_a_crash_is_told_and_the_next_job_gets_a_new_worker(rogue: Callable[[int, float], WorkerPool]) -> None:
    pool = rogue(1, 10)
    with pytest.raises(WorkerDied):
        await pool.ask({"do": "crash"})
    assert "pid" in await pool.ask({"do": "work"})
    assert pool.started == 2
    await pool.close()


async def test_a_worker_that_ended_while_idle_is_not_blamed_on_the_next_job(
    rogue: Callable[[int, float], WorkerPool],
) -> None:
    pool = rogue(1, 10)
    os.kill((await pool.ask({"do": "work"}))["pid"], signal.SIGKILL)
    await pool._idle[0].wait()
    assert "pid" in await pool.ask({"do": "work"})
    await pool.close()


async def test_a_hanging_worker_is_killed_in_time(rogue: Callable[[int, float], WorkerPool]) -> None:
    pool = rogue(1, 0.5)
    with pytest.raises(WorkerLate):
        await pool.ask({"do": "hang"})
    await pool.close()


async def test_a_refusal_and_an_accident_are_prompt_errors_and_the_worker_lives(
    rogue: Callable[[int, float], WorkerPool],
) -> None:
    pool = rogue(1, 10)
    for job, sentence in (("refuse", "no"), ("raise", "ValueError: odd")):
        with pytest.raises(PromptError, match=sentence):
            await pool.ask({"do": job})
    assert pool.started == 1
    await pool.close()


async def test_a_cancelled_job_does_not_give_its_answer_to_the_next_one(
    rogue: Callable[[int, float], WorkerPool],
) -> None:
    pool = rogue(1, 10)
    pid = (await pool.ask({"do": "work"}))["pid"]
    hanging = asyncio.create_task(pool.ask({"do": "hang"}))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    hanging.cancel()
    with pytest.raises(asyncio.CancelledError):
        await hanging
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert "pid" in await pool.ask({"do": "work"})
    await pool.close()


async def test_more_jobs_than_workers_wait_their_turn(rogue: Callable[[int, float], WorkerPool]) -> None:
    pool = rogue(2, 10)
    answers = await asyncio.gather(*(pool.ask({"do": "work"}) for _ in range(8)))
    assert len({answer["pid"] for answer in answers}) <= 2
    assert pool.started <= 2
    await pool.close()
