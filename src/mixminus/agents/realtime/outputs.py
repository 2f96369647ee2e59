"""What a bridge wants done, in order. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mixminus.agents.realtime.calls import UseTool
from mixminus.agents.realtime.playback import Mark, Play
from mixminus.agents.realtime.requests import Request


@dataclass(frozen=True, slots=True)
class Clear:
    """The stream is to drop what it was given and has not played."""


@dataclass(frozen=True, slots=True)
class Dial:
    """Reach the service; any socket there was is done with."""


@dataclass(frozen=True, slots=True)
class HangUp:
    """Close the socket to the service, if there is one; nothing more of it is told."""


@dataclass(frozen=True, slots=True)
class Send:
    """To the service."""

    request: Request


@dataclass(frozen=True, slots=True)
class Voice:
    """Speak with the offline voice: make audio of it, and give it back (`Bridge.voiced`)."""

    text: str


@dataclass(frozen=True, slots=True)
class Leave:
    """The agent's part is over: close the stream."""


@dataclass(frozen=True, slots=True)
class Log:
    event: str
    is_bad: bool = False
    fields: Mapping[str, Any] = field(default_factory=dict, hash=False)


Output = Play | Mark | Clear | Dial | HangUp | Send | UseTool | Voice | Leave | Log


class Outbox:
    """Outputs until they are taken, and names that are not used twice."""

    def __init__(self) -> None:
        self._outputs: list[Output] = []
        self._names = 0

    def put(self, *outputs: Output) -> None:
        self._outputs += outputs

    def log(self, event: str, *, is_bad: bool = False, **fields: Any) -> None:
        self._outputs.append(Log(event, is_bad, fields))

    def name(self) -> str:
        """For an event or an item of ours."""
        self._names += 1
        return f"mixminus_{self._names}"

    def take(self) -> list[Output]:
        found, self._outputs = self._outputs, []
        return found
