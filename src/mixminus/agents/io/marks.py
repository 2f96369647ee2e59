"""Marks between the pipeline and Media Streams, so that the context holds what was heard and nothing else."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from pipecat.frames.frames import (
    Frame,
    InterruptionFrame,
    LLMFullResponseEndFrame,
    OutputTransportMessageFrame,
    SystemFrame,
    TTSTextFrame,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.serializers.twilio import TwilioFrameSerializer
from pipecat.utils.text.base_text_aggregator import TextType

from mixminus.agents.heard import Heard

PATIENCE_S: Final = 3.0
"""How long the last mark of an answer may take. A server that returns no marks must not stop the talk."""


@dataclass
class MarkFrame(OutputTransportMessageFrame):
    """A mark, queued behind the audio of `words`."""

    words: str = ""


@dataclass
class PlayedFrame(SystemFrame):
    """Upstream: the answer was played to its end."""


class Marks:
    """One call's marks: makes those that go out, is told of those that come back."""

    def __init__(self, stream_sid: str) -> None:
        self._stream_sid = stream_sid
        self.heard = Heard()

    def frame(self, words: str) -> MarkFrame:
        """A mark to queue behind the audio of *words*."""
        name = self.heard.name()
        self.heard.sent(name, words)
        message = {"event": "mark", "streamSid": self._stream_sid, "mark": {"name": name}}
        return MarkFrame(message=message, words=words)


class MarkSerializer(TwilioFrameSerializer):
    """Twilio's messages, and also the marks that come back. Never hangs up: the server decides what leaving means."""

    def __init__(self, stream_sid: str, call_sid: str, on_message: Callable[[dict[str, Any]], Any]) -> None:
        params = TwilioFrameSerializer.InputParams(auto_hang_up=False)
        super().__init__(stream_sid=stream_sid, call_sid=call_sid, params=params)
        self._on_message = on_message

    async def deserialize(self, data: str | bytes) -> Frame | None:
        """Hostile or unknown messages are dropped."""
        try:
            message = json.loads(data)
            if not isinstance(message, dict):
                return None
            if message.get("event") in ("mark", "stop"):
                await self._on_message(message)
                return None
            return await super().deserialize(data)
        except (ValueError, AttributeError, TypeError):
            return None


class HeardWords(FrameProcessor):
    """Stands behind the output: lets through the words whose marks came back, and no others."""

    def __init__(self, marks: Marks) -> None:
        super().__init__()
        self._marks = marks
        self._end: LLMFullResponseEndFrame | None = None
        self._patience: asyncio.Task[None] | None = None

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if direction is not FrameDirection.DOWNSTREAM:
            await self.push_frame(frame, direction)
        elif isinstance(frame, InterruptionFrame):
            self._end = None
            await self._forget()
            await self.push_frame(frame, direction)
        elif isinstance(frame, LLMFullResponseEndFrame):
            self._end = frame
            await self._end_if_heard()
        elif not isinstance(frame, TTSTextFrame | MarkFrame):  # words come back by their marks
            await self.push_frame(frame, direction)

    async def returned(self, mark: str) -> None:
        """A mark came back."""
        if words := self._marks.heard.returned(mark):
            await self.push_frame(TTSTextFrame(words, TextType.SENTENCE))
        await self._end_if_heard()

    async def cleanup(self) -> None:
        await self._forget()
        await super().cleanup()

    async def _end_if_heard(self) -> None:
        if self._end is None:
            return
        if self._marks.heard.waiting:
            if self._patience is None:
                self._patience = self.create_task(self._lose_patience(), "patience")
            return
        await self._forget()
        end, self._end = self._end, None
        await self.push_frame(end)
        await self.push_frame(PlayedFrame(), FrameDirection.UPSTREAM)

    async def _lose_patience(self) -> None:
        await asyncio.sleep(PATIENCE_S)
        self._patience = None
        if words := self._marks.heard.cleared():
            await self.push_frame(TTSTextFrame(words, TextType.SENTENCE))
        await self._end_if_heard()

    async def _forget(self) -> None:
        if self._patience is not None:
            patience, self._patience = self._patience, None
            await self.cancel_task(patience)


class Forgetting(FrameProcessor):
    """Stands before the voice: an interruption makes the marks on their way meaningless, before new ones are made."""

    def __init__(self, marks: Marks) -> None:
        super().__init__()
        self._marks = marks

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, InterruptionFrame) and direction is FrameDirection.DOWNSTREAM:
            self._marks.heard.cleared()
        await self.push_frame(frame, direction)


class SentenceMarks(FrameProcessor):
    """Stands behind a voice that knows no marks: one for each text it says it has spoken."""

    def __init__(self, marks: Marks) -> None:
        super().__init__()
        self._marks = marks

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        await self.push_frame(frame, direction)
        if isinstance(frame, TTSTextFrame) and direction is FrameDirection.DOWNSTREAM:
            await self.push_frame(self._marks.frame(frame.text))
