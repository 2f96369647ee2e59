"""How a stream meets its agent: what the core says to a WebSocket, and what the WebSocket tells."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from mixminus.base.errors import MixminusError
from mixminus.base.types import FormPairs

Sign = Callable[[str, FormPairs], str]
"""The value of `X-Twilio-Signature` for a URL and its parameters."""

NORMAL_CLOSURE = 1000
"""RFC 6455, 7.4.1."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What went wrong, by Twilio's number."""

    code: int
    message: str


class StreamError(MixminusError):
    """A stream that cannot begin, or cannot go on. `code` is one of `faults`."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message

    @property
    def fault(self) -> Fault:
        return Fault(self.code, self.message)


@dataclass(frozen=True, slots=True)
class Upgrade:
    """The request that opens the WebSocket, signed."""

    url: str
    headers: FormPairs


class AgentListener(Protocol):
    """Who hears what the agent does. Called from the loop, never from within `send` or `close`."""

    def received(self, data: bytes, *, is_text: bool) -> None:
        """One whole message."""

    def closed(self, fault: Fault | None) -> None:
        """The WebSocket is gone, once; None: by a proper close handshake, whoever began it."""


class AgentSocket(Protocol):
    """An open WebSocket. Nothing here waits."""

    @property
    def is_congested(self) -> bool:
        """The agent reads too slowly: what can be left out should be."""

    def send(self, message: bytes) -> None:
        """One text message. After the end, or to an agent that reads nothing at all, it is lost."""

    def close(self, code: int = NORMAL_CLOSURE) -> None:
        """Begin the close handshake; `AgentListener.closed` follows, soon even if the agent does not answer."""


DialAgent = Callable[[Upgrade, AgentListener], Awaitable[AgentSocket]]
"""Open a WebSocket. Raises `StreamError` of the 31900 family."""
