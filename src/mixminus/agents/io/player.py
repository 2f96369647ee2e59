"""Between the voice and the output: marks behind every group of words, and the stop that can be taken back."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from pipecat.frames.frames import (
    DataFrame,
    Frame,
    InterruptionFrame,
    LLMFullResponseEndFrame,
    SystemFrame,
    TTSAudioRawFrame,
    TTSStartedFrame,
    TTSStoppedFrame,
    TTSTextFrame,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor

from mixminus.agents.heard import Said
from mixminus.agents.io.marks import HeardWords, HoldFrame, Marks

SILENT: Final = 200
LEAD: Final = 80
"""Samples before the first that is above `SILENT`, which speech still begins with."""


@dataclass
class GroupFrame(DataFrame):
    """The audio since the last one says these words."""

    words: str = ""


class Player(FrameProcessor):
    """Says what comes from the voice, until it is held; says the rest when it is let go on.

    What was sent and not yet heard is kept as audio, so that `clear`, which both Twilio and we understand, is all
    that a stop needs. It goes on at the group of words in which it was stopped.
    """

    def __init__(self, marks: Marks, heard: HeardWords) -> None:
        super().__init__()
        self._marks = marks
        self._heard = heard
        self._group = bytearray()
        self._held: list[Frame] | None = None
        self._voice: TTSAudioRawFrame | None = None
        self._begun = False
        self._stopped: TTSStoppedFrame | None = None

    @property
    def speaking(self) -> bool:
        """Something that was said is not heard yet, or more is coming."""
        return self._marks.heard.waiting or bool(self._group) or self._begun

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if direction is not FrameDirection.DOWNSTREAM:
            await self.push_frame(frame, direction)
        elif isinstance(frame, InterruptionFrame):
            self._forget()
            await self.push_frame(frame, direction)
        elif self._held is not None and not isinstance(frame, SystemFrame):
            self._held.append(frame)
        else:
            await self._say(frame)

    async def hold(self) -> None:
        """Be silent at once, and keep what is left."""
        if self._held is None:
            self._held = []
            self._marks.heard.held()
            await self.push_frame(HoldFrame())

    async def resume(self) -> None:
        """Say what is left."""
        if self._held is None:
            return
        frames, self._held = self._held, None
        for number, said in enumerate(self._marks.heard.resumed()):
            await self._send(said.audio if number else from_first_sound(said.audio))
            await self.push_frame(self._marks.frame(said))
        if self._group:
            await self._send(bytes(self._group))
        if self._stopped is not None:
            await self.push_frame(TTSStoppedFrame(context_id=self._stopped.context_id))
        for frame in frames:
            await self._say(frame)
        await self._heard.resumed()

    async def _say(self, frame: Frame) -> None:
        if isinstance(frame, GroupFrame):
            said = Said(frame.words, bytes(self._group), self._seconds(len(self._group)))
            self._group.clear()
            await self.push_frame(self._marks.frame(said))
            return
        if isinstance(frame, LLMFullResponseEndFrame):  # the output may drop what is queued, but not this
            await self._heard.all_sent(frame)
            return
        if isinstance(frame, TTSAudioRawFrame):
            self._group += frame.audio
            self._voice = frame
        elif isinstance(frame, TTSStartedFrame):
            self._begun, self._stopped = True, None
        elif isinstance(frame, TTSStoppedFrame):
            self._begun, self._stopped = False, frame
        await self.push_frame(frame)

    async def _send(self, audio: bytes) -> None:
        voice = self._voice
        if audio and voice is not None:
            frame = TTSAudioRawFrame(audio, voice.sample_rate, voice.num_channels, context_id=voice.context_id)
            await self.push_frame(frame)

    def _seconds(self, octets: int) -> float:
        voice = self._voice
        return octets / (2 * voice.sample_rate * voice.num_channels) if voice is not None else 0.0

    def _forget(self) -> None:
        self._marks.heard.cleared()
        self._group.clear()
        self._held = None
        self._begun, self._stopped = False, None


def from_first_sound(audio: bytes) -> bytes:
    """The same without the silence it begins with: who goes on after a stop does not wait first."""
    samples = np.abs(np.frombuffer(audio, "<i2").astype(np.int32))
    loud = np.flatnonzero(samples > SILENT)
    return audio[2 * max(0, int(loud[0]) - LEAD) :] if len(loud) else audio


class SentenceGroups(FrameProcessor):
    """Stands behind a voice that knows no groups: each text that it says it has spoken is one."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        await self.push_frame(frame, direction)
        if isinstance(frame, TTSTextFrame) and direction is FrameDirection.DOWNSTREAM:
            await self.push_frame(GroupFrame(frame.text))
