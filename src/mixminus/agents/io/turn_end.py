"""Ends the caller's turn in the pipeline, after as much silence as what was said so far asks for."""

import asyncio
from collections.abc import Callable

from pipecat.frames.frames import (
    Frame,
    TranscriptionFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.turns.types import ProcessFrameResult
from pipecat.turns.user_stop import BaseUserTurnStopStrategy

from mixminus.agents.description import Turns
from mixminus.agents.intake import Expects
from mixminus.agents.io.ear import QuietFrame
from mixminus.agents.patience import patience_s


class TurnEnd(BaseUserTurnStopStrategy):
    """Deterministic, beside or instead of a turn model. *expects* tells what the dialogue has asked for."""

    def __init__(self, turns: Turns, expects: Callable[[], Expects]) -> None:
        super().__init__()
        self._turns = turns
        self._expects = expects
        self._text = ""
        self._speaking = False
        self._quiet_since = 0.0
        self._waiting: asyncio.Task[None] | None = None

    async def process_frame(self, frame: Frame) -> ProcessFrameResult:
        if isinstance(frame, VADUserStartedSpeakingFrame):
            self._speaking = True
            await self._stop_waiting()
        elif isinstance(frame, VADUserStoppedSpeakingFrame):
            self._speaking = False
            self._quiet_since = frame.at if isinstance(frame, QuietFrame) else asyncio.get_running_loop().time()
            await self._wait()
        elif isinstance(frame, TranscriptionFrame):
            self._text = f"{self._text} {frame.text}".strip()
            await self._wait()
        return ProcessFrameResult.CONTINUE

    async def handle_user_turn_started(self) -> None:
        self._text = ""
        await self._stop_waiting()

    async def handle_user_turn_stopped(self) -> None:
        self._text = ""
        await self._stop_waiting()

    async def cleanup(self) -> None:
        await self._stop_waiting()
        await super().cleanup()

    async def _wait(self) -> None:
        """The silence counts from the end of the phrase, whenever its text came."""
        await self._stop_waiting()
        if self._speaking or not self._text:
            return
        until = self._quiet_since + patience_s(self._turns, self._expects(), self._text)
        left_s = max(0.0, until - asyncio.get_running_loop().time())
        self._waiting = self.task_manager.create_task(self._end_after(left_s), "turn end")

    async def _end_after(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        self._waiting = None
        await self.trigger_user_turn_stopped()

    async def _stop_waiting(self) -> None:
        if self._waiting is not None:
            waiting, self._waiting = self._waiting, None
            await self.task_manager.cancel_task(waiting)
