"""The shapes of a webhook: what we ask, how long we wait, what came back."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import StrEnum

from mixminus.base.types import FormPairs


@dataclass(frozen=True, slots=True)
class Limits:
    """How long we wait and how often we try (connection overrides of the URL fragment, `#ct=…&rt=…`)."""

    connect_ms: int = 5_000
    read_ms: int = 15_000
    total_ms: int = 15_000
    retries: int = 1
    retry_on: frozenset[str] = frozenset({"ct"})
    """Of `ct`, `rt`, `4xx`, `5xx`."""


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One request on the wire: signed, complete, no fragment in the URL."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    limits: Limits = field(default_factory=Limits)
    max_body_bytes: int = 65_536
    unread_types: tuple[str, ...] = ("audio/",)
    """What the content type of a body begins with that is left unread: a document that is sound is not TwiML, and the
    player fetches and caches it itself."""


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    status: int
    headers: tuple[tuple[str, str], ...]
    """Names in lower case."""
    body: bytes
    url: str
    """The URL that answered, after redirects were followed by the core (the shell follows none)."""

    def header(self, name: str) -> str | None:
        """The first value of a header, by its lower-case name."""
        return next((value for key, value in self.headers if key == name), None)


Fetch = Callable[[HttpRequest], Awaitable[HttpAnswer]]
"""One HTTP exchange; redirects are not followed. Raises `HttpFailure`. aiohttp in production, ASGI under test."""


class HttpFailure(Exception):
    """No usable answer. `code` is Twilio's (11200 family); `kind` is what a retry policy asks about: `ct`, `rt`…"""

    def __init__(self, code: int, kind: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.kind = kind
        self.message = message


class Purpose(StrEnum):
    """What a webhook is for."""

    CALLBACK = "callback"
    DOCUMENT = "twiml"
    GUARD = "guard"


@dataclass(frozen=True, slots=True)
class WebhookCall:
    """What the application wants to be asked: before signing, redirects and retries."""

    url: str
    method: str
    parameters: FormPairs
    purpose: Purpose = Purpose.CALLBACK


@dataclass(slots=True)
class Attempt:
    """One exchange of a webhook. With neither answer nor failure: whoever wanted it was gone meanwhile."""

    url: str
    began_s: float
    took_s: float = 0.0
    answer: HttpAnswer | None = None
    failure: HttpFailure | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """A webhook that was sent: its tries and redirects in order, and what became of it."""

    call: WebhookCall
    attempts: tuple[Attempt, ...]
    took_s: float
    failure: HttpFailure | None
