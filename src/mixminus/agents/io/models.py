"""What the calls of one process share: the recogniser and the voice that need no network."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import structlog

from mixminus.agents.description import Agent, Kind
from mixminus.agents.io.recogniser import Recogniser
from mixminus.agents.io.voice import Voice

log: structlog.stdlib.BoundLogger = structlog.get_logger("mixminus.agent")


@dataclass(frozen=True, slots=True)
class Models:
    """What the calls of one process share."""

    recogniser: Recogniser
    voice: Voice


async def warmed(voice: Voice, agent: Agent) -> None:
    """Speak once, for nobody, what the agent will say to all."""
    texts = agent.script.spoken() if agent.kind is Kind.INTAKE else [agent.greeting or "Hello."]
    for text in texts:
        await voice.prepare(text, agent.voice)


@asynccontextmanager
async def loaded(agent: Agent) -> AsyncIterator[Models]:
    """Load and warm what the calls share: the first caller must not wait for it."""
    folder = agent.listening.moonshine
    models = Models(Recogniser(Path(folder) if folder else None), Voice())
    try:
        await warmed(models.voice, agent)
        log.info("agent_ready", agent=agent.name, recogniser=models.recogniser.name)
        yield models
    finally:
        models.recogniser.close()
        await models.voice.close()
