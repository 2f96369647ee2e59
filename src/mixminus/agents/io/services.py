"""Services of an agent that speak over the network: OpenAI's, and those that are compatible with them."""

from collections.abc import Mapping
from typing import Any

from pipecat.services.openai.llm import OpenAILLMService
from pipecat.services.openai.stt import OpenAISTTService
from pipecat.services.openai.tts import OpenAITTSService

from mixminus.agents.description import Agent, BadAgent, Service


def chat(agent: Agent, environment: Mapping[str, str]) -> OpenAILLMService:
    """Raises `BadAgent` without a key."""
    settings = OpenAILLMService.Settings(model=agent.chat.model, system_instruction=agent.persona)
    return OpenAILLMService(**_reached(agent.chat, environment), settings=settings)


def transcription(agent: Agent, environment: Mapping[str, str]) -> OpenAISTTService:
    """Raises `BadAgent` without a key."""
    settings = OpenAISTTService.Settings(model=agent.transcription.model)
    return OpenAISTTService(**_reached(agent.transcription, environment), settings=settings)


def speech(agent: Agent, environment: Mapping[str, str]) -> OpenAITTSService:
    """Raises `BadAgent` without a key."""
    settings = OpenAITTSService.Settings(model=agent.speech.model, voice=agent.speech.voice or "alloy")
    return OpenAITTSService(**_reached(agent.speech, environment), settings=settings)


def _reached(service: Service, environment: Mapping[str, str]) -> dict[str, Any]:
    key = environment.get(service.key_env)
    if not key:
        raise BadAgent(f"{service.model} needs a key in the environment variable {service.key_env}")
    return {"api_key": key, **({"base_url": service.url} if service.url else {})}
