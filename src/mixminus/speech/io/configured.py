"""Recognisers and voices as the settings have them."""

from collections.abc import Callable, Mapping
from pathlib import Path

from mixminus.base.errors import MixminusError
from mixminus.base.settings import SpeechService
from mixminus.speech.contract import Recogniser, Voice
from mixminus.speech.deepgram import URL as DEEPGRAM_URL
from mixminus.speech.io.deepgram import DeepgramRecogniser
from mixminus.speech.io.offline import OfflineVoice, Say, offline_recogniser
from mixminus.speech.io.openai import OpenAiRecogniser, OpenAiVoice
from mixminus.speech.io.silero import Silero
from mixminus.speech.providers import ConfiguredProviders

KEYS = {"openai": "OPENAI_API_KEY", "deepgram": "DEEPGRAM_API_KEY"}
"""Variables that hold a key, where the settings name none."""


class NoKey(MixminusError):
    """A service is configured whose key is nowhere."""


def configured(
    services: tuple[Mapping[str, SpeechService], Mapping[str, SpeechService]],
    models: tuple[Path | None, str],
    offline: tuple[Say, Callable[[str], bool]],
    environment: Mapping[str, str],
) -> ConfiguredProviders:
    """*services*: recognisers, voices. *models*: the folder of Moonshine's weights, and who detects voices.
    *offline*: what speaks without a network, and which languages. Raises `NoKey`, `SpeechError`.
    """
    (recognisers, voices), (moonshine, activity) = services, models
    ear, voice = offline_recogniser(moonshine), OfflineVoice(*offline)
    hearing: dict[str, Recogniser] = {}
    for name, service in recognisers.items():
        if service.kind != "offline":
            hearing[name] = _recogniser(name, service, environment)
        elif ear is not None:
            hearing[name] = ear
    speaking: dict[str, Voice] = {}
    for name, service in voices.items():
        speaking[name] = voice if service.kind == "offline" else _voice(name, service, environment)
    if activity == "silero":
        return ConfiguredProviders(hearing, speaking, (ear, voice), Silero().line)
    return ConfiguredProviders(hearing, speaking, (ear, voice))


def _recogniser(name: str, service: SpeechService, environment: Mapping[str, str]) -> Recogniser:
    key = _key(f"[recognisers.{name}]", service, environment)
    if service.kind == "deepgram":
        return DeepgramRecogniser(service.url or DEEPGRAM_URL, key, service.model)
    return OpenAiRecogniser(service.url, key, service.model)


def _voice(name: str, service: SpeechService, environment: Mapping[str, str]) -> Voice:
    return OpenAiVoice(service.url, _key(f"[voices.{name}]", service, environment), service.model, service.voice)


def _key(where: str, service: SpeechService, environment: Mapping[str, str]) -> str:
    variable = service.key_env or KEYS[service.kind]
    if key := environment.get(variable):
        return key
    if service.url is not None and service.key_env is None:
        return ""  # a service of one's own may need none
    raise NoKey(f"{where} needs a key in the environment variable {variable}.")
