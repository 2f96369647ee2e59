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

from mixminus.agents.heard import Heard, Said
from mixminus.agents.io.ear import Doubling

PATIENCE_S: Final = 3.0
"""So much later than it can be played the next mark may come. A server that returns none must not stop the talk."""


@dataclass
class MarkFrame(OutputTransportMessageFrame):
    """A mark, queued behind the audio of some words."""


@dataclass
class HoldFrame(InterruptionFrame):
    """Goes no farther than the output: what it still had to send is dropped, and a `clear` is sent."""


@dataclass
class PlayedFrame(SystemFrame):
    """Upstream: the answer was played to its end."""


class Marks:
    """One call's marks: makes those that go out, is told of those that come back."""

    def __init__(self, stream_sid: str) -> None:
        self._stream_sid = stream_sid
        self.heard = Heard()

    def frame(self, said: Said) -> MarkFrame:
        """A mark to queue behind the audio of *said*."""
        name = self.heard.name()
        self.heard.sent(name, said)
        message = {"event": "mark", "streamSid": self._stream_sid, "mark": {"name": name}}
        return MarkFrame(message=message)


class MarkSerializer(TwilioFrameSerializer):
    """Twilio's messages, and also the marks that come back. Never hangs up: the server decides what leaving means."""

    def __init__(self, stream_sid: str, call_sid: str, on_message: Callable[[dict[str, Any]], Any]) -> None:
        params = TwilioFrameSerializer.InputParams(auto_hang_up=False)
        super().__init__(stream_sid=stream_sid, call_sid=call_sid, params=params)
        self._input_resampler = Doubling()  # pipecat's own holds back 50 to 100 ms of what the caller says
        self._on_message = on_message

    async def deserialize(self, data: str | bytes) -> Frame | None:
        """Hostile or unknown messages are dropped."""
        try:
            message = json.loads(data)
            if not isinstance(message, dict):
                return None
            if message.get("event") in ("mark", "stop", "played"):
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
        elif isinstance(frame, HoldFrame):
            await self._forget()  # whoever is held plays nothing, for as long as it takes
        elif isinstance(frame, InterruptionFrame):
            self._end = None
            await self._forget()
            await self.push_frame(frame, direction)
        elif not isinstance(frame, TTSTextFrame | MarkFrame):  # words come back by their marks
            await self.push_frame(frame, direction)

    async def all_sent(self, end: LLMFullResponseEndFrame) -> None:
        """Nothing more comes of this answer; *end* is told once it was heard."""
        self._end = end
        await self._end_if_heard()

    async def resumed(self) -> None:
        """What was held is on its way again."""
        await self._end_if_heard()

    async def returned(self, mark: str) -> None:
        """A mark came back."""
        if words := self._marks.heard.returned(mark):
            await self._forget()
            await self.push_frame(TTSTextFrame(words, TextType.SENTENCE))
        await self._end_if_heard()

    async def reported(self, played_ms: float) -> None:
        """The server told how much was played before the last clear."""
        if words := self._marks.heard.reported(played_ms / 1_000):
            await self.push_frame(TTSTextFrame(words, TextType.SENTENCE))

    async def cleanup(self) -> None:
        await self._forget()
        await super().cleanup()

    async def _end_if_heard(self) -> None:
        if self._end is None:
            return
        if self._marks.heard.waiting:
            if self._patience is None and (left_s := self._marks.heard.left_s):
                self._patience = self.create_task(self._lose_patience(left_s + PATIENCE_S), "patience")
            return
        await self._forget()
        end, self._end = self._end, None
        await self.push_frame(end)
        await self.push_frame(PlayedFrame(), FrameDirection.UPSTREAM)

    async def _lose_patience(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        self._patience = None
        if words := self._marks.heard.cleared():
            await self.push_frame(TTSTextFrame(words, TextType.SENTENCE))
        await self._end_if_heard()

    async def _forget(self) -> None:
        if self._patience is not None:
            patience, self._patience = self._patience, None
            await self.cancel_task(patience)
