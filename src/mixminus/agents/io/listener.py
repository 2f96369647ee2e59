"""The floor in the pipeline: holds the agent when the caller makes a sound, then lets the sound through, or drops it.

Stands behind the recogniser and before the turns. What is undecided goes no farther: a cough begins no turn, and an
"mhm" is in nobody's context.
"""

import asyncio
from collections.abc import Callable
from typing import Final, Protocol

from pipecat.frames.frames import (
    Frame,
    InterruptionFrame,
    TranscriptionFrame,
    VADUserStartedSpeakingFrame,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor

from mixminus.agents.description import Turns
from mixminus.agents.floor import PAUSE_S, SHORT_S, WORDS_WITHIN_S, Act, Ev, Floor, State
from mixminus.agents.intake import Expects
from mixminus.agents.io.ear import QuietFrame
from mixminus.agents.io.recogniser import WordlessFrame

LATE_S: Final = 3.0
"""Words of a sound that was judged without them are dropped for so long."""


class Speaks(Protocol):
    """The agent's mouth."""

    @property
    def speaking(self) -> bool: ...

    async def hold(self) -> None: ...

    async def resume(self) -> None: ...


class Listener(FrameProcessor):
    """*expects* tells what the dialogue has asked for; *on_words* is told each phrase that is let through."""

    def __init__(
        self,
        turns: Turns,
        player: Speaks,
        expects: Callable[[], Expects],
        on_words: Callable[[str], None] = lambda text: None,
    ) -> None:
        super().__init__()
        self._on_words = on_words
        self._turns = turns
        self._player = player
        self._expects = expects
        self._floor = Floor()
        self._sound_s = 0.0
        """Speech in the sound that is going on."""
        self._quiet: QuietFrame | None = None
        self._texts: list[TranscriptionFrame] = []
        self._deadline: asyncio.Task[None] | None = None
        self._drop_until = 0.0

    # What the ear tells, before any queue.

    @property
    def pause_s(self) -> float:
        return self._turns.pause_s if self._floor.state is State.FREE else PAUSE_S

    def expects(self) -> Expects:
        """What the recogniser should listen for now."""
        undecided = self._floor.state is not State.FREE and self._floor.spoken_s + self._sound_s < SHORT_S
        return Expects.OVERLAP if undecided else self._expects()

    async def began(self) -> None:
        """The caller makes a sound."""
        self._sound_s = 0.0
        if self._floor.state is not State.FREE or self._player.speaking:
            await self._lose_deadline()
            await self._do(self._floor.take(Ev.OVER))

    async def goes_on(self, spoken_s: float) -> None:
        """There was so much speech in it so far."""
        self._sound_s = spoken_s
        await self._do(self._floor.speaking(spoken_s))

    # What the pipeline brings.

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if direction is not FrameDirection.DOWNSTREAM:
            if isinstance(frame, InterruptionFrame):  # by a key, say: nothing is held any more
                await self._lose_deadline()
                self._floor = Floor()
            await self.push_frame(frame, direction)
        elif isinstance(frame, QuietFrame):
            await self._ended(frame)
        elif isinstance(frame, TranscriptionFrame | WordlessFrame):
            await self._heard(frame)
        elif self._floor.state is State.FREE or not isinstance(frame, VADUserStartedSpeakingFrame):
            await self.push_frame(frame, direction)

    async def cleanup(self) -> None:
        await self._lose_deadline()
        await super().cleanup()

    async def _ended(self, frame: QuietFrame) -> None:
        if self._floor.state is not State.HELD:
            await self.push_frame(frame)
            return
        self._floor.ended(frame.spoken_s)
        self._sound_s = 0.0
        self._quiet = frame
        await self._lose_deadline()
        self._deadline = self.create_task(self._no_words(), "words")

    async def _heard(self, frame: TranscriptionFrame | WordlessFrame) -> None:
        now = asyncio.get_running_loop().time()
        if self._floor.state is State.FREE:
            if now < self._drop_until:
                self._drop_until = 0.0
            elif isinstance(frame, TranscriptionFrame):
                self._on_words(frame.text)
                await self.push_frame(frame)
            return
        if isinstance(frame, TranscriptionFrame):
            self._texts.append(frame)
        text = frame.text if isinstance(frame, TranscriptionFrame) else ""
        act = self._floor.heard(text, self._expects())
        if act is not None:
            await self._lose_deadline()
        await self._do(act)

    async def _no_words(self) -> None:
        await asyncio.sleep(WORDS_WITHIN_S)
        self._deadline = None
        act = self._floor.heard(None, self._expects())
        if act is Act.RESUME:
            self._drop_until = asyncio.get_running_loop().time() + LATE_S
        await self._do(act)

    async def _do(self, act: Act | None) -> None:
        match act:
            case Act.HOLD:
                self._quiet, self._texts = None, []
                await self._player.hold()
            case Act.RESUME:
                self._texts = []
                await self._player.resume()
            case Act.YIELD:
                await self._yield()

    async def _yield(self) -> None:
        """The sound was a turn from its beginning: tell it again, for those who were not told."""
        quiet, texts = self._quiet, self._texts
        self._quiet, self._texts = None, []
        await self.push_frame(VADUserStartedSpeakingFrame())
        if quiet is not None:
            await self.push_frame(quiet)
        for text in texts:
            text.interruptible = False  # the turn that begins interrupts, and what it says must survive that
            self._on_words(text.text)
            await self.push_frame(text)

    async def _lose_deadline(self) -> None:
        if self._deadline is not None:
            deadline, self._deadline = self._deadline, None
            await self.cancel_task(deadline)
