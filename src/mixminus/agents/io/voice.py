"""The offline voice as a service of the pipeline: a sentence in, groups of words out."""

import contextlib
import tempfile
import wave
from collections import OrderedDict
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any, Final

import numpy as np
import soxr
from numpy.typing import NDArray
from pipecat.frames.frames import ErrorFrame, Frame, TTSAudioRawFrame
from pipecat.services.settings import TTSSettings
from pipecat.services.tts_service import TTSService

from mixminus.agents.heard import groups, sentences
from mixminus.agents.io.player import GroupFrame
from mixminus.prompts.io.voice import FliteVoice
from mixminus.prompts.prompt import Limits, PromptError
from mixminus.prompts.speech import Speaker, Speech

RATE_HZ: Final = 8_000
CHUNK: Final = 160
"""Samples of 20 ms, as they are sent: a group ends where a packet does, so that its mark is not early."""
SILENT: Final = 200
"""Flite begins and ends a sentence with silence; what is below this is none of its sound."""
KEPT: Final = 256
"""Sentences that are kept as audio: an agent says few different ones."""

SPEAKERS: Final = {"rms": Speaker.MAN, "slt": Speaker.WOMAN}

Samples = NDArray[np.int16]


class Voice:
    """The voices of this process: sentences as audio, the last ones remembered."""

    def __init__(self) -> None:
        self._flite = FliteVoice(Limits())
        self._kept: OrderedDict[tuple[str, str], Samples] = OrderedDict()

    async def prepare(self, text: str, speaker: str) -> None:
        """Have all sentences of *text* ready. What cannot be spoken is left for `say` to tell."""
        for sentence in sentences(text):
            with contextlib.suppress(PromptError):
                await self.say(sentence, speaker)

    async def say(self, text: str, speaker: str) -> Samples:
        """Speech at 8 kHz. Raises `PromptError`."""
        name = (speaker, text.strip())
        if name not in self._kept:
            with tempfile.TemporaryDirectory(prefix="mixminus-agent-") as folder:
                path = Path(folder) / "said.wav"
                await self._flite.say(Speech(text, SPEAKERS[speaker], "en-us"), path)
                self._kept[name] = without_ends(read(path))
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(name)
        return self._kept[name]

    async def close(self) -> None:
        await self._flite.close()


def read(path: Path) -> Samples:
    """A WAV file of one channel at 8 kHz."""
    with wave.open(str(path)) as file:
        samples: Any = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        resampled: Samples = soxr.resample(samples, file.getframerate(), RATE_HZ)
    return resampled


def without_ends(samples: Samples) -> Samples:
    """The same without the silence before and all but 100 ms of that after: a caller waits through both."""
    loud = np.flatnonzero(np.abs(samples.astype(np.int32)) > SILENT)
    return samples[max(0, loud[0] - CHUNK) : loud[-1] + RATE_HZ // 10] if len(loud) else samples[:0]


class OfflineSpeech(TTSService):
    """One call's voice."""

    def __init__(self, voice: Voice, speaker: str) -> None:
        super().__init__(
            push_start_frame=True,
            push_stop_frames=True,
            sample_rate=RATE_HZ,
            settings=TTSSettings(model="flite", voice=speaker, language=None),
        )
        self._offline = voice
        self._speaker = speaker

    async def run_tts(self, text: str, context_id: str) -> AsyncGenerator[Frame | None, None]:
        try:
            samples = await self._offline.say(text, self._speaker)
        except PromptError as error:
            yield ErrorFrame(error=f"the voice failed: {error}")
            return
        reached = 0
        for group in groups(text):
            end = min(len(samples), round(group.ends_at * len(samples) / CHUNK) * CHUNK)
            if group.ends_at == 1.0:
                end = len(samples)
            audio = samples[reached:end].astype("<i2").tobytes()
            if audio:
                yield TTSAudioRawFrame(audio, RATE_HZ, 1, context_id=context_id)
            yield GroupFrame(group.words)
            reached = end
