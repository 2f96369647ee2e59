"""Moonshine-tiny, English speech to text: an ONNX encoder and decoder in a folder that somebody put there.

Weights are never fetched. Where they come from, and their licence (MIT): docs/agents.md.
"""

import hashlib
import json
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from mixminus.base.errors import MixminusError

RATE_HZ: Final = 16_000
FILES: Final = {
    "encoder_model.onnx": "c6fc4b7bc5af75c0591fd157a1f3829b533d18e9769a888fd95a62e470dd4f4a",
    "decoder_model_merged.onnx": "eed87831c3a6103534aae7d47a5d485025c659a1323901513961c39fe8a1a367",
    "tokenizer.json": "b68b995a58b3373db6c4f46864a9db50cd1333d086150ffa2c1096581ede9c10",
}
"""What the folder holds, and the SHA-256 of each: a model is a program, and this is the one that was measured."""

LAYERS: Final = 6
HEADS: Final = 8
HEAD_SIZE: Final = 36
BEGIN: Final = 1
END: Final = 2
SHORTEST_S: Final = 0.1
TOKENS_PER_S: Final = 8
"""People say up to 5 tokens a second. Noise can make the decoder repeat itself for ever; this ends it."""
LONGEST_S: Final = 30.0

Samples = NDArray[np.float32]


class BadWeights(MixminusError):
    """The folder does not hold the weights."""


class Moonshine:
    """Utterance in, text out; about 0.02 of the utterance's time on one thread. Not to be used by two threads."""

    def __init__(self, folder: Path) -> None:
        for name, digest in FILES.items():
            _check(folder / name, digest)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1  # calls are many, and each is short
        options.inter_op_num_threads = 1

        def load(name: str) -> Any:
            return onnxruntime.InferenceSession(str(folder / name), options, providers=["CPUExecutionProvider"])

        self._encoder = load("encoder_model.onnx")
        self._decoder = load("decoder_model_merged.onnx")
        vocabulary: dict[str, int] = json.loads((folder / "tokenizer.json").read_text("utf-8"))["model"]["vocab"]
        self._pieces = {number: piece for piece, number in vocabulary.items()}

    def transcribe(self, samples: Samples) -> str:
        """Text of one utterance, mono at 16 kHz in [-1, 1]."""
        if len(samples) < SHORTEST_S * RATE_HZ:
            return ""
        samples = samples[: int(LONGEST_S * RATE_HZ)]
        [states] = self._encoder.run(None, {"input_values": samples[None, :]})
        return self._text(self._tokens(states, most=int(len(samples) / RATE_HZ * TOKENS_PER_S) + 2))

    def _tokens(self, states: Any, most: int) -> list[int]:
        """Decode greedily: the first step fills the cache of what was heard, each adds to that of what was said."""
        empty = np.zeros((1, HEADS, 0, HEAD_SIZE), np.float32)
        heard = np.zeros((1, HEADS, states.shape[1], HEAD_SIZE), np.float32)
        names = [f"{layer}.{side}.{part}" for layer in range(LAYERS) for side in ("decoder", "encoder") for part in
                 ("key", "value")]  # fmt: skip
        cache: dict[str, Any] = {name: heard if ".encoder." in name else empty for name in names}
        tokens: list[int] = []
        token = BEGIN
        for step in range(most):
            logits, *present = self._decoder.run(
                ["logits", *(f"present.{name}" for name in names)],
                {
                    "input_ids": np.array([[token]], np.int64),
                    "encoder_hidden_states": states,
                    "use_cache_branch": np.array([step > 0]),
                    **{f"past_key_values.{name}": value for name, value in cache.items()},
                },
            )
            token = int(logits[0, -1].argmax())
            if token == END:
                break
            tokens.append(token)
            kept = dict(zip(names, present, strict=True))
            cache |= {name: value for name, value in kept.items() if step == 0 or ".decoder." in name}
        return tokens

    def _text(self, tokens: list[int]) -> str:
        """Pieces joined: U+2581 is a space, `<0x41>` a byte, other words in angle brackets are control tokens."""
        spoken = bytearray()
        for token in tokens:
            piece = self._pieces.get(token, "")
            if piece.startswith("<0x") and len(piece) == 6:
                spoken.append(int(piece[3:5], 16))
            elif not (piece.startswith("<") and piece.endswith(">")):
                spoken += piece.replace("\u2581", " ").encode()
        return spoken.decode("utf-8", "ignore").strip()


def _check(path: Path, digest: str) -> None:
    try:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise BadWeights(f"{path}: {error.strerror}. docs/agents.md says where the weights come from.") from None
    if found != digest:
        raise BadWeights(f"{path} is another file than the one that was measured (SHA-256 {found}).")
