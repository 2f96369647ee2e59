"""Who serves under which name: providers of documents, by configuration, to recognisers and voices."""

from collections.abc import Callable, Mapping
from typing import TypeVar

from mixminus.speech.activity import VoiceActivity
from mixminus.speech.contract import Activity, FoundRecogniser, FoundVoice, Recogniser, SpeechError, Voice

T = TypeVar("T")

DEFAULT = "default"
"""The name under which those serve that nobody else is configured for."""


class ConfiguredProviders:
    """`Providers`. Names are compared without regard to case."""

    def __init__(
        self,
        recognisers: Mapping[str, Recogniser],
        voices: Mapping[str, Voice],
        fallback: tuple[Recogniser | None, Voice | None],
        activity: Callable[[], Activity] = VoiceActivity,
    ) -> None:
        """*fallback* are the offline ones, which serve when nobody else understands or speaks a language."""
        self._recognisers = {name.lower(): recogniser for name, recogniser in recognisers.items()}
        self._voices = {name.lower(): voice for name, voice in voices.items()}
        self._fallback = fallback
        self._activity = activity

    @property
    def default_recogniser(self) -> Recogniser | None:
        return self._recognisers.get(DEFAULT) or self._fallback[0]

    def activity(self) -> Activity:
        return self._activity()

    def recogniser(self, provider: str, language: str) -> FoundRecogniser:
        """Raises `SpeechError`."""
        choice = _choice(self._recognisers, provider, self._fallback[0])
        found = next((one for one in choice if one.understands(language)), None)
        if found is None:
            there = ", ".join(one.name for one in choice) or "none"
            raise SpeechError(
                f"No recogniser understands {language} (configured: {there}). docs/relay.md says how to have one."
            )
        return FoundRecogniser(_remark(provider, found.name, self._recognisers.get(provider.lower()) is found), found)

    def voice(self, provider: str, language: str) -> FoundVoice:
        """Raises `SpeechError`."""
        choice = _choice(self._voices, provider, self._fallback[1])
        found = next((one for one in choice if one.speaks(language)), None)
        if found is None and choice:
            return FoundVoice(f"{choice[-1].name} does not speak {language}, and makes of it what it can", choice[-1])
        if found is None:
            raise SpeechError(f"No voice speaks {language}. docs/relay.md says how to have one.")
        return FoundVoice(_remark(provider, found.name, self._voices.get(provider.lower()) is found), found)

    async def close(self) -> None:
        """End what they have started."""
        for recogniser in {*self._recognisers.values(), self._fallback[0]}:
            if recogniser is not None:
                await recogniser.close()
        for voice in {*self._voices.values(), self._fallback[1]}:
            if voice is not None:
                await voice.close()


def _choice(named: Mapping[str, T], provider: str, fallback: T | None) -> list[T]:
    """In order of preference."""
    return [one for one in (named.get(provider.lower()), named.get(DEFAULT), fallback) if one is not None]


def _remark(provider: str, name: str, is_meant: bool) -> str | None:
    return None if is_meant else f"{provider} is not configured here for this language; {name} serves instead"
