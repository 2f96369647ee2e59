"""Silero's model of voice activity (MIT), which music does not fool. It runs in a thread; nobody waits for it."""

import importlib.util
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mixminus.speech.contract import RATE_HZ, Activity, SpeechError

WINDOW: Final = 256
"""Samples that are judged at once: 32 ms."""
CONTEXT: Final = 32
SURE: Final = 0.5
MOST_WAITING: Final = 8
"""Windows of one line that the thread has not come to; more are left out, and the last judgement stands."""
FORGET_WINDOWS: Final = 63
"""2 s without voice: the state begins anew, since it drifts (as pipecat does)."""


def model_path() -> Path:
    """Where a wheel has put the model. Raises `SpeechError`."""
    spec = importlib.util.find_spec("pipecat")
    for folder in (spec.submodule_search_locations or ()) if spec is not None else ():
        path = Path(folder) / "audio" / "vad" / "data" / "silero_vad.onnx"
        if path.is_file():
            return path
    raise SpeechError("voice_activity silero: its model comes with pipecat: pip install 'mixminus[ai]'.")


class Silero:
    """The model, loaded once for all lines."""

    def __init__(self) -> None:
        try:
            import onnxruntime
        except ModuleNotFoundError:
            raise SpeechError("voice_activity silero needs onnxruntime: pip install 'mixminus[ai]'.") from None
        options = onnxruntime.SessionOptions()
        options.inter_op_num_threads = options.intra_op_num_threads = 1
        self._session: Any = onnxruntime.InferenceSession(
            str(model_path()), options, providers=["CPUExecutionProvider"]
        )
        self.thread = ThreadPoolExecutor(1, "silero")

    def line(self) -> Activity:
        """For one line."""
        return SileroLine(self)

    def run(self, sound: NDArray[np.float32], state: NDArray[np.float32]) -> tuple[float, NDArray[np.float32]]:
        """One window with its context: how sure it is that this is a voice, and the next state."""
        inputs = {"input": sound[None, :], "state": state, "sr": np.array(RATE_HZ, np.int64)}
        sure, next_state = self._session.run(None, inputs)
        return float(sure[0, 0]), next_state

    def close(self) -> None:
        self.thread.shutdown(cancel_futures=True)


class SileroLine:
    """An `Activity`, some 40 ms late."""

    def __init__(self, silero: Silero) -> None:
        self._silero = silero
        self._heard = np.zeros(0, np.int16)
        self._windows: deque[NDArray[np.int16]] = deque(maxlen=MOST_WAITING)
        self._is_voice = False
        self._is_running = False
        # Of the thread alone:
        self._context = np.zeros(CONTEXT, np.float32)
        self._state = np.zeros((2, 1, 128), np.float32)
        self._quiet = 0

    def is_voice(self, frame: NDArray[np.int16]) -> bool:
        """The last judgement; *frame* is judged with later ones."""
        self._heard = np.concatenate((self._heard, frame))
        while len(self._heard) >= WINDOW:
            self._windows.append(self._heard[:WINDOW])
            self._heard = self._heard[WINDOW:]
        if self._windows and not self._is_running:
            self._is_running = True
            self._silero.thread.submit(self._judge)
        return self._is_voice

    def _judge(self) -> None:
        """In the thread."""
        try:
            while self._windows:
                window = self._windows.popleft().astype(np.float32) / np.float32(32_768)
                sure, self._state = self._silero.run(np.concatenate((self._context, window)), self._state)
                self._context = window[-CONTEXT:]
                self._is_voice = sure >= SURE
                self._quiet = 0 if sure >= SURE / 5 else self._quiet + 1
                if self._quiet >= FORGET_WINDOWS:
                    self._quiet, self._state = 0, np.zeros((2, 1, 128), np.float32)
        finally:
            self._is_running = False
