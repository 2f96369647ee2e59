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
    Expects.OVERLAP: "#JSGF V1.0; grammar overlap; public <said> = stop [please | it] | wait [a (minute | second | "
    "moment)] | no | no no | hold on | hello | excuse me | sorry | one moment | help | i have a question | "
    f"that is wrong | {PERSON} | uh huh | mhm | hmm | okay | yeah | yes | right | i see | oh | sure | [all] right | "
    "good | um | ah;",
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
        return agreeing(self.guided(samples, expects), free)

    def guided(self, samples: Samples, expects: Expects) -> str:
        """The phrase of a grammar that comes nearest, or nothing."""
        return self._decode(samples, expects.value)

    def _decode(self, samples: Samples, search: str) -> str:
        """The whole at once: the decoder evens out the channel over an utterance. Piece by piece it takes "I need a
        doctor" for a call for a person. It keeps Python's lock meanwhile, 0.2 s for a second of dictation.
        """
        audio = (samples * 32_767).astype("<i2")
        self._decoder.activate_search(search)
        self._decoder.start_utt()
        self._decoder.process_raw(audio.tobytes(), False, True)
        self._decoder.end_utt()
        found = self._decoder.hyp()
        return str(found.hypstr) if found is not None else ""


def quiet(seconds: float) -> Samples:
    """Silence to warm a recogniser with."""
    return np.zeros(int(seconds * 16_000), np.float32)
