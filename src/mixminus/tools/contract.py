"""What the backplane needs of whatever remembers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from mixminus.tools.audit import Head, Row
from mixminus.tools.claims import Verdict
from mixminus.tools.invocation import Answer, Json, ToolCall


@dataclass(frozen=True, slots=True)
class Claim:
    """The verdict, and the session's state at that moment."""

    verdict: Verdict
    state: Mapping[str, Json] = field(default_factory=dict, hash=False)


class ToolStore(Protocol):
    """Durable when awaited. Each method is one transaction."""

    async def claim(self, call: ToolCall, owner: str, lease_s: float, *, sees_state: bool = True) -> Claim:
        """Begin *call* for *owner*, or tell what became of it. RUN and TAKE_OVER write a row, and a lease.

        Of the calls of a session that see its state, one is begun at a time.
        """

    async def finish(self, call: ToolCall, answer: Answer, changes: Mapping[str, Json]) -> Answer:
        """Keep the answer, the changes of state (None: taken out) and the row ENDED.

        Return the answer that is kept: another one if the invocation had been taken over and finished meanwhile.
        """

    async def refuse(self, call: ToolCall, answer: Answer) -> None:
        """Write a call down that was not run and keeps its key free."""

    async def state(self, session: str) -> Mapping[str, Json]:
        """The session's state now."""

    async def rows(self, session: str | None = None) -> Sequence[Row]:
        """The log in order, of one session or whole."""

    async def head(self) -> Head:
        """How long the log is."""
