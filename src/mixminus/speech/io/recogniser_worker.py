"""`python -m mixminus.speech.io.recogniser_worker`: phrases in, text out, in a process of its own.

A run of a model takes a tenth of a second and more; nothing else is to wait for that.
"""

import base64
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mixminus.prompts.io.jobs import Job, serve
from mixminus.prompts.prompt import INTERNAL, PromptError

Samples = NDArray[np.float32]

_HALF: Final = np.arange(-16, 16) + 0.5
_BETWEEN: Final = (np.sinc(_HALF) * np.hanning(34)[1:-1]).astype(np.float32)
"""What lies between two samples, from the 32 around it."""


class Listener:
    """The models of this process, loaded when they are first needed."""

    def __init__(self) -> None:
        self._moonshine: Any = None
        self._sphinx: Any = None

    def transcribe(self, job: Job) -> Job:
        """`audio`: base64 of 8 kHz PCM. `moonshine`: the folder of the weights, or empty."""
        pcm = np.frombuffer(base64.b64decode(job["audio"]), "<i2")
        samples = doubled(pcm.astype(np.float32) / np.float32(32_768))
        text = self._by_moonshine(job["moonshine"], samples) if job["moonshine"] else ""
        # Moonshine writes sentences well, and often nothing for a single "yes".
        return {"text": text or self._by_sphinx(samples)}

    def _by_moonshine(self, folder: str, samples: Samples) -> str:
        if self._moonshine is None:
            from mixminus.speech.io.moonshine import BadWeights, Moonshine

            try:
                self._moonshine = Moonshine(Path(folder))
            except BadWeights as error:
                raise PromptError(INTERNAL, str(error)) from None
        text: str = self._moonshine.transcribe(samples)
        return text

    def _by_sphinx(self, samples: Samples) -> str:
        if self._sphinx is None:
            import pocketsphinx

            self._sphinx = pocketsphinx.Decoder(samprate=16_000, loglevel="FATAL")
        self._sphinx.start_utt()
        self._sphinx.process_raw((samples * 32_767).clip(-32_768, 32_767).astype("<i2").tobytes(), False, True)
        self._sphinx.end_utt()
        found = self._sphinx.hyp()
        return str(found.hypstr) if found is not None else ""


def doubled(samples: Samples) -> Samples:
    """The same at twice the rate."""
    if not len(samples):
        return samples
    raised = np.empty(2 * len(samples), np.float32)
    raised[0::2] = samples
    raised[1::2] = np.convolve(samples, _BETWEEN)[16 : 16 + len(samples)] if len(samples) >= 32 else samples
    return raised


if __name__ == "__main__":
    serve(Listener().transcribe, memory_bytes=None)
