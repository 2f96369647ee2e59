"""Virtual time jumps, repeats, waits for threads, and says why when it cannot go on."""

import asyncio
import threading
import time

import pytest

from mixminus.testing.virtual_time import Deadlock, TooLong, VirtualTimeLoop, run_virtual


def test_an_hour_passes_at_once() -> None:
    async def story() -> float:
        await asyncio.sleep(3000)
        return asyncio.get_running_loop().time()

    began = time.perf_counter()
    assert run_virtual(story()) == 3000
    assert time.perf_counter() - began < 1


def test_timers_run_in_their_order_at_their_time() -> None:
    async def story() -> list[float]:
        loop, seen = asyncio.get_running_loop(), []
        for at in (2.0, 0.5, 1.25):
            loop.call_at(at, lambda: seen.append(loop.time()))
        await asyncio.sleep(3)
        return seen

    assert run_virtual(story()) == [0.5, 1.25, 2.0]


def test_a_deadlock_names_every_task_and_where_it_waits() -> None:
    async def never() -> None:
        await asyncio.get_running_loop().create_future()

    async def story() -> None:
        task = asyncio.create_task(never(), name="the waiter")
        await asyncio.sleep(1)
        await task

    with pytest.raises(Deadlock) as stuck:
        run_virtual(story())
    assert "at 1.000 s" in str(stuck.value)
    assert "the waiter waits at" in str(stuck.value)
    assert "test_virtual_time.py" in str(stuck.value)
    assert "in test_a_deadlock_names_every_task_and_where_it_waits.<locals>.never" in str(stuck.value)


def test_a_story_without_end_is_stopped() -> None:
    async def story() -> None:
        await asyncio.sleep(1e6)

    with pytest.raises(TooLong, match="60 simulated seconds"):
        run_virtual(story(), limit_s=60)


def test_the_clock_stands_still_while_a_thread_works() -> None:
    async def story() -> tuple[float, int]:
        timer = asyncio.create_task(asyncio.sleep(5))
        answer = await asyncio.to_thread(sum, range(100_000))
        at = asyncio.get_running_loop().time()
        await timer
        return at, answer

    at, answer = run_virtual(story())
    assert (at, answer) == (0.0, 4_999_950_000)


def test_outside_work_can_be_announced() -> None:
    async def story() -> float:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualTimeLoop)
        done = asyncio.Event()
        with loop.outside():
            thread = threading.Thread(target=loop.call_soon_threadsafe, args=(done.set,))
            thread.start()
            await done.wait()
        return loop.time()

    assert run_virtual(story()) == 0.0


def test_an_exception_of_the_story_is_the_exception_of_the_run() -> None:
    async def story() -> None:
        await asyncio.sleep(1)
        raise KeyError("x")

    with pytest.raises(KeyError):
        run_virtual(story())
