"""What a document says about a relay, checked."""

from dataclasses import dataclass, field
from enum import Flag
from typing import Final

from mixminus.base.types import FormPairs

MULTI: Final = "multi"


class Input(Flag):
    """What a caller does."""

    NONE = 0
    DTMF = 1
    SPEECH = 2
    ANY = 3


INPUTS: Final = {
    "none": Input.NONE,
    "dtmf": Input.DTMF,
    "speech": Input.SPEECH,
    "any": Input.ANY,
    "true": Input.ANY,
    "false": Input.NONE,
}
"""`true` and `false` are what `any` and `none` once were."""

BEGIN_FRAMES: Final = {"high": 5, "medium": 10, "low": 18}
"""`interruptSensitivity`, as voice: 100, 200, 360 ms of it."""


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who speaks a language."""

    language: str = "en-US"
    provider: str = "ElevenLabs"
    voice: str | None = None


@dataclass(frozen=True, slots=True)
class Hearer:
    """Who understands a language."""

    language: str = "en-US"
    provider: str = "Deepgram"
    model: str | None = None
    hints: tuple[str, ...] = ()
    smart_format: bool = True
    profanity_filter: bool = False
    end_of_turn: float | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """Of one session."""

    url: str
    parameters: FormPairs = ()
    greeting: str = ""
    greeting_interruptible: Input = Input.ANY
    speaker: Speaker = Speaker()
    hearer: Hearer = Hearer()
    speakers: dict[str, Speaker] = field(default_factory=dict)
    """By language in lower case: the `<Language>` children."""
    hearers: dict[str, Hearer] = field(default_factory=dict)
    interruptible: Input = Input.ANY
    reported: Input = Input.NONE
    """What is told that happens while the agent speaks, and interrupts nothing."""
    preemptible: bool = False
    ignores_backchannel: bool = False
    begin_frames: int = BEGIN_FRAMES["high"]
    speech_timeout_ms: int | None = None
    """None: `auto`."""
    sends_partial_prompts: bool = False
    sends_dtmf: bool = False
    tells_speakers: bool = False
    tells_tokens: bool = False
    tells_delays: bool = False

    def speaker_of(self, language: str) -> Speaker:
        """Who speaks a language; one that was not declared is spoken by whoever speaks the first one."""
        if language.lower() == self.speaker.language.lower():
            return self.speaker
        return self.speakers.get(language.lower()) or Speaker(language, self.speaker.provider)

    def hearer_of(self, language: str) -> Hearer:
        """The same for who understands it."""
        if language.lower() == self.hearer.language.lower():
            return self.hearer
        known = self.hearer
        return self.hearers.get(language.lower()) or Hearer(
            language, known.provider, smart_format=known.smart_format, profanity_filter=known.profanity_filter
        )
