"""The intake in the pipeline: what the caller said goes into the core, what comes out is spoken and done."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

import structlog
from pipecat.frames.frames import (
    Frame,
    InputDTMFFrame,
    InterruptionFrame,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor

from mixminus.agents.intake import Expects, Intake, Script, Stage, Step, Use, hear, opening, press, silence, used
from mixminus.agents.io.marks import PlayedFrame
from mixminus.tools.invocation import Answer

log: structlog.stdlib.BoundLogger = structlog.get_logger("mixminus.agent")

SPOKEN_WITHIN_S: Final = 15.0
"""A tool waits until what was said before it was played, but not for ever."""
KEYS_WITHIN_S: Final = 2.0
"""Keys of a number come one after another; a pause ends it, as `#` does."""

GOES_ON_WITHIN_S: Final = 1.0
"""Who cuts an answer off before so much of it was heard had not finished: what follows belongs to what was said."""

Do = Callable[[Use], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class Mouth:
    """What a dialogue must know of the voice: *prepare* makes a text quick to say, *played_s* is what was heard."""

    prepare: Callable[[str], Awaitable[None]]
    played_s: Callable[[], float]


@dataclass(frozen=True, slots=True)
class _Answered:
    """The last step, so that it can be taken back: from where, to which words, and how much was heard before it."""

    at: Intake
    text: str
    played_s: float


class IntakeDialogue(FrameProcessor):
    """Stands where a language model would. *do* uses a tool."""

    def __init__(self, script: Script, do: Do, mouth: Mouth) -> None:
        super().__init__()
        self._script = script
        self._do = do
        self._mouth = mouth
        self._answered: _Answered | None = None
        self._unfinished = ""
        self._so_far = ""
        self._at: Intake | None = None
        self._heard = 0
        self._keys = ""
        self._played = asyncio.Event()
        self._pressed: asyncio.Task[None] | None = None
        self._using: set[asyncio.Task[None]] = set()
        self._preparing: set[asyncio.Task[None]] = set()

    def expects(self) -> Expects:
        """What the last question asked for."""
        return Expects.ANYTHING if self._at is None else self._at.expects

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, LLMContextFrame):
            await self._asked(frame)
        elif isinstance(frame, InputDTMFFrame):
            await self._key(str(frame.button.value))
        elif isinstance(frame, PlayedFrame):
            self._played.set()
            self._answered = None  # it was heard to its end: what comes now is something new
        else:
            if isinstance(frame, InterruptionFrame):
                self._played.set()  # nothing more of it will be
                self._take_back()
            await self.push_frame(frame, direction)

    def hears(self, text: str) -> None:
        """More words of a turn that may not be over: make what would be answered quick to say."""
        self._so_far = f"{self._so_far} {text}".strip()
        if self._at is not None:
            _, turn = hear(self._script, self._at, self._whole(self._so_far))
            if turn.say:
                task = self.create_task(self._mouth.prepare(turn.say), "prepare")
                self._preparing.add(task)
                task.add_done_callback(self._preparing.discard)

    async def idle(self) -> None:
        """The caller has been silent."""
        if self._at is not None and not self._using:
            await self._take(silence(self._script, self._at))

    async def cleanup(self) -> None:
        for task in (*self._using, *self._preparing, *filter(None, [self._pressed])):
            await self.cancel_task(task)
        await super().cleanup()

    async def _asked(self, frame: LLMContextFrame) -> None:
        """The context holds a new turn of the caller, or none yet: then the agent begins."""
        said = [
            str(message["content"])
            for message in frame.context.get_messages()
            if isinstance(message, dict) and message.get("role") == "user"
        ]
        new, self._heard = said[self._heard :], len(said)
        if self._at is None:
            await self._take(opening(self._script))
        if new and self._at is not None:
            text = self._whole(" ".join(new))
            self._unfinished = self._so_far = ""
            self._answered = _Answered(self._at, text, self._mouth.played_s())
            await self._take(hear(self._script, self._at, text))

    def _whole(self, text: str) -> str:
        """What was said, with what was answered too soon before it."""
        return f"{self._unfinished.rstrip(' .!?')} {text}".strip()

    def _take_back(self) -> None:
        """The caller goes on with what was answered too soon."""
        was, self._answered = self._answered, None
        if was is not None and not self._using and self._mouth.played_s() - was.played_s < GOES_ON_WITHIN_S:
            self._at, self._unfinished = was.at, was.text

    async def _key(self, key: str) -> None:
        if self._at is None:
            self._at, _ = opening(self._script)  # who knows what to press need not hear the greeting
        self._keys += key
        if self._pressed is not None:
            await self.cancel_task(self._pressed)
            self._pressed = None
        if self._at.stage is Stage.NUMBER and key != "#":
            self._pressed = self.create_task(self._keys_end(), "keys")
        else:
            await self._keys_done()

    async def _keys_end(self) -> None:
        await asyncio.sleep(KEYS_WITHIN_S)
        self._pressed = None
        await self._keys_done()

    async def _keys_done(self) -> None:
        keys, self._keys = self._keys, ""
        if self._at is not None:
            await self.broadcast_interruption()
            self._played.set()
            await self._take(press(self._script, self._at, keys))

    async def _take(self, step: Step) -> None:
        """Take a step of the dialogue: say, then do."""
        self._at, turn = step
        if turn.say:
            self._played = asyncio.Event()
            await self.push_frame(LLMFullResponseStartFrame())
            await self.push_frame(LLMTextFrame(turn.say))
            await self.push_frame(LLMFullResponseEndFrame())
        if turn.use:
            task = self.create_task(self._use(turn.use, self._played if turn.say else None), "tools")
            self._using.add(task)
            task.add_done_callback(self._using.discard)

    async def _use(self, uses: tuple[Use, ...], words: asyncio.Event | None) -> None:
        if words is not None:
            try:
                async with asyncio.timeout(SPOKEN_WITHIN_S):
                    await words.wait()
            except TimeoutError:
                log.warning("words_not_played")
        for use in uses:
            answer = await self._do(use)
            if self._at is not None:
                await self._take(used(self._script, self._at, use.tool, ok=answer.ok))
