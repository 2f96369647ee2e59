"""A bot of pipecat's own parts: its telephony parser, its Twilio serializer, its transport, nothing overridden.

Between them stands what answers: when somebody has finished humming, the bot hums for a long while, and it is
interrupted by whoever hums meanwhile.
"""

import asyncio
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from pipecat.frames.frames import Frame, InputAudioRawFrame, InputDTMFFrame, TTSAudioRawFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.runner.utils import parse_telephony_websocket
from pipecat.serializers.twilio import TwilioFrameSerializer
from pipecat.transports.websocket.fastapi import FastAPIWebsocketParams, FastAPIWebsocketTransport
from pipecat.workers.runner import WorkerRunner
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

ANSWER_HZ: Final = 971
ANSWER_S: Final = 10.0
LOUD: Final = 500
"""Of 32,767: a hummed note has 3,000."""
OUT_RATE_HZ: Final = 16_000
"""Not the telephone's, so that pipecat resamples."""


class Answering(FrameProcessor):  # type: ignore[misc]
    """Hums back."""

    def __init__(self) -> None:
        super().__init__()
        self.interruptions = 0
        self.answers = 0
        self.keys: list[str] = []
        self._is_loud = False

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, InputAudioRawFrame):
            await self._hear(np.frombuffer(frame.audio, np.int16))
        elif isinstance(frame, InputDTMFFrame):
            self.keys.append(frame.button.value)
        else:
            await self.push_frame(frame, direction)

    async def _hear(self, samples: "np.ndarray[Any, np.dtype[np.int16]]") -> None:
        was_loud, self._is_loud = self._is_loud, bool(len(samples)) and int(np.abs(samples).max()) > LOUD
        if self._is_loud and not was_loud:
            self.interruptions += 1
            await self.broadcast_interruption()
        elif was_loud and not self._is_loud:
            self.answers += 1
            at = np.arange(round(ANSWER_S * OUT_RATE_HZ)) / OUT_RATE_HZ
            audio = np.round(3_000 * np.sin(2 * np.pi * ANSWER_HZ * at)).astype(np.int16).tobytes()
            await self.push_frame(TTSAudioRawFrame(audio, OUT_RATE_HZ, 1))


@dataclass
class Bot:
    """Serves `/ws`; one conversation. *hang_up* are the serializer's options for ending calls by REST."""

    hang_up: dict[str, Any] = field(default_factory=dict)
    told: dict[str, Any] = field(default_factory=dict)
    connected: asyncio.Event = field(default_factory=asyncio.Event)
    over: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.app = Starlette(routes=[WebSocketRoute("/ws", self._talk)])
        self.answering = Answering()

    async def end(self) -> None:
        """The bot has said all: an EndFrame goes through the pipeline."""
        await self._worker.stop_when_done()

    async def _talk(self, websocket: WebSocket) -> None:
        await websocket.accept()
        kind, data = await parse_telephony_websocket(websocket)
        self.told = {"kind": kind, **dict(data)}
        serializer = TwilioFrameSerializer(
            stream_sid=data["stream_id"],
            call_sid=data["call_id"],
            params=None if self.hang_up else TwilioFrameSerializer.InputParams(auto_hang_up=False),
            **self.hang_up,
        )
        transport = FastAPIWebsocketTransport(
            websocket,
            FastAPIWebsocketParams(audio_in_enabled=True, audio_out_enabled=True, serializer=serializer),
        )
        self._worker = PipelineWorker(
            Pipeline([transport.input(), self.answering, transport.output()]),
            params=PipelineParams(audio_in_sample_rate=8_000, audio_out_sample_rate=OUT_RATE_HZ),
            idle_timeout_secs=None,
            enable_rtvi=False,
            check_dangling_tasks=False,
        )

        async def gone(*_: object) -> None:
            await self._worker.cancel()

        transport.add_event_handler("on_client_disconnected", gone)
        self.connected.set()
        runner = WorkerRunner(handle_sigint=False, check_dangling_tasks=False)
        await runner.add_workers(self._worker)
        try:
            await runner.run()
        finally:
            self.over.set()
