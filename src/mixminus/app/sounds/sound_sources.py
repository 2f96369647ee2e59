"""Where sound comes from: files, speech and music, decoded."""

from pathlib import Path
from typing import Protocol


class DecodedPrompt(Protocol):
    """A file that the engine can play."""

    @property
    def path(self) -> Path: ...

    @property
    def rate_hz(self) -> int: ...


class Prompts(Protocol):
    """Where sound comes from. Raises `mixminus.base.errors.Refusal` with Twilio's code."""

    async def audio(self, url: str) -> DecodedPrompt: ...

    async def speech(self, text: str, voice: str | None, language: str | None) -> DecodedPrompt: ...

    async def music(self) -> DecodedPrompt: ...
