"""The intake in the pipeline: what is answered too soon is taken back."""

from collections.abc import Mapping
from typing import Any

import pytest

pytest.importorskip("pipecat", reason="needs mixminus[ai]")

from pipecat.frames.frames import Frame, InterruptionFrame, LLMContextFrame, LLMTextFrame
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.frame_processor import FrameDirection

from mixminus.agents.intake import Script, Use
from mixminus.agents.io.dialogue import IntakeDialogue, Mouth
from mixminus.agents.io.marks import PlayedFrame
from mixminus.tools.invocation import Answer

SCRIPT = Script(greeting="Hello.", ask_name="Name?", ask_number="{name}. Number?", ask_reason="Why?")


class Talk:
    """A dialogue, and what it says; `played_s` is how much of that was heard."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.prepared: list[str] = []
        self.played_s = 0.0
        self._messages: list[Mapping[str, Any]] = []
        self.dialogue = IntakeDialogue(SCRIPT, self._do, Mouth(self._prepare, lambda: self.played_s))
        self.dialogue.push_frame = self._push
        self.dialogue._start_interruption = self._nothing  # there is no queue here to be emptied

    async def hears(self, text: str) -> None:
        self._messages.append({"role": "user", "content": text})
        await self.process(LLMContextFrame(LLMContext(list(self._messages))))

    async def begins(self) -> None:
        await self.process(LLMContextFrame(LLMContext()))

    async def process(self, frame: Frame) -> None:
        await self.dialogue.process_frame(frame, FrameDirection.DOWNSTREAM)

    async def _push(self, frame: Frame, direction: Any = None) -> None:
        if isinstance(frame, LLMTextFrame):
            self.said.append(frame.text)

    async def _nothing(self) -> None:
        pass

    async def _prepare(self, text: str) -> None:
        self.prepared.append(text)

    async def _do(self, use: Use) -> Answer:
        raise AssertionError("no tool was needed")


async def interrupted(played_s: float, *, to_its_end: bool = False) -> Talk:
    """A name is said, and the question for the number cut off when so much of it was heard."""
    talk = Talk()
    await talk.begins()
    await talk.hears("My name is Jack.")
    assert talk.said[-1] == "Jack. Number?"
    talk.played_s += played_s
    if to_its_end:
        await talk.process(PlayedFrame())
    await talk.process(InterruptionFrame())
    await talk.hears("Miller.")
    return talk


async def test_who_goes_on_before_a_second_of_the_answer_was_heard_had_not_finished() -> None:
    talk = await interrupted(0.4)
    assert talk.said[-1] == "Jack Miller. Number?"


async def test_who_heard_more_of_it_answers_the_question() -> None:
    assert (await interrupted(1.5)).said[-1].startswith("Sorry")


async def test_a_short_question_that_was_heard_to_its_end_is_answered() -> None:
    assert (await interrupted(0.4, to_its_end=True)).said[-1].startswith("Sorry")
