"""pocketsphinx: the recogniser that comes in a wheel. Good with a small grammar, poor at dictation.

Twenty phone prompts by human speakers: every second word wrong as dictation; 13 of 14 commands right by grammar.
"""

from typing import Any, Final

import numpy as np
import pocketsphinx

from mixminus.agents.intake import Expects
from mixminus.agents.spoken import agreeing
from mixminus.speech.io.moonshine import Samples

DIGITS: Final = "zero | oh | one | two | three | four | five | six | seven | eight | nine"
PERSON: Final = "human | operator | emergency | [talk to] a person | representative"
GRAMMARS: Final = {
    Expects.NUMBER: f"#JSGF V1.0; grammar number; public <said> = <digit>+ | {PERSON}; "
    f"<digit> = {DIGITS} | double | triple;",
    Expects.CHOICE: "#JSGF V1.0; grammar choice; public <said> = yes [that is right] | yeah | correct | "
    f"that is (right | correct) | no [that is wrong] | wrong | [the] (name | number | reason) | {PERSON};",
}
"""What is listened for where a question has few answers."""


class Sphinx:
    """Utterance in, text out. Not to be used by two threads."""

    def __init__(self) -> None:
        self._decoder: Any = pocketsphinx.Decoder(samprate=16_000, loglevel="FATAL")
        self._dictation = self._decoder.current_search()
        for expects, grammar in GRAMMARS.items():
            self._decoder.add_jsgf_string(expects.value, grammar)

    def transcribe(self, samples: Samples, expects: Expects) -> str:
        """Text of one utterance, mono at 16 kHz in [-1, 1].

        A grammar finds one of its phrases in anything, so it is believed only where dictation points the same way.
        """
        free = self._decode(samples, self._dictation)
        if expects not in GRAMMARS:
            return free
        return agreeing(self._decode(samples, expects.value), free)

    def _decode(self, samples: Samples, search: str) -> str:
        self._decoder.activate_search(search)
        self._decoder.start_utt()
        self._decoder.process_raw((samples * 32_767).astype("<i2").tobytes(), False, True)
        self._decoder.end_utt()
        found = self._decoder.hyp()
        return str(found.hypstr) if found is not None else ""


def quiet(seconds: float) -> Samples:
    """Silence to warm a recogniser with."""
    return np.zeros(int(seconds * 16_000), np.float32)
