"""The floor in the pipeline: what reaches the turns, and what the agent's mouth is told."""

import asyncio
from typing import Any

import pytest

pytest.importorskip("pipecat", reason="needs mixminus[ai]")

from pipecat.frames.frames import Frame, TranscriptionFrame, VADUserStartedSpeakingFrame
from pipecat.processors.frame_processor import FrameDirection

from mixminus.agents.description import Turns
from mixminus.agents.floor import LONG_S, PAUSE_S, WORDS_WITHIN_S
from mixminus.agents.intake import Expects
from mixminus.agents.io.ear import QuietFrame
from mixminus.agents.io.listener import Listener
from mixminus.agents.io.recogniser import WordlessFrame
from mixminus.testing.virtual_time import run_virtual


class Mouth:
    def __init__(self) -> None:
        self.speaking = True
        self.told: list[str] = []

    async def hold(self) -> None:
        self.told.append("hold")

    async def resume(self) -> None:
        self.told.append("resume")


class Heard:
    """A listener whose tasks are the loop's, and what it lets through."""

    def __init__(self) -> None:
        self.mouth = Mouth()
        self.through: list[str] = []
        self.listener = Listener(Turns(), self.mouth, lambda: Expects.ANYTHING)
        self.listener.push_frame = self._push
        self.listener.create_task = lambda work, name=None: asyncio.ensure_future(work)
        self.listener.cancel_task = self._cancel

    async def sound(self, spoken_s: float) -> None:
        await self.listener.began()
        await self.take(VADUserStartedSpeakingFrame())
        await self.listener.goes_on(spoken_s)
        await self.take(QuietFrame(at=1.0, spoken_s=spoken_s))

    async def words(self, text: str) -> None:
        await self.take(TranscriptionFrame(text, "", "") if text else WordlessFrame())

    async def take(self, frame: Frame) -> None:
        await self.listener.process_frame(frame, FrameDirection.DOWNSTREAM)

    async def _push(self, frame: Frame, direction: Any = None) -> None:
        self.through.append(frame.text if isinstance(frame, TranscriptionFrame) else type(frame).__name__)

    async def _cancel(self, task: asyncio.Task[None]) -> None:
        task.cancel()


TURN = ["VADUserStartedSpeakingFrame", "QuietFrame"]


async def test_to_a_silent_agent_everything_goes_through_at_once() -> None:
    heard = Heard()
    heard.mouth.speaking = False
    await heard.sound(0.4)
    await heard.words("Yes.")
    assert heard.through == [*TURN, "Yes."]
    assert heard.mouth.told == []


@pytest.mark.parametrize("text", ["Okay.", ""])
async def test_of_an_mhm_and_a_cough_the_turns_hear_nothing(text: str) -> None:
    heard = Heard()
    await heard.sound(0.4)
    assert heard.listener.expects() is Expects.OVERLAP
    assert heard.listener.pause_s == PAUSE_S
    await heard.words(text)
    assert heard.mouth.told == ["hold", "resume"]
    assert heard.through == []
    assert heard.listener.expects() is Expects.ANYTHING


async def test_of_a_short_command_they_hear_all_of_it_afterwards() -> None:
    heard = Heard()
    await heard.sound(0.4)
    assert heard.through == []
    await heard.words("Stop.")
    assert heard.through == [*TURN, "Stop."]
    assert heard.mouth.told == ["hold"]


async def test_of_a_long_sound_they_hear_before_it_is_over() -> None:
    heard = Heard()
    await heard.listener.began()
    await heard.take(VADUserStartedSpeakingFrame())
    await heard.listener.goes_on(LONG_S)
    assert heard.through == TURN[:1]
    await heard.take(QuietFrame(at=1.0, spoken_s=2.0))
    await heard.words("Excuse me, I have a question.")
    assert heard.through == [*TURN, "Excuse me, I have a question."]


async def test_the_words_of_two_sounds_are_told_together() -> None:
    heard = Heard()
    await heard.sound(0.4)
    await heard.listener.began()
    await heard.words("Well,")
    await heard.take(QuietFrame(at=2.0, spoken_s=0.5))
    await heard.words("I need a doctor.")
    assert heard.through == [*TURN, "Well,", "I need a doctor."]


def test_a_recogniser_that_is_late_is_not_waited_for_and_not_believed_then() -> None:
    async def story() -> None:
        heard = Heard()
        await heard.sound(0.4)
        await asyncio.sleep(WORDS_WITHIN_S + 0.1)
        assert heard.mouth.told == ["hold", "resume"]
        await heard.words("Okay.")
        assert heard.through == []
        heard.mouth.speaking = False
        await heard.sound(0.4)
        await heard.words("Yes.")
        assert heard.through == [*TURN, "Yes."]

    run_virtual(story())
