"""The offline recogniser as a service of the pipeline: a phrase between two silences in, its text out."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from pipecat.frames.frames import Frame, TranscriptionFrame
from pipecat.services.settings import STTSettings
from pipecat.services.stt_service import SegmentedSTTService
from pipecat.utils.time import time_now_iso8601

from mixminus.agents.intake import Expects
from mixminus.agents.io.sphinx import Sphinx, quiet
from mixminus.speech.io.moonshine import Moonshine, Samples


class Recogniser:
    """The models of this process: one thread, shared by its calls, one phrase after another."""

    def __init__(self, moonshine: Path | None) -> None:
        self._thread = ThreadPoolExecutor(1, "recogniser")
        self._moonshine = Moonshine(moonshine) if moonshine is not None else None
        self._sphinx = Sphinx()
        self.name = "pocketsphinx" if moonshine is None else "moonshine-tiny"
        self._transcribe(quiet(1.0), Expects.ANYTHING)  # the first call must not pay for loading

    async def transcribe(self, samples: Samples, expects: Expects) -> str:
        """Text of one utterance, mono at 16 kHz in [-1, 1]."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._transcribe, samples, expects)

    def _transcribe(self, samples: Samples, expects: Expects) -> str:
        """Moonshine writes sentences well, and often nothing for a single "yes"; there the grammar is asked."""
        text = self._moonshine.transcribe(samples) if self._moonshine is not None else ""
        return text or self._sphinx.transcribe(samples, expects)

    def close(self) -> None:
        self._thread.shutdown(cancel_futures=True)


class OfflineRecognition(SegmentedSTTService):
    """One call's ear. *expects* tells what the dialogue has asked for."""

    def __init__(self, recogniser: Recogniser, expects: Callable[[], Expects]) -> None:
        settings = STTSettings(model=recogniser.name, language=None)
        super().__init__(sample_rate=16_000, trailing_silence_secs=0.2, ttfs_p99_latency=0.6, settings=settings)
        self._recogniser = recogniser
        self._expects = expects

    @property
    def wants_wav_segments(self) -> bool:
        return False

    async def run_stt(self, audio: bytes) -> AsyncGenerator[Frame | None, None]:
        samples: Any = np.frombuffer(audio, "<i2").astype(np.float32) / 32_768
        text = await self._recogniser.transcribe(samples, self._expects())
        if text:
            yield TranscriptionFrame(text, self._user_id, time_now_iso8601())
