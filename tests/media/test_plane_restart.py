"""A worker that is lost: nobody waits for it, and another one takes its place."""

import asyncio
import os
import signal

import pytest
import uvloop

from mixminus.media.absence import answers_of_nobody
from mixminus.media.contract import (
    CloseLeg,
    DigitsSent,
    Event,
    LegOpened,
    LegRefused,
    OpenLeg,
    Play,
    PlayerFinished,
    RecordingStopped,
    SendDigits,
    SetRoom,
    StartRecording,
    StopPlayer,
    Tap,
    Tone,
    WorkerLost,
)
from mixminus.media.plane import WorkerPlane


def test_every_command_that_awaits_an_answer_gets_one_from_nobody() -> None:
    commands = (
        OpenLeg(1),
        Play(2, (Tone((400.0,), 40),), leg=1),
        SendDigits(1, "1"),
        StartRecording("RE1", "/nowhere", ((Tap("bus", 1),),)),
        SetRoom(3, ()),
        StopPlayer(2),
        CloseLeg(1),
    )
    assert answers_of_nobody(commands, "gone") == (
        LegRefused(1, "gone"),
        PlayerFinished(2, "gone"),
        DigitsSent(1),
        RecordingStopped("RE1", 0, 0, True, "gone"),
    )


@pytest.mark.network
async def test_a_lost_worker_refuses_legs_until_another_one_is_started() -> None:
    plane = WorkerPlane("127.0.0.1", 0, 0)
    events: asyncio.Queue[Event] = asyncio.Queue()
    plane.listen(events.put_nowait)
    await plane.start()
    first = plane.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    async with asyncio.timeout(20):
        assert await events.get() == WorkerLost("killed by signal 9")
        plane.apply(OpenLeg(1))
        assert await events.get() == LegRefused(1, "the media worker is gone: killed by signal 9")
        await plane.start()
        assert plane.pid != first
        plane.apply(OpenLeg(2))
        assert isinstance(await events.get(), LegOpened)
    await plane.stop()
    assert events.empty()


@pytest.mark.network
def test_a_node_whose_worker_is_lost_may_stop() -> None:
    """On the loop that production has, too."""

    async def story() -> None:
        plane = WorkerPlane("127.0.0.1", 0, 0)
        events: asyncio.Queue[Event] = asyncio.Queue()
        plane.listen(events.put_nowait)
        await plane.start()
        assert plane.pid is not None
        os.kill(plane.pid, signal.SIGKILL)
        async with asyncio.timeout(20):
            assert isinstance(await events.get(), WorkerLost)
        await plane.stop()

    uvloop.run(story())
