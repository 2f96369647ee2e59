"""The offline models, loaded once: what each call of a test uses is its own."""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from mixminus.agents.io.models import Models
    from mixminus.agents.io.recogniser import Recogniser
    from mixminus.agents.io.voice import Voice

MOONSHINE = os.environ.get("MIXMINUS_MOONSHINE", "")
"""A folder with the weights (docs/agents.md); without it the tests hear with pocketsphinx."""


@pytest.fixture(scope="session")
def recogniser() -> "Iterator[Recogniser]":
    from mixminus.agents.io.recogniser import Recogniser

    recogniser = Recogniser(Path(MOONSHINE) if MOONSHINE else None)
    yield recogniser
    recogniser.close()


@pytest.fixture
async def voice() -> "AsyncIterator[Voice]":
    from mixminus.agents.io.voice import Voice

    voice = Voice()
    yield voice
    await voice.close()


@pytest.fixture
def models(recogniser: "Recogniser", voice: "Voice") -> "Models":
    from mixminus.agents.io.models import Models

    return Models(recogniser, voice)
