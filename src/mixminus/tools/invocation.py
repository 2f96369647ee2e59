"""The values of one invocation: what was asked, how each attempt ended, what was answered. Pure."""

import hashlib
import json
from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

import msgspec

from mixminus.tools.errors import ToolError

Json = Any
"""What JSON can hold: None, bool, int, float, str, and lists and string-keyed dicts of these."""

MAX_RESULT_BYTES: Final = 64 * 1024
"""What a tool may answer. More does not fit a conversation, and every row of the log is read whole."""


class Outcome(StrEnum):
    OK = "ok"
    FAILED = "failed"
    """The tool said so, or raised; it is not tried again."""
    RATE_LIMITED = "rate-limited"
    TIMED_OUT = "timed-out"
    REFUSED = "refused"
    """Not run at all: no such tool, arguments that do not fit, a key used for something else."""
    UNKNOWN = "unknown"
    """It may have happened or not, must not be done twice, and cannot be asked about. A person has to look."""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One thing an agent wants done. The same `session` and `key` are the same thing, however often they come."""

    session: str
    key: str
    tool: str
    arguments: Mapping[str, Json]

    @property
    def digest(self) -> str:
        """Of what is asked: one key must not stand for two of these."""
        return hashlib.sha256(canonical([self.tool, dict(self.arguments)]).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Attempt:
    number: int
    outcome: Outcome
    latency_ms: int
    message: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the agent is told. `result` is None unless the outcome is OK."""

    outcome: Outcome
    result: Json
    attempts: tuple[Attempt, ...] = ()
    message: str = ""

    @property
    def ok(self) -> bool:
        return self.outcome is Outcome.OK

    def for_agent(self) -> Json:
        """The result, or an error in words a model can act on."""
        return self.result if self.ok else {"error": self.message, "outcome": self.outcome.value}


class State(MutableMapping[str, Json]):
    """A session's state as one tool sees it. Changes are kept only when its answer is, in the same transaction."""

    def __init__(self, kept: Mapping[str, Json]) -> None:
        self._kept = dict(kept)
        self._changes: dict[str, Json] = {}

    def __getitem__(self, name: str) -> Json:
        value = self._changes[name] if name in self._changes else self._kept[name]
        if value is None:
            raise KeyError(name)
        return value

    def __setitem__(self, name: str, value: Json) -> None:
        self._changes[name] = as_json(value)

    def __delitem__(self, name: str) -> None:
        self[name]  # raises KeyError
        self._changes[name] = None

    def __iter__(self) -> Iterator[str]:
        return iter(name for name, value in {**self._kept, **self._changes}.items() if value is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    @property
    def changes(self) -> Mapping[str, Json]:
        """What is new; None: taken out."""
        return dict(self._changes)


@dataclass(frozen=True, slots=True)
class Invocation:
    """What a tool may know about its being run. A function asks for it by a first parameter of this type."""

    session: str
    key: str
    """The same at every attempt, also after a crash: hand it to services that know idempotency keys."""
    attempt: int = 1
    state: State = field(default_factory=lambda: State({}))


def canonical(value: Json) -> str:
    """JSON that is the same text for the same value: sorted names, no spaces, no NaN. Raises `ToolError`."""
    try:
        return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise ToolError(f"not JSON: {error}") from error


def as_json(value: object) -> Json:
    """Bring dataclasses, structs, enums and dates down to JSON; a copy. Raises `ToolError`."""
    try:
        plain = msgspec.json.decode(msgspec.json.encode(value))
    except (TypeError, ValueError, RecursionError, msgspec.MsgspecError) as error:
        raise ToolError(f"not JSON: {error}") from error
    return plain
