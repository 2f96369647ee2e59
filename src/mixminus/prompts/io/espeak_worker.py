"""`python -m mixminus.prompts.io.espeak_worker`: text in many languages in, WAV out, by espeak-ng.

espeak-ng is GPL-3: it is loaded here, in a program of its own, and never in the node. The library comes from the
`espeakng-loader` wheel when that is installed, else from the system. Calls are those of espeak-ng's speak_lib.h.
"""

import ctypes
import ctypes.util
import importlib.util
import wave
from typing import Any, Final

from mixminus.prompts.io.jobs import Job, serve
from mixminus.prompts.prompt import INTERNAL, PromptError

_AUDIO_OUTPUT_SYNCHRONOUS: Final = 2
_DONT_EXIT: Final = 0x8000
_CHARS_UTF8: Final = 1
_PARAMETER_RATE: Final = 1
_WORDS_PER_MINUTE: Final = 150  # 175 is espeak's own; over a phone that is hard to follow
_SYNTH_CALLBACK: Final = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


class Espeak:
    """The library, set up once."""

    def __init__(self) -> None:
        path, data = _library()
        self._lib = ctypes.CDLL(path)
        self._pieces: list[bytes] = []
        self._callback: Any = _SYNTH_CALLBACK(self._take)
        self._rate_hz = self._lib.espeak_Initialize(_AUDIO_OUTPUT_SYNCHRONOUS, 0, data, _DONT_EXIT)
        if self._rate_hz <= 0:
            raise PromptError(INTERNAL, "espeak-ng does not start: its data is missing")
        self._lib.espeak_SetSynthCallback(self._callback)
        self._lib.espeak_SetParameter(_PARAMETER_RATE, _WORDS_PER_MINUTE, 0)

    def say(self, job: Job) -> Job:
        """Speak `text` in `language`, as a `variant` of its voice, into the file `wav`."""
        name = f"{job['language']}{job['variant']}".encode()
        if self._lib.espeak_SetVoiceByName(name) != 0:
            raise PromptError(INTERNAL, f"espeak-ng has no voice for {job['language']}")
        self._pieces.clear()
        text = job["text"].encode() + b"\0"
        self._lib.espeak_Synth(text, ctypes.c_size_t(len(text)), 0, 0, 0, _CHARS_UTF8, None, None)
        self._lib.espeak_Synchronize()
        with wave.open(job["wav"], "wb") as out:
            out.setnchannels(1)
            out.setsampwidth(2)
            out.setframerate(self._rate_hz)
            out.writeframes(b"".join(self._pieces))
        return {}

    def _take(self, samples: Any, count: int, _events: Any) -> int:
        if samples and count > 0:
            self._pieces.append(ctypes.string_at(samples, 2 * count))
        return 0


def _library() -> tuple[str, bytes | None]:
    """Return the library and its data folder; None: the place compiled into it."""
    if importlib.util.find_spec("espeakng_loader") is not None:
        import espeakng_loader

        # espeak-ng wants the folder that holds espeak-ng-data.
        return espeakng_loader.get_library_path(), espeakng_loader.get_data_path().encode()
    if (name := ctypes.util.find_library("espeak-ng")) is not None:
        return name, None
    raise PromptError(INTERNAL, "espeak-ng is not installed")


if __name__ == "__main__":
    serve(Espeak().say, memory_bytes=None)
