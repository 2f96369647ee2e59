"""What a caller hears besides other callers, as values: a decoded file, and why there is none."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mixminus.base.errors import Refusal

RATE_HZ: Final = 8000
BYTES_PER_MS: Final = 2 * RATE_HZ // 1000

# Twilio's codes (reference: error dictionary). There is none for a media file that is too large: 11750, "response
# body too large", is the nearest.
INVALID_URL: Final = 11100
NOT_RETRIEVABLE: Final = 11200
TOO_LARGE: Final = 11750
INTERNAL: Final = 12400
NOT_AUDIO: Final = 13420
NO_TEXT: Final = 13520
TEXT_TOO_LONG: Final = 13521


class PromptError(Refusal):
    """This prompt cannot be played; the call that asked for it may go on without.

    `code` is Twilio's, `message` a sentence for the owner of the call.
    """

    def __init__(self, code: int, message: str) -> None:
        super().__init__(code, 400, message)


@dataclass(frozen=True, slots=True)
class Prompt:
    """A decoded file: raw signed 16-bit little-endian samples, mono, at `rate_hz`."""

    path: Path
    rate_hz: int
    duration_ms: int


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a machine one prompt may take."""

    file_bytes: int = 64 * 1024 * 1024
    decoded_ms: int = 60 * 60 * 1000
    # An hour of MP3 decodes in about 6 s on one slow core; the rest is for a busy machine.
    decode_s: float = 20.0
    # 4096 characters, the most a <Say> may hold, take flite about 3 s.
    speech_s: float = 15.0
    cache_bytes: int = 1024 * 1024 * 1024
    cache_grace_s: float = 600.0
    """A file handed out that recently is never evicted: its player may not have opened it yet."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """The answer to a GET, redirects followed. Header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


Fetch = Callable[[str, Mapping[str, str]], Awaitable[Fetched]]
"""URL and request headers in, answer out; raises `PromptError` when no answer came or it was too large."""
