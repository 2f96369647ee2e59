"""The caller's sound, rated window by window as it comes in; frames tell the pipeline when speech begins and ends."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from typing import Any, Final, Protocol

import numpy as np
from pipecat.audio.resamplers.base_audio_resampler import BaseAudioResampler
from pipecat.audio.vad.silero import SileroOnnxModel
from pipecat.frames.frames import (
    Frame,
    InputAudioRawFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor

from mixminus.agents.activity import Activity, Change
from mixminus.agents.description import Turns
from mixminus.agents.doubling import Doubler

RATE_HZ: Final = 16_000
WINDOW_BYTES: Final = 2 * 512
"""What Silero hears at once."""

NO_SPEECH: Final = 0.1
SILENT: Final = 0.005
"""The largest sample of silence: -46 dBFS. Music and a noisy room are louder."""
LONG_ENOUGH: Final = 5
"""Windows: 160 ms, longer than the dips inside words."""
FORGETS_AFTER: Final = 62
FORGETS_AT_LAST: Final = 620
"""2 s and 20 s, in windows."""


class Listens(Protocol):
    """Who is told at once, before the pipeline's queues."""

    @property
    def pause_s(self) -> float:
        """So much silence ends the sound that is going on."""

    async def began(self) -> None: ...

    async def goes_on(self, spoken_s: float) -> None: ...


@dataclass
class QuietFrame(VADUserStoppedSpeakingFrame):
    """The sound is over. `at` is when, by the loop's clock; `spoken_s` how much speech was in it."""

    at: float = 0.0
    spoken_s: float = 0.0


class Ear(FrameProcessor):
    """Stands behind the input. *rates* gives the probability of speech in a window of 32 ms at 16 kHz."""

    def __init__(self, turns: Turns, listener: Listens, rates: Callable[[bytes], float] | None = None) -> None:
        super().__init__()
        self._listener = listener
        self._rates = rates or Silero()
        self._activity = Activity(turns.begins_after_s)
        self._audio = bytearray()

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        await self.push_frame(frame, direction)
        if isinstance(frame, InputAudioRawFrame):
            self._audio += frame.audio
            while len(self._audio) >= WINDOW_BYTES:
                window = bytes(self._audio[:WINDOW_BYTES])
                del self._audio[:WINDOW_BYTES]
                await self._hear(self._rates(window))

    async def _hear(self, probability: float) -> None:
        activity = self._activity
        match activity.window(probability, self._listener.pause_s):
            case Change.BEGAN:
                await self._listener.began()
                await self.push_frame(VADUserStartedSpeakingFrame())
            case Change.ENDED:
                now = asyncio.get_running_loop().time()
                await self.push_frame(QuietFrame(at=now, spoken_s=activity.spoken_s))
            case None if activity.is_on:
                await self._listener.goes_on(activity.spoken_s)


class Silero:
    """A model of its own for each call: it remembers what it heard, and must be made to forget, or it grows deaf.

    It is made to in silence. In music it takes what comes next for speech, so there it happens seldom.
    """

    def __init__(self) -> None:
        with resources.as_file(resources.files("pipecat.audio.vad.data") / "silero_vad.onnx") as path:
            self._model = SileroOnnxModel(str(path))
        self._windows = 0
        self._unheard = 0
        self._silent = 0

    def __call__(self, window: bytes) -> float:
        samples = np.frombuffer(window, "<i2").astype(np.float32) / 32_768
        probability = float(self._model(samples, RATE_HZ)[0].item())
        self._windows += 1
        self._unheard = self._unheard + 1 if probability < NO_SPEECH else 0
        self._silent = self._silent + 1 if np.abs(samples).max() < SILENT else 0
        forgets = self._windows >= FORGETS_AFTER and self._silent >= LONG_ENOUGH
        if self._unheard >= LONG_ENOUGH and (forgets or self._windows >= FORGETS_AT_LAST):
            self._model.reset_states()
            self._windows = 0
        return probability


class Doubling(BaseAudioResampler):
    """`Doubler` as pipecat's resampler: 8 kHz to 16 kHz without the delay of its own."""

    def __init__(self) -> None:
        self._doubler = Doubler()

    async def resample(self, audio: bytes, in_rate: int, out_rate: int) -> bytes:
        assert out_rate == 2 * in_rate, "a telephone's rate, doubled"
        samples: Any = np.frombuffer(audio, "<i2")
        return self._doubler.double(samples).tobytes()
